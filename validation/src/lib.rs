//! What is wrong with a value that somebody sent: a code that programs may go by, its values, and what would be
//! right as a sentence for developers. The domain and the channels, which do not know each other, each have a table
//! of kinds.

use std::fmt;

/// One kind of validation error.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The code that programs may go by. It stays what it is.
    pub code: &'static str,
    /// What would be right; values stand where their names do, in braces.
    pub says: &'static str,
}

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ValidationError {
    /// Its kind's word.
    pub code: &'static str,
    /// What the kind's sentence has holes for.
    pub values: Vec<(&'static str, String)>,
    /// What would be right, for developers.
    pub detail: String,
}

/// An error that only developers meet: no console has words of its own for it.
pub static OTHER: Kind = Kind { code: "invalid", says: "is not taken" };

impl Kind {
    /// An error of this kind with its values.
    pub fn with<const N: usize>(&'static self, values: [(&'static str, &dyn fmt::Display); N]) -> ValidationError {
        let values: Vec<_> = values.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        let fill = |text: String, (name, value): &(&str, String)| text.replace(&format!("{{{name}}}"), value);
        let detail = values.iter().fold(self.says.to_owned(), fill);
        ValidationError { code: self.code, values, detail }
    }

    /// An error of this kind that has more to say to developers.
    pub fn saying(&'static self, detail: impl Into<String>) -> ValidationError {
        ValidationError { code: self.code, values: Vec::new(), detail: detail.into() }
    }
}

/// An error, and where the value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// An RFC 6901 pointer into what was sent.
    pub pointer: String,
    /// What is wrong there.
    pub error: ValidationError,
}

impl FieldError {
    /// An error at `pointer`.
    pub fn at(pointer: impl Into<String>, error: impl Into<ValidationError>) -> Self {
        Self { pointer: pointer.into(), error: error.into() }
    }

    /// An error at `pointer` that only developers meet.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::at(pointer, OTHER.saying(detail))
    }
}

impl From<&'static Kind> for ValidationError {
    fn from(kind: &'static Kind) -> Self {
        kind.saying(kind.says)
    }
}

/// A table of kinds, `NAME = "code" "what would be right";` each, and `KINDS`, all of them.
#[macro_export]
macro_rules! kinds {
    ($($name:ident = $code:literal $says:literal;)*) => {
        $(
            #[doc = $says]
            pub static $name: $crate::Kind = $crate::Kind { code: $code, says: $says };
        )*

        /// All of them.
        pub static KINDS: &[&$crate::Kind] = &[$(&$name,)*];
    };
}

#[cfg(test)]
mod tests {
    use super::Kind;

    static NUMBER: Kind = Kind { code: "number", says: "must be a whole number from {least} to {most}" };

    #[test]
    fn a_kind_says_its_values() {
        let error = NUMBER.with([("least", &1), ("most", &9)]);
        assert_eq!((error.code, error.to_string()), ("number", "must be a whole number from 1 to 9".to_owned()));
        assert_eq!(error.values, [("least", "1".to_owned()), ("most", "9".to_owned())]);
        assert_eq!(NUMBER.saying("from 1 up").values, []);
    }
}

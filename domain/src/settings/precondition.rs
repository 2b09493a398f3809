//! What a writing may take the place of, where who writes says so (RFC 9110 §13.1). Whether anything is there,
//! the commit that writes knows.

use crate::refusal::Refusal;

/// What must be so before something is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing: what is there is written anew.
    #[default]
    None,
    /// There is none yet (`If-None-Match: *`, §13.1.2).
    IsNew,
}

impl Precondition {
    /// Whether it holds; `stands`: there is one already.
    pub fn admit(self, stands: bool) -> Result<(), Refusal> {
        match self {
            Self::IsNew if stands => Err(Refusal::Exists),
            Self::IsNew | Self::None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_new_takes_no_place() {
        assert_eq!(Precondition::IsNew.admit(true), Err(Refusal::Exists));
        assert_eq!(Precondition::IsNew.admit(false), Ok(()));
        assert_eq!(Precondition::None.admit(true), Ok(()));
    }
}

//! The form of an account: the fields and secrets that a platform asks for, for a console that draws them.
//! Values are checked when the account is opened, and errors are told there.

use super::{BASE_URL, BEFORE, FORWARD_URL, FieldDefinition, FieldShape, MAX_PER_MINUTE, SecretField};

/// A field of an account, or one of its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedField {
    /// Its name.
    pub name: String,
    /// What it is, for whoever fills it in.
    pub about: String,
    /// What it looks like.
    pub shape: FieldShape,
    /// Whether nobody may read it again.
    pub secret: bool,
    /// Whether it has several lines.
    pub lines: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is where it is left out.
    pub default: Option<String>,
    /// The only values that there are; none: any.
    pub choices: Vec<String>,
}

impl RequestedField {
    /// A field of one line that must be there.
    pub fn field(name: &str, about: &str) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            shape: FieldShape::Text,
            secret: false,
            lines: false,
            optional: false,
            default: None,
            choices: Vec::new(),
        }
    }

    /// The same, which may be left out.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// The same in another shape.
    #[must_use]
    pub fn shaped(self, shape: FieldShape) -> Self {
        Self { shape, ..self }
    }

    /// The same as a secret.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The same with several lines.
    #[must_use]
    pub fn of_lines(self) -> Self {
        Self { lines: true, ..self }
    }

    /// The same with a choice of values.
    #[must_use]
    pub fn one_of(self, choices: &[&str]) -> Self {
        Self { choices: choices.iter().map(ToString::to_string).collect(), ..self }
    }

    /// How many messages a minute may bring.
    pub fn rate_limit() -> Self {
        let about = "how many messages a minute may bring to the platform";
        Self::field(MAX_PER_MINUTE, about).shaped(FieldShape::Number).optional()
    }

    /// Where what is heard is passed on to.
    pub fn forward() -> Self {
        Self::field(FORWARD_URL, "where what is written there is passed on to: your bot")
            .shaped(FieldShape::Url)
            .optional()
    }

    /// Where the platform's server is.
    pub fn base(must: bool) -> Self {
        let about = if must { "where this platform's server is" } else { "another server in the platform's place" };
        Self { optional: !must, ..Self::field(BASE_URL, about).shaped(FieldShape::Url) }
    }

    /// A field as a definition has it.
    pub fn of_field(name: &str, field: &FieldDefinition, is_one_of_several: bool) -> Self {
        Self {
            shape: field.shape,
            optional: field.optional || is_one_of_several || field.default.is_some(),
            default: field.default.clone(),
            choices: field.choices.clone(),
            ..Self::field(name, &field.about)
        }
    }

    /// A secret as a definition has it, and the one that it takes the place of.
    pub fn of_secret(name: &str, secret: &SecretField) -> impl Iterator<Item = Self> {
        let own = Self { optional: secret.optional, lines: secret.lines, ..Self::field(name, &secret.about).secret() };
        let about = format!("the `{name}` before, while it is being replaced");
        let before = Self { lines: own.lines, ..Self::field(&format!("{name}{BEFORE}"), &about).secret().optional() };
        [Some(own), secret.rotates.then_some(before)].into_iter().flatten()
    }
}

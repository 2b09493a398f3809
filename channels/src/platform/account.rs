//! What an account says: its fields and secrets as a definition declares them, and what each looks
//! like. Whether an account is right is judged by `fields`.

use serde::Deserialize;

use crate::validation::{self, Kind};

/// `[account.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it is, for whoever fills it in.
    pub about: String,
    /// What it looks like.
    #[serde(default)]
    pub shape: Shape,
    /// Whether an account may leave it out.
    #[serde(default)]
    pub optional: bool,
    /// What it is where an account leaves it out.
    #[serde(default)]
    pub default: Option<String>,
    /// The only values that there are.
    #[serde(default)]
    pub choices: Vec<String>,
}

/// What a field looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// One line of text.
    #[default]
    Text,
    /// An id: visible ASCII without spaces, quotes and slashes.
    Word,
    /// A telephone number in E.164, with `+`.
    Phone,
    /// An address with `https://` (or `http://`, where the gateway may reach it so).
    Url,
    /// Digits.
    Number,
    /// A person's id that begins with a country, as WhatsApp gives one to each business.
    CountryId,
}

impl Shape {
    /// Whether a text looks so. Whether a URL may be reached is another question.
    pub fn takes(self, text: &str) -> bool {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:@+-!$=".contains(&byte);
        match self {
            Self::Text => !text.is_empty() && !text.contains(char::is_control),
            Self::Word => !text.is_empty() && text.bytes().all(is_word),
            Self::Number => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Phone => {
                let digits = text.strip_prefix('+').unwrap_or_default();
                (7..=15).contains(&digits.len()) && Self::Number.takes(digits) && !digits.starts_with('0')
            }
            Self::Url => url::Url::parse(text).is_ok(),
            Self::CountryId => {
                let (country, id) = text.split_once('.').unwrap_or_default();
                let id = id.strip_prefix("ENT.").unwrap_or(id);
                country.len() == 2
                    && country.bytes().all(|byte| byte.is_ascii_uppercase())
                    && (1..=128).contains(&id.len())
                    && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
        }
    }

    /// What is wrong with a text that does not look so.
    pub fn error(self) -> &'static Kind {
        match self {
            Self::Text => &validation::LINE,
            Self::Word => &validation::ID,
            Self::Number => &validation::DIGITS,
            Self::Phone => &validation::PHONE_NUMBER,
            Self::CountryId => &validation::COUNTRY_ID,
            Self::Url => &validation::HTTPS,
        }
    }
}

/// `[secrets.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretField {
    /// What it is, for whoever fills it in.
    pub about: String,
    /// Whether an account may leave it out.
    #[serde(default)]
    pub optional: bool,
    /// Whether it has several lines, as a PEM has.
    #[serde(default)]
    pub lines: bool,
    /// Whether what comes in may also be signed with `NAME_before`: the one that is being replaced.
    #[serde(default)]
    pub rotates: bool,
}

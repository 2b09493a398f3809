//! An account on a platform: what a team has written, and the fields and secrets that a platform asks for,
//! with what each looks like. Fields that many platforms have are named here.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::validation::{self, FieldError, Kind, ValidationError};

pub mod form;

/// Takes the platform's origin's place.
pub const BASE_URL: &str = "base_url";
/// Where what was heard is passed on to. The engine only judges it: to pass on is the gateway's.
pub const FORWARD_URL: &str = "forward_url";
/// The prefix of a replaced secret's name until it is forgotten.
pub const BEFORE: &str = "_before";

/// A team's account on a platform, as the team has written it.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The fields that may be shown.
    pub fields: Map<String, Value>,
    /// The fields that may not be shown: keys and passwords by name.
    pub secrets: BTreeMap<String, SecretString>,
}

/// `[account.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDefinition {
    /// Its description, for the person who fills it in.
    pub about: String,
    /// Its shape.
    #[serde(default)]
    pub shape: FieldShape,
    /// Whether an account may leave it out.
    #[serde(default)]
    pub optional: bool,
    /// Its value where an account leaves it out.
    pub default: Option<String>,
    /// The only values that there are.
    #[serde(default)]
    pub choices: Vec<String>,
}

/// The shape of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldShape {
    /// A single line of text.
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

impl FieldShape {
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

    /// The error of a text that does not have this shape.
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
    /// Its description, for the person who fills it in.
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

/// An error at a field of an account, at its place: `account` or `secrets`.
pub fn at(place: &str, name: &str, error: impl Into<ValidationError>) -> FieldError {
    let name = name.replace('~', "~0").replace('/', "~1");
    FieldError::at(format!("/{place}/{name}"), error)
}

/// Every field of an account must be one that the platform knows.
pub fn only(account: &Account, fields: &[&str], secrets: &[&str]) -> Vec<FieldError> {
    let unknown = |place: &str, name: &str, known: &[&str]| {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        at(place, name, validation::UNKNOWN.saying(format!("no such field; there are: {known}")))
    };
    let open = account.fields.keys().filter(|name| !fields.contains(&name.as_str()));
    let closed = account.secrets.keys().filter(|name| !secrets.contains(&name.as_str()));
    let open = open.map(|name| unknown("account", name, fields));
    open.chain(closed.map(|name| unknown("secrets", name, secrets))).collect()
}

/// How many messages a minute may bring to the platform: a field of every account.
pub const MAX_PER_MINUTE: &str = "max_per_minute";

/// No limit is larger: nothing would be left to wait for.
const MAX_PER_MINUTE_ALLOWED: u64 = 60_000;

/// The limit that an account says, as a number or as a text of digits.
///
/// # Errors
///
/// Its error.
pub fn max_per_minute(account: &Account) -> Result<Option<NonZeroU32>, FieldError> {
    let said = match account.fields.get(MAX_PER_MINUTE) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    };
    let said = said.filter(|said| *said <= MAX_PER_MINUTE_ALLOWED).and_then(|said| u32::try_from(said).ok());
    let limit = said.and_then(NonZeroU32::new);
    let out_of_bounds = || validation::NUMBER.with([("least", &1), ("most", &MAX_PER_MINUTE_ALLOWED)]);
    limit.map(Some).ok_or_else(|| FieldError::at(format!("/account/{MAX_PER_MINUTE}"), out_of_bounds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_says_too_much_is_told_what_there_is() {
        let account = Account { fields: Map::from_iter([("sender".to_owned(), "x".into())]), ..Account::default() };
        let wrong = only(&account, &["from"], &[]);
        assert_eq!(wrong[0].pointer, "/account/sender");
        assert!(wrong[0].error.detail.contains("from"));
        assert_eq!(only(&account, &["sender"], &[]), []);
    }
}

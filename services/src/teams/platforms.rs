//! The chat platforms that this gateway speaks to, and what each can do, for whoever chooses one. What an
//! account on one must say, the platform judges when it is written.

use countersign_channels::account::FieldShape;
use countersign_channels::account::form::RequestedField;
use countersign_channels::definition::{Definition, Features};

use super::channels::Channels;

/// A platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformDescription {
    /// What channels call it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it can do, in words for programs: `initiate`, `link`, `code`, `hears`, `receipts`, `account_link`,
    /// `return_link`, `retracts`, `shows_status`.
    pub features: Vec<&'static str>,
    /// For how many hours after the person's last words it may write freely; none: always.
    pub window_hours: Option<u16>,
    /// What an account on it may say; nothing: nobody knows.
    pub asks: Vec<RequiredField>,
}

/// A field of an account, or one of its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredField {
    /// Its name.
    pub name: String,
    /// What it is, in the platform's own words.
    pub about: String,
    /// How it is typed: `text`, `number`, `phone`, `url`, `choice`, `lines`, `secret`, `secret_lines`.
    pub kind: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is where it is left out.
    pub default: Option<String>,
    /// The only values of a choice.
    pub choices: Vec<String>,
}

impl From<RequestedField> for RequiredField {
    fn from(asked: RequestedField) -> Self {
        let kind = match (asked.secret, asked.lines, asked.shape) {
            (true, true, _) => "secret_lines",
            (true, false, _) => "secret",
            (false, true, _) => "lines",
            (false, false, _) if !asked.choices.is_empty() => "choice",
            (false, false, FieldShape::Number) => "number",
            (false, false, FieldShape::Phone) => "phone",
            (false, false, FieldShape::Url) => "url",
            (false, false, FieldShape::Text | FieldShape::Word | FieldShape::CountryId) => "text",
        };
        let RequestedField { name, about, optional, default, choices, .. } = asked;
        Self { name, about, kind, optional, default, choices }
    }
}

impl Channels {
    /// The platforms, by name.
    pub fn platforms(&self) -> Vec<PlatformDescription> {
        let known = |name: &str| Some(PlatformDescription::of(name, &**self.drivers.registry().find(name)?));
        self.drivers.registry().names().filter_map(known).collect()
    }
}

impl PlatformDescription {
    fn of(name: &str, definition: &dyn Definition) -> Self {
        let can: Features = definition.features();
        let asks = definition.asks().into_iter().map(RequiredField::from).collect();
        let words = [
            ("initiate", can.initiate),
            ("link", can.link),
            ("code", can.code),
            ("hears", can.hears),
            ("receipts", can.receipts),
            ("account_link", can.account_link),
            ("return_link", can.return_link),
            ("retracts", can.retracts),
            ("shows_status", can.shows_status),
        ];
        let features = words.into_iter().filter_map(|(word, can)| can.then_some(word)).collect();
        let title = if can.title.is_empty() { name.to_owned() } else { can.title };
        Self { name: name.to_owned(), title, features, window_hours: can.window_hours, asks }
    }
}

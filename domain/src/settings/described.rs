//! What each setting takes, for whoever draws a form of it. Bounds are `table`'s; what a setting means to
//! people, and in which language, is told elsewhere.

use serde_json::Value;

use super::table::{self, Takes};

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingShape {
    /// true or false.
    Switch,
    /// A whole number within bounds.
    Number(u64, u64),
    /// Minutes within bounds, or `"never"`.
    Span(u64, u64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, or nothing.
    Maybe(&'static [&'static str]),
    /// A text, or nothing.
    Text,
    /// A text that is always there.
    Phrase,
    /// Fields of private data: names, or objects that say how each is compared.
    MatchRules,
    /// Facts that are asked for: names, or objects that say how.
    QuestionRules,
    /// Distinct texts.
    List,
}

/// A setting and what it takes.
#[derive(Clone, Debug)]
pub struct Described {
    /// Dotted path.
    pub path: &'static str,
    /// What it takes.
    pub shape: SettingShape,
    /// What holds where nobody sets it.
    pub default: Value,
}

/// Every setting but `intents`, in the table's order.
pub fn described() -> impl Iterator<Item = Described> {
    table::ROWS.iter().map(|row| {
        let shape = match row.takes {
            Takes::Switch(_) => SettingShape::Switch,
            Takes::Number(low, high, _) => SettingShape::Number(low, high),
            Takes::Span(low, high, _) => SettingShape::Span(low, high),
            Takes::OneOf(words, _) => SettingShape::OneOf(words),
            Takes::Maybe(words) => SettingShape::Maybe(words),
            Takes::Text(_) => SettingShape::Text,
            Takes::Phrase(..) => SettingShape::Phrase,
            Takes::List(..) => SettingShape::List,
            Takes::Fields => SettingShape::MatchRules,
            Takes::Asked => SettingShape::QuestionRules,
        };
        Described { path: row.path, shape, default: row.default_value() }
    })
}

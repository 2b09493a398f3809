//! Texts with holes, as definitions write them: `Bearer {secrets.token}`, `{to|digits}`.
//! A hole is known when its definition is read; what fills it is known when a message leaves.
//!
//! How a value is escaped is no part of a template: the place where it stands decides that.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

pub mod address;
pub mod escape;
pub mod values;

use escape::EscapeError;
use values::Values;

/// A text with holes. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub(crate) pieces: Vec<Piece>,
}

/// A stretch of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it stands.
    Words(String),
    /// To be filled.
    Hole(Hole),
}

/// A hole: what fills it, and what is done to that first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// What fills it.
    pub name: HoleName,
    /// What is done to it before.
    pub filter: Option<ValueFilter>,
}

/// What may fill a hole of a message's template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoleName {
    /// The whole address.
    To,
    /// A named part of the address.
    Part(String),
    /// What the person reads, with a code in its place and without a link's URL.
    Text,
    /// Everything in one text: a link's URL stands on a line of its own.
    Plain,
    /// A link's URL.
    Url,
    /// What follows the account's `link_base` in a link's URL: for buttons whose beginning is fixed.
    UrlRest,
    /// The code alone.
    Code,
    /// The line above the message.
    Subject,
    /// The sender's id of the message.
    Id,
    /// A UUID that follows from that id.
    Uuid,
    /// Seconds since 1970.
    Unix,
    /// Now, as RFC 3339.
    Timestamp,
    /// For how many whole seconds what the message says is good for anything.
    Ttl,
    /// The same, and at most what a field of the account says: that, where there is no end.
    TtlWithin(String),
    /// A UUID that was never there before.
    RandomUuid,
    /// A field of the account.
    Account(String),
    /// A secret of the account.
    Secret(String),
    /// Whether it is proved who chats: `authenticated` or `unauthenticated`.
    FlagState,
    /// Until when it is proved.
    FlagUntil,
    /// By what it is proved.
    FlagMethods,
    /// All of that in words for agents.
    FlagWords,
    /// What a login that stands aside is known by, on the platform's way back.
    LinkingNonce,
    /// What the platform has given for that way.
    LinkingToken,
    /// The keyed hash of one secret under another, in hex: the proof that who has the one has both.
    Hmac(String, String),
}

/// What can be done to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFilter {
    /// Only its digits: `+372 55` → `37255`.
    Digits,
    /// In base64.
    Base64,
    /// What stands before its first space: composed ids come apart so.
    First,
    /// What stands behind its last space.
    Last,
}

const NAMES: &str = "to, to.PART, text, plain, url, url.rest, code, subject, id, uuid, unix, timestamp, ttl, ttl.FIELD, fresh, \
                     account.FIELD, secrets.NAME, hmac.SECRET.KEY, flag.state, flag.until, flag.methods, \
                     flag.words, linking.nonce, linking.token";

impl Template {
    /// Reads a template; what is wrong with it is said in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        scan(text, |piece| {
            pieces.push(match piece {
                Scanned::Words(words) => Piece::Words(words),
                Scanned::Hole(hole) => Piece::Hole(Hole::parse(hole)?),
            });
            Ok(())
        })?;
        Ok(Self { pieces })
    }

    /// Its holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Words(_) => None,
        })
    }

    /// The text with its holes filled, each value passed through `escape`; none where a field that
    /// the account may leave out is left out.
    pub fn fill(
        &self,
        values: &Values<'_>,
        escape: impl Fn(&str) -> Result<String, EscapeError>,
    ) -> Result<Option<String>, EscapeError> {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Words(words) => filled.push_str(words),
                Piece::Hole(hole) => match values.of(hole) {
                    Some(value) => filled.push_str(&escape(&value)?),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(filled))
    }

    /// The text with its holes filled, for an encoder that escapes by itself.
    pub fn plain(&self, values: &Values<'_>) -> Option<String> {
        self.fill(values, |value| Ok(value.to_owned())).unwrap_or_default()
    }
}

impl Hole {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, filter) = match text.split_once('|') {
            Some((name, filter)) => (name, Some(filter)),
            None => (text, None),
        };
        let filter = match filter {
            None => None,
            Some("digits") => Some(ValueFilter::Digits),
            Some("base64") => Some(ValueFilter::Base64),
            Some("first") => Some(ValueFilter::First),
            Some("last") => Some(ValueFilter::Last),
            Some(other) => {
                return Err(format!(
                    "unknown filter `{other}` in `{{{text}}}`; there are: digits, base64, first, last"
                ));
            }
        };
        Ok(Self { name: HoleName::parse(name)?, filter })
    }
}

impl HoleName {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "to" => Self::To,
            "text" => Self::Text,
            "plain" => Self::Plain,
            "url" => Self::Url,
            "url.rest" => Self::UrlRest,
            "code" => Self::Code,
            "subject" => Self::Subject,
            "id" => Self::Id,
            "uuid" => Self::Uuid,
            "unix" => Self::Unix,
            "timestamp" => Self::Timestamp,
            "ttl" => Self::Ttl,
            "fresh" => Self::RandomUuid,
            "flag.state" => Self::FlagState,
            "flag.until" => Self::FlagUntil,
            "flag.methods" => Self::FlagMethods,
            "flag.words" => Self::FlagWords,
            "linking.nonce" => Self::LinkingNonce,
            "linking.token" => Self::LinkingToken,
            _ => match text.split_once('.') {
                Some(("to", part)) => Self::Part(part.to_owned()),
                Some(("ttl", field)) => Self::TtlWithin(field.to_owned()),
                Some(("account", field)) => Self::Account(field.to_owned()),
                Some(("secrets", name)) => Self::Secret(name.to_owned()),
                Some(("hmac", names)) if names.contains('.') => {
                    let (secret, key) = names.split_once('.').unwrap_or_default();
                    Self::Hmac(secret.to_owned(), key.to_owned())
                }
                _ => return Err(format!("unknown placeholder `{{{text}}}`; there are: {NAMES}")),
            },
        })
    }
}

impl fmt::Display for HoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => write!(f, "to.{part}"),
            Self::TtlWithin(field) => write!(f, "ttl.{field}"),
            Self::Account(field) => write!(f, "account.{field}"),
            Self::Secret(name) => write!(f, "secrets.{name}"),
            Self::Hmac(secret, key) => write!(f, "hmac.{secret}.{key}"),
            Self::FlagState => f.write_str("flag.state"),
            Self::FlagUntil => f.write_str("flag.until"),
            Self::FlagMethods => f.write_str("flag.methods"),
            Self::FlagWords => f.write_str("flag.words"),
            Self::LinkingNonce => f.write_str("linking.nonce"),
            Self::LinkingToken => f.write_str("linking.token"),
            Self::UrlRest => f.write_str("url.rest"),
            other => f.write_str(&format!("{other:?}").to_lowercase()),
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// What a scan comes upon.
pub(crate) enum Scanned<'a> {
    Words(String),
    Hole(&'a str),
}

/// Goes through a text with holes from its beginning to its end.
pub(crate) fn scan<'a>(text: &'a str, mut each: impl FnMut(Scanned<'a>) -> Result<(), String>) -> Result<(), String> {
    let (mut words, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        words.push_str(before);
        if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            words.push_str(&brace[..1]);
            rest = after;
        } else if let Some((hole, after)) = brace.strip_prefix('{').and_then(|brace| brace.split_once('}')) {
            if !words.is_empty() {
                each(Scanned::Words(std::mem::take(&mut words)))?;
            }
            each(Scanned::Hole(hole))?;
            rest = after;
        } else {
            return Err(format!("a lone `{}` in `{text}`: write `{{{{` or `}}}}` for a brace", &brace[..1]));
        }
    }
    words.push_str(rest);
    if words.is_empty() { Ok(()) } else { each(Scanned::Words(words)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_filters_and_braces_are_told_apart() {
        let template = Template::parse("a{{b}} {to|digits}-{account.from}{secrets.key}").unwrap();
        assert_eq!(template.pieces[0], Piece::Words("a{b} ".into()));
        let holes: Vec<_> = template.holes().map(|hole| (hole.name.to_string(), hole.filter)).collect();
        let wanted = [("to", Some(ValueFilter::Digits)), ("account.from", None), ("secrets.key", None)];
        assert_eq!(holes, wanted.map(|(name, filter)| (name.to_owned(), filter)));
    }

    #[test]
    fn what_is_no_template_is_told_what_would_be() {
        for (text, says) in [
            ("{nobody}", "there are: to,"),
            ("{to|loud}", "there are: digits"),
            ("a { b", "write `{{`"),
            ("a } b", "write `{{`"),
            ("{account}", "account.FIELD"),
        ] {
            let wrong = Template::parse(text).unwrap_err();
            assert!(wrong.contains(says), "{text}: {wrong}");
        }
    }
}

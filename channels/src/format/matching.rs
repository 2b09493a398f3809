//! Tests on what a platform says: on a status, on a value in a JSON document, on an XML element,
//! on words in the text. A test says what it looks at and what must be found there.
//!
//! It knows no meaning of what it finds.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde_json::Value;

use super::template::Template;
use super::template::values::Values;

/// A document that tests look at.
#[derive(Clone, Debug)]
pub struct TestedDocument {
    /// The HTTP status; none for what comes in.
    pub status: Option<u16>,
    /// The body as JSON, null where it is none.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

impl TestedDocument {
    /// Of a reply.
    pub fn of_reply(status: u16, body: &[u8]) -> Self {
        let json = serde_json::from_slice(body).unwrap_or(Value::Null);
        Self { status: Some(status), json, text: String::from_utf8_lossy(body).into_owned() }
    }

    /// The text of the first XML element of that name which holds nothing but text.
    pub fn element(&self, name: &str) -> Option<&str> {
        let inside = self.text.split_once(&format!("<{name}>"))?.1;
        let (text, _) = inside.split_once(&format!("</{name}>"))?;
        (!text.contains('<')).then_some(text)
    }
}

/// A test: everything that it says must hold.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The status is one of these.
    pub status: Vec<ExpectedValue>,
    /// Look at the value there (RFC 6901).
    pub pointer: Option<Pointer>,
    /// Look at the XML element of that name.
    pub element: Option<String>,
    /// The value is one of these.
    pub is: Vec<ExpectedValue>,
    /// The value is none of these, or there is none.
    pub not: Vec<ExpectedValue>,
    /// One of these is in the value, whatever the case; without pointer and element: in the body.
    pub contains: Vec<String>,
    /// Whether there is a value that is not null.
    pub present: Option<bool>,
    /// It holds as well where there is no value.
    pub or_absent: bool,
}

impl Condition {
    /// Whether it holds; `at` resolves the pointer.
    pub fn looks<'v>(&self, document: &TestedDocument, at: impl Fn(&str) -> Option<&'v Value>) -> bool {
        if !self.status.is_empty() {
            let Some(status) = document.status else { return false };
            if !self.status.iter().any(|wanted| wanted.is(&status.into())) {
                return false;
            }
        }
        let value = match (&self.pointer, &self.element) {
            (Some(pointer), _) => at(pointer.as_str()).filter(|value| !value.is_null()).cloned(),
            (None, Some(name)) => document.element(name).map(Value::from),
            (None, None) => None,
        };
        let value = value.as_ref();
        let whole = self.pointer.is_none() && self.element.is_none();
        if self.or_absent && value.is_none() {
            return true;
        }
        self.present.is_none_or(|present| value.is_some() == present)
            && (self.is.is_empty() || value.is_some_and(|value| self.is.iter().any(|wanted| wanted.is(value))))
            && !value.is_some_and(|value| self.not.iter().any(|wanted| wanted.is(value)))
            && (self.contains.is_empty()
                || if whole { self.is_in(&document.text) } else { value.is_some_and(|value| self.is_in(&text(value))) })
    }

    /// Whether it holds for a reply.
    pub fn fits(&self, document: &TestedDocument) -> bool {
        self.looks(document, |pointer| document.json.pointer(pointer))
    }

    /// The test as an account makes it: what it names of the account stands there. None where the account
    /// leaves that out, which compares nothing.
    pub fn of_account(&self, values: &Values<'_>) -> Option<Self> {
        let is: Option<Vec<_>> = self.is.iter().map(|wanted| wanted.of_account(values)).collect();
        Some(Self { is: is?, ..self.clone() })
    }

    /// What it names of an account.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.is.iter().chain(&self.not).chain(&self.status).filter_map(|wanted| match wanted {
            ExpectedValue::Filled(template) => Some(template),
            _ => None,
        })
    }

    fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.contains.iter().any(|part| text.contains(&part.to_lowercase()))
    }

    /// What is wrong with it, beyond what its types refuse.
    pub fn error(&self) -> Option<&'static str> {
        let looks = self.pointer.is_some() || self.element.is_some();
        if self.pointer.is_some() && self.element.is_some() {
            Some("a test looks at `pointer` or at `element`, not at both")
        } else if !looks && (!self.is.is_empty() || !self.not.is_empty() || self.present.is_some()) {
            Some("`is`, `not` and `present` need `pointer` or `element`")
        } else if looks
            && self.is.is_empty()
            && self.not.is_empty()
            && self.contains.is_empty()
            && self.present.is_none()
        {
            Some("say what must be found there: `is`, `not`, `contains` or `present`")
        } else if self.or_absent && self.is.is_empty() && self.contains.is_empty() {
            Some("`or_absent` is said of `is` or `contains`: `not` holds without a value anyhow")
        } else if self.not.iter().chain(&self.status).any(|wanted| matches!(wanted, ExpectedValue::Filled(_))) {
            Some("what the account says stands in `is` only")
        } else if !looks && self.status.is_empty() && self.contains.is_empty() {
            Some("an empty test holds always; name a `status` or a `pointer`")
        } else {
            None
        }
    }
}

/// A value as text, for comparing.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A JSON pointer (RFC 6901); what comes in may have `*` for each item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// Reads one; what is wrong with it is said in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let begins = text.is_empty() || text.starts_with('/');
        if begins {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` must begin with `/`, as JSON pointers do"))
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// A value to be found: a text, a number, a range of numbers (`"200-299"`), true or false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedValue {
    /// True or false.
    Truth(bool),
    /// A number, or the same in a text.
    Range(i64, i64),
    /// A text.
    Text(String),
    /// A text of the account's: what an account names is its own.
    Filled(Template),
}

impl ExpectedValue {
    /// Whether this is it.
    pub fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Truth(wanted), Value::Bool(found)) => wanted == found,
            (Self::Range(from, to), Value::Number(found)) => found.as_i64().is_some_and(|n| (*from..=*to).contains(&n)),
            (Self::Range(from, to), Value::String(found)) => found.parse().is_ok_and(|n| (*from..=*to).contains(&n)),
            (Self::Text(wanted), Value::String(found)) => wanted == found,
            (Self::Text(wanted), Value::Number(found)) => *wanted == found.to_string(),
            _ => false,
        }
    }

    fn of_account(&self, values: &Values<'_>) -> Option<Self> {
        match self {
            Self::Filled(template) => template.plain(values).map(Self::Text),
            other => Some(other.clone()),
        }
    }
}

impl<'de> Deserialize<'de> for ExpectedValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = ExpectedValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a range like \"200-299\", `{account.FIELD}`, true or false")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<ExpectedValue, E> {
        Ok(ExpectedValue::Truth(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<ExpectedValue, E> {
        Ok(ExpectedValue::Range(value, value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ExpectedValue, E> {
        if text.contains(['{', '}']) {
            return Template::parse(text).map(ExpectedValue::Filled).map_err(E::custom);
        }
        let range = text.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        match range {
            Some((from, to)) if from <= to => Ok(ExpectedValue::Range(from, to)),
            Some(_) => Err(E::custom(format!("the range `{text}` is empty: its first number is the smaller one"))),
            None => Ok(ExpectedValue::Text(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::template::values::{KnownAccount, RequestMoment};
    use serde_json::json;

    fn when(toml: &str) -> Condition {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn a_test_holds_where_all_that_it_says_does() {
        let body = json!({"ok": false, "error": {"code": 131_047, "text": "Window Closed"}, "id": "250", "none": null});
        let document = TestedDocument::of_reply(400, body.to_string().as_bytes());
        for (test, holds) in [
            ("status = [400]", true),
            ("status = [\"500-599\", 404]", false),
            ("pointer = \"/ok\"\nis = [false]", true),
            ("pointer = \"/ok\"\nis = [true]", false),
            ("pointer = \"/error/code\"\nis = [1, \"131000-131999\"]", true),
            ("pointer = \"/id\"\nis = [250]", true),
            ("pointer = \"/id\"\nnot = [250]", false),
            ("pointer = \"/nowhere\"\nnot = [250]", true),
            ("pointer = \"/error/text\"\ncontains = [\"window\"]", true),
            ("contains = [\"CLOSED\"]", true),
            ("pointer = \"/none\"\npresent = true", false),
            ("pointer = \"/none\"\npresent = false", true),
            ("status = [400]\npointer = \"/ok\"\nis = [true]", false),
        ] {
            assert_eq!(when(test).fits(&document), holds, "{test}");
            assert_eq!(when(test).error(), None, "{test}");
        }
    }

    #[test]
    fn what_an_account_says_is_compared_where_it_says_it() {
        let document = TestedDocument::of_reply(200, br#"{"to": "+372", "id": 106540352242922}"#);
        let known = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            KnownAccount { fields, ..KnownAccount::default() }
        };
        let at = RequestMoment { unix: 0, chance: [0; 16] };
        for (test, fields, holds) in [
            ("pointer = \"/to\"\nis = [\"{account.from}\"]", &[("from", "+372")][..], Some(true)),
            ("pointer = \"/to\"\nis = [\"{account.from}\"]", &[("from", "+371")], Some(false)),
            ("pointer = \"/to\"\nis = [\"{account.from}\"]", &[], None),
            ("pointer = \"/id\"\nis = [\"{account.id}\"]", &[("id", "106540352242922")], Some(true)),
            ("pointer = \"/gone\"\nis = [\"{account.id}\"]", &[("id", "1")], Some(false)),
            ("pointer = \"/gone\"\nis = [\"{account.id}\"]\nor_absent = true", &[("id", "1")], Some(true)),
            ("pointer = \"/to\"\nis = [\"{account.id}\"]\nor_absent = true", &[("id", "1")], Some(false)),
        ] {
            let (test, known) = (when(test), known(fields));
            assert_eq!(test.error(), None);
            let found = test.of_account(&Values::of_account(&known, at)).map(|test| test.fits(&document));
            assert_eq!(found, holds, "{test:?} {fields:?}");
            assert!(!test.fits(&document) || test.or_absent, "an unfilled test is none");
        }
        for wrong in ["pointer = \"/a\"\nnot = [\"{account.a}\"]", "pointer = \"/a\"\nnot = [1]\nor_absent = true"] {
            assert!(when(wrong).error().is_some(), "{wrong}");
        }
    }

    #[test]
    fn an_element_is_found_where_it_holds_text_alone() {
        let document = TestedDocument::of_reply(400, b"<r><Error><Code>Throttling</Code></Error></r>");
        assert_eq!(document.element("Code"), Some("Throttling"));
        assert_eq!(document.element("Error"), None);
        assert!(when("element = \"Code\"\nis = [\"Throttling\"]").fits(&document));
    }

    #[test]
    fn a_test_that_says_too_little_or_too_much_is_told_so() {
        for test in ["", "is = [1]", "pointer = \"/a\"", "pointer = \"/a\"\nelement = \"b\"\npresent = true"] {
            assert!(when(test).error().is_some(), "{test}");
        }
        assert!(toml::from_str::<Condition>("pointer = \"a\"").unwrap_err().to_string().contains("begin with `/`"));
        assert!(toml::from_str::<Condition>("status = [\"9-1\"]").unwrap_err().to_string().contains("smaller"));
    }
}

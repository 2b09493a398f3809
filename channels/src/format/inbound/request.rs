//! A request as it came in: nothing of it is parsed before it is proved. Its address is the one
//! that the platform was given, whatever a proxy has made of it. A definition says what its body is, and it is
//! read as one document.

use http::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::format::matching::Pointer;

/// A request from outside. It does not print: its body may hold a code, its head and address a secret.
#[derive(Clone)]
pub struct InboundRequest<'a> {
    /// Its method.
    pub method: Method,
    /// The address that the platform was given, with the query as it came.
    pub url: String,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, untouched.
    pub body: &'a [u8],
    /// When it came, in seconds since 1970.
    pub unix: u64,
}

impl InboundRequest<'_> {
    /// A header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let first = all.next()?;
        if all.next().is_some() { None } else { first.to_str().ok() }
    }

    /// The token of `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    /// A value of the query that is there once.
    pub fn query(&self, name: &str) -> Option<String> {
        let mut all = pairs(self.query_text()).filter(|(known, _)| known == name);
        let first = all.next()?.1;
        if all.next().is_some() { None } else { Some(first) }
    }

    /// The query as it came.
    pub fn query_text(&self) -> &[u8] {
        self.url.split_once('?').map_or(&[][..], |(_, query)| query.as_bytes())
    }

    /// The body as a form's pairs.
    pub fn form(&self) -> impl Iterator<Item = (String, String)> + '_ {
        pairs(self.body)
    }

    /// The body as one document; none where it is not what the format says.
    pub fn document(&self, format: BodyFormat, unwrap: &[Unwrap]) -> Option<Value> {
        let mut document = match format {
            BodyFormat::Json if self.body.is_empty() => Value::Null,
            BodyFormat::Json => serde_json::from_slice(self.body).ok()?,
            BodyFormat::Form => object(self.form().chain(pairs(self.query_text()))),
            BodyFormat::Query => {
                let body = std::str::from_utf8(self.body).ok()?;
                let body = Some(body).filter(|body| !body.is_empty()).map(|body| ("body".to_owned(), body.to_owned()));
                object(pairs(self.query_text()).chain(body))
            }
        };
        for Unwrap { pointer, encoding } in unwrap {
            let Some(inner) = document.pointer(pointer.as_str()).and_then(Value::as_str) else { continue };
            document = match encoding {
                Wrapping::Json => serde_json::from_str(inner).ok()?,
                Wrapping::Base64Json => serde_json::from_slice(&base64(inner)?).ok()?,
            };
        }
        Some(document)
    }
}

/// The format of a body; all become one JSON document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyFormat {
    /// JSON.
    Json,
    /// A form: an object of texts. What its body has not may stand in the query.
    Form,
    /// The query: an object of texts, with the body's text as `body`.
    Query,
}

/// A document inside the document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unwrap {
    /// Where.
    pub pointer: Pointer,
    /// As what.
    pub encoding: Wrapping,
}

/// As what a document stands inside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrapping {
    /// JSON as text.
    Json,
    /// JSON in base64.
    Base64Json,
}

/// Bytes out of standard base64.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.decode(text).ok()
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned()))
}

/// Of several values of one name the first stands.
fn object(pairs: impl Iterator<Item = (String, String)>) -> Value {
    let mut members = Map::new();
    for (name, value) in pairs {
        members.entry(name).or_insert(Value::String(value));
    }
    Value::Object(members)
}

//! What a signature is over, written like a template whose holes are the request's own bytes:
//! `v0:{header.x-time}:{body}`. Nothing is parsed that is not signed as parsed.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, de};

use super::proof::{VerificationError, body, header};
use super::request::{InboundRequest, base64};
use crate::format::template::{Scanned, scan};

/// What is signed: words and parts of the request, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Header(String),
    Body,
    BodySha256,
    Url,
    Form,
    Decoded(String),
}

const PARTS: &str = "body, body.sha256, url, form, header.NAME, decoded./POINTER";

impl Over {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        scan(text, |piece| {
            parts.push(match piece {
                Scanned::Words(words) => Part::Words(words),
                Scanned::Hole("body") => Part::Body,
                Scanned::Hole("body.sha256") => Part::BodySha256,
                Scanned::Hole("url") => Part::Url,
                Scanned::Hole("form") => Part::Form,
                Scanned::Hole(hole) => match hole.split_once('.') {
                    Some(("header", name)) => Part::Header(name.to_owned()),
                    Some(("decoded", pointer)) if pointer.starts_with('/') => Part::Decoded(pointer.to_owned()),
                    _ => return Err(format!("unknown part `{{{hole}}}` of a request; there are: {PARTS}")),
                },
            });
            Ok(())
        })?;
        Ok(Self(parts))
    }

    /// A header's value holds nothing of the words that end it: or what belongs to one part could
    /// be moved to the next, and the signature would still hold.
    fn ends(&self, number: usize, value: &str) -> Result<(), VerificationError> {
        match self.0.get(number + 1) {
            Some(Part::Words(words)) if value.contains(words.as_str()) => {
                Err(VerificationError::Unreadable("a signed header"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the body is in it, one way or the other.
    pub fn covers_body(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Body | Part::BodySha256 | Part::Form | Part::Decoded(_)))
    }

    /// Whether the address is in it.
    pub fn covers_url(&self) -> bool {
        self.0.contains(&Part::Url)
    }

    /// The bytes that are signed, where the request's address is `url`.
    pub fn bytes(&self, request: &InboundRequest<'_>, url: &str) -> Result<Vec<u8>, VerificationError> {
        let mut bytes = Vec::with_capacity(request.body.len() + 128);
        for (number, part) in self.0.iter().enumerate() {
            match part {
                Part::Words(words) => bytes.extend_from_slice(words.as_bytes()),
                Part::Header(name) => {
                    let value = header(request, name)?;
                    self.ends(number, value)?;
                    bytes.extend_from_slice(value.as_bytes());
                }
                Part::Body => bytes.extend_from_slice(request.body),
                Part::BodySha256 => bytes.extend_from_slice(digest(&SHA256, request.body).as_ref()),
                Part::Url => bytes.extend_from_slice(url.as_bytes()),
                // Without one the signature would be the address's alone.
                Part::Form if request.form().next().is_none() => {
                    return Err(VerificationError::Missing("the form".into()));
                }
                Part::Form => bytes.extend_from_slice(sorted(request).as_bytes()),
                Part::Decoded(pointer) => {
                    let document = body(request)?;
                    let text = document.pointer(pointer).and_then(serde_json::Value::as_str);
                    let text = text.ok_or_else(|| VerificationError::Missing(format!("`{pointer}` in the body")))?;
                    bytes.extend_from_slice(&base64(text).ok_or(VerificationError::Unreadable("what is signed"))?);
                }
            }
        }
        Ok(bytes)
    }
}

impl<'de> Deserialize<'de> for Over {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// A form's names in order, each with its values in order and once, without anything between.
fn sorted(request: &InboundRequest<'_>) -> String {
    let mut pairs: Vec<(String, String)> = request.form().collect();
    pairs.sort();
    pairs.dedup();
    pairs.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// An address with and without the port that its scheme implies: platforms differ in which they sign.
pub fn addresses(url: &str) -> Vec<String> {
    let mut both = vec![url.to_owned()];
    for (scheme, port) in [("https://", ":443"), ("http://", ":80")] {
        let Some(rest) = url.strip_prefix(scheme) else { continue };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        match host.strip_suffix(port) {
            Some(bare) => both.push(format!("{scheme}{bare}{path}")),
            None if !has_port(host) => both.push(format!("{scheme}{host}{port}{path}")),
            None => {}
        }
    }
    both
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tried_with_and_without_its_port() {
        assert_eq!(addresses("https://a.example/x?y"), ["https://a.example/x?y", "https://a.example:443/x?y"]);
        assert_eq!(addresses("https://a.example:443"), ["https://a.example:443", "https://a.example"]);
        assert_eq!(addresses("https://a.example:8443/"), ["https://a.example:8443/"]);
        assert_eq!(addresses("http://a.example?b").len(), 2);
    }

    #[test]
    fn what_is_signed_names_parts_that_there_are() {
        assert!(Over::parse("{nobody}").unwrap_err().contains("there are: body,"));
        assert!(Over::parse("{decoded.x}").is_err());
        assert!(Over::parse("v0:{header.a}:{body}").unwrap().covers_body());
        assert!(!Over::parse("{url}").unwrap().covers_body());
    }
}

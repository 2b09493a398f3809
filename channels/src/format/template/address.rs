//! URLs with holes. Where a hole stands in the URL says how it is escaped: in the host's name, in
//! the path, in the query. Outside these a URL has no holes.
//!
//! It fills; whether the address may be spoken to is judged elsewhere.

use serde::{Deserialize, Deserializer, de};

use super::escape::{self, EscapeError};
use super::values::Values;
use super::{Piece, Template};

/// A URL, or its beginning or end, with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    template: Template,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Host,
    Path,
    Query,
}

impl UrlTemplate {
    /// Reads one: it begins with `https://`, with `/` (a path), or with a hole that is a URL of the
    /// account and a path behind it. Nothing at all is the path of what has one already.
    pub fn parse(text: &str) -> Result<Self, String> {
        let template = Template::parse(text)?;
        let begins = match template.pieces.first() {
            Some(Piece::Words(words)) => words.starts_with('/') || words.starts_with("https://") || is_app(words),
            Some(Piece::Hole(_)) => match template.pieces.get(1) {
                Some(Piece::Words(words)) => words.starts_with('/'),
                Some(Piece::Hole(_)) => false,
                None => true,
            },
            None => true,
        };
        if !begins || text.contains('#') {
            return Err(format!(
                "`{text}` must be a path that begins with `/`, a URL that begins with `https://`, or a placeholder for a URL that a path may follow; without `#`"
            ));
        }
        Ok(Self { template })
    }

    /// Its template, for whoever checks its holes.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The URL, filled; none where a field that the account may leave out is left out.
    pub fn fill(&self, values: &Values<'_>) -> Result<Option<String>, EscapeError> {
        if let [Piece::Hole(hole)] = self.template.pieces.as_slice() {
            return Ok(values.of(hole));
        }
        let (mut url, mut place) = (String::new(), None);
        if let Some(Piece::Hole(hole)) = self.template.pieces.first() {
            let Some(origin) = values.of(hole) else { return Ok(None) };
            url.push_str(origin.trim_end_matches('/'));
        }
        let is_origin = |number: usize| number == 0 && url_begins_with_hole(&self.template);
        for (number, piece) in self.template.pieces.iter().enumerate() {
            match piece {
                Piece::Hole(_) if is_origin(number) => {}
                Piece::Words(words) => {
                    url.push_str(words);
                    place = Some(place_after(&url));
                }
                Piece::Hole(hole) => {
                    let Some(value) = values.of(hole) else { return Ok(None) };
                    url.push_str(&match place.unwrap_or(Place::Path) {
                        Place::Host => escape::host(&value)?,
                        Place::Path => escape::segment(&value)?,
                        Place::Query => escape::query(&value)?,
                    });
                }
            }
        }
        Ok(Some(url))
    }
}

/// Links back into an app have schemes of their own.
fn is_app(words: &str) -> bool {
    words.starts_with("sms:")
}

fn url_begins_with_hole(template: &Template) -> bool {
    matches!(template.pieces.first(), Some(Piece::Hole(_)))
}

fn place_after(url: &str) -> Place {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    if url.contains('?') {
        Place::Query
    } else if after_scheme.contains('/') || after_scheme.len() == url.len() {
        Place::Path
    } else {
        Place::Host
    }
}

impl<'de> Deserialize<'de> for UrlTemplate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::super::values::{KnownAccount, RequestMoment};
    use super::*;

    fn fill(template: &str, value: &str) -> Result<Option<String>, EscapeError> {
        let fields = [("a".to_owned(), value.to_owned())].into_iter().collect();
        let known = KnownAccount { fields, ..KnownAccount::default() };
        let at = RequestMoment { unix: 0, chance: [0; 16] };
        UrlTemplate::parse(template).unwrap().fill(&Values::of_account(&known, at))
    }

    #[test]
    fn a_hole_is_escaped_by_where_it_stands() {
        let filled = |template, value| fill(template, value).unwrap().unwrap();
        assert_eq!(filled("https://{account.a}.example/x", "eu"), "https://eu.example/x");
        assert_eq!(fill("https://{account.a}.example/x", "evil.example/"), Err(EscapeError("a host name")));
        assert_eq!(filled("/b/{account.a}/c", "x/../y?z"), "/b/x%2F..%2Fy%3Fz/c");
        assert_eq!(filled("/b?c={account.a}", "x&d=1 #"), "/b?c=x%26d%3D1%20%23");
        assert_eq!(fill("/b/{account.a}", ".."), Err(EscapeError("a path")));
        assert_eq!(filled("{account.a}", "https://a.example/?b=c"), "https://a.example/?b=c");
        assert_eq!(filled("{account.a}/b", "https://a.example/"), "https://a.example/b");
        assert_eq!(filled("sms:{account.a}?body=1", "+1"), "sms:%2B1?body=1");
    }

    #[test]
    fn a_url_begins_like_one() {
        for text in ["http://a.example", "a/b", "{account.a}b", "{account.a}{account.a}", "/a#b"] {
            assert!(UrlTemplate::parse(text).is_err(), "{text}");
        }
    }
}

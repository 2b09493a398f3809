//! Values taken out of what came in: from the first of several places that has one, or composed
//! of several; and the items of lists, each with its place.
//!
//! A pointer is seen from the item; one that begins with `//` from the document, its stars standing
//! for the item's own places.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use crate::format::matching::Pointer;

/// One message, receipt or event of a request.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    document: &'a Value,
    item: &'a Value,
    stars: Vec<usize>,
}

impl<'a> Item<'a> {
    /// Every item that a pointer with stars names; without one, the document itself.
    pub fn each(document: &'a Value, pointer: Option<&str>) -> Vec<Self> {
        let mut found = Vec::new();
        let steps: Vec<&str> = pointer.unwrap_or_default().split('/').skip(1).collect();
        walk(document, document, &steps, &mut Vec::new(), &mut found);
        found
    }

    /// The value at a pointer.
    pub fn at(&self, pointer: &str) -> Option<&'a Value> {
        let Some(path) = pointer.strip_prefix('/') else { return Some(self.item) };
        let (mut at, path) = match path.strip_prefix('/') {
            Some(path) => (self.document, path),
            None => (self.item, path),
        };
        let mut stars = self.stars.iter();
        for step in path.split('/') {
            at = match step {
                "*" => at.get(stars.next()?)?,
                _ => step_into(at, step)?,
            };
        }
        Some(at)
    }
}

fn step_into<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    let name = step.replace("~1", "/").replace("~0", "~");
    match value {
        Value::Object(members) => members.get(&name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn walk<'a>(document: &'a Value, at: &'a Value, steps: &[&str], stars: &mut Vec<usize>, found: &mut Vec<Item<'a>>) {
    match steps {
        [] => found.push(Item { document, item: at, stars: stars.clone() }),
        ["*", rest @ ..] => {
            for (number, item) in at.as_array().into_iter().flatten().enumerate() {
                stars.push(number);
                walk(document, item, rest, stars, found);
                stars.pop();
            }
        }
        [step, rest @ ..] => {
            if let Some(value) = step_into(at, step) {
                walk(document, value, rest, stars, found);
            }
        }
    }
}

/// A value to be taken: `"/from/id"`, `["/a", "/b"]` for the first that is there, or a table.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Take {
    /// The first of these that is there.
    pub any: Vec<Pointer>,
    /// All of these, joined by one space.
    pub all: Vec<Pointer>,
    /// Taken away from its beginning, where it is there.
    pub strip: String,
    /// Put before it, where it is not there.
    pub prefix: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    any: Vec<Pointer>,
    all: Vec<Pointer>,
    strip: String,
    prefix: String,
}

impl Take {
    /// The text that it names; none where it is not there, or empty.
    pub fn text(&self, item: &Item<'_>) -> Option<String> {
        let one = |pointer: &Pointer| text(item.at(pointer.as_str())?);
        let found = if self.all.is_empty() {
            self.any.iter().find_map(one)?
        } else {
            self.all.iter().map(one).collect::<Option<Vec<_>>>()?.join(" ")
        };
        let found = found.strip_prefix(&self.strip).unwrap_or(&found);
        let is_there = !self.prefix.is_empty() && found.starts_with(&self.prefix);
        Some(if is_there { found.to_owned() } else { format!("{}{found}", self.prefix) })
    }

    /// The value that it names, whatever it is.
    pub fn value<'a>(&self, item: &Item<'a>) -> Option<&'a Value> {
        self.any.iter().find_map(|pointer| item.at(pointer.as_str()).filter(|value| !value.is_null()))
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Take {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Take;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pointer, a list of pointers, or a table with `any` or `all`, `strip`, `prefix`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Take, E> {
        Pointer::parse(text).map(|one| Take { any: vec![one], ..Take::default() }).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Take, A::Error> {
        let mut any = Vec::new();
        while let Some(one) = seq.next_element()? {
            any.push(one);
        }
        if any.is_empty() {
            Err(de::Error::custom("an empty list names nothing"))
        } else {
            Ok(Take { any, ..Take::default() })
        }
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Take, A::Error> {
        let Table { any, all, strip, prefix } = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
        if any.is_empty() == all.is_empty() {
            return Err(de::Error::custom("name either `any` (the first that is there) or `all` (joined)"));
        }
        Ok(Take { any, all, strip, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn take(toml: &str) -> Take {
        #[derive(serde::Deserialize)]
        struct One {
            take: Take,
        }
        toml::from_str::<One>(&format!("take = {toml}")).unwrap().take
    }

    #[test]
    fn items_know_where_they_lie() {
        let document = json!({"entry": [
            {"id": "e0", "list": [{"m": "a"}, {"m": "b"}]},
            {"id": "e1", "list": [{"m": 3, "x/y": {"z": [7]}}]},
            {"id": "e2"},
        ]});
        let items = Item::each(&document, Some("/entry/*/list/*"));
        let read = |take: &Take| items.iter().map(|item| take.text(item)).collect::<Vec<_>>();
        let some = |texts: [&str; 3]| texts.map(|text| Some(text.to_owned())).to_vec();
        assert_eq!(read(&take("\"/m\"")), some(["a", "b", "3"]));
        assert_eq!(read(&take("\"//entry/*/id\"")), some(["e0", "e0", "e1"]));
        assert_eq!(read(&take("{ all = [\"//entry/*/id\", \"/m\"] }")), some(["e0 a", "e0 b", "e1 3"]));
        assert_eq!(read(&take("[\"/x~1y/z/0\", \"/m\"]")), some(["a", "b", "7"]));
        assert_eq!(Item::each(&document, None).len(), 1);
        assert!(Item::each(&document, Some("/entry/id/*")).is_empty());
        assert!(Item::each(&json!([]), Some("/*")).is_empty());
    }

    #[test]
    fn what_stands_before_a_value_goes_and_comes() {
        let document = json!({"a": "whatsapp:+372", "b": "372", "c": "", "d": null});
        let item = &Item::each(&document, None)[0];
        assert_eq!(take("{ any = [\"/a\"], strip = \"whatsapp:\" }").text(item).as_deref(), Some("+372"));
        assert_eq!(take("{ any = [\"/b\"], prefix = \"+\" }").text(item).as_deref(), Some("+372"));
        assert_eq!(
            take("{ any = [\"/a\"], strip = \"whatsapp:\", prefix = \"+\" }").text(item).as_deref(),
            Some("+372")
        );
        assert_eq!(take("[\"/c\", \"/d\", \"/e\"]").text(item), None);
        assert_eq!(take("{ all = [\"/a\", \"/c\"] }").text(item), None);
    }

    #[test]
    fn a_take_names_places_in_one_way() {
        for toml in ["take = []", "take = { strip = \"a\" }", "take = { any = [\"/a\"], all = [\"/b\"] }", "take = 1"] {
            #[derive(Debug, serde::Deserialize)]
            struct One {
                #[expect(dead_code, reason = "it is never read into")]
                take: Take,
            }
            assert!(toml::from_str::<One>(toml).is_err(), "{toml}");
        }
    }
}

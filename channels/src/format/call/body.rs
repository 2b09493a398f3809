//! A request's body: a tree of templates, written into JSON or a form. Encoders escape whole
//! values, so no text can end the value that it stands in.
//!
//! A member whose template names a field that the account leaves out is left out as well.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::format::matching::text;
use crate::format::template::Template;
use crate::format::template::escape::{self, EscapeError};
use crate::format::template::values::Values;

/// A part of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Text with holes.
    Text(Template),
    /// HTML or XML with holes, as text: `"$markup"`.
    Markup(Template),
    /// Text in which `&`, `<` and `>` are signs: `"$entities"`.
    Entities(Template),
    /// JSON as text: `"$json"`.
    Json(Box<Node>),
    /// A number with holes: `"$number"`.
    Number(Template),
    /// What never changes.
    Fixed(Value),
    /// A list.
    List(Vec<Node>),
    /// Members by name.
    Table(BTreeMap<String, Node>),
}

/// How a leaf of the tree may be written, each under its own name.
const WRAPPERS: &str = "$markup, $entities, $json, $number";

impl Node {
    /// The tree as JSON; none where it is left out.
    pub fn json(&self, values: &Values<'_>) -> Result<Option<Value>, EscapeError> {
        Ok(match self {
            Self::Text(template) => template.plain(values).map(Value::String),
            Self::Markup(template) => template.fill(values, |v| Ok(escape::markup(v)))?.map(Value::String),
            Self::Entities(template) => template.fill(values, |v| Ok(escape::entities(v)))?.map(Value::String),
            Self::Json(node) => node.json(values)?.map(|json| Value::String(json.to_string())),
            Self::Number(template) => match template.plain(values) {
                Some(text) => Some(Value::Number(text.parse::<Number>().map_err(|_| EscapeError("a number"))?)),
                None => None,
            },
            Self::Fixed(value) => Some(value.clone()),
            Self::List(nodes) => {
                let items: Result<Vec<_>, _> = nodes.iter().map(|node| node.json(values)).collect();
                Some(Value::Array(items?.into_iter().flatten().collect()))
            }
            Self::Table(nodes) => {
                let mut members = Map::new();
                for (name, node) in nodes {
                    if let Some(value) = node.json(values)? {
                        members.insert(name.clone(), value);
                    }
                }
                Some(Value::Object(members))
            }
        })
    }

    /// The tree as a form's pairs, in order of their names. A list is its name again and again.
    pub fn pairs(&self, values: &Values<'_>) -> Result<Vec<(String, String)>, EscapeError> {
        let Some(Value::Object(members)) = self.json(values)? else { return Ok(Vec::new()) };
        let pairs = members.into_iter().flat_map(|(name, value)| {
            let several = match value {
                Value::Array(several) => several,
                one => vec![one],
            };
            several.into_iter().map(move |value| (name.clone(), text(&value)))
        });
        Ok(pairs.collect())
    }

    /// The tree with another laid over it: tables are merged, anything else is replaced.
    pub fn with(self, over: Self) -> Self {
        match (self, over) {
            (Self::Table(mut under), Self::Table(over)) => {
                for (name, node) in over {
                    let node = match under.remove(&name) {
                        Some(below) => below.with(node),
                        None => node,
                    };
                    under.insert(name, node);
                }
                Self::Table(under)
            }
            (_, over) => over,
        }
    }

    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Text(template) | Self::Markup(template) | Self::Entities(template) | Self::Number(template) => {
                vec![template]
            }
            Self::Json(node) => node.templates(),
            Self::Fixed(_) => Vec::new(),
            Self::List(nodes) => nodes.iter().flat_map(Self::templates).collect(),
            Self::Table(nodes) => nodes.values().flat_map(Self::templates).collect(),
        }
    }

    /// Whether it is a table of plain values: what a form can hold.
    pub fn is_flat(&self) -> bool {
        let is_leaf = |node: &Self| !matches!(node, Self::List(_) | Self::Table(_));
        match self {
            Self::Table(nodes) => nodes.values().all(|node| match node {
                Self::List(several) => several.iter().all(is_leaf),
                one => is_leaf(one),
            }),
            _ => false,
        }
    }

    /// `{"$markup": "…"}` is a leaf written as its name says.
    fn wrapped(mut members: BTreeMap<String, Self>) -> Result<Self, String> {
        let Some(name) = members.keys().find(|name| name.starts_with('$')).cloned() else {
            return Ok(Self::Table(members));
        };
        let node = members.remove(&name).filter(|_| members.is_empty());
        let node = node.ok_or_else(|| format!("`{name}` stands alone in its table"))?;
        match (name.as_str(), node) {
            ("$json", node) => Ok(Self::Json(Box::new(node))),
            ("$markup", Self::Text(template)) => Ok(Self::Markup(template)),
            ("$entities", Self::Text(template)) => Ok(Self::Entities(template)),
            ("$number", Self::Text(template)) => Ok(Self::Number(template)),
            ("$markup" | "$entities" | "$number", _) => Err(format!("`{name}` takes a text")),
            _ => Err(format!("unknown way to write a value `{name}`; there are: {WRAPPERS}")),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true or false, a list or a table")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Template::parse(text).map(Node::Text).map_err(E::custom)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Fixed(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Fixed(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = seq.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, node)) = map.next_entry::<String, Node>()? {
            members.insert(name, node);
        }
        Node::wrapped(members).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::template::values::{KnownAccount, RequestMoment};
    use crate::{Content, Message, MessageAddress, Terms};
    use proptest::prelude::*;
    use serde_json::json;

    fn said(text: &str, render: impl Fn(&Values<'_>)) {
        let (content, terms) = (Content::Text(text.into()), Terms { freely: false, seconds: Some(90) });
        let message = Message { id: "m".into(), to: MessageAddress::new("t"), subject: None, content, terms };
        let known = KnownAccount::default();
        render(&Values::of_message(&known, RequestMoment { unix: 7, chance: [0; 16] }, &message, &[]));
    }

    fn node(toml: &str) -> Node {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn a_tree_becomes_json_and_leaves_out_what_is_left_out() {
        let node = node(
            "a = 1\nb = [true, \"{text}\", \"{account.none}\"]\nc = \"{account.none}\"\nd = { \"$number\" = \"{unix}\" }\ne = { \"$json\" = { f = \"{text}\" } }",
        );
        said("q\"", |values| {
            let json = node.json(values).unwrap().unwrap();
            assert_eq!(json, json!({"a": 1, "b": [true, "q\""], "d": 7, "e": "{\"f\":\"q\\\"\"}"}));
        });
    }

    #[test]
    fn tables_merge_and_anything_else_is_replaced() {
        let merged = node("a = 1\nb = { c = 2, d = 3 }").with(node("b = { d = 4 }\ne = [5]"));
        said("", |values| {
            let json = merged.json(values).unwrap().unwrap();
            assert_eq!(json, json!({"a": 1, "b": {"c": 2, "d": 4}, "e": [5]}));
        });
    }

    #[test]
    fn what_cannot_be_written_is_told_what_can() {
        for (toml, says) in [
            ("a = { \"$loud\" = \"x\" }", "there are: $markup"),
            ("a = { \"$markup\" = \"x\", b = 1 }", "stands alone"),
            ("a = { \"$number\" = 1 }", "takes a text"),
            ("a = \"{nobody}\"", "there are: to,"),
        ] {
            let wrong = toml::from_str::<Node>(toml).unwrap_err().to_string();
            assert!(wrong.contains(says), "{toml}: {wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_value(text in any::<String>()) {
            let node = node("a = \"<{text}>\"\nb = { \"$markup\" = \"<b>{text}</b>\" }\nc = { \"$json\" = { d = \"{text}\" } }");
            said(&text, |values| {
                let written = node.json(values).unwrap().unwrap().to_string();
                let read: Value = serde_json::from_str(&written).unwrap();
                assert_eq!(read.as_object().unwrap().len(), 3);
                assert_eq!(read["a"], format!("<{text}>"));
                let inner: Value = serde_json::from_str(read["c"].as_str().unwrap()).unwrap();
                assert_eq!(inner, json!({"d": text}));
                assert_eq!(read["b"].as_str().unwrap().matches('<').count(), 2);
            });
        }
    }
}

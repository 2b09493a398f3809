//! The shape of JSON objects of one kind: every path that was seen, and which types stood there.
//! It does not know what the objects are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// What was seen so far.
#[derive(Default)]
pub struct Shape {
    objects: usize,
    paths: BTreeMap<String, Seen>,
}

#[derive(Default)]
struct Seen {
    objects: usize,
    types: BTreeSet<String>,
}

impl Shape {
    /// One more object. With `words`, a text that is a plain word is told as it is: it may be a name of ours.
    pub fn add(&mut self, value: &Value, words: bool) {
        self.objects += 1;
        let mut found = BTreeMap::<String, BTreeSet<String>>::new();
        walk(value, String::new(), words, &mut found);
        for (path, types) in found {
            let seen = self.paths.entry(path).or_default();
            seen.objects += 1;
            seen.types.extend(types);
        }
    }

    /// Paths with their types; `?` behind those that some objects do not have.
    pub fn told(&self) -> Value {
        let told = self.paths.iter().map(|(path, seen)| {
            let types = seen.types.iter().map(String::as_str).collect::<Vec<_>>().join(" | ");
            let may_be_absent = if seen.objects < self.objects { "?" } else { "" };
            (format!("{path}{may_be_absent}"), json!(types))
        });
        Value::Object(told.collect())
    }
}

fn walk(value: &Value, at: String, words: bool, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let kind = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) if words && is_word(text) => format!("'{text}'"),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    };
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                // A name that no identifier has is data.
                let name = if is_word(name) { name } else { "*" };
                let at = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
                walk(inner, at, words, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, format!("{at}[]"), words, found)),
        _ => {}
    }
    if !at.is_empty() {
        found.entry(at).or_default().insert(kind);
    }
}

fn is_word(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.len() <= 30 && text.split(['.', '-']).all(letters)
}

//! One record of each kind that lies in a store, and one entry of each index, as they are encoded before they are
//! sealed: the longest that the story writes, and the shape of all.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::shapes::Shape;
use super::story::Log;
use crate::simulation::sealed::Seal;

#[derive(Default)]
struct Kind {
    name: String,
    example: Vec<u8>,
    shape: Shape,
}

/// Each kind by its name.
pub fn described(log: &Log) -> BTreeMap<String, Value> {
    let (seal, mut kinds) = (Seal::of_tests(), BTreeMap::<String, Kind>::new());
    for batch in log.batches().iter() {
        for put in &batch.put {
            let plain = seal.record(&put.name, batch.id, &put.bytes).expect("it is sealed under its name");
            kinds.entry(kind_of(&put.name)).or_default().add(&put.name, plain);
        }
        for entry in &batch.enter {
            let plain = seal.opened(&entry.index, &entry.bytes).expect("it is sealed under its index");
            let name = format!("{} › {}", entry.index, entry.member);
            kinds.entry(format!("index-{}", kind_of(&entry.index))).or_default().add(&name, plain);
        }
    }
    kinds.into_iter().map(|(kind, found)| (kind, found.told())).collect()
}

/// Its first part; where records of several kinds begin so, with what tells them apart.
fn kind_of(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [kind @ ("user" | "customer" | "login"), _] => format!("{kind}-all"),
        [kind @ ("customer" | "login"), _, own @ ("name" | "has" | "locked"), ..] => format!("{kind}-{own}"),
        ["user", "-", _] => "user-provided".to_owned(),
        [kind, ..] => (*kind).to_owned(),
        [] => unreachable!("a split has a part"),
    }
}

/// The hashes of the audit trail follow from the order in which events of different outboxes are numbered. That
/// order is the store's.
fn without_hashes(mut value: Value) -> Value {
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Value::Object(members) = &mut value {
        for member in members.values_mut().filter(|member| member.as_str().is_some_and(is_hash)) {
            *member = json!("64 hexadecimal digits");
        }
    }
    value
}

impl Kind {
    fn add(&mut self, name: &str, plain: Vec<u8>) {
        if let Ok(value) = serde_json::from_slice::<Value>(&plain) {
            self.shape.add(&value, true);
        }
        // Of equals the first.
        if self.name.is_empty() || plain.len() > self.example.len() {
            (self.name, self.example) = (name.to_owned(), plain);
        }
    }

    fn told(&self) -> Value {
        let example = match serde_json::from_slice::<Value>(&self.example) {
            Ok(value) => without_hashes(value),
            Err(_) if self.example.is_empty() => json!("empty"),
            // A reply is sealed once more, for whoever it was told.
            Err(_) => match std::str::from_utf8(&self.example) {
                Ok(text) => json!({"text": text}),
                Err(_) => json!({"bytes": self.example.len()}),
            },
        };
        json!({"name": self.name, "example": example, "shape": self.shape.told()})
    }
}

//! Layered settings: defaults ← system ← team. A layer is a set of overrides; the effective
//! settings are what the rules read. `table` has one row for every setting: its bounds and
//! default stand there and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::validation;
use crate::base::validation::FieldError;
use crate::refusal::Refusal;

pub mod precondition;

mod described;
mod rules;
mod sections;
mod sending;
mod table;

pub use described::{Described, described};
pub use rules::Warning;
pub use sections::*;
pub use sending::{DeliveryRules, SendBudget};
pub use table::{SettingShape, is_origin};

/// The overrides of one layer: dotted path → value. Every value has passed its row's bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Overrides(BTreeMap<String, Value>);

/// Where an effective value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// The table's default.
    Default,
    /// The system layer.
    System,
    /// The team's own.
    Team,
}

/// Settings as they hold, with where each comes from.
#[derive(Clone, Debug)]
pub struct Effective {
    /// As the rules read them.
    pub settings: Settings,
    /// As callers read them.
    pub json: Value,
    /// Dotted path → source.
    pub source: BTreeMap<String, SettingSource>,
    /// What departs from a standard.
    pub warnings: Vec<Warning>,
}

impl Overrides {
    /// Applies a merge patch (RFC 7396) to this layer: `null` takes an override away, `"none"`
    /// sets a setting to nothing, arrays replace, `intents` merge by name.
    pub fn patch(&self, patch: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut next = self.clone();
        let mut errors = Vec::new();
        next.merge("", patch, &mut errors);
        if errors.is_empty() { Ok(next) } else { Err(Refusal::Invalid(errors)) }
    }

    fn merge(&mut self, prefix: &str, patch: &Map<String, Value>, errors: &mut Vec<FieldError>) {
        for (name, value) in patch {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let pointer = || pointer(&path);
            if name.contains('.') {
                errors.push(FieldError::at(format!("/{name}"), &validation::DOTTED));
                continue;
            }
            match (table::find(&path), value) {
                (Some(_), Value::Null) => {
                    self.0.remove(&path);
                }
                (Some(row), value) => match row.check(value) {
                    Ok(value) => {
                        self.0.insert(path, value);
                    }
                    Err(error) => errors.push(FieldError { pointer: pointer() + &error.pointer, ..error }),
                },
                // What a newer release has set can be taken away also where its name means nothing.
                (None, Value::Null) if self.0.contains_key(&path) => {
                    self.0.remove(&path);
                }
                (None, Value::Object(inner)) if table::is_section(&path) || self.has_under(&path) => {
                    self.merge(&path, inner, errors)
                }
                (None, Value::Null) if table::is_section(&path) => {
                    let under = format!("{path}.");
                    self.0.retain(|known, _| !known.starts_with(&under));
                }
                (None, _) if table::is_section(&path) => errors.push(FieldError::at(pointer(), &validation::OBJECT)),
                (None, _) => errors.push(FieldError::at(pointer(), table::unknown(&path))),
            }
        }
    }

    fn has_under(&self, section: &str) -> bool {
        self.0.keys().any(|path| path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The layer as callers see it: nested, only what it sets.
    pub fn json(&self) -> Value {
        let mut tree = Map::new();
        for (path, value) in &self.0 {
            table::put(&mut tree, path, value.clone());
        }
        Value::Object(tree)
    }

    /// The opening screen that this layer names.
    pub fn opening_screen(&self) -> Option<&str> {
        let path = "pin.opening_screen";
        self.0.get(path).filter(|value| !table::is_none(path, value)).and_then(Value::as_str)
    }

    /// Whether this layer sets the path.
    pub fn sets(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Dotted paths that this layer sets.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Lays the layers over the defaults and judges the rules that cross fields. A setting or a value
/// that only a newer release knows is refused: without it the others would mean something else.
pub fn effective(system: &Overrides, team: &Overrides) -> Result<Effective, Refusal> {
    let mut tree = Map::new();
    let mut source = BTreeMap::new();
    for row in table::ROWS {
        table::put(&mut tree, row.path, row.default_value());
        source.insert(row.path.to_owned(), SettingSource::Default);
    }
    tree.insert("intents".into(), Value::Object(Map::new()));
    for (layer, from) in [(system, SettingSource::System), (team, SettingSource::Team)] {
        for (path, value) in &layer.0 {
            if table::find(path).is_none() {
                return Err(Refusal::Invalid(vec![FieldError::at(pointer(path), &validation::NEWER)]));
            }
            let value = if table::is_none(path, value) { Value::Null } else { value.clone() };
            table::put(&mut tree, path, value);
            source.insert(path.clone(), from);
        }
    }
    let json = Value::Object(tree);
    let foreign = |e: serde_json::Error| {
        FieldError::at("", validation::NEWER.saying(format!("holds a value of another release: {e}")))
    };
    let settings: Settings = serde_json::from_value(json.clone()).map_err(|e| Refusal::Invalid(vec![foreign(e)]))?;
    rules::check(&settings, &json)?;
    let warnings = rules::warnings(&settings);
    Ok(Effective { settings, json, source, warnings })
}

fn pointer(path: &str) -> String {
    path.split('.').map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests;

//! Layered settings: defaults ← system ← team. A layer is a set of overrides; the effective
//! settings are what the rules read. `table` has one row for every setting: its bounds and
//! default stand there and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::refusal::{Fault, Refusal};

mod rules;
mod table;

pub use rules::Warning;

/// The overrides of one layer: dotted path → value. Every value has passed its row's bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Overrides(BTreeMap<String, Value>);

/// Where an effective value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
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
    pub source: BTreeMap<String, Source>,
    /// What departs from a standard.
    pub warnings: Vec<Warning>,
}

impl Overrides {
    /// Applies a merge patch (RFC 7396) to this layer: `null` takes an override away, `"none"`
    /// sets a setting to nothing, arrays replace, `intents` merge by name.
    pub fn patch(&self, patch: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut next = self.clone();
        let mut faults = Vec::new();
        next.merge("", patch, &mut faults);
        if faults.is_empty() { Ok(next) } else { Err(Refusal::Settings(faults)) }
    }

    fn merge(&mut self, prefix: &str, patch: &Map<String, Value>, faults: &mut Vec<Fault>) {
        for (name, value) in patch {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let pointer = || pointer(&path);
            if name.contains('.') {
                faults.push(Fault::at(format!("/{name}"), "a name has no dot: nest the objects"));
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
                    Err(detail) => faults.push(Fault::at(pointer(), detail)),
                },
                // What a newer release has set can be taken away also where its name means nothing.
                (None, Value::Null) if self.0.contains_key(&path) => {
                    self.0.remove(&path);
                }
                (None, Value::Object(inner)) if table::is_section(&path) || self.has_under(&path) => {
                    self.merge(&path, inner, faults)
                }
                (None, Value::Null) if table::is_section(&path) => {
                    let under = format!("{path}.");
                    self.0.retain(|known, _| !known.starts_with(&under));
                }
                (None, _) if table::is_section(&path) => faults.push(Fault::at(pointer(), "must be an object")),
                (None, _) => faults.push(Fault::at(pointer(), table::unknown(&path))),
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
        source.insert(row.path.to_owned(), Source::Default);
    }
    tree.insert("intents".into(), Value::Object(Map::new()));
    for (layer, from) in [(system, Source::System), (team, Source::Team)] {
        for (path, value) in &layer.0 {
            if table::find(path).is_none() {
                return Err(Refusal::Settings(vec![Fault::at(pointer(path), "is a setting of another release")]));
            }
            let value = if table::is_none(path, value) { Value::Null } else { value.clone() };
            table::put(&mut tree, path, value);
            source.insert(path.clone(), from);
        }
    }
    let json = Value::Object(tree);
    let foreign = |e: serde_json::Error| Fault::at("", format!("holds a value of another release: {e}"));
    let settings: Settings = serde_json::from_value(json.clone()).map_err(|e| Refusal::Settings(vec![foreign(e)]))?;
    rules::check(&settings, &json)?;
    let warnings = rules::warnings(&settings);
    Ok(Effective { settings, json, source, warnings })
}

fn pointer(path: &str) -> String {
    path.split('.').map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
}

/// A span in minutes that may have no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minutes {
    /// So many.
    Of(u64),
    /// `"never"`: no end.
    Never,
}

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match Value::deserialize(d)? {
            Value::String(s) if s == "never" => Ok(Self::Never),
            value => value.as_u64().map(Self::Of).ok_or_else(|| serde::de::Error::custom("not minutes")),
        }
    }
}

impl Serialize for Minutes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Of(minutes) => s.serialize_u64(*minutes),
            Self::Never => s.serialize_str("never"),
        }
    }
}

/// Effective settings as the rules read them. Fields that no rule reads yet stay in the JSON.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    /// The external login page.
    pub authentication_url: Option<String>,
    /// Origins that may open, embed or be returned to.
    pub allowed_origins: Vec<String>,
    /// How long a flag lasts.
    pub authentication_timeout_minutes: u64,
    /// Idle time after which an interaction closes.
    pub interaction_timeout_minutes: u64,
    /// The ceiling since the first proof.
    pub absolute_timeout_minutes: u64,
    /// Login links.
    pub link: LinkRules,
    /// What failed answers lead to.
    pub lockout: Lockout,
    /// Who the customer is.
    pub directory: DirectoryRules,
    /// How pages look.
    pub brand: Brand,
    /// Which language pages speak.
    pub locale: String,
    /// What the bot may want to do.
    pub intents: BTreeMap<String, Intent>,
    /// One-time codes.
    pub otp: OtpRules,
    kba: KbaRules,
    two_factor: TwoFactor,
}

/// `link`.
#[derive(Clone, Debug, Deserialize)]
pub struct LinkRules {
    /// How long a link lives.
    pub ttl_minutes: Minutes,
    /// Whether the landing page may be left out.
    pub landing: Landing,
    /// How the browser is shown to be the chat's.
    pub binding: BindingRule,
}

/// `link.landing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Landing {
    /// Always.
    Required,
    /// A caller may ask for the signed URL itself.
    Optional,
}

/// `link.binding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BindingRule {
    /// The strongest that the channel allows, never `none`.
    Auto,
    /// The chat's own window must have opened the page.
    Opener,
    /// A code must come back through the chat.
    Code,
    /// The login is enough.
    None,
}

/// `lockout`.
#[derive(Clone, Debug, Deserialize)]
pub struct Lockout {
    /// Failed answers that lock.
    pub threshold: u32,
    /// How long the first lock lasts.
    pub duration_minutes: u64,
    /// Each lock lasts so many times the one before.
    pub growth: u64,
    /// The lockout that bans; 0 never.
    pub max_lockouts: u32,
}

/// `directory`.
#[derive(Clone, Debug, Deserialize)]
pub struct DirectoryRules {
    /// Private data that must match a record.
    #[serde(rename = "match")]
    pub matching: Vec<String>,
}

/// `brand`.
#[derive(Clone, Debug, Deserialize)]
pub struct Brand {
    /// Who the person deals with.
    pub name: Option<String>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// A path or URL of a picture.
    pub logo: Option<String>,
}

/// `otp`, as far as warnings and cross-field rules read it.
#[derive(Clone, Debug, Deserialize)]
pub struct OtpRules {
    length: u64,
    expires_minutes: Minutes,
}

#[derive(Clone, Debug, Deserialize)]
struct KbaRules {
    enabled: bool,
    questions: u64,
    must_match: u64,
}

#[derive(Clone, Debug, Deserialize)]
struct TwoFactor {
    always: bool,
    on_fingerprint_change: bool,
    on_region_change: bool,
}

/// One intent of `intents`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Methods that count.
    pub accept: Vec<super::method::Method>,
    /// How old the proof may be; absent: as old as the flag.
    #[serde(default)]
    pub max_age_minutes: Option<u64>,
    /// What people read.
    #[serde(default)]
    pub label: Option<String>,
    /// With it a login counts only where its `acr` is one of these.
    #[serde(default)]
    pub acr: Vec<String>,
}

#[cfg(test)]
mod tests;

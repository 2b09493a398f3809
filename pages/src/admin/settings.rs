//! The page of settings, of the system or of a team: one form for each section, in it a field for each setting
//! by what it takes. Owns how values stand in fields and which words they have; bounds are given.

use serde::Serialize;
use serde_json::Value;

use crate::consoles::Shell;
use crate::render::Pages;
use crate::texts;

/// Which settings stand together, by the beginnings of their paths. A path that begins otherwise belongs to the
/// group of its first part's name, and to the last where there is none.
const GROUPS: [(&str, &[&str]); 11] = [
    ("login", &["authentication_url", "allowed_origins", "binding", "other_browser", "link.", "directory."]),
    ("lasting", &["authentication_timeout_minutes", "interaction_timeout_minutes", "absolute_timeout_minutes"]),
    ("entry", &["entry."]),
    ("otp", &["otp."]),
    ("pin", &["pin."]),
    ("kba", &["kba."]),
    ("photo_id", &["photo_id."]),
    ("lockout", &["lockout."]),
    ("accounts", &["two_factor.", "login_otp", "password.", "ticket."]),
    ("sending", &["delivery.", "send_budget."]),
    ("look", &["brand.", "locale"]),
];

/// What a setting takes.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// On or off.
    Switch,
    /// A whole number.
    Number,
    /// A span of time.
    Span,
    /// One of several words.
    OneOf,
    /// On, off or by another setting.
    Maybe,
    /// A text.
    Text,
    /// A text with a form of its own.
    Phrase,
    /// Fields of a record.
    Fields,
    /// Several texts.
    List,
}

/// A setting, as somebody else knows it.
pub struct InheritedValue {
    /// Dotted path.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The bounds of a number.
    pub bounds: Option<(u64, u64)>,
    /// What it may be.
    pub words: &'static [&'static str],
    /// What holds.
    pub value: Value,
    /// What would hold if this level said nothing.
    pub inherited: Value,
    /// `default`, `system` or `team`.
    pub source: &'static str,
    /// This level says it.
    pub own: bool,
    /// What departs from a standard: its code, and how it is told in English.
    pub warnings: Vec<(&'static str, &'static str)>,
}

/// A setting, ready to be drawn.
#[derive(Serialize)]
struct Field {
    path: &'static str,
    /// Its name in a form.
    pointer: String,
    kind: Kind,
    bounds: Option<(u64, u64)>,
    words: &'static [&'static str],
    value: String,
    inherited: String,
    source: &'static str,
    own: bool,
    warnings: Vec<Warning>,
    /// What takes it away from this level.
    reset: String,
    /// There is a name for people, and more to say.
    named: bool,
    hint: bool,
}

#[derive(Serialize)]
struct Warning {
    key: Option<String>,
    detail: &'static str,
}

#[derive(Serialize)]
struct Section {
    name: &'static str,
    fields: Vec<Field>,
}

/// The page of settings.
#[derive(Serialize)]
pub struct SettingsPage {
    /// Around it.
    frame: Shell,
    /// What is patched.
    call: String,
    /// They are the system's.
    system: bool,
    /// When they were read, RFC 3339.
    read_at: String,
    sections: Vec<Section>,
}

impl SettingsPage {
    /// Groups the settings. `call` is the path that takes the patch; `read_at` is RFC 3339.
    pub fn of(frame: Shell, call: String, read_at: String, known: Vec<InheritedValue>) -> Self {
        let system = frame.team.is_none();
        let mut sections: Vec<Section> = GROUPS.map(|(name, _)| Section { name, fields: Vec::new() }).into();
        let last = sections.len() - 1;
        for setting in known {
            let at = GROUPS.iter().position(|(name, paths)| {
                let first = setting.path.split('.').next();
                paths.iter().any(|path| setting.path.starts_with(path)) || first == Some(name)
            });
            sections[at.unwrap_or(last)].fields.push(Field::of(setting));
        }
        Self { frame, call, system, read_at, sections }
    }
}

impl Field {
    fn of(known: InheritedValue) -> Self {
        let InheritedValue { path, kind, bounds, words, value, inherited, source, own, warnings } = known;
        let has = |key: String| texts::text("en", &key).is_some();
        let warning = |(code, detail): (&str, &'static str)| {
            let key = format!("{path}.{code}");
            Warning { key: has(format!("warning.{key}")).then_some(key), detail }
        };
        let nested = path.rsplit('.').fold(Value::Null, |inner, part| serde_json::json!({ part: inner }));
        Self {
            path,
            pointer: path.replace('.', "/"),
            kind,
            bounds,
            words,
            value: written(&value),
            inherited: written(&inherited),
            source,
            own,
            warnings: warnings.into_iter().map(warning).collect(),
            reset: nested.to_string(),
            named: has(format!("setting.{path}")),
            hint: has(format!("setting.{path}.hint")),
        }
    }
}

/// A value as it stands in a field: nothing and "never" are an empty one, a list has a line for each item.
fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text == "never" => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

impl Pages {
    /// The settings of the system or of a team.
    pub fn admin_settings(&self, page: &SettingsPage) -> String {
        self.staff("admin_settings.html", &page.frame.language, page)
    }
}

//! `countersign settings`: every setting of the system and of teams, as a table for people. Names and bounds
//! are the domain's, the words those of the admin console; nothing is read of any store.

use serde_json::Value;

use crate::domain::settings::{Described, SettingShape, described};
use crate::pages::in_english;

/// What stands above the table, for who reads it as a page.
const OPENING: &str = "# Settings\n\n\
    What the owner sets for the System (`PATCH /v1/settings`) and an admin for her team \
    (`PATCH /v1/teams/TEAM/settings`), with the console or by the API. A team's own value goes before the System's, \
    and that before the default; `null` takes a value back, and each reply says of every setting where its value \
    comes from. Dots stand for nested objects: `{\"link\": {\"ttl_minutes\": 5}}`. `intents` are described at \
    `/docs`. `countersign settings` prints this page.\n\n\
    | setting | takes | default | |\n| --- | --- | --- | --- |\n";

/// The page, in Markdown.
pub(super) fn page() -> String {
    let rows = described().map(|setting| {
        let Described { path, shape, default } = &setting;
        let means = [format!("setting.{path}"), format!("setting.{path}.hint")];
        let means: Vec<&str> = means.iter().filter_map(|key| in_english(key)).collect();
        let means = means.join(". ");
        format!("| `{path}` | {} | {} | {} |\n", takes(*shape), plain(default), means.replace('|', "\\|"))
    });
    [OPENING.to_owned()].into_iter().chain(rows).collect()
}

fn takes(shape: SettingShape) -> String {
    let any = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match shape {
        SettingShape::Switch => "`true`, `false`".to_owned(),
        SettingShape::Number(low, high) => format!("{low} to {high}"),
        SettingShape::Span(low, high) => format!("{low} to {high}, or `\"never\"`"),
        SettingShape::OneOf(words) => any(words),
        SettingShape::Maybe(words) => format!("{}, or `\"none\"`", any(words)),
        SettingShape::Text => "a text, or `\"none\"`".to_owned(),
        SettingShape::Phrase => "a text".to_owned(),
        SettingShape::Fields => "a list of names or objects".to_owned(),
        SettingShape::List => "a list of texts".to_owned(),
    }
}

fn plain(default: &Value) -> String {
    match default {
        Value::Null => "–".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        other => format!("`{other}`"),
    }
}

//! What outsiders and later releases read of the gateway, written down in `tests/snapshots`: the OpenAPI document,
//! events, settings, metrics and records. A change that means to change none of it leaves these files as they are.
//!
//! `UPDATE_SNAPSHOTS=1` writes the files anew instead of comparing them.

mod catalogue;
mod compare;
mod events;
mod metrics;
mod records;
mod serial;
mod shapes;
mod story;

use std::process::Command;

use countersign::domain::settings::SettingShape;
use countersign::domain::settings::described;
use serde_json::{Map, Value, json};

use crate::world::World;

#[tokio::test]
async fn openapi_document_equals_its_snapshot() {
    let world = World::new().await;
    let document = world.call("", "GET", "/openapi.json", Value::Null).await.expect(200);
    compare::json("openapi.json", &document);
}

/// `intents` is not in the table: its rows are a team's own names.
#[test]
fn settings_table_equals_its_snapshot() {
    let rows = described().map(|setting| {
        let mut row = Map::new();
        let form = match setting.shape {
            SettingShape::Switch(_) => "switch",
            SettingShape::Number(..) => "number",
            SettingShape::Span(..) => "number or never",
            SettingShape::OneOf(..) => "one of",
            SettingShape::Maybe(_) => "one of or none",
            SettingShape::Text(_) => "text or none",
            SettingShape::Phrase(..) => "text",
            SettingShape::MatchRules | SettingShape::QuestionRules => "list of names or rules",
            SettingShape::List(..) => "list of texts",
        };
        row.insert("form".to_owned(), json!(form));
        match setting.shape {
            SettingShape::Number(least, most, _) | SettingShape::Span(least, most, _) => {
                row.insert("bounds".to_owned(), json!([least, most]));
            }
            SettingShape::OneOf(words, _) | SettingShape::Maybe(words) => {
                row.insert("words".to_owned(), json!(words));
            }
            _ => {}
        }
        row.insert("default".to_owned(), setting.default);
        (setting.path.to_owned(), Value::Object(row))
    });
    compare::json("settings.json", &Value::Object(rows.collect()));
}

#[test]
fn metrics_equal_their_snapshot() {
    compare::text("metrics.txt", &metrics::found());
}

#[tokio::test]
async fn events_equal_their_snapshot() {
    let log = story::Log::default();
    story::told(&log.memory().await).await;
    story::told_of_platforms(&log).await;
    compare::json("events.json", &events::described(&log));
}

#[test]
fn catalogue_of_events_equals_its_page() {
    compare::text("../../docs/events.md", &catalogue::page());
}

/// `countersign settings` prints the page; each setting has a name in plain words.
#[test]
fn page_of_settings_equals_what_the_command_prints() {
    let ran = Command::new(env!("CARGO_BIN_EXE_countersign")).arg("settings").output().expect("it starts");
    let (page, error) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && error.is_empty(), "{error}");
    assert!(page.lines().filter(|line| line.starts_with("| `")).all(|line| !line.ends_with("|  |")), "{page}");
    compare::text("../../docs/settings.md", &page);
}

/// The same bytes lie in every store.
#[tokio::test]
async fn records_equal_their_snapshots() {
    for in_memory in [true, false] {
        let log = story::Log::default();
        let world = if in_memory { Some(log.memory().await) } else { log.redis().await };
        let Some(world) = world else { continue };
        story::told(&world).await;
        compare::folder("records", &records::described(&log));
    }
}

//! Compares what was found with a file of `tests/snapshots`, and says in which places it differs.
//! It does not know what the files are about.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Differences that are printed.
const MAX_SHOWN: usize = 40;

fn updates() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name)
}

fn written(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}

/// Compares JSON by its members.
#[track_caller]
pub fn json(name: &str, found: &Value) {
    report(name, json_differences(name, found));
}

/// Compares a text by its lines.
#[track_caller]
pub fn text(name: &str, found: &str) {
    if updates() {
        return write(name, found);
    }
    let kept = read(name);
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) = (kept.lines().collect(), found.lines().collect());
    let mut differences: Vec<String> = before.difference(&now).map(|line| format!("- {line}")).collect();
    differences.extend(now.difference(&before).map(|line| format!("+ {line}")));
    if differences.is_empty() && kept != found {
        differences.push("the lines are the same, their order is not".to_owned());
    }
    report(name, differences);
}

/// Compares a folder of JSON files, each named by its kind.
#[track_caller]
pub fn folder(name: &str, found: &BTreeMap<String, Value>) {
    let files = || fs::read_dir(place(name)).into_iter().flatten().flatten();
    let kept: BTreeSet<String> =
        files().filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".json")?.to_owned())).collect();
    let gone = kept.iter().filter(|kind| !found.contains_key(*kind));
    if updates() {
        for kind in gone {
            fs::remove_file(place(name).join(format!("{kind}.json"))).expect("the snapshots are ours");
        }
    } else {
        let gone: Vec<String> = gone.map(|kind| format!("- {kind}: the story writes no such record")).collect();
        report(name, gone);
    }
    let differences = found.iter().flat_map(|(kind, value)| json_differences(&format!("{name}/{kind}.json"), value));
    report(name, differences.collect());
}

#[track_caller]
fn json_differences(name: &str, found: &Value) -> Vec<String> {
    if updates() {
        write(name, &written(found));
        return Vec::new();
    }
    let mut differences = Vec::new();
    match serde_json::from_str(&read(name)) {
        Ok(kept) => differ(&kept, found, name, &mut differences),
        Err(_) => differences.push(format!("+ {name}: there is no such snapshot")),
    }
    differences
}

fn read(name: &str) -> String {
    fs::read_to_string(place(name)).unwrap_or_default()
}

fn write(name: &str, content: &str) {
    let path = place(name);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("the snapshots are ours");
    fs::write(path, content).expect("the snapshots are ours");
}

/// Each place that differs, by its path.
fn differ(kept: &Value, found: &Value, at: &str, differences: &mut Vec<String>) {
    match (kept, found) {
        (Value::Object(before), Value::Object(now)) => {
            for name in before.keys().chain(now.keys().filter(|name| !before.contains_key(*name))) {
                let at = format!("{at} › {name}");
                match (before.get(name), now.get(name)) {
                    (Some(before), Some(now)) => differ(before, now, &at, differences),
                    (Some(before), None) => differences.push(format!("- {at}: {}", short(before))),
                    (_, now) => differences.push(format!("+ {at}: {}", short(now.unwrap_or(&Value::Null)))),
                }
            }
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            for (n, (before, now)) in before.iter().zip(now).enumerate() {
                differ(before, now, &format!("{at} › {n}"), differences);
            }
        }
        (before, now) if before != now => differences.push(format!("~ {at}: {} → {}", short(before), short(now))),
        _ => {}
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[track_caller]
fn report(name: &str, differences: Vec<String>) {
    if differences.is_empty() {
        return;
    }
    let shown = differences.iter().take(MAX_SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    let more = differences.len().saturating_sub(MAX_SHOWN);
    let more = if more > 0 { format!("\n… and {more} more") } else { String::new() };
    panic!(
        "tests/snapshots/{name} differs (- only there, + only here, ~ changed). If the change is meant, run this test \
         with UPDATE_SNAPSHOTS=1 and commit the files.\n{shown}{more}"
    );
}

#[test]
fn difference_names_its_place() {
    let (kept, found) =
        (serde_json::json!({"a": [1, {"b": 2}], "c": 3}), serde_json::json!({"a": [1, {"b": 4}], "d": 3}));
    let mut differences = Vec::new();
    differ(&kept, &found, "x", &mut differences);
    assert_eq!(differences, ["~ x › a › 1 › b: 2 → 4", "- x › c: 3", "+ x › d: 3"]);
}

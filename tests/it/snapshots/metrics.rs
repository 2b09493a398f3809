//! Every metric that the sources count, with the names of its labels: read from the calls of the macros.
//! It knows no values: which label can have which, nobody writes down.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::architecture::plan::MEMBERS;

/// `name{label,label}`, in the order of names.
pub fn found() -> String {
    let mut all = BTreeMap::<(String, &str), BTreeSet<String>>::new();
    for folder in MEMBERS.into_iter().chain([".", "channels"]) {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("src"), &mut all);
    }
    let line = |((name, kind), labels): (&(String, &str), &BTreeSet<String>)| {
        let labels = labels.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        format!("{kind} {name}{{{labels}}}\n")
    };
    all.iter().map(line).collect()
}

fn read(folder: &Path, all: &mut BTreeMap<(String, &'static str), BTreeSet<String>>) {
    for entry in fs::read_dir(folder).expect("the sources are there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("the sources are text");
            for kind in ["counter", "gauge", "histogram"] {
                for (before, call) in calls(&text, &format!("{kind}!(")) {
                    let name = quoted(call).into_iter().next().expect("a metric is named where it is counted");
                    let labels = all.entry((name.to_owned(), kind)).or_default();
                    labels.extend(labels_of(before, call));
                }
            }
        }
    }
}

/// What stands before each call of the macro, and its arguments.
fn calls<'a>(text: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let starts = text.match_indices(name).map(|(at, _)| (at, at + name.len()));
    starts.filter_map(|(at, start)| Some((&text[..at], text[start..].split_once(')')?.0))).collect()
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

/// `"label" => value` in the call, or `("label", value)` in the variable that the call is given.
fn labels_of(before: &str, call: &str) -> Vec<String> {
    let Some((_, variable)) = call.split_once('&') else {
        let parts = call.split("=>").collect::<Vec<_>>();
        let labels = parts[..parts.len() - 1].iter().filter_map(|part| quoted(part).pop());
        return labels.map(str::to_owned).collect();
    };
    let (_, made) = before.rsplit_once(&format!("let {}", variable.trim())).expect("the labels are made before");
    let made = made.split_once("];").expect("they are a list").0;
    made.split("(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

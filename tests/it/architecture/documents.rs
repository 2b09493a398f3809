//! Documents for contributors name files and types that exist. It reads text between back-quotes and judges nothing
//! else: whether a sentence about them is true, a reader sees.

use std::collections::BTreeSet;

use super::{root, sources};

/// Documents that send a reader into the sources.
fn documents() -> Vec<(String, String)> {
    let decisions = std::fs::read_dir(root().join("docs/decisions")).expect("decisions are kept");
    let decisions =
        decisions.map(|entry| format!("docs/decisions/{}", entry.expect("it is read").file_name().display()));
    let names = ["ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned).into_iter().chain(decisions);
    names.map(|name| (name.clone(), std::fs::read_to_string(root().join(name)).expect("a document"))).collect()
}

/// The texts between back-quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether it can only be the name of a type: `ProofMethod`, but neither `TTL` nor `main`.
fn is_type_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.clone().any(char::is_lowercase)
        && letters.all(char::is_alphanumeric)
}

/// The names in a document that the sources do not have.
fn missing<'t>(text: &'t str, paths: &[String], types: &BTreeSet<String>) -> Vec<&'t str> {
    let is_path = |name: &str| name.ends_with(".rs") && !name.contains(['*', ' ']);
    let has = |name: &str| {
        paths.iter().any(|path| path == name || path.replace("/src/", "/").ends_with(name) || path.ends_with(name))
    };
    quoted(text).filter(|name| is_path(name) && !has(name) || is_type_name(name) && !types.contains(*name)).collect()
}

/// All files, and every word of them that begins like a type's name.
fn known() -> (Vec<String>, BTreeSet<String>) {
    let sources = sources();
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| is_type_name(word));
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let types = sources.iter().flat_map(|source| words(&source.text)).collect();
    (sources.into_iter().map(|source| source.path).collect(), types)
}

#[test]
fn documents_name_files_and_types_that_exist() {
    let (paths, types) = known();
    let mut faults = Vec::new();
    for (name, text) in documents() {
        faults.extend(missing(&text, &paths, &types).into_iter().map(|fault| format!("{name}: `{fault}`")));
    }
    assert!(faults.is_empty(), "not in the sources:\n{}", faults.join("\n"));
}

#[test]
fn a_missing_file_or_type_is_found() {
    let (paths, types) = known();
    let text = "`Context` in `domain/src/conversation/context.rs`, a `Turnstile`, `no/such/file.rs` and a `TTL`";
    // Written in parts, or this very file would have it.
    let unknown = ["Turn", "stile"].concat();
    let types = types.into_iter().filter(|name| *name != unknown).collect();
    assert_eq!(missing(text, &paths, &types), [unknown.as_str(), "no/such/file.rs"]);
}

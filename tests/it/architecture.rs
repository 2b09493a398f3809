//! Holds the house to its plan: who may know whom, what a file looks like, which names do not pass.
//!
//! It reads the sources as text and follows `crate::`, `super::` and crate paths. It knows no
//! types and no macros: what hides behind a re-export is for a reader to see. Our crates beside `src` are modules of
//! the same plan: where Cargo holds an arrow already, this says why.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

mod documents;
mod figures;
pub(crate) mod plan;
mod tokens;

use plan::{Crates, MEMBERS, ROOMS, Room};
use tokens::Token;

const MAX_FILE_LINES: usize = 400;
/// Names that say nothing about what a thing is.
const EMPTY_NAMES: [&str; 3] = ["manager", "helper", "utils"];

/// One source file, as its rules see it.
struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The crate that the file belongs to, where it is one of the plan's: none is the gateway's own.
    fn member(&self) -> Option<&'static str> {
        MEMBERS.into_iter().find(|member| self.path.starts_with(&format!("{member}/src/")))
    }

    /// `domain/src/proof/link.rs` → `["domain", "link"]`, `src/http/links.rs` → `["http", "links"]`; any other file has
    /// none.
    fn module(&self) -> Vec<&str> {
        let member = self.member();
        let folder = member.map_or("src/".to_owned(), |member| format!("{member}/src/"));
        let Some(inside) = self.path.strip_prefix(&folder).and_then(|path| path.strip_suffix(".rs")) else {
            return Vec::new();
        };
        let mut module: Vec<&str> = member.into_iter().chain(inside.split('/')).collect();
        if matches!(module.last(), Some(&"mod" | &"lib")) {
            module.pop();
        }
        module
    }

    /// What stands before its tests: they may know more than the code they test.
    fn code(&self) -> Vec<Token> {
        let mut code = tokens::read(&self.text);
        let tests = code.windows(3).position(|of| of[0].text == "mod" && of[1].text == "tests" && of[2].text == "{");
        code.truncate(tests.unwrap_or(code.len()));
        code
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs")
    }

    fn fault(&self, line: usize, rule: &str) -> String {
        format!("{}:{line}: {rule}", self.path)
    }
}

/// Every fault of one file.
fn faults(source: &Source, crates: &[String]) -> Vec<String> {
    let mut found = shape(source);
    if source.is_test() {
        return found;
    }
    let module = source.module();
    if module.is_empty() {
        return found; // lib.rs, another crate, an example: Cargo says whom they may know
    }
    let Some(room) = plan::room(&module) else {
        found.push(source.fault(1, "a module without a place in tests/it/architecture/plan.rs"));
        return found;
    };
    let root: Vec<&str> = source.member().into_iter().collect();
    for path in tokens::paths(&source.code(), &module, &root) {
        if let Some(rule) = trespass(room, &path, crates) {
            found.push(source.fault(path.line, &rule));
        }
    }
    found.dedup(); // one `use` may name several things of one room
    found
}

/// The rule that a path breaks.
fn trespass(room: &Room, path: &tokens::Reference, crates: &[String]) -> Option<String> {
    if path.ours {
        let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
        let target = plan::room(&segments)?.name;
        let is_service = target.starts_with("services::") && room.modules.contains(&"services::*");
        let allowed = target == room.name || room.modules.contains(&target) || room.modules == ["*"] || is_service;
        return (!allowed).then(|| format!("`{}` may not know `{target}`: {}", room.name, room.why));
    }
    let name = path.segments.first()?.as_str();
    let allowed = match room.crates {
        Crates::Only(names) => !crates.iter().any(|known| known == name) || names.contains(&name),
        Crates::Not(names) => !names.contains(&name),
    };
    (!allowed).then(|| format!("`{}` may not use the crate `{name}`: {}", room.name, room.why))
}

/// What every file owes its reader, whatever it does.
fn shape(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let opening = source.text.lines().take_while(|line| line.starts_with("//!")).count();
    if opening < 2 {
        found.push(source.fault(1, "open with `//!`: what the file owns, and what it refuses to know"));
    }
    let tests = source.text.lines().position(|line| line.starts_with("mod tests {"));
    let length = tests.unwrap_or_else(|| source.text.lines().count());
    if length > MAX_FILE_LINES && !source.is_test() {
        found.push(source.fault(MAX_FILE_LINES + 1, &format!("{length} lines before its tests: it holds two ideas")));
    }
    for (number, line) in source.text.lines().enumerate() {
        if line.contains(concat!("TO", "DO")) || line.contains(concat!("FIX", "ME")) {
            found.push(source.fault(number + 1, "finish it, or say it in CHANGELOG.md"));
        }
    }
    let stem = Path::new(&source.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let code = source.code();
    let defined = code.windows(2).filter(|two| tokens::DEFINES.contains(&two[0].text.as_str()));
    let names = defined.map(|two| (two[1].line, two[1].text.as_str())).chain([(1, stem)]);
    for (line, name) in names {
        if EMPTY_NAMES.iter().any(|empty| name.to_lowercase().contains(empty)) {
            found.push(source.fault(line, &format!("`{name}` says nothing: name it for what it is in the domain")));
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files of the repository's own, in order of their paths.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["src", "channels", "house", "validation", "tests", "examples", "benches", "fuzz"]
        .into_iter()
        .chain(MEMBERS)
        .map(|folder| root().join(folder))
        .collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a folder that is read can be listed").path()) {
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
                let path = path.strip_prefix(root()).expect("it lies under the root");
                found.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The crates that our manifests name, as code writes them.
fn crates() -> Vec<String> {
    let mut found = Vec::new();
    for folder in MEMBERS.into_iter().chain(["."]) {
        let text = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("the manifest is there");
        let manifest: toml::Table = text.parse().expect("the manifest is TOML");
        let named = manifest["dependencies"].as_table().expect("dependencies are a table");
        found.extend(named.keys().map(|name| name.replace('-', "_")));
    }
    found
}

#[test]
fn the_house_stands_as_it_was_drawn() {
    let crates = crates();
    let found: Vec<String> = sources().iter().flat_map(|source| faults(source, &crates)).collect();
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_map_is_only_a_map() {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).expect("the library has a root");
    for line in tokens::read(&text).split(|token| token.text == ";") {
        let words: Vec<&str> = line.iter().map(|token| token.text.as_str()).collect();
        let lists = words.contains(&"mod") || words.starts_with(&["pub", "use"]);
        let is_list = words.is_empty() || lists && !words.contains(&"{");
        assert!(is_list, "src/lib.rs:{}: it lists modules and crates, and does nothing", line[0].line);
    }
}

#[test]
fn channels_cannot_know_the_gateway() {
    let text = std::fs::read_to_string(root().join("channels/Cargo.toml")).expect("channels are a crate");
    let manifest: toml::Table = text.parse().expect("the manifest is TOML");
    for part in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let named = manifest.get(part).and_then(toml::Value::as_table);
        assert!(!named.is_some_and(|named| named.contains_key("countersign")), "channels: [{part}] names the gateway");
    }
}

#[test]
fn the_architecture_page_names_every_room() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md explains the house");
    let mut missing = String::new();
    for room in ROOMS.iter().filter(|room| home(room.name).exists()) {
        if !page.contains(&format!("`{}`", room.name)) {
            let _ = write!(missing, " `{}`", room.name); // a String takes every write
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name{missing}");
}

/// The file that a room begins with.
fn home(name: &str) -> PathBuf {
    let (first, rest) = name.split_once("::").unwrap_or((name, ""));
    match (MEMBERS.contains(&first), rest) {
        (true, "") => root().join(format!("{first}/src/lib.rs")),
        (true, rest) => root().join(format!("{first}/src/{rest}.rs")),
        (false, _) => root().join(format!("src/{}.rs", name.replace("::", "/"))),
    }
}

/// A test of the test: what must be found, and on which line.
#[test]
fn a_made_up_fault_is_found() {
    let head = "//! Owns.\n//! Refuses.\n";
    let long = format!("{head}{}", "\n".repeat(MAX_FILE_LINES));
    for (path, body, fault) in [
        ("domain/src/proof/link.rs", "use tokio::time;", ":3: `domain` may not use the crate `tokio`"),
        ("domain/src/proof/link.rs", "use {std::fmt, tracing as t};", ":3: `domain` may not use the crate `tracing`"),
        (
            "domain/src/proof/link.rs",
            "\nuse countersign::{domain::id,\n services::Links};",
            ":5: `domain` may not know `services`",
        ),
        (
            "domain/src/proof/link.rs",
            "fn f() { countersign::http::server::serve() }",
            ":3: `domain` may not know `http`",
        ),
        ("src/http/bot.rs", "use crate::store::{Store, Key};", ":3: `http` may not know `store`"),
        ("src/http/bot.rs", "use countersign_channels as c;", ":3: `http` may not know `channels`"),
        (
            "services/src/links.rs",
            "use countersign_store::redis::Redis;",
            ":3: `services::links` may not know `store::redis`",
        ),
        (
            "services/src/links.rs",
            "use countersign_store::{self, embedded};",
            ":3: `services::links` may not know `store::embedded`",
        ),
        (
            "services/src/links.rs",
            "async fn f(_: axum::Json<()>) {}",
            ":3: `services::links` may not use the crate `axum`",
        ),
        ("store/src/redis.rs", "use crate::embedded::Ledger;", ":3: `store::redis` may not know `store::embedded`"),
        ("pages/src/lib.rs", "use countersign::services;", ":3: `pages` may not know `services`"),
        ("services/src/lib.rs", "use countersign::app::App;", ":3: `services` may not know `app`"),
        (
            "services/src/links.rs",
            "use super::messaging::Messaging;",
            ":3: `services::links` may not know `services::messaging`",
        ),
        ("services/src/engine.rs", "use crate::Gateway;", ":3: `services::engine` may not know `services`"),
        ("src/attic.rs", "", ":1: a module without a place"),
        ("domain/src/proof/link.rs", "struct LinkManager;", ":3: `LinkManager` says nothing"),
        ("src/http/utils.rs", "", ":1: `utils` says nothing"),
        ("src/http/bot.rs", concat!("// TO", "DO later"), ":3: finish it"),
        ("src/http/bot.rs", long.as_str(), ":401: 404 lines before its tests"),
    ] {
        let source = Source { path: path.to_owned(), text: format!("{head}{body}") };
        let found = faults(&source, &crates());
        let wanted = format!("{path}{fault}");
        assert!(found.len() == 1 && found[0].starts_with(&wanted), "`{body}`: {found:?} instead of {wanted}");
    }
}

/// What looks like a fault and is none.
#[test]
fn nothing_is_made_up() {
    let text = r###"//! Owns crate::services in words only.
//! Refuses.
use super::{id, time::Moment};
use std::collections::{BTreeMap, BTreeSet};
/* use tokio::x; /* nested */ axum::y */
fn f<'a>(text: &'a str) -> char { let _ = ("crate::http", r#"tokio::"spawn""#, '"', '\'', b'"'); 'x' }
fn g(redis: u8) -> u8 { Self::tokio::<u8>(); redis }
mod tests { use crate::services::Links; }
"###;
    let source = Source { path: "domain/src/proof/link.rs".to_owned(), text: text.to_owned() };
    assert_eq!(faults(&source, &crates()), Vec::<String>::new());
}

//! Where the code of others comes from: what `./scripts/supply` judges with tools, as far as the
//! lock file alone can show it, so that every run of the tests does.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use tempfile::TempDir;
use toml::{Table, Value};

fn table(path: &str) -> Table {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).expect("it is there").parse().expect("it is TOML")
}

fn list<'a>(table: &'a Table, name: &str) -> impl Iterator<Item = &'a Table> {
    table[name].as_array().into_iter().flatten().filter_map(Value::as_table)
}

/// A143: every crate is a release with a checksum that Cargo compares, or our own.
#[test]
fn a143_every_dependency_is_a_release_with_a_checksum() {
    let lock = table("Cargo.lock");
    let mut ours = Vec::new();
    for package in list(&lock, "package") {
        let name = package["name"].as_str().expect("a name");
        match package.get("source").and_then(Value::as_str) {
            None => ours.push(name),
            Some(source) => {
                assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}");
                assert!(package["checksum"].as_str().is_some_and(|sum| sum.len() == 64), "{name} has no checksum");
            }
        }
    }
    let beside = [
        "ambient",
        "channels",
        "demo",
        "directory",
        "domain",
        "house",
        "identity",
        "pages",
        "pictures",
        "services",
        "store",
        "validation",
    ];
    assert_eq!(ours[0], "countersign");
    assert_eq!(ours[1..], beside.map(|name| format!("countersign-{name}")));
}

/// A143: what `deny.toml` refuses is not there, and no exception stands without its reason.
#[test]
fn a143_what_is_refused_is_not_there() {
    let deny = table("deny.toml");
    let refused: Vec<&str> =
        list(deny["bans"].as_table().expect("a table"), "deny").filter_map(|ban| ban["crate"].as_str()).collect();
    assert!(refused.contains(&"ring"));
    // What is built: the lock file also names what a feature that nobody wants would need.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--offline", "--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let built = String::from_utf8(tree.stdout).expect("names");
    assert!(built.contains("aws-lc-rs v"), "{}", String::from_utf8_lossy(&tree.stderr));
    for name in built.lines().filter_map(|line| line.split(' ').next()) {
        assert!(!refused.contains(&name), "{name}");
    }
    let ignored = deny["advisories"].get("ignore").and_then(Value::as_array).into_iter().flatten();
    for exception in ignored {
        assert!(exception.get("reason").is_some(), "{exception} is ignored without a reason");
    }
}

/// A143: nothing of ours may reach past the borrow checker, and no wildcard takes what comes.
#[test]
fn a143_our_crates_forbid_unsafe_code_and_name_their_versions() {
    let workspace = table("Cargo.toml");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for manifest in ["Cargo.toml", "channels/Cargo.toml", "house/Cargo.toml", "validation/Cargo.toml"] {
        let manifest = table(manifest);
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true));
        for (name, wanted) in manifest["dependencies"].as_table().into_iter().flatten() {
            let version = wanted.as_str().or_else(|| wanted.get("version")?.as_str());
            let named = version.is_some_and(|version| !version.contains('*'));
            assert!(named || wanted.get("path").is_some() || wanted.get("workspace").is_some(), "{name}");
        }
    }
}

/// `./scripts/supply` in a folder of its own, with a `cargo` that writes down what is asked of it. The database
/// of advisories is where git finds it, and the network is not there.
struct Supply(TempDir);

const CARGO: &str = r#"#!/bin/sh
echo "$*" >>"$ASKED"
case "$*" in
  *" fetch db")
    [ -n "${GIT_CONFIG_COUNT:-}" ] || exit 1
    into=$(sed -n 's/^db-path = "\(.*\)"/\1/p' "$5")
    git clone --quiet https://github.com/RustSec/advisory-db "$into/advisory-db" ;;
  cyclonedx*) mkdir -p channels house error; touch channels/parts.json house/parts.json error/parts.json; echo '"type": "library"' >parts.json ;;
esac
"#;

impl Supply {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let supply = Self(folder);
        for (name, path) in [("scripts/supply", "supply"), ("deny.toml", "deny.toml")] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let to = if path == "supply" { supply.at("scripts/supply") } else { supply.at(path) };
            fs::create_dir_all(to.parent().expect("it has one")).expect("a folder");
            fs::copy(from, to).expect("it is copied");
        }
        fs::create_dir(supply.at("bin")).expect("a folder");
        for name in ["cargo", "cargo-deny", "cargo-cyclonedx"] {
            let tool = supply.at(&format!("bin/{name}"));
            fs::write(&tool, CARGO).expect("it is written");
            fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("it may run");
        }
        supply
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.at("bin").display(), env::var("PATH").expect("a path"));
        let mut command = Command::new(self.at("scripts/supply"));
        command.args(arguments).env("PATH", path).env("ASKED", self.at("asked")).env_remove("GIT_CONFIG_COUNT");
        command.output().expect("it runs")
    }

    /// Whether the advisories were compared with anything since this was asked last.
    fn has_looked(&self) -> bool {
        let asked = fs::read_to_string(self.at("asked")).unwrap_or_default();
        let _ = fs::remove_file(self.at("asked"));
        asked.lines().any(|line| line.ends_with("check advisories"))
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// A143: without a database nothing is said to be free of advisories, and that is no success.
#[test]
fn a143_supply_says_that_no_advisories_were_looked_at() {
    let supply = Supply::new();
    let output = supply.run(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("NOT CHECKED: no advisories were looked at"), "{}", said(&output));
    assert!(!supply.has_looked() && supply.at("target/countersign.cdx.json").exists(), "the rest is done");
    for wrong in [&["--advisories"][..], &["--advisories", "/nowhere"], &["--more"]] {
        assert_eq!(supply.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

/// A143: a copy of the database is as good: its files alone, a clone, or a bare one.
#[test]
fn a143_supply_takes_advisories_from_a_copy() {
    let supply = Supply::new();
    let (files, clone, bare) = (supply.at("files"), supply.at("clone"), supply.at("bare"));
    fs::create_dir_all(files.join("crates/some-crate")).expect("a folder");
    let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\ndate = \"2026-02-03\"\n```\n";
    fs::write(files.join("crates/some-crate/RUSTSEC-2026-0001.md"), advisory).expect("it is written");
    let git = |arguments: &[&str]| {
        let run = Command::new("git").args(arguments).output().expect("git runs");
        assert!(run.status.success(), "{arguments:?}: {}", said(&run));
    };
    let text = |path: &Path| path.to_str().expect("a path").to_owned();
    let (files, clone, bare) = (text(&files), text(&clone), text(&bare));
    assert!(Command::new("cp").args(["-R", &files, &clone]).status().expect("it runs").success());
    git(&["-C", &clone, "init", "--quiet"]);
    git(&["-C", &clone, "add", "--all"]);
    git(&["-C", &clone, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "all"]);
    git(&["clone", "--quiet", "--bare", &clone, &bare]);
    for copy in [&files, &clone, &bare] {
        let output = supply.run(&["--advisories", copy]);
        assert!(output.status.success(), "{}", said(&output));
        let names = said(&output).contains(&format!("the advisories of {copy}; the newest is of 2026-02-03"));
        assert!(names && !said(&output).contains("NOT CHECKED") && supply.has_looked(), "{}", said(&output));
    }
    let output = supply.run(&["--advisories", &text(&supply.at("bin"))]);
    assert_eq!((output.status.code(), supply.has_looked()), (Some(1), false), "{}", said(&output));
}

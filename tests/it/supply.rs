//! Where the code of others comes from: what `./scripts/supply` judges with tools, as far as the
//! lock file alone can show it, so that every run of the tests does.

use std::{fs, process::Command};

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
    assert_eq!(ours, ["countersign", "countersign-channels", "countersign-misfit"]);
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
    for manifest in ["Cargo.toml", "channels/Cargo.toml", "misfit/Cargo.toml"] {
        let manifest = table(manifest);
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true));
        for (name, wanted) in manifest["dependencies"].as_table().into_iter().flatten() {
            let version = wanted.as_str().or_else(|| wanted.get("version")?.as_str());
            let named = version.is_some_and(|version| !version.contains('*'));
            assert!(named || wanted.get("path").is_some() || wanted.get("workspace").is_some(), "{name}");
        }
    }
}

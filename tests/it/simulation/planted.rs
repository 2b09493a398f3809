//! The faults of `tests/faults_planted` fit the sources as they are: `scripts/planted-faults` can plant each. How soon
//! the simulation finds them is that script's to measure.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn patches() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("tests/faults_planted")).expect("faults are planted").flatten();
    let mut patches: Vec<PathBuf> = files.map(|file| file.path()).collect();
    patches.sort();
    patches
}

#[test]
fn every_planted_fault_applies_to_the_sources() {
    let patches = patches();
    assert!(patches.len() >= 10, "{} faults", patches.len());
    for patch in patches {
        let text = fs::read_to_string(&patch).expect("a patch is text");
        let copy = tempfile::tempdir().expect("a temporary folder");
        let touched: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("--- a/")).collect();
        assert!(!touched.is_empty(), "{} changes nothing", patch.display());
        for file in touched {
            assert!(file.split('/').any(|folder| folder == "src"), "{} changes {file}", patch.display());
            let place = copy.path().join(file);
            fs::create_dir_all(place.parent().expect("it lies in a folder")).expect("a folder");
            fs::copy(root().join(file), place).unwrap_or_else(|error| panic!("{}: {file}: {error}", patch.display()));
        }
        let mut git = Command::new("git");
        git.args(["apply", "--check"]).arg(&patch).current_dir(copy.path());
        git.env("GIT_CEILING_DIRECTORIES", copy.path().parent().expect("it lies in a folder"));
        let checked = git.output().expect("git is there");
        let why = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{} does not fit the sources any more: {why}", patch.display());
    }
}

#[test]
fn every_planted_fault_names_promise_and_simulation() {
    for (number, patch) in (1..).zip(patches()) {
        let name = patch.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        assert!(name.starts_with(&format!("{number:02}-")), "{name} is not number {number}");
        let text = fs::read_to_string(&patch).expect("a patch is text");
        let mut lines = text.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("Promise: ")), "{name}");
        assert!(
            ["Simulation: clusters", "Simulation: deliveries"].contains(&lines.next().unwrap_or_default()),
            "{name}"
        );
    }
}

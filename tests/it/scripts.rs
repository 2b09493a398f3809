//! The project's own scripts: the compiler of TypeScript checks their types, which are written as JSDoc, and ESLint
//! reads them. Answers of the API have the types of the OpenAPI document, so a script cannot read a field that is
//! not there.
//!
//! `scripts/interop scripts` installs both as `tests/it/scripts` pins them. The types of the document are made by a
//! package that needs an older TypeScript; `typescript7` there is the one that checks.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::interop::{installed, root};

/// The descriptions of the programs whose types are checked together: scripts for browsers, and those for Node.
const PROGRAMS: [&str; 2] = ["tests/it/scripts/tsconfig.browser.json", "tests/it/scripts/tsconfig.node.json"];
/// Folders that hold no script of our own.
const FOREIGN: [&str; 4] = [".git", "dist", "node_modules", "target"];

fn packages() -> PathBuf {
    root().join("target/interop/scripts")
}

/// Runs a script of the installed packages with Node, at the root of the source tree: whether it succeeded, and what
/// it printed.
fn run(script: &str, arguments: &[&str]) -> (bool, String) {
    let script = packages().join("node_modules").join(script);
    let output = Command::new("node").arg(script).args(arguments).current_dir(root()).output().expect("node runs");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

/// Makes the types of what the API takes and answers.
fn make_api_types() {
    let types = packages().join("openapi.d.ts");
    let (made, printed) = run(
        "openapi-typescript/bin/cli.js",
        &["tests/snapshots/openapi.json", "--output", types.to_str().expect("UTF-8")],
    );
    assert!(made, "{printed}");
}

fn compile(program: &str, more: &[&str]) -> (bool, String) {
    run("typescript7/bin/tsc", &[&["--pretty", "false", "--project", program], more].concat())
}

/// The scripts below a folder of the source tree.
fn scripts_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the source tree") {
        let path = entry.expect("an entry").path();
        let is_script = ["js", "mjs", "cjs"].iter().any(|end| path.extension() == Some(OsStr::new(end)));
        if path.is_dir() && !FOREIGN.iter().any(|foreign| path.file_name() == Some(OsStr::new(foreign))) {
            found.append(&mut scripts_below(&path));
        } else if path.is_file() && is_script {
            found.insert(path);
        }
    }
    found
}

#[test]
fn types_in_scripts_fit() {
    if !installed("scripts") {
        return;
    }
    make_api_types();
    for program in PROGRAMS {
        let (fits, printed) = compile(program, &[]);
        assert!(fits, "{program}\n{printed}");
    }
}

#[test]
fn linter_finds_nothing_in_scripts() {
    if !installed("scripts") {
        return;
    }
    let arguments = ["--config", "tests/it/scripts/eslint.config.mjs", "--max-warnings", "0", "."];
    let (clean, printed) = run("eslint/bin/eslint.js", &arguments);
    assert!(clean, "{printed}");
}

#[test]
fn every_script_has_its_types_checked() {
    if !installed("scripts") {
        return;
    }
    let root = root().canonicalize().expect("the source tree");
    let listed: String = PROGRAMS.map(|program| compile(program, &["--listFilesOnly"]).1).concat();
    let checked: BTreeSet<PathBuf> = listed.lines().map(PathBuf::from).collect();
    let scripts = scripts_below(&root);
    assert!(scripts.iter().any(|script| script.ends_with("pages/src/window.js")), "{scripts:?}");
    let missed: Vec<_> = scripts.difference(&checked).collect();
    assert!(missed.is_empty(), "no tsconfig in tests/it/scripts includes {missed:?}");
}

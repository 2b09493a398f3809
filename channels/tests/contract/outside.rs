//! What the tests need from outside: `scripts/test` installs it. Where it is missing a test is
//! skipped and says so; on a build server that is a failure.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A program that is there.
pub fn program(name: &str) -> Option<()> {
    let found = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok().then_some(()).or_else(|| skip(name))
}

/// The Python that has this module.
pub fn venv(module: &str) -> Option<PathBuf> {
    let python = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/servers-venv/bin/python"));
    let has = Command::new(&python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
    if has.is_ok_and(|has| has.success()) { Some(python) } else { skip(module) }
}

/// Says what is missing.
pub fn skip<T>(what: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "{what} is not installed: see scripts/test");
    eprintln!("skipped: {what} is not installed");
    None
}

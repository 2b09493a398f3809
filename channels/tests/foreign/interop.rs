//! Foreign code that tests are judged by: installed once by `scripts/interop`, pinned. What it says,
//! the tests ask.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// Where the source tree begins, seen from whichever of its crates is tested.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if here.join("scripts").is_dir() { here.into() } else { here.join("..") }
}

/// Whether it is there, after it was asked for. A build server must have it; elsewhere the test is
/// skipped.
pub fn installed(name: &str) -> bool {
    let status = Command::new(root().join("scripts/interop")).arg(name).status();
    match status.as_ref().ok().and_then(ExitStatus::code) {
        Some(0) => true,
        code => {
            assert!(std::env::var_os("CI").is_none(), "{name} may not be missing here: {status:?}");
            assert!(matches!(code, Some(69 | 127) | None), "scripts/interop {name} failed: {status:?}");
            eprintln!("skipped: {name} cannot be had");
            false
        }
    }
}

//! The typed clients: `scripts/clients` makes them from the binary's own OpenAPI document, and each
//! goes through a login journey against the running gateway.
//!
//! Needs npm and PyPI, or what they gave before; without them it is skipped, save on a build server.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use crate::outside::{Gateway, have, skip};

#[tokio::test(flavor = "multi_thread")]
async fn clients_made_from_the_document_go_through_a_login_journey() {
    if !have("npm") || !have("python3") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let document = folder.path().join("openapi.json");
    let mut openapi = Command::new(env!("CARGO_BIN_EXE_countersign"));
    openapi.arg("openapi").stdout(File::create(&document).expect("a file"));
    assert!(openapi.status().expect("it runs").success());

    let made = Command::new(root.join("scripts/clients")).arg(&document).status().expect("it runs");
    if made.code() == Some(69) {
        return skip("npm or PyPI cannot be reached");
    }
    assert!(made.success(), "scripts/clients failed");

    let gateway = Gateway::serve();
    let team = gateway.team("clients", "https://login.example.com/").await;
    let run = |program: &Path, arguments: [&str; 2], folder: &str| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root.join(folder));
        let status = command.env("COUNTERSIGN_URL", &gateway.url).env("BOT_KEY", &team.bot_key).status();
        assert!(status.expect("it runs").success(), "{folder} failed");
    };
    run(Path::new("node"), ["--test", "dist/test.js"], "clients/typescript");
    run(&root.join("target/clients-venv/bin/python"), ["-m", "unittest"], "clients/python");
}

//! The walk through one login in README.md, run as it stands there: a reader who pastes it sees
//! what it says. Knows nothing of the walk but its headings and its two kinds of lines.

use std::process::Command;

use crate::outside::have;
use crate::ports::free_port;
use crate::stores::RedisServer;

/// What stands under a heading: its `bash` blocks as one script, and what they are to print.
fn walk(heading: &str) -> (String, Vec<String>) {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("there is a README");
    let section = page.split(&format!("\n{heading}\n")).nth(1).unwrap_or_else(|| panic!("no `{heading}`"));
    let section = section.split("\n##").next().expect("a first part");
    let blocks = section.split("\n```bash\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let script = blocks.collect::<Vec<_>>().join("\n");
    let printed = script.lines().filter_map(|line| line.strip_prefix("#> ")).map(str::to_owned).collect();
    (script, printed)
}

/// Runs it in a shell that stops at the first failure, and ends the gateway however that goes.
fn run(before: &str, environment: &[(&str, &str)]) {
    if ["bash", "curl", "openssl", "python3"].into_iter().any(|program| !have(program)) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (script, expected) = walk("## One whole login, by hand");
    let script = format!("trap 'kill ${{GATEWAY:-}}; wait' EXIT\n{before}\n{script}\nwait\ntrap - EXIT\n");
    let mut shell = Command::new("timeout");
    shell.args(["120", "bash", "-euo", "pipefail", "-c", &script]);
    shell.env("PORT", free_port().to_string()).env("FOLDER", folder.path());
    shell.env("COUNTERSIGN", env!("CARGO_BIN_EXE_countersign")).envs(environment.iter().copied());
    let done = shell.output().expect("a shell");
    let (printed, complaints) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected, "{complaints}");
    assert!(done.status.success() && complaints.is_empty(), "{complaints}");
}

#[test]
fn the_readme_logs_a_customer_in() {
    run("", &[]);
}

#[test]
fn the_readme_logs_a_customer_in_on_redis() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let (before, _) = walk("### The same on Redis");
    run(&before, &[("REDIS_URL", &server.url())]);
}

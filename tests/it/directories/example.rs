//! The login with LDAP that `docs/directories.md` walks through, as it stands there.
//! It knows no more of the gateway than a newcomer does.

use std::path::Path;
use std::process::Command;

use super::servers::Slapd;
use crate::outside::{Gateway, OWNER, have};

/// G-02, G-03, G-05, G-09: from a fresh clone, by the example's own server and website.
#[test]
fn the_walk_of_the_document_ends_as_it_says() {
    if !have("python3") || !have("ldapsearch") {
        return;
    }
    let Some(slapd) = Slapd::shared() else { return };
    let gateway = Gateway::serve_with(&[("COUNTERSIGN_OUTBOUND__ALLOW", "[\"127.0.0.1/32\"]")]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walk = |password: &str| {
        let mut command = Command::new("python3");
        command.arg(root.join("examples/directories/login.py")).args(["demo", password]).env("URL", &gateway.url);
        command.env("LDAP_URL", format!("ldap://127.0.0.1:{}", slapd.port)).env("COUNTERSIGN_ADMIN__KEY", OWNER);
        let done = command.output().expect("python3 runs");
        (done.status.success(), [done.stdout, done.stderr].map(|out| String::from_utf8_lossy(&out).into_owned()))
    };
    let (good, [told, trouble]) = walk("demo-password-1");
    assert!(good, "{trouble}");
    let document = std::fs::read_to_string(root.join("docs/directories.md")).expect("it is there");
    let promised =
        document.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it shows the end");
    assert_eq!(told, promised);
    assert!(!walk("another").0);
}

//! What `serve` refuses, with exit code 1 and words that say what to do. A refused start leaves
//! everything as it found it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{Served, countersign, run, serve};
use crate::stores;

/// It must end with 1, say nothing on stdout, and say all of these.
#[track_caller]
fn refused(command: &mut Command, words: &[&str]) {
    let (code, stdout, stderr) = run(command);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    let last = stderr.lines().rev().find(|line| line.starts_with("countersign: ")).unwrap_or_default();
    for word in words {
        assert!(last.contains(word), "`{word}` is missing in: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// Each setting that is wrong is named, and where it is a slip, the one that was meant.
#[test]
fn a_wrong_setting_is_named_with_what_would_be_right() {
    let folder = stores::folder();
    let wrong: &[(&str, &str, &[&str])] = &[
        ("SERVER__LISTENS", "127.0.0.1:0", &["server.listens", "server.listen"]),
        ("SEVER__LISTEN", "127.0.0.1:0", &["sever", "server.listen"]),
        ("SERVER__LISTEN", "localhost", &["server.listen"]),
        ("SERVER__PUBLIC_URL", "http://example.com", &["server.public_url", "https"]),
        ("SERVER__PUBLIC_URL", "https://example.com/path", &["server.public_url", "https://example.com"]),
        ("SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/33\"]", &["server.trusted_proxies"]),
        ("SERVER__PRODUCTION", "yes", &["server.production"]),
        ("STORE__KIND", "mysql", &["store.kind", "embedded"]),
        ("STORE__KIND", "redis", &["secrets.root_key_file"]),
        ("STORE__CONFIRM_REPLICAS", "2", &["store.confirm_replicas"]),
        ("ADMIN__KEY", "short", &["admin.key", "32"]),
        ("RETENTION__EVENTS_DAYS", "0", &["retention", "1"]),
        ("RETENTION__EVENTS_DAYS", "soon", &["retention.events_days"]),
        ("CONFIG", "/nowhere/countersign.toml", &["/nowhere/countersign.toml"]),
        ("SERVER", "x", &["server"]),
    ];
    for (name, value, words) in wrong {
        refused(serve(folder.path()).env(format!("COUNTERSIGN_{name}"), value), words);
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "a refused start leaves nothing behind");
}

#[test]
fn a_wrong_file_is_named() {
    let folder = stores::folder();
    let file = folder.path().join("countersign.toml");
    for (text, words) in [
        ("[server\n", &["countersign.toml", "TOML"][..]),
        ("[server]\nlissten = \"127.0.0.1:0\"\n", &["countersign.toml", "server.lissten", "server.listen"]),
        ("[retention]\nevents_days = -1\n", &["retention.events_days"]),
    ] {
        fs::write(&file, text).unwrap();
        let name = file.to_str().unwrap();
        refused(&mut countersign(&["serve", "--config", name]), words);
    }
}

/// What is good enough for trying is not good enough for production.
#[test]
fn production_refuses_what_is_unsafe() {
    let folder = stores::folder();
    let production = || {
        let mut command = serve(folder.path());
        command.env("COUNTERSIGN_SERVER__PRODUCTION", "true");
        command
    };
    refused(&mut production(), &["server.public_url", "https"]);
    refused(
        production().env("COUNTERSIGN_SERVER__PUBLIC_URL", "http://127.0.0.1:8080"),
        &["server.public_url", "https"],
    );
    refused(production().env("COUNTERSIGN_SERVER__PUBLIC_URL", "https://auth.example.com"), &["secrets.root_key_file"]);
    refused(serve(folder.path()).env("COUNTERSIGN_SERVER__LISTEN", "0.0.0.0:0"), &["server.public_url"]);
}

#[test]
fn a_port_in_use_is_named() {
    let (folder, taken) = (stores::folder(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = taken.local_addr().unwrap().to_string();
    refused(serve(folder.path()).env("COUNTERSIGN_SERVER__LISTEN", &address), &["server.listen", &address]);
}

/// A folder that is not a store of ours is nobody's to start in.
#[test]
fn a_foreign_or_unreadable_folder_is_refused_and_left_as_it_was() {
    let folder = stores::folder();
    let store = folder.path().join("store");
    fs::create_dir(&store).unwrap();
    fs::write(store.join("holiday.jpg"), "not ours").unwrap();
    // Even where a root key is there.
    fs::write(folder.path().join("store.key"), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    refused(&mut serve(folder.path()), &["store"]);
    let names: Vec<_> = fs::read_dir(&store).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["holiday.jpg"]);
    let folder = stores::folder();
    fs::write(folder.path().join("store"), "a file").unwrap();
    refused(&mut serve(folder.path()), &["store"]);
}

/// The second process of a folder is told about the first.
#[test]
fn a_second_process_on_a_folder_is_refused() {
    let first = Served::start();
    refused(&mut serve(first.folder.path()), &["store", "another process"]);
}

/// Without its root key, or with another, a store is refused: it never begins anew.
#[test]
fn a_store_without_its_root_key_is_refused_and_never_begun_anew() {
    let mut served = Served::start();
    served.end("TERM");
    let (folder, key) = (served.folder.path(), served.folder.path().join("store.key"));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let right = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    refused(&mut serve(folder), &["root key", "store.key", "put the file back"]);
    assert!(!key.exists(), "no new key is made for an old store");
    for (wrong, word) in [
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", "another root key"),
        ("c2hvcnQ=\n", "32 bytes"),
        ("%%%\n", "base64"),
        ("", "32 bytes"),
    ] {
        fs::write(&key, wrong).unwrap();
        refused(&mut serve(folder), &["root key", word]);
    }
    fs::write(&key, right).unwrap();
    let mut again = serve(folder);
    Served::run(tempfile::TempDir::new().unwrap(), &mut again);
}

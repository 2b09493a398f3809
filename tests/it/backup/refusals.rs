//! What `backup` and `restore` refuse, and that a refusal leaves everything as it was.
//! Each refusal says in plain words what is wrong.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use super::{backup, restore, restoring};
use crate::commands::run;
use crate::crash::people::Outsiders;
use crate::crash::process::Site;
use crate::length::rounds;

/// A site whose store holds a team, and a backup of it.
async fn backed_up() -> (Site, std::path::PathBuf) {
    let site = Site::embedded();
    let life = site.serve();
    Outsiders::meet(&site.url(), "acme", "none").await;
    life.kill();
    let file = site.store().with_extension("backup");
    backup(&site, &file);
    (site, file)
}

fn refused(command: &mut std::process::Command, why: &str) {
    let (code, told, error) = run(command);
    assert!(code == 1 && error.contains(why), "`{why}` is missing in: {told} {error}");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a120_restore_refuses_what_it_would_destroy_and_what_is_not_whole() {
    let (site, file) = backed_up().await;
    refused(&mut restoring(&site, &file, &[]), "a backup is put back only where nothing is");
    let life = site.serve();
    refused(&mut restoring(&site, &file, &[]), "a backup is put back only where nothing is");
    life.kill();
    fs::rename(site.store(), site.store().with_extension("lost")).unwrap();

    // Not one bit, and not one byte less.
    let (bytes, bad) = (fs::read(&file).unwrap(), file.with_extension("bad"));
    for n in rounds("damaged backups", 40, 2_000) {
        let mut damaged = bytes.clone();
        let at = n * 7_919 % (bytes.len() * 8);
        let at = if n % 4 == 0 { bytes.len() * 8 - 1 - n * 37 % 3_000 } else { at };
        damaged[at / 8] ^= 1 << (at % 8);
        fs::write(&bad, &damaged).unwrap();
        let found = countersign::store::embedded::backup::verify(&bad, &mut |_, _| {});
        assert!(found.is_err(), "bit {at}");
    }
    for short in [0, 1, 51, 52, 4096, bytes.len() - 1] {
        fs::write(&bad, &bytes[..short]).unwrap();
        refused(&mut restoring(&site, &bad, &[]), "bad:");
        assert!(!site.store().exists(), "nothing was put in place");
    }

    // Without its root key it opens for nobody.
    let (key, away) = (site.store().with_extension("key"), file.with_extension("key.away"));
    fs::rename(&key, &away).unwrap();
    refused(&mut restoring(&site, &file, &[]), "put back the one that the backup was sealed with");
    fs::write(&key, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
    refused(&mut restoring(&site, &file, &[]), "sealed with another root key");
    assert_eq!(names(&site.store()), Vec::<String>::new(), "what was put in place is taken away again");
    fs::rename(&away, &key).unwrap();

    // A trail that does not hold is not believed.
    let trail = file.with_extension("json");
    fs::write(&trail, r#"{"items":[],"next_cursor":null,"head":{"number":3,"hash":""}}"#).unwrap();
    refused(&mut restoring(&site, &file, std::slice::from_ref(&trail)), "--audit");
    restore(&site, &file, &[]);
    refused(&mut restoring(&site, &file, &[]), "a backup is put back only where nothing is");
    drop(site.serve());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a120_backup_refuses_what_it_cannot_vouch_for() {
    let (site, file) = backed_up().await;
    let again = file.to_str().unwrap().to_owned();
    let kept = fs::read(&file).unwrap();
    refused(&mut site.command(&["backup", &again]), "never written over anything");
    assert_eq!(fs::read(&file).unwrap(), kept);
    assert!(!kept.windows(44).any(|w| w == fs::read(site.store().with_extension("key")).unwrap().trim_ascii()));

    let other = file.with_extension("other");
    let other = other.to_str().unwrap();
    let mut redis = site.command(&["backup", other]);
    redis.env("COUNTERSIGN_STORE__KIND", "redis");
    redis.env("COUNTERSIGN_SECRETS__ROOT_KEY_FILE", site.store().with_extension("key"));
    refused(&mut redis, "its own backups");
    let mut empty = site.command(&["backup", other]);
    refused(empty.env("COUNTERSIGN_STORE__PATH", file.with_extension("none")), "there is no store in it");
    refused(&mut site.command(&["backup", "/proc/nowhere/file"]), "");

    // A copy of a store that lacks what it acknowledged would hide that.
    let team = {
        let life = site.serve();
        let team = Outsiders::meet(&site.url(), "late", "none").await;
        life.kill();
        team
    };
    let log = site.store().join("store.db-wal");
    let bytes = fs::read(&log).unwrap();
    fs::write(&log, &bytes[..bytes.len() / 2]).unwrap();
    refused(&mut site.command(&["backup", other]), "acknowledged commits are missing");
    fs::write(&log, bytes).unwrap();
    backup(&site, Path::new(other));
    assert!(names(file.parent().unwrap()).iter().all(|name| !name.starts_with(".countersign-backup")));
    let _life = site.serve();
    assert_eq!(team.again().call(Method::GET, "/v1/teams/late", json!(null)).await.unwrap().status, 200);
}

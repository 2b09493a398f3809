//! What is kept and what is spent: limits that are no limits, codes in a store's files, and what
//! nobody needs to work for.

use std::path::Path;

use serde_json::{Value, json};

use crate::stores;
use crate::world::{OWNER, World};

/// A033: 0 is "no ban", as it is documented; what is no number within the bounds is refused, with
/// the place, and nothing of it is taken.
#[tokio::test]
async fn a033_no_limit_is_read_otherwise_than_it_is_written() {
    let team = World::new().await.team("acme").await;
    let at = "/v1/teams/acme/settings";
    for name in ["max_lockouts", "threshold", "duration_minutes", "growth"] {
        let bad =
            [json!(-1), json!(2_147_483_648u64), json!("3"), json!(3.5), json!([3]), json!(true), json!({"n": 3})];
        for value in bad {
            let before = team.world.call(OWNER, "GET", at, Value::Null).await.expect(200);
            let refused = team.world.call(OWNER, "PATCH", at, json!({"lockout": {name: value}})).await;
            assert_eq!(refused.status, 422, "{name} {value}: {}", refused.text());
            assert!(refused.text().contains(&format!("/lockout/{name}")), "{}", refused.text());
            let after = team.world.call(OWNER, "GET", at, Value::Null).await.expect(200);
            assert_eq!(after, before);
        }
    }
    team.set(json!({"lockout": {"threshold": 1, "max_lockouts": 0, "duration_minutes": 1}})).await;
    let chat = team.open("sms", "+37255512345").await;
    for _ in 0..7 {
        assert_eq!(team.guesses(&chat, 1).await, "locked", "0 is no ban, and no ban at once");
        team.world.pass(std::time::Duration::from_secs(60)).await;
    }
    team.set(json!({"lockout": {"max_lockouts": null}})).await; // the default again
    assert_eq!(team.guesses(&chat, 1).await, "banned");
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
}

/// A043: neither a code nor a PIN stands in any file of the store, whether it was shown, waits or is
/// over.
#[tokio::test]
async fn a043_no_file_of_the_store_holds_a_code_or_a_pin() {
    let folder = stores::folder();
    let team = World::on(stores::reopened(folder.path())).team("acme").await;
    team.set(json!({"otp": {"length": 10, "show_to_agents": true}})).await;
    let (mut secrets, pin) = (vec!["90817263544536271809".to_owned()], "90817263544536271809");
    let chat = team.open("sms", "+37255512345").await;
    for _ in 0..2 {
        let live = team.otp(&chat).await;
        team.arrives(&live).await;
        let shown = team.attends(&team.agent, "GET", &live, "/code", Value::Null).await.expect(200);
        secrets.push(shown["code"].as_str().expect("digits").to_owned());
    }
    team.asks(&team.agent, &chat, json!({"method": "pin", "pin": pin})).await.expect(202);
    let mut found = Vec::new();
    files(folder.path(), &mut found);
    assert!(found.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 4096, "the store has written");
    for (name, bytes) in &found {
        for secret in &secrets {
            let there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!there, "{name} holds a code");
        }
    }
}

/// A135: what cannot be an answer is refused before anything is counted, compared or written.
#[tokio::test]
async fn a135_what_cannot_be_an_answer_costs_no_commit() {
    let stand = stores::on_disk();
    let store = stand.store.clone();
    let team = World::on(stand.any()).team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    let path = format!("/v1/challenges/{}/answers", live["id"].as_str().expect("an id"));
    let before = store.commits();
    let long = json!({"answer": "1".repeat(1025)});
    for _ in 0..200 {
        let reply = team.world.call(&team.bot, "POST", &path, long.clone()).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
        let reply = team.world.call(&team.bot, "POST", &path, json!({"answer": 123_456})).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
        let reply = team.world.call("csk_acme_nobody_nothing", "POST", &path, json!({"answer": "123456"})).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
        let other = path.replace(".c1/", ".c9/");
        team.world.call(&team.bot, "POST", &other, json!({"answer": "123456"})).await.refused(404, "not-found");
    }
    assert_eq!(store.commits(), before);
    assert_eq!(team.lockout(&chat).await["failures"], 0);
}

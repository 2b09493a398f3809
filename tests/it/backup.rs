//! Backups of the embedded store, made while the real binary works, and put back (A120): what was
//! spent, revoked or banned since does not come back to life, and what cannot be known is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use countersign::services::events::audit::Trail;
use reqwest::Method;
use serde_json::{Value, json};

use crate::commands::run;
use crate::crash::people::{Outsiders, Story};
use crate::crash::process::Site;
use crate::world::{Visit, jwt, unique};

mod failure_limit;
mod people;
mod refusals;

/// Makes a backup beside whatever runs; its manifest.
pub fn backup(site: &Site, file: &Path) -> Value {
    let (code, told, error) = run(&mut site.command(&["backup", file.to_str().unwrap()]));
    assert_eq!(code, 0, "{error}");
    serde_json::from_str(&told).expect("a manifest")
}

/// Puts one back; what was said.
pub fn restore(site: &Site, file: &Path, audits: &[PathBuf]) -> String {
    let (code, told, error) = run(&mut restoring(site, file, audits));
    assert_eq!(code, 0, "{told} {error}");
    told
}

pub fn restoring(site: &Site, file: &Path, audits: &[PathBuf]) -> Command {
    let mut command = site.command(&["restore", file.to_str().unwrap()]);
    for audit in audits {
        command.arg("--audit").arg(audit);
    }
    command
}

/// The store is gone, and the root key is not.
fn lose(site: &Site) {
    fs::rename(site.store(), site.store().with_extension("lost")).expect("nobody has it open");
}

/// A link that was opened in a browser, and what its login page would answer.
struct Opened {
    chat: String,
    url: String,
    visit: Visit,
    assertion: String,
}

async fn opened(team: &Outsiders, conversation: &str) -> Opened {
    let chat = team.opens(conversation).await.unwrap();
    let path = format!("/v1/interactions/{chat}/login-links");
    let made = team.call(Method::POST, &path, json!({"purpose": "mid_chat"})).await.unwrap().expect(201);
    let url = made["url"].as_str().unwrap().to_owned();
    let visit = team.continues(&url).await.unwrap();
    let assertion = team.assertion(&visit);
    Opened { chat, url, visit, assertion }
}

async fn flag(team: &Outsiders, chat: &str) -> Value {
    team.call(Method::GET, &format!("/v1/interactions/{chat}/authentication"), Value::Null).await.unwrap().expect(200)
}

/// Somebody who is banned: her one wrong code was one too many.
async fn banned(team: &Outsiders, conversation: &str) -> String {
    let login = opened(team, conversation).await;
    let told = team.posts_back(&login.visit, &login.assertion).await.unwrap().expect(200);
    team.finishes(told["continue_url"].as_str().unwrap(), &login.visit).await.unwrap();
    assert_eq!(team.says(&login.chat, "m1", "B2C3D4").await.unwrap().expect(200)["outcome"], "banned");
    login.chat
}

async fn asks(team: &Outsiders, chat: &str) -> u16 {
    let path = format!("/v1/interactions/{chat}/login-links");
    team.call(Method::POST, &path, json!({"purpose": "mid_chat"})).await.unwrap().status
}

/// The trails of teams, in files.
async fn trails(site: &Site, teams: &[(&str, &Outsiders)]) -> Vec<PathBuf> {
    tokio::time::sleep(Duration::from_secs(1)).await; // what waits is relayed
    let mut files = Vec::new();
    for (name, team) in teams {
        let file = site.store().with_extension(format!("{name}.json"));
        fs::write(&file, team.trail().await.to_string()).unwrap();
        files.push(file);
    }
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a120_a_restored_backup_revives_nothing() {
    let site = Site::embedded();
    let life = site.serve();
    let open = Outsiders::meet(&site.url(), "open", "none").await;
    let strict = Outsiders::meet(&site.url(), "strict", "code").await;
    let once = json!({"lockout": {"threshold": 1, "max_lockouts": 1}});
    strict.call(Method::PATCH, "/v1/teams/strict/settings", once).await.unwrap().expect(200);
    let keys = "/v1/teams/open/api-keys";
    let spare = open.call(Method::POST, keys, json!({"role": "bot", "name": "spare"})).await.unwrap().expect(201);
    let signs = open.call(Method::POST, "/v1/teams/open/security-keys", json!({})).await.unwrap().expect(201);
    let (mut up, file) = (Story::default(), site.store().with_extension("backup"));
    up.go(&open).await.unwrap();
    let (login, waits) = (opened(&open, "+37255500001").await, opened(&strict, "+37255500002").await);
    let told = strict.posts_back(&waits.visit, &waits.assertion).await.unwrap().expect(200);
    let done = strict.finishes(told["continue_url"].as_str().unwrap(), &waits.visit).await.unwrap();
    let code = crate::world::shown_code(&done.text);

    // The copy is made while others log in.
    let load = tokio::spawn(busy(open.again()));
    let manifest = tokio::task::block_in_place(|| backup(&site, &file));
    assert!(manifest["commits"].as_u64().unwrap() > 20, "{manifest}");
    load.abort();

    // What happens afterwards is not in it.
    open.posts_back(&login.visit, &login.assertion).await.unwrap().expect(200);
    let token = identity(&site, &open, &signs);
    let vouched = json!({"channel": "webchat", "conversation": "w1", "participants": [{"role": "primary"}], "identity_token": token});
    let vouch = open.call(Method::POST, "/v1/interactions", vouched.clone()).await.unwrap().expect(201);
    assert_eq!(vouch["authentication"]["authenticated"], true);
    let wrong = if code == "B2C3D4" { "B2C3D5" } else { "B2C3D4" };
    assert_eq!(strict.says(&waits.chat, "m1", wrong).await.unwrap().expect(200)["outcome"], "banned");
    banned(&strict, "+37255500003").await;
    let erased = strict.opens("+37255500004").await.unwrap();
    let path = format!("{keys}/{}", spare["id"].as_str().unwrap());
    assert_eq!(open.call(Method::DELETE, &path, Value::Null).await.unwrap().status, 204);
    let path = format!("/v1/teams/open/security-keys/{}", signs["kid"].as_str().unwrap());
    assert_eq!(open.call(Method::DELETE, &path, Value::Null).await.unwrap().status, 200);
    open.call(Method::POST, keys, json!({"role": "bot", "name": "late"})).await.unwrap().expect(201);
    let audits = trails(&site, &[("open", &open), ("strict", &strict)]).await;
    life.kill();
    lose(&site);

    let told = restore(&site, &file, &audits);
    for said in ["key.revoked: 2", "participant.banned: 2", "a key made at", "counts   API key", "epoch 1"] {
        assert!(told.contains(said), "`{said}` is missing in: {told}");
    }
    let life = site.serve();
    let (open, strict) = (open.again(), strict.again());
    let down = flag(&open, up.chat.as_deref().unwrap()).await;
    assert_eq!((&down["authenticated"], &down["reason"]), (&json!(false), &json!("restored")));
    assert_eq!(flag(&open, &login.chat).await["authenticated"], false);
    assert_eq!(open.page(&login.url).await.unwrap().status, 410, "the link has ended");
    let again = open.posts_back(&login.visit, &login.assertion).await.unwrap();
    assert_eq!((again.status, again.json()["code"].as_str()), (410, Some("link-expired")));
    let again = open.call(Method::POST, "/v1/interactions", vouched).await.unwrap();
    assert_eq!(again.status, 401, "the identity token was spent, and nobody remembers it: {}", again.text);
    assert_eq!(strict.says(&waits.chat, "m2", &code).await.unwrap().expect(200)["consumed"], false);
    assert_eq!(asks(&strict, &waits.chat).await, 403, "banned");
    let unknown = strict.opens("+37255500003").await.unwrap();
    assert_eq!(asks(&strict, &unknown).await, 403, "banned, though the interaction is not known any more");
    assert_eq!(strict.interaction(&erased).await.unwrap().status, 404);
    let seen = open.call(Method::GET, keys, Value::Null).await.unwrap().expect(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "{seen}");
    let seen = open.call(Method::GET, "/v1/teams/open/security-keys", Value::Null).await.unwrap().expect(200);
    let revoked = seen["items"].as_array().unwrap().iter().find(|key| key["kid"] == signs["kid"]).unwrap();
    assert_eq!(revoked["status"], "revoked");
    whole(&open, "open").await;
    whole(&strict, "strict").await;
    let mut story = Story::default();
    story.go(&open).await.unwrap();
    assert!(story.raised(), "what is proved now counts");
    drop(life);
}

/// A key that was replaced after the backup neither signs nor verifies for longer than was said, also where its
/// successor is gone; and whoever restores is told that nothing signs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a120_replaced_keys_do_not_sign_again() {
    let site = Site::embedded();
    let life = site.serve();
    let team = Outsiders::meet(&site.url(), "acme", "none").await;
    let (keys, file) = ("/v1/teams/acme/security-keys", site.store().with_extension("backup"));
    let first = team.call(Method::GET, keys, Value::Null).await.unwrap().expect(200)["items"][0]["kid"].clone();
    let second = team.call(Method::POST, keys, json!({})).await.unwrap().expect(201)["kid"].clone();
    tokio::task::block_in_place(|| backup(&site, &file));
    let activate = async |kid: &Value| {
        let path = format!("{keys}/{}/activate", kid.as_str().unwrap());
        team.call(Method::POST, &path, json!({"overlap_minutes": 0})).await.unwrap().expect(200);
    };
    activate(&second).await;
    let third = team.call(Method::POST, keys, json!({})).await.unwrap().expect(201)["kid"].clone();
    activate(&third).await;
    let audits = trails(&site, &[("acme", &team)]).await;
    life.kill();
    lose(&site);
    let told = restore(&site, &file, &audits);
    for said in ["key.activated: 1", "key.retired: 2", "a key made at", "no security key signs"] {
        assert!(told.contains(said), "`{said}` is missing in: {told}");
    }
    let _life = site.serve();
    let team = team.again();
    let listed = team.call(Method::GET, keys, Value::Null).await.unwrap().expect(200);
    let stand: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|key| (key["kid"].clone(), key["status"].as_str())).collect();
    assert_eq!(stand, [(second, Some("retired")), (first, Some("retired"))]);
    let chat = team.opens("+37255500001").await.unwrap();
    assert_eq!(asks(&team, &chat).await, 409, "nothing signs");
}

/// Without the trails it errs towards refusing where it can, and says what it cannot know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a120_what_is_not_known_is_said() {
    let site = Site::embedded();
    let life = site.serve();
    let team = Outsiders::meet(&site.url(), "acme", "none").await;
    let file = site.store().with_extension("backup");
    let login = opened(&team, "+37255500001").await;
    tokio::task::block_in_place(|| backup(&site, &file));
    team.posts_back(&login.visit, &login.assertion).await.unwrap().expect(200);
    life.kill();
    lose(&site);
    let told = restore(&site, &file, &[]);
    for said in ["unknown  what happened after its audit entry", "counts   API key", "counts   security key"] {
        assert!(told.contains(said), "`{said}` is missing in: {told}");
    }
    let _life = site.serve();
    let team = team.again();
    assert_eq!(flag(&team, &login.chat).await["authenticated"], false);
    assert_eq!(team.posts_back(&login.visit, &login.assertion).await.unwrap().status, 410);
}

/// A loss that is accepted is an epoch, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a118_an_accepted_loss_is_a_new_epoch() {
    let site = Site::embedded();
    let life = site.serve();
    let team = Outsiders::meet(&site.url(), "acme", "none").await;
    let mut stories: Vec<Story> = (0..4).map(|_| Story::default()).collect();
    for story in &mut stories {
        story.go(&team).await.unwrap();
    }
    life.kill();
    // More than what was under way when it was killed: that nobody was told.
    let log = site.store().join("store.db-wal");
    let bytes = fs::read(&log).unwrap();
    fs::write(&log, &bytes[..bytes.len() / 5 * 4]).unwrap();
    let (code, _, error) = run(site.command(&["serve"]).env("COUNTERSIGN_SERVER__LISTEN", "127.0.0.1:0"));
    assert!(
        code == 1 && error.contains("acknowledged commits are missing") && error.contains("--accept-loss"),
        "{error}"
    );
    let _life = site.serve_with(&["serve", "--accept-loss"]);
    let team = team.again();
    for story in stories {
        let seen = team.interaction(story.chat.as_deref().unwrap()).await.unwrap();
        assert!(seen.status == 404 || seen.json()["authentication"]["authenticated"] == false, "{}", seen.text);
    }
    let said = whole(&team, "acme").await;
    assert!(said["why"].as_str().unwrap().contains("acknowledged commits are missing"), "{said}");
    assert!(!site.store().join("breach").exists());
}

async fn busy(team: Outsiders) {
    while Story::default().go(&team).await.is_ok() {}
}

/// A website's word, signed with a key of its team.
fn identity(site: &Site, _: &Outsiders, key: &Value) -> String {
    use countersign::ambient::{Clock, SystemClock};
    let now = SystemClock::default().now() / 1000;
    let claims = json!({"iss": "shop.example.com", "aud": format!("{}/v1/interactions", site.url()), "sub": "cust-42",
        "jti": format!("{:0>22}", unique()), "iat": now, "exp": now + 300});
    let (kid, secret) = (&key["kid"], key["secret"].as_str().unwrap());
    jwt(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), &claims, secret)
}

/// The trail holds from its first entry to its last, and tells of the epoch; what it says of it.
async fn whole(team: &Outsiders, name: &str) -> Value {
    let trail = team.trail().await;
    let epoch = trail["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "epoch.begun");
    let epoch = epoch.unwrap_or_else(|| panic!("{name}: {trail}"));
    assert_eq!((&epoch["detail"]["epoch"], &epoch["actor"]), (&json!(1), &json!("operator")));
    let detail = epoch["detail"].clone();
    let trail: Trail = serde_json::from_value(trail).unwrap();
    trail.verify().unwrap_or_else(|broken| panic!("{name}: {broken}"));
    detail
}

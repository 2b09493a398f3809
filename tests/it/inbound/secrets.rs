//! A139: a code that comes in from a platform leaves by no side door: logs, metrics, events, audit
//! trail, error bodies, the store's files, what the bot is told. Nor does what proves the platform.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::linking::{CUSTOMER, account_link};
use super::platforms::{Call, Said, telegram_message, telegram_update};
use super::receiver::Receiver;
use crate::attacks_http::canaries::{Side, assertion, search, search_files};
use crate::commands::{OWNER, Served, serve};
use crate::stores;

/// The PIN, a wrong one, one that came late, one that was typed before others.
const RIGHT: &str = "48392017553";
const WRONG: &str = "48392017554";
const LATE: &str = "48392017555";
const BEFORE_OTHERS: &str = "48392017556";
const FORGED: &str = "48392017557";
const WORDS: &str = "canary words 7f3a";
const TOKEN: &str = "1:canary-bot-token-7f3a";
const WEBHOOK_SECRET: &str = "canary-webhook-secret-7f3a";

impl Side {
    /// What the platform tells.
    async fn tell(&mut self, call: &Call) -> u16 {
        let request = self.http.post(format!("{}{}", self.url, call.target)).body(call.body.clone());
        let request = call.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        self.read(request).await.0
    }
}

/// Telegram, with the secret of this test.
fn telegram(id: u64, text: &str, chat: &str, kind: &str) -> Call {
    let said = Said { from: "1111111", id, text, at: 0 };
    let call = telegram_update(&json!({"update_id": id, "message": telegram_message(said, chat, kind)}));
    call.with("x-telegram-bot-api-secret-token", Some(WEBHOOK_SECRET))
}

/// Waits until a server was asked so often.
async fn asked(receiver: &Receiver, times: usize) {
    let enough = async {
        while receiver.asked().len() < times {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), enough).await.expect("it is asked in time");
}

#[tokio::test]
async fn a139_a_code_that_comes_in_leaves_by_no_side_door() {
    let (folder, api, bot) = (stores::folder(), Receiver::start().await, Receiver::start().await);
    let mut command = serve(folder.path());
    command.env("RUST_LOG", "countersign=trace,debug").env("COUNTERSIGN_OUTBOUND__ALLOW", r#"["127.0.0.0/8"]"#);
    let mut served = Served::run(folder, &mut command);
    let mut side = Side { url: served.url.clone(), http: Client::new(), errors: String::new() };
    side.call(Method::PUT, "/v1/teams/acme", OWNER, json!({"name": "A shop"})).await;
    let mut keys = Vec::new();
    for role in ["bot", "agent"] {
        let (_, made) =
            side.call(Method::POST, "/v1/teams/acme/api-keys", OWNER, json!({"role": role, "name": "k"})).await;
        keys.push(made["key"].as_str().expect("told once").to_owned());
    }
    let account = json!({"base_url": api.url, "forward_url": format!("{}/in", bot.url)});
    let secrets = json!({"token": TOKEN, "webhook_secret": WEBHOOK_SECRET});
    let body = json!({"definition": "telegram", "account": account, "secrets": secrets});
    let (status, made) = side.call(Method::PUT, "/v1/teams/acme/channels/telegram", OWNER, body).await;
    assert_eq!(status, 201, "{made}");
    let person = json!({"role": "primary"});
    let open = json!({"channel": "telegram", "conversation": "1111111", "participants": [person]});
    let (_, chat) = side.call(Method::POST, "/v1/interactions", &keys[0], open).await;
    let at = format!("/v1/interactions/{}", chat["id"].as_str().expect("an id"));

    let pin = json!({"method": "pin", "pin": RIGHT, "deliver_to": "agent"});
    let (status, challenge) = side.call(Method::POST, &format!("{at}/challenges"), &keys[1], pin).await;
    assert_eq!(status, 202, "{challenge}");
    let forged = telegram(9, FORGED, "1111111", "private").with("x-telegram-bot-api-secret-token", Some("wrong"));
    assert_eq!(side.tell(&forged).await, 401);
    for (id, text) in [(1, WORDS), (2, WRONG), (3, RIGHT)] {
        assert_eq!(side.tell(&telegram(id, text, "1111111", "private")).await, 200);
    }
    let (_, flag) = side.call(Method::GET, &format!("{at}/authentication"), &keys[0], json!({})).await;
    assert_eq!(flag["methods"], json!(["pin"]), "{flag}");
    // One in a group whose conversation has a challenge, and one that is taken back before it is answered.
    let open = json!({"channel": "telegram", "conversation": "-5", "participants": [{"role": "primary"}]});
    let (_, group) = side.call(Method::POST, "/v1/interactions", &keys[0], open).await;
    let path = format!("/v1/interactions/{}/challenges", group["id"].as_str().expect("an id"));
    let pin = json!({"method": "pin", "pin": BEFORE_OTHERS, "deliver_to": "agent"});
    assert_eq!(side.call(Method::POST, &path, &keys[1], pin).await.0, 202);
    assert_eq!(side.tell(&telegram(4, BEFORE_OTHERS, "-5", "group")).await, 200);
    let pin = json!({"method": "pin", "pin": LATE, "deliver_to": "agent"});
    let (_, challenge) = side.call(Method::POST, &format!("{at}/challenges"), &keys[1], pin).await;
    let path = format!("/v1/challenges/{}", challenge["id"].as_str().expect("an id"));
    side.call(Method::DELETE, &path, &keys[1], json!({})).await;
    assert_eq!(side.tell(&telegram(5, LATE, "1111111", "private")).await, 200);

    // Taken out of the chat: the wrong, the right, the one before others, the late one. Told to the bot:
    // the words, and that something else was said, twice.
    asked(&api, 4).await;
    asked(&bot, 3).await;
    let told: Vec<Value> = bot.asked().iter().map(super::receiver::Asked::json).collect();
    assert_eq!(told.iter().filter(|told| told["text"] == "••••••").count(), 2, "{told:?}");
    assert!(told.iter().any(|told| told["text"] == WORDS), "{told:?}");

    let metrics = side.http.get(format!("{}/metrics", side.url)).send().await.expect("it answers");
    let metrics = metrics.text().await.expect("a text");
    assert!(metrics.contains("countersign_received_total{outcome=\"answer\"} 2"), "{metrics}");
    let (_, audit) = side.call(Method::GET, "/v1/teams/acme/audit", OWNER, json!({})).await;
    let listen = side.http.get(format!("{}/v1/events", side.url)).bearer_auth(&keys[0]).header("last-event-id", "0");
    let (mut stream, mut events) = (listen.send().await.expect("it answers"), Vec::new());
    while let Ok(Ok(Some(bytes))) = tokio::time::timeout(Duration::from_millis(700), stream.chunk()).await {
        events.extend_from_slice(&bytes);
    }
    drop(stream);
    let (_, _, logged) = served.end("TERM");
    assert!(String::from_utf8_lossy(&events).contains("challenge.passed"));
    assert!(logged.contains("is not believed"), "{logged}");
    let codes = [RIGHT, WRONG, LATE, BEFORE_OTHERS, FORGED, TOKEN, WEBHOOK_SECRET].map(str::to_owned);
    let bodies: Vec<u8> = bot.asked().iter().flat_map(|asked| asked.body.clone()).collect();
    search("what the bot was told", &bodies, &codes);
    let all: Vec<String> = codes.into_iter().chain([WORDS.to_owned()]).collect();
    search("the events", &events, &all);
    search("the metrics", metrics.as_bytes(), &all);
    search("the error bodies", side.errors.as_bytes(), &all);
    search("the audit trail", audit.to_string().as_bytes(), &all);
    assert!(search_files(&served.folder.path().join("store"), &all) > 0);
    search("the log", logged.as_bytes(), &all);
}

/// A139: what a browser carries to its platform after a login, and what the platform gave for that, stand in
/// no event, log, metric, error or file; nor does the platform's own name for the customer.
#[tokio::test]
async fn a139_what_links_an_account_leaves_by_no_side_door() {
    let api = Receiver::start().await;
    api.answers(&[(200, r#"{"linkToken":"canary-link-token-7f3a"}"#)]);
    let folder = stores::folder();
    let mut command = serve(folder.path());
    command.env("RUST_LOG", "countersign=trace,debug").env("COUNTERSIGN_OUTBOUND__ALLOW", r#"["127.0.0.0/8"]"#);
    let mut served = Served::run(folder, &mut command);
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut side = Side { url: served.url.clone(), http, errors: String::new() };
    let at = "/v1/teams/acme";
    side.good(Method::PUT, at, OWNER, json!({"name": "A shop"})).await;
    let settings = json!({"authentication_url": "https://login.example.com/in"});
    side.good(Method::PATCH, &format!("{at}/settings"), OWNER, settings).await;
    let key = side.good(Method::POST, &format!("{at}/security-keys"), OWNER, json!({})).await;
    let account = json!({"base_url": api.url, "basic_id": "@demobank"});
    let secrets = json!({"channel_token": "canary-channel-token-7f3a", "channel_secret": "line-secret"});
    let body = json!({"definition": "line", "account": account, "secrets": secrets});
    side.good(Method::PUT, &format!("{at}/channels/line"), OWNER, body).await;
    let open = json!({"channel": "line", "conversation": CUSTOMER, "participants": [{"role": "primary"}]});
    let chat = side.good(Method::POST, "/v1/interactions?team=acme", OWNER, open).await;
    let path = format!("/v1/interactions/{}", chat["id"].as_str().expect("an id"));
    let link = side.good(Method::POST, &format!("{path}/login-links"), OWNER, json!({"purpose": "mid_chat"})).await;
    let (pressed, cookie) = side.press(link["url"].as_str().expect("a URL"), "continue").await;
    let signed = url::Url::parse(pressed.headers()["location"].to_str().expect("a text")).expect("a URL");
    let part = |url: &url::Url, name: &str| {
        url.query_pairs().find(|(known, _)| known == name).expect("it is there").1.into_owned()
    };
    let (token, callback) = (part(&signed, "cs_token"), part(&signed, "cs_callback"));
    let (kid, secret) = (key["kid"].as_str().expect("a kid"), key["secret"].as_str().expect("told once"));
    let good = assertion(kid, secret, &callback, &token, "canaryjti00000000000000000009f3a");
    let callback = callback.strip_prefix(&side.url).expect("it is ours").to_owned();
    let told = side.good(Method::POST, &callback, "", json!({"assertion": good})).await;
    let done = told["continue_url"].as_str().expect("a URL");
    let page = side.on_done(done, &cookie, &[("act", "finish")]).await.text().await.expect("a page");
    let gone = side.on_done(done, &cookie, &[("act", "link"), ("nonce", &crate::world::hidden(&page, "nonce"))]).await;
    let gone = url::Url::parse(gone.headers()["location"].to_str().expect("a text")).expect("a URL");
    let (given, nonce) = (part(&gone, "linkToken"), part(&gone, "nonce"));
    assert_eq!(given, "canary-link-token-7f3a");
    for (user, said, result) in
        [(CUSTOMER, "canary-nonce-7f3a", "ok"), (CUSTOMER, &nonce, "failed"), (CUSTOMER, &nonce, "ok")]
    {
        assert_eq!(side.tell(&account_link(user, said, result)).await, 200);
    }
    assert_eq!(side.tell(&account_link(CUSTOMER, &nonce, "ok").with("x-line-signature", Some("AAAA"))).await, 401);
    let flag = side.good(Method::GET, &format!("{path}/authentication"), OWNER, Value::Null).await;
    assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("platform")), "{flag}");
    let metrics = side.http.get(format!("{}/metrics", side.url)).send().await.expect("it answers");
    let metrics = metrics.text().await.expect("a text");
    assert!(metrics.contains("countersign_received_total{outcome=\"linked\"} 1"), "{metrics}");
    let audit = side.good(Method::GET, &format!("{at}/audit"), OWNER, Value::Null).await;
    let (_, _, logged) = served.end("TERM");
    let canaries = [given, nonce, "canary-nonce-7f3a".into(), "canary-channel-token-7f3a".into(), CUSTOMER.into()];
    search("the metrics", metrics.as_bytes(), &canaries);
    search("the error bodies", side.errors.as_bytes(), &canaries);
    search("the audit trail", audit.to_string().as_bytes(), &canaries);
    search("the log", logged.as_bytes(), &canaries);
    assert!(search_files(&served.folder.path().join("store"), &canaries) > 0);
}

//! A139: nothing that is somebody's own leaves by a side door. Every field of a whole journey
//! carries a canary; then logs, metrics, events, audit, error bodies and the store's files are
//! searched for them.

use std::path::Path;

use countersign::domain::secret::MacKey;
use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};

use crate::commands::{OWNER, Served, serve};
use crate::stores;
use crate::world::hidden;

/// Whose value it is, and the value.
const NAME: &str = "Canary-Name-7f3a";
const PHONE: &str = "+37255598761";
const MAIL: &str = "canary.mail.7f3a@example.com";
const CUSTOMER: &str = "canary-customer-7f3a";
const CONVERSATION: &str = "canary-conversation-7f3a";
const STATE: &str = "canary-state-7f3a";
const PRIVATE: &str = "canary-private-7f3a";
const DEVICE: &str = "canary-device-7f3a";
const TYPED: &str = "canary text that was typed 7f3a";
const ISSUER: &str = "canary-issuer-7f3a";

/// A caller who keeps what errors tell.
pub struct Side {
    pub url: String,
    pub http: Client,
    pub errors: String,
}

impl Side {
    pub async fn call(&mut self, method: Method, path: &str, key: &str, body: Value) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(key);
        if !body.is_null() {
            request = request.json(&body);
        }
        self.read(request).await
    }

    /// The status, and what is told as JSON.
    pub async fn read(&mut self, request: RequestBuilder) -> (u16, Value) {
        let reply = request.send().await.expect("it answers");
        let (status, text) = (reply.status().as_u16(), reply.text().await.unwrap());
        if status >= 400 {
            self.errors.push_str(&text);
        }
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn good(&mut self, method: Method, path: &str, key: &str, body: Value) -> Value {
        let (status, value) = self.call(method, path, key, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {value}");
        value
    }

    /// Opens a page and presses a button of it; with what it gave the browser to keep.
    pub async fn press(&self, url: &str, act: &str) -> (Response, String) {
        let page = self.http.get(url).send().await.unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let form = [("act", act.to_owned()), ("nonce", hidden(&page.text().await.unwrap(), "nonce"))];
        let post = self.http.post(url).header("cookie", &cookie).header("origin", &self.url).form(&form);
        (post.send().await.unwrap(), cookie)
    }

    /// Posts a form of the done page, as the browser that has that cookie.
    pub async fn on_done(&self, url: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
        let (forms, token) = url.rsplit_once('/').expect("a done page's address");
        let form: Vec<_> = form.iter().copied().chain([("page", token)]).collect();
        let post = self.http.post(forms).header("cookie", cookie).header("origin", &self.url).form(&form);
        post.send().await.unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// An assertion; the time is the process's own, so the test's clock is read here.
pub fn assertion(kid: &str, secret: &str, callback: &str, token: &str, jti: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the gateway under test has the system's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({"iss": ISSUER, "aud": callback, "sub": CUSTOMER, "nonce": token, "jti": jti, "iat": now, "exp": now + 60,
        "name": NAME, "private_data": {"iban": PRIVATE}});
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
    let signed = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let key = MacKey::new(&from_base64url(secret).unwrap());
    format!("{signed}.{}", base64url(&key.sign(signed.as_bytes())))
}

pub fn search(what: &str, haystack: &[u8], canaries: &[String]) {
    for canary in canaries {
        let found = haystack.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "`{canary}` stands in {what}");
    }
}

pub fn search_files(folder: &Path, canaries: &[String]) -> usize {
    let mut searched = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            searched += search_files(&entry.path(), canaries);
        } else {
            search(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap(), canaries);
            searched += 1;
        }
    }
    searched
}

#[tokio::test]
async fn a139_no_canary_leaves_by_a_side_door() {
    let folder = stores::folder();
    let mut command = serve(folder.path());
    command.env("RUST_LOG", "countersign=trace,debug");
    let mut served = Served::run(folder, &mut command);
    let http = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let mut side = Side { url: served.url.clone(), http, errors: String::new() };
    let at = "/v1/teams/acme";
    side.good(Method::PUT, at, OWNER, json!({"name": "A shop"})).await;
    let settings =
        json!({"authentication_url": "https://login.example.com/in", "intents": {"pay": {"accept": ["login"]}}});
    side.good(Method::PATCH, &format!("{at}/settings"), OWNER, settings).await;
    let key = side.good(Method::POST, &format!("{at}/security-keys"), OWNER, json!({})).await;
    let (kid, secret) = (text(&key["kid"]), text(&key["secret"]));
    let mut keys = Vec::new();
    for role in ["bot", "admin"] {
        let made = side.good(Method::POST, &format!("{at}/api-keys"), OWNER, json!({"role": role, "name": "k"})).await;
        keys.push(text(&made["key"]));
    }
    let (bot, admin) = (keys[0].clone(), keys[1].clone());

    let person = json!({"role": "primary", "name": NAME, "phone": PHONE, "email": MAIL, "customer_id": CUSTOMER});
    let body = json!({"channel": "webchat", "conversation": CONVERSATION, "participants": [person],
        "device": {"fingerprint": DEVICE, "region": "EE"}});
    let chat = text(&side.good(Method::POST, "/v1/interactions", &bot, body).await["id"]);
    let i = format!("/v1/interactions/{chat}");
    let ask = json!({"purpose": "mid_chat", "intent": "pay", "state": STATE});
    let link = side.good(Method::POST, &format!("{i}/login-links"), &bot, ask).await;
    let url = text(&link["url"]);
    let (pressed, cookie) = side.press(&url, "continue").await;
    let signed = pressed.headers()["location"].to_str().unwrap().to_owned();
    let parsed = url::Url::parse(&signed).unwrap();
    let part = |name: &str| parsed.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
    let (token, callback) = (part("cs_token"), part("cs_callback"));
    let path = callback.strip_prefix(&side.url).unwrap().to_owned();
    let good = assertion(&kid, &secret, &callback, &token, "canaryjti00000000000000000007f3a");
    let forged = assertion(&kid, &base64url(&[9; 32]), &callback, &token, "canaryjti00000000000000000008f3a");
    side.call(Method::POST, &path, "", json!({"assertion": forged})).await;
    let told = side.good(Method::POST, &path, "", json!({"assertion": good})).await;
    assert_eq!(told["status"], "accepted");
    let done = text(&told["continue_url"]);
    let page = side.on_done(&done, &cookie, &[("act", "finish")]).await.text().await.unwrap();
    let code = crate::world::shown_code(&page);
    for (n, typed) in [TYPED, "22BBBB", &code].into_iter().enumerate() {
        side.good(Method::POST, &format!("{i}/messages"), &bot, json!({"message_id": format!("m{n}"), "text": typed}))
            .await;
    }
    let flag = side.good(Method::GET, &format!("{i}/authentication"), &bot, Value::Null).await;
    assert_eq!(flag["authenticated"], true);
    // What is refused must not tell what it was.
    let wrong = json!({"channel": "webchat", "conversation": CONVERSATION, "participants": [{"role": "primary", "name": format!("{NAME}\n"),
        "phone": format!("{PHONE}x"), "email": MAIL}], "identity_token": forged});
    side.call(Method::POST, "/v1/interactions", &bot, wrong).await;
    let token_body = json!({"channel": "webchat", "conversation": CONVERSATION, "participants": [{"role": "primary"}], "identity_token": forged});
    side.call(Method::POST, "/v1/interactions", &bot, token_body).await;
    side.call(Method::POST, &format!("{i}/messages"), &format!("{bot}x"), json!({"message_id": "m9", "text": TYPED}))
        .await;
    side.call(Method::POST, &path, "", json!({"assertion": good})).await;
    side.good(Method::POST, &format!("{i}/sign-out"), &bot, json!({})).await;
    side.good(Method::POST, &format!("{i}/close"), &bot, json!({})).await;
    side.call(Method::POST, &format!("{i}/messages"), &bot, json!({"message_id": "m8", "text": TYPED})).await;

    let metrics = side.http.get(format!("{}/metrics", side.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("countersign_requests_total"));
    tokio::time::sleep(std::time::Duration::from_millis(500)).await; // the relay
    let audit = side.good(Method::GET, &format!("{at}/audit"), &admin, Value::Null).await;
    assert!(audit["items"].as_array().unwrap().len() > 8);
    let mut stream = side
        .http
        .get(format!("{}/v1/events", side.url))
        .bearer_auth(&bot)
        .header("last-event-id", "0")
        .send()
        .await
        .unwrap();
    let mut events = Vec::new();
    while let Ok(Ok(Some(bytes))) = tokio::time::timeout(std::time::Duration::from_millis(700), stream.chunk()).await {
        events.extend_from_slice(&bytes);
    }
    drop(stream);
    assert!(events.windows(26).any(|w| w == b"participant.authenticated\n"), "{}", String::from_utf8_lossy(&events));
    let (_, _, logged) = served.end("TERM");

    let opener = text(&link["opener_secret"].as_str().map_or(json!("none was given"), |s| json!(s)));
    let link_token = url.rsplit('/').next().unwrap().to_owned();
    let secrets = [secret, bot, admin, OWNER.to_owned(), token, link_token, good, forged, opener, "canaryjti".into()];
    let people = [NAME, PHONE, MAIL, CONVERSATION, PRIVATE, DEVICE, TYPED, ISSUER].map(str::to_owned);
    let mut all: Vec<String> = secrets.into_iter().chain(people).collect();
    // The bot's own `state` comes back in events, as the contract says, and whom it was proved to
    // be: the bot reads that in the flag. Neither stands anywhere else.
    search("the events", &events, &all);
    all.extend([STATE, CUSTOMER].map(str::to_owned));
    search("the metrics", metrics.as_bytes(), &all);
    search("the error bodies", side.errors.as_bytes(), &all);
    search("the audit trail", audit.to_string().as_bytes(), &all);
    search("the files", b"", &all);
    assert!(search_files(&served.folder.path().join("store"), &all) > 0);
    search("the log", logged.as_bytes(), &all);
    search("the log", logged.as_bytes(), &[code]);
}

//! The login pages of `examples/`, run as they are: against a stand-in for the gateway that reads
//! their post-backs strictly, and in one whole login each against the real one.
//!
//! What is judged is what a newcomer would copy: a fault here is a fault in somebody's bank.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};

use crate::outside::{Gateway, Process, have, skip};
use crate::ports::free_port;

/// 32 bytes, as the gateway gives them out.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const KID: &str = "key-1";

#[derive(Clone, Copy)]
enum Language {
    Rust,
    Node,
    Python,
}

const LANGUAGES: [Language; 3] = [Language::Rust, Language::Node, Language::Python];

/// A login page in a process of its own.
struct LoginPage {
    url: String,
    http: Client,
    _process: Process,
}

impl LoginPage {
    /// `None` where it cannot be run here.
    fn start(language: Language, port: u16, kid: &str, key: &str) -> Option<Self> {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let mut command = match language {
            Language::Rust => Command::new(built("login_page")?),
            Language::Node if have("node") => script("node", &examples.join("login_page.mjs")),
            Language::Python if have("python3") => script("python3", &examples.join("login_page.py")),
            _ => return None,
        };
        let url = format!("http://127.0.0.1:{port}");
        command.env("SECURITY_KID", kid).env("SECURITY_KEY", key).env("PUBLIC_URL", &url).env("PORT", port.to_string());
        let (process, _) = Process::start(&mut command, "login page on ");
        let http = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Some(Self { url, http, _process: process })
    }

    async fn show(&self, link: &str) -> (u16, String) {
        let reply = self.http.get(link).send().await.expect("the page answers");
        (reply.status().as_u16(), reply.text().await.expect("a page"))
    }

    /// Sends the form; answers the status and where it leads.
    async fn submit(&self, link: &str, form: &[(&str, &str)]) -> (u16, String) {
        let reply = self.http.post(link).form(form).send().await.expect("the page answers");
        let location = reply.headers().get("location").map(|value| value.to_str().expect("ASCII").to_owned());
        (reply.status().as_u16(), location.unwrap_or_default())
    }
}

/// An example that `cargo test` built beside this binary; `cargo test --test it` builds none.
fn built(name: &str) -> Option<PathBuf> {
    let deps = std::env::current_exe().expect("a test has a file");
    let path = deps.ancestors().nth(2).expect("it lies in target/PROFILE/deps").join("examples").join(name);
    if !path.exists() {
        skip("the examples are not built: cargo build --examples");
    }
    path.exists().then_some(path)
}

fn script(program: &str, path: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(path);
    command
}

/// Plays the gateway's callback: takes one request for each reply, and tells their bodies.
/// A reply of `None` hangs up after reading: the answer is lost on the way.
fn stand_in(replies: Vec<Option<(&'static str, Value)>>) -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let callback = format!("http://{}/p/handle-1", listener.local_addr().expect("it is bound"));
    let (tell, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for reply in replies {
            let (stream, _) = listener.accept().expect("somebody calls");
            let _ = tell.send(read_json(&stream)); // a test that has ended listens no more
            let Some((status, body)) = reply else { continue };
            let body = body.to_string();
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close");
            let _ = write!(&stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        }
    });
    (callback, bodies)
}

fn read_json(stream: &TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).expect("a head") > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    serde_json::from_slice(&body).expect("JSON")
}

fn mac(text: &str) -> String {
    let key = URL_SAFE_NO_PAD.decode(KEY).expect("the key is base64url");
    URL_SAFE_NO_PAD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes()))
}

/// A link as the gateway signs it (contract, section 5).
fn signed(page: &str, callback: &str, expires: Option<i64>) -> String {
    let mut url = url::Url::parse(&format!("{page}/login?theme=dark")).expect("a URL");
    url.query_pairs_mut().append_pair("cs_token", "handle-1").append_pair("cs_callback", callback);
    if let Some(end) = expires {
        url.query_pairs_mut().append_pair("cs_expires", &end.to_string());
    }
    url.query_pairs_mut().append_pair("cs_kid", KID);
    format!("{url}&cs_signature={}", mac(url.as_str()))
}

#[expect(clippy::disallowed_methods, reason = "the pages under test live by the real clock")]
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

const DEMO: [(&str, &str); 2] = [("user", "demo"), ("password", "demo")];

/// Reads an assertion as strictly as contract section 5 is written; answers its claims.
fn claims_of(body: &Value, page: &str, callback: &str) -> Value {
    let assertion = body["assertion"].as_str().expect("an assertion");
    let (content, signature) = assertion.rsplit_once('.').expect("three parts");
    assert_eq!(mac(content), signature);
    let (header, claims) = content.split_once('.').expect("three parts");
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
    };
    assert_eq!(read(header), json!({"alg": "HS256", "typ": "JWT", "kid": KID}));
    let claims = read(claims);
    assert_eq!(claims["iss"], page);
    assert_eq!(claims["aud"], callback);
    assert_eq!(claims["nonce"], "handle-1");
    let jti = claims["jti"].as_str().expect("a text");
    assert!((22..=64).contains(&jti.len()) && jti.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    let (from, to) = (claims["iat"].as_i64().expect("a time"), claims["exp"].as_i64().expect("a time"));
    assert!((now() - from).abs() < 30 && (1..=300).contains(&(to - from)));
    claims
}

#[tokio::test]
async fn login_pages_believe_nothing_that_is_not_signed() {
    for page in LANGUAGES.into_iter().filter_map(|language| LoginPage::start(language, free_port(), KID, KEY)) {
        let (callback, bodies) = stand_in(vec![Some(("200 OK", json!({})))]);
        let link = signed(&page.url, &callback, Some(now() + 60));
        let cut = link.split("&cs_signature=").next().expect("a first part").to_owned();
        let padded = format!("{link}=");
        let flipped = link.replace("theme=dark", "theme=dusk");
        let other = link.replace("127.0.0.1%3A", "127.0.0.2%3A");
        let appended = format!("{link}&cs_callback=http%3A%2F%2F127.0.0.1%3A9%2F");
        let resigned = format!("{cut}&cs_callback=http%3A%2F%2F127.0.0.1%3A9%2F&cs_signature={}", mac(&cut));
        let stale = signed(&page.url, &callback, Some(now() - 1));
        let unsigned = format!("{cut}&cs_signature=");
        for bad in [cut, padded, flipped, other, appended, resigned, stale, unsigned] {
            assert_eq!(page.show(&bad).await.0, 403, "{bad}");
            assert_eq!(page.submit(&bad, &DEMO).await.0, 403, "{bad}");
            assert_eq!(page.submit(&bad, &[("act", "cancel")]).await.0, 403, "{bad}");
        }
        assert_eq!(page.show(&link).await.0, 200);
        let (status, form) = page.show(&signed(&page.url, &callback, None)).await; // never expires
        assert!(status == 200 && form.contains("<form method=\"post\">"));
        assert_eq!(page.submit(&link, &[("user", "demo"), ("password", "x")]).await.0, 200);
        assert!(bodies.try_recv().is_err(), "nobody was told anything");
    }
}

#[tokio::test]
async fn login_pages_answer_as_the_contract_says() {
    for page in LANGUAGES.into_iter().filter_map(|language| LoginPage::start(language, free_port(), KID, KEY)) {
        let taken = json!({"status": "accepted", "continue_url": "http://127.0.0.1:1/l/t?x=1&y=2"});
        let ended = json!({"status": "cancelled", "continue_url": "http://127.0.0.1:1/l/t"});
        let refused = json!({"code": "link-expired", "status": 410});
        let (callback, bodies) =
            stand_in(vec![Some(("200 OK", taken)), Some(("200 OK", ended)), Some(("410 Gone", refused))]);
        let link = signed(&page.url, &callback, Some(now() + 60));

        assert_eq!(page.submit(&link, &DEMO).await, (303, "http://127.0.0.1:1/l/t?x=1&y=2".to_owned()));
        let claims = claims_of(&bodies.recv().expect("told"), &page.url, &callback);
        assert_eq!((&claims["sub"], claims.get("outcome")), (&json!("cust-42"), None));

        assert_eq!(page.submit(&link, &[("act", "cancel")]).await, (303, "http://127.0.0.1:1/l/t".to_owned()));
        let cancelled = claims_of(&bodies.recv().expect("told"), &page.url, &callback);
        assert_eq!(cancelled["outcome"], "cancelled");
        assert_ne!(cancelled["jti"], claims["jti"]);

        assert_eq!(page.submit(&link, &DEMO).await, (409, String::new()));
    }
}

#[tokio::test]
async fn login_pages_take_a_lost_reply_for_what_it_was() {
    for page in LANGUAGES.into_iter().filter_map(|language| LoginPage::start(language, free_port(), KID, KEY)) {
        let replayed = json!({"code": "replayed", "status": 409, "first_status": "authenticated", "continue_url": "http://127.0.0.1:1/l/t"});
        let (callback, bodies) = stand_in(vec![None, Some(("409 Conflict", replayed))]);
        let link = signed(&page.url, &callback, Some(now() + 60));
        assert_eq!(page.submit(&link, &DEMO).await, (303, "http://127.0.0.1:1/l/t".to_owned()));
        assert_eq!(bodies.recv(), bodies.recv(), "the same assertion again, not a new one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_pages_log_a_customer_in() {
    let gateway = Gateway::serve();
    for (name, language) in [("rust", Language::Rust), ("node", Language::Node), ("python", Language::Python)] {
        let port = free_port();
        let team = gateway.team(name, &format!("http://127.0.0.1:{port}/login")).await;
        let Some(page) = LoginPage::start(language, port, &team.kid, &team.secret) else { continue };
        let call = |method, path: String, body| {
            let (gateway, key) = (&gateway, &team.bot_key);
            async move { gateway.call(method, &path, key, body).await }
        };
        let asked = json!({"channel": "terminal", "conversation": "c1", "participants": [{"role": "primary"}]});
        let opened = call(Method::POST, "/v1/interactions".to_owned(), asked).await;
        let at = format!("/v1/interactions/{}", opened["id"].as_str().expect("an id"));
        let flag = format!("{at}/authentication?intent=statement_copy");
        let links = format!("{at}/login-links");
        let asked = json!({"purpose": "mid_chat", "intent": "statement_copy"});

        let link = call(Method::POST, links.clone(), asked.clone()).await;
        let url = press_continue(&gateway, link["url"].as_str().expect("a link")).await.0;
        assert_eq!(page.submit(&url, &[("act", "cancel")]).await.0, 303);
        assert_eq!(call(Method::GET, flag.clone(), Value::Null).await["authenticated"], false);

        let link = call(Method::POST, links, asked).await;
        let (url, cookies) = press_continue(&gateway, link["url"].as_str().expect("a link")).await;
        assert_eq!(page.show(&url).await.0, 200);
        let (status, next) = page.submit(&url, &DEMO).await;
        assert_eq!(status, 303);
        let done = return_to(&gateway, &next, &cookies).await;
        let code = done.split_once("data-code>").expect("the page shows a code").1.get(..6).expect("six characters");
        assert_eq!(call(Method::GET, flag.clone(), Value::Null).await["authenticated"], false, "not yet bound");

        let typed = json!({"message_id": "m1", "text": code});
        let told = call(Method::POST, format!("{at}/messages"), typed).await;
        assert_eq!((&told["consumed"], &told["outcome"]), (&json!(true), &json!("passed")));
        let flag = call(Method::GET, flag, Value::Null).await;
        assert_eq!((&flag["authenticated"], &flag["intent"]["allowed"]), (&json!(true), &json!(true)));
        assert_eq!((&flag["customer"]["id"], &flag["binding"]), (&json!("cust-42"), &json!("code")));
    }
}

/// What a person's browser does on the page that the login page leads it on to; answers what it is shown.
async fn return_to(gateway: &Gateway, done: &str, cookies: &str) -> String {
    let page = gateway.http.get(done).header("cookie", cookies).send().await.expect("the gateway answers");
    let page = page.text().await.expect("a page");
    assert!(page.contains("data-act=\"finish\"") && !page.contains("data-code"), "{page}");
    let (forms, token) = done.rsplit_once('/').expect("a done page's address");
    let request = gateway.http.post(forms).form(&[("act", "finish"), ("page", token)]);
    let sent = request.header("cookie", cookies).header("origin", &gateway.url).send().await;
    sent.expect("the gateway answers").text().await.expect("a page")
}

/// What a person's browser does on the landing page; answers where it is sent, and its cookies.
async fn press_continue(gateway: &Gateway, landing: &str) -> (String, String) {
    let page = gateway.http.get(landing).send().await.expect("the gateway answers");
    let mut cookies = Vec::new();
    for cookie in page.headers().get_all("set-cookie") {
        let cookie = cookie.to_str().expect("ASCII");
        cookies.push(cookie.split(';').next().expect("a first part").to_owned());
    }
    let cookies = cookies.join("; ");
    let page = page.text().await.expect("a page");
    let form = page.split("<form").find(|form| form.contains("data-act=\"continue\"")).expect("a form");
    let form = form.split("</form>").next().expect("a first part");
    let attribute = |tag: &str, name: &str| -> Option<String> {
        Some(tag.split_once(&format!("{name}=\""))?.1.split('"').next()?.to_owned())
    };
    let inputs = form.split("<input").skip(1);
    let fields: Vec<_> = inputs.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?))).collect();
    let action = attribute(form, "action").unwrap_or_default();
    let target = url::Url::parse(landing).expect("a URL").join(&action).expect("a URL");
    let request = gateway.http.post(target).form(&fields).header("cookie", &cookies).header("origin", &gateway.url);
    let sent = request.send().await.expect("the gateway answers");
    assert_eq!(sent.status(), 303);
    (sent.headers()["location"].to_str().expect("ASCII").to_owned(), cookies)
}

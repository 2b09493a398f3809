//! Foreign code judges ours: what the platforms' own libraries sign is heard, and nothing is heard
//! that one of them would refuse; what we sign is taken by the libraries of those who receive it.
//!
//! They are asked in their own languages (`tests/foreign`), all questions at once.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_channels::ambient::Still;
use countersign_channels::definition::{Account, Definition as _};
use countersign_channels::inbound::WebhookVerifier;
use countersign_channels::inbound::keys::PlatformKeys;
use countersign_channels::platform::Platform;
use countersign_channels::platform::shipped::SOURCES;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::case::{Case, Kind, TEXT, http_client};
use crate::heard::Request;
use crate::interop::{installed, root};
use crate::server::{Answer, Server};

mod sent;

use sent::{NODE, PYTHON, Signed};

const KEY: &str = include_str!("../keys/rsa.pem");
const CERTIFICATE: &str = include_str!("../keys/rsa.cert.pem");
const CERTIFICATE_URL: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0000.pem";

/// Whose libraries are asked.
#[derive(Clone, Copy, Debug)]
enum Language {
    Node,
    Python,
}

/// What a library says to each question; none where it cannot be had.
fn ask(language: Language, questions: &[Value]) -> Option<Vec<Value>> {
    let root = root();
    let (name, program, script) = match language {
        Language::Node => ("node", PathBuf::from("node"), "judge.mjs"),
        Language::Python => ("python", root.join("target/interop/python/bin/python"), "judge.py"),
    };
    if !installed(name) {
        return None;
    }
    let mut command = Command::new(program);
    command.arg(root.join("channels/tests/foreign").join(script)).arg(root.join("target/interop").join(name));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(questions).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} failed");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A request as both sides see it.
#[derive(Clone, Debug)]
struct Seen {
    change: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

#[allow(clippy::disallowed_methods, reason = "the libraries look at the real clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Signed {
    fn platform(&self, at: u64) -> (Platform, Case) {
        platform(self.definition, at)
    }

    fn account(&self, case: &Case, server: &str) -> Account {
        let mut account = case.account(server, &[]);
        account.fields.extend(self.fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        account
    }

    fn question(&self, what: &str, seen: &Seen, case: &Case, at: u64) -> Value {
        json!({
            "do": what, "by": self.by, "url": seen.url, "headers": seen.headers, "body": seen.body, "now": at,
            "secrets": case.secrets, "account": case.account, "key": KEY, "certificate": CERTIFICATE,
        })
    }

    /// What comes in as the platform would send it, before it is signed.
    fn plain(&self) -> Seen {
        let url = format!("https://gate.example/in/demo/{}", self.definition);
        Seen { change: "as signed".into(), url, headers: BTreeMap::new(), body: self.body.into() }
    }

    /// The request as it was signed, and with every change that must be noticed.
    fn changes(&self, signed: &Seen) -> Vec<Seen> {
        let mut all = vec![signed.clone()];
        for (name, value) in &signed.headers {
            if name.ends_with("-algorithm") {
                continue; // it is the definition's to say, and no sender's
            }
            let headers = signed.headers.clone().into_iter().chain([(name.clone(), other(value))]).collect();
            all.push(Seen { change: format!("another {name}"), headers, ..signed.clone() });
        }
        if self.covers_body {
            all.push(Seen {
                change: "another code".into(),
                body: signed.body.replace("482913", "482914"),
                ..signed.clone()
            });
            all.push(Seen { change: "one more space".into(), body: format!("{} ", signed.body), ..signed.clone() });
        }
        if self.covers_body && !self.by.starts_with("sns") {
            let places = signed.body.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()).step_by(9);
            for (place, letter) in places {
                let flipped = char::from(u8::try_from(letter).unwrap() ^ 1);
                let body = format!("{}{flipped}{}", &signed.body[..place], &signed.body[place + 1..]);
                all.push(Seen { change: format!("byte {place}"), body, ..signed.clone() });
            }
        }
        if ["twilio", "twilio-json", "messagebird"].contains(&self.by) {
            let url = signed.url.replacen("gate.example", "evil.example", 1);
            all.push(Seen { change: "another host".into(), url, ..signed.clone() });
            let url = signed.url.replacen("/in/demo", "/in/other", 1);
            all.push(Seen { change: "another path".into(), url, ..signed.clone() });
        }
        // What is not signed in Amazon's document may lie in it anyhow.
        all.retain(|seen| !(self.by.starts_with("sns") && seen.change == "one more space"));
        all
    }
}

/// A header's value with its middle changed: its end may have bits that mean nothing.
fn other(value: &str) -> String {
    let middle = value.len() / 2;
    let changed = match &value[middle..=middle] {
        "A" => "B",
        "1" => "2",
        letter if letter.bytes().all(|byte| byte.is_ascii_digit()) => "1",
        _ => "A",
    };
    format!("{}{changed}{}", &value[..middle], &value[middle + 1..])
}

fn platform(definition: &str, at: u64) -> (Platform, Case) {
    let file = format!("{definition}.toml");
    let (name, source) = SOURCES.iter().find(|(name, _)| *name == file).unwrap();
    let ambient = Arc::new(Still { unix: at, chance: [0xab; 16] });
    (Platform::load(name, source, http_client(), ambient).unwrap(), Case::of(name))
}

fn webhook_verifier(signed: &Signed, at: u64, server: &Server) -> WebhookVerifier {
    let (platform, case) = signed.platform(at);
    let mut account = signed.account(&case, &server.url);
    if signed.definition == "bot-framework" {
        account.fields.insert("openid_configuration".into(), format!("{}/configuration", server.url).into());
    }
    let webhook_verifier = platform.webhook_verifier(&account).unwrap().unwrap();
    match signed.definition {
        "amazon-sns" => webhook_verifier
            .with_keys(PlatformKeys::new(http_client()).with_certificate(CERTIFICATE_URL, CERTIFICATE.as_bytes())),
        _ => webhook_verifier,
    }
}

async fn is_heard(seen: &Seen, at: u64, webhook_verifier: &WebhookVerifier) -> bool {
    let headers: HeaderMap =
        seen.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let (url, body) = (seen.url.clone(), seen.body.clone().into_bytes());
    Request { method: "POST".into(), url, at, headers, body }.send_to(webhook_verifier).await.is_ok()
}

/// The keys of the bot's platform, as it publishes them.
fn published(server: &Server) {
    let key = include_str!("../keys/rsa.jwk.json").trim();
    let configuration = format!(r#"{{"jwks_uri":"{}/keys"}}"#, server.url);
    let keys = format!(r#"{{"keys":[{key}]}}"#);
    let ok = |body: String| Answer { status: 200, body, ..Answer::default() };
    server.answers([ok(configuration), ok(keys)]);
}

/// What a library has signed is heard; what was changed since is not, and never what the library
/// itself would refuse (A107, A108).
async fn judged(language: Language, all: &[Signed]) {
    let at = now();
    let plain: Vec<Value> = all.iter().map(|one| one.question("sign", &one.plain(), &one.platform(at).1, at)).collect();
    let Some(made) = ask(language, &plain) else { return };
    let mut tried = Vec::new();
    for (one, made) in all.iter().zip(made) {
        let mut signed = one.plain();
        for (name, value) in made["headers"].as_object().unwrap() {
            signed.headers.insert(name.clone(), value.as_str().unwrap().to_owned());
        }
        let said = |name: &str, before: &str| made[name].as_str().unwrap_or(before).to_owned();
        (signed.url, signed.body) = (said("url", &signed.url), said("body", &signed.body));
        tried.extend(one.changes(&signed).into_iter().map(|seen| (one, seen)));
    }
    let questions: Vec<Value> =
        tried.iter().map(|(one, seen)| one.question("judge", seen, &one.platform(at).1, at)).collect();
    let verdicts = ask(language, &questions).unwrap();
    let (server, mut ears) = (Server::start().await, BTreeMap::new());
    published(&server);
    for one in all {
        ears.insert((one.by, one.definition), webhook_verifier(one, at, &server));
    }
    for ((one, seen), verdict) in tried.iter().zip(verdicts) {
        let heard = is_heard(seen, at, &ears[&(one.by, one.definition)]).await;
        let place = format!("{} for {}: {}", one.by, one.definition, seen.change);
        assert_eq!(heard, seen.change == "as signed", "{place}");
        assert!(!heard || verdict != Value::Bool(false), "{place}: the library refuses it");
    }
}

#[tokio::test]
async fn a107_what_libraries_for_node_sign_is_heard_and_nothing_else() {
    judged(Language::Node, NODE).await;
}

#[tokio::test]
async fn a107_what_libraries_for_python_sign_is_heard_and_nothing_else() {
    judged(Language::Python, PYTHON).await;
}

/// Requests of ours, and who takes them.
const OURS: &[(Language, &str, &str)] = &[
    (Language::Node, "standard-webhooks", "standard-webhooks"),
    (Language::Python, "standard-webhooks", "standard-webhooks"),
    (Language::Node, "vonage", "vonage"),
    (Language::Node, "pega", "pega"),
    (Language::Node, "apple", "apple-messages"),
    (Language::Node, "amazon-sns", "amazon-sns"),
];

/// What we sign is what those who receive it take, and not when it was changed.
#[tokio::test]
async fn a073_what_we_sign_is_taken_by_those_who_receive_it() {
    let (server, at) = (Server::start().await, now());
    for (language, by, definition) in OURS {
        let (platform, case) = platform(definition, at);
        server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
        case.channel(&platform, &server.url, &[]).send(&case.message(Kind::Link, TEXT)).await.unwrap();
        let asked = server.asked().remove(0);
        let headers: BTreeMap<String, String> =
            asked.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let account: BTreeMap<&String, String> =
            case.account.iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect();
        let question = |headers: &BTreeMap<String, String>, body: &str| {
            json!({
                "do": "take", "by": by, "url": format!("{}{}", server.url, asked.path), "headers": headers,
                "body": body, "now": at, "secrets": case.secrets, "account": account, "key": KEY,
            })
        };
        let name = if headers.contains_key("webhook-signature") { "webhook-signature" } else { "authorization" };
        let mut forged = headers.clone();
        forged.insert(name.into(), other(&headers[name]));
        let mut questions = vec![question(&headers, &asked.body), question(&forged, &asked.body)];
        let covers_body = ["standard-webhooks", "amazon-sns"].contains(by);
        if covers_body {
            questions.push(question(&headers, &format!("{} ", asked.body)));
        }
        let Some(verdicts) = ask(*language, &questions) else { continue };
        let wanted = [true, false, false].map(Value::Bool);
        assert_eq!(verdicts, wanted[..questions.len()], "{by}, {language:?}");
    }
}

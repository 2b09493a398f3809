//! Signatures that foreign code has made or taken, and what comes of them when anything is
//! changed: a byte of the body, the secret, the time, the address, the header.

use std::collections::BTreeMap;

use countersign_channels::definition::{Account, Definition as _};
use countersign_channels::format::inbound::proof::{Against, VerificationError};
use countersign_channels::format::inbound::request::InboundRequest;
use countersign_channels::format::inbound::sns::Topic;
use countersign_channels::format::template::Template;
use countersign_channels::format::template::values::KnownAccount;
use countersign_channels::inbound::WebhookVerifier;
use countersign_channels::inbound::keys::PlatformKeys;
use countersign_channels::platform::Platform;
use countersign_channels::platform::shipped::SOURCES;
use http::HeaderMap;
use serde::Deserialize;

use crate::case::{ambient, http_client};
use crate::heard::Request;
use crate::server::{Answer, Server};

/// `[[vector]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    definition: String,
    #[serde(default)]
    account: BTreeMap<String, String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    method: String,
    url: String,
    at: u64,
    headers: BTreeMap<String, String>,
    body: String,
    good: bool,
    /// What the signature speaks of besides the secret.
    #[serde(default)]
    covers: Vec<Part>,
    /// Amazon's certificate.
    #[serde(default)]
    certificate: Option<String>,
    /// Keys that the platform publishes.
    #[serde(default)]
    keys: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    Body,
    Url,
    Time,
}

const CERTIFICATE_URL: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0000.pem";

fn vectors() -> Vec<Vector> {
    #[derive(Deserialize)]
    struct File {
        vector: Vec<Vector>,
    }
    toml::from_str::<File>(include_str!("../vectors.toml")).unwrap().vector
}

impl Vector {
    async fn webhook_verifier(&self, secrets: &BTreeMap<String, String>) -> WebhookVerifier {
        let file = format!("{}.toml", self.definition);
        let (name, source) = SOURCES.iter().find(|(name, _)| *name == file).unwrap();
        let platform = Platform::load(name, source, http_client(), ambient()).unwrap();
        let mut fields: serde_json::Map<_, _> =
            self.account.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        if let Some(keys) = &self.keys {
            fields.insert("openid_configuration".into(), published(keys).await.into());
        }
        for (name, field) in platform.file().account.iter().filter(|(_, field)| field.default.is_none()) {
            let is_wanted = !field.optional && !platform.file().platform.one_of.iter().flatten().any(|one| one == name);
            if is_wanted && !fields.contains_key(name) {
                fields.insert(name.clone(), "1".into());
            }
        }
        for names in &platform.file().platform.one_of {
            fields.entry(names[1].clone()).or_insert("1".into());
        }
        fields.insert("base_url".into(), "https://platform.example".into());
        let own = platform.file().secrets.iter().filter(|(_, field)| !field.optional);
        let mut known: BTreeMap<_, _> = own.map(|(name, _)| (name.clone(), "1".to_owned().into())).collect();
        known.extend(secrets.iter().map(|(name, secret)| (name.clone(), secret.clone().into())));
        let webhook_verifier = platform.webhook_verifier(&Account { fields, secrets: known });
        let webhook_verifier = webhook_verifier.unwrap_or_else(|wrong| panic!("{}: {wrong:?}", self.name)).unwrap();
        match &self.certificate {
            Some(pem) => webhook_verifier
                .with_keys(PlatformKeys::new(http_client()).with_certificate(CERTIFICATE_URL, pem.as_bytes())),
            None => webhook_verifier,
        }
    }

    fn request(&self) -> Request {
        let headers: HeaderMap =
            self.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let (method, url, body) = (self.method.clone(), self.url.clone(), self.body.clone().into_bytes());
        Request { method, url, at: self.at, headers, body }
    }

    async fn is_believed(&self, webhook_verifier: &WebhookVerifier, request: &Request) -> bool {
        request.send_to(webhook_verifier).await.is_ok()
    }
}

/// A server that publishes keys.
async fn published(keys: &str) -> String {
    let server = Server::start().await;
    let configuration = format!(r#"{{"issuer":"x","jwks_uri":"{}/keys"}}"#, server.url);
    let ok = |body: &str| Answer { status: 200, body: body.into(), ..Answer::default() };
    server.answers([ok(&configuration), ok(keys), ok(&configuration), ok(keys)]);
    format!("{}/configuration", server.url)
}

#[tokio::test]
async fn a_signature_holds_where_foreign_code_says_so() {
    for vector in vectors() {
        let webhook_verifier = vector.webhook_verifier(&vector.secrets).await;
        let taken = vector.request().send_to(&webhook_verifier).await;
        assert_eq!(
            vector.is_believed(&webhook_verifier, &vector.request()).await,
            vector.good,
            "{}: {taken:?}",
            vector.name
        );
    }
}

#[tokio::test]
async fn nothing_of_a_good_request_can_be_changed() {
    for vector in vectors().into_iter().filter(|vector| vector.good) {
        let webhook_verifier = vector.webhook_verifier(&vector.secrets).await;
        for (change, request) in changes(&vector) {
            assert!(!vector.is_believed(&webhook_verifier, &request).await, "{}: {change}", vector.name);
        }
    }
}

/// Every change that the signature must notice.
fn changes(vector: &Vector) -> Vec<(String, Request)> {
    let mut changes = Vec::new();
    let body = vector.body.as_bytes();
    if vector.covers.contains(&Part::Body) {
        changes.push(("a longer body".into(), Request { body: [body, b"&a=b "].concat(), ..vector.request() }));
        changes.push(("no body".into(), Request { body: Vec::new(), ..vector.request() }));
        for at in (0..body.len()).step_by(7) {
            let mut body = body.to_vec();
            body[at] ^= 1;
            changes.push((format!("byte {at}"), Request { body, ..vector.request() }));
        }
    }
    if vector.covers.contains(&Part::Url) {
        let url = vector.url.replacen(".com/", ".com/x", 1);
        changes.push(("another path".into(), Request { url, ..vector.request() }));
    }
    if vector.covers.contains(&Part::Time) {
        changes.push(("later".into(), Request { at: vector.at + 3_900, ..vector.request() }));
        changes.push(("earlier".into(), Request { at: vector.at - 3_900, ..vector.request() }));
    }
    changes
}

#[tokio::test]
async fn a_header_that_is_needed_is_needed_once() {
    for vector in vectors().into_iter().filter(|vector| vector.good) {
        let webhook_verifier = vector.webhook_verifier(&vector.secrets).await;
        let mut needed = 0;
        for name in vector.headers.keys() {
            let mut request = vector.request();
            let header: http::HeaderName = name.parse().unwrap();
            let value = request.headers.remove(&header).unwrap();
            if !vector.is_believed(&webhook_verifier, &request).await {
                needed += 1;
                let mut twice = vector.request();
                twice.headers.append(&header, value);
                assert!(!vector.is_believed(&webhook_verifier, &twice).await, "{}: {name} twice", vector.name);
            }
        }
        // Amazon's signature stands in the body.
        assert!(needed > 0 || vector.definition == "amazon-sns", "{}", vector.name);
    }
}

#[tokio::test]
async fn another_secret_makes_no_signature_and_an_older_one_does() {
    for vector in vectors().into_iter().filter(|vector| vector.good && !vector.secrets.is_empty()) {
        let other: BTreeMap<String, String> = vector
            .secrets
            .iter()
            .map(|(name, secret)| {
                // A key that can still be read, and is another.
                let place = secret.len() / 2;
                let changed = if &secret[place..=place] == "A" { "B" } else { "A" };
                (name.clone(), format!("{}{changed}{}", &secret[..place], &secret[place + 1..]))
            })
            .collect();
        let webhook_verifier = vector.webhook_verifier(&other).await;
        assert!(!vector.is_believed(&webhook_verifier, &vector.request()).await, "{}: another secret", vector.name);
        let mut both = other;
        both.extend(vector.secrets.iter().map(|(name, secret)| (format!("{name}_before"), secret.clone())));
        let webhook_verifier = vector.webhook_verifier(&both).await;
        assert!(vector.is_believed(&webhook_verifier, &vector.request()).await, "{}: the one before", vector.name);
    }
}

/// Who asks why a request is not believed has a secret and no account.
#[tokio::test]
async fn a_secret_alone_is_enough_to_tell() {
    let http_client = http_client();
    for vector in vectors().into_iter().filter(|vector| vector.secrets.len() == 1 && vector.account.is_empty()) {
        let file = format!("{}.toml", vector.definition);
        let (name, source) = SOURCES.iter().find(|(name, _)| *name == file).unwrap();
        let platform = Platform::load(name, source, http_client.clone(), ambient()).unwrap();
        let webhook_verifier = |secret: &str| platform.verifier(&secret.to_owned().into()).unwrap();
        let right = vector.secrets.values().next().unwrap();
        assert_eq!(
            vector.is_believed(&webhook_verifier(right), &vector.request()).await,
            vector.good,
            "{}",
            vector.name
        );
        assert!(!vector.is_believed(&webhook_verifier("another"), &vector.request()).await, "{}", vector.name);
    }
}

/// A visit that Amazon asks for is proved as all else is; nothing is visited here.
#[test]
fn a_subscription_is_amazons_where_it_says_so() {
    #[derive(Deserialize)]
    struct File {
        subscription: Subscription,
    }
    #[derive(Deserialize)]
    struct Subscription {
        topic: String,
        body: String,
        certificate: String,
    }
    let Subscription { topic, body, certificate } =
        toml::from_str::<File>(include_str!("../vectors.toml")).unwrap().subscription;
    let known = KnownAccount { fields: [("topic".to_owned(), topic)].into(), ..KnownAccount::default() };
    let template = |text: &str| Template::parse(text).unwrap();
    let proof = Topic { topic: template("{account.topic}"), version: template("2") };
    let judge = |body: &str| {
        let (headers, against) = (HeaderMap::new(), Against { known: &known });
        let (method, url) = (http::Method::POST, "https://gate.example/in".to_owned());
        let request = InboundRequest { method, url, headers: &headers, body: body.as_bytes(), unix: 0 };
        proof.verify(&request, &against, certificate.as_bytes())
    };
    assert_eq!(judge(&body), Ok(()));
    for part in ["Token", "SubscribeURL", "Message", "MessageId", "Timestamp"] {
        let mut changed: serde_json::Value = serde_json::from_str(&body).unwrap();
        changed[part] = format!("{}x", changed[part].as_str().unwrap()).into();
        assert_eq!(judge(&changed.to_string()), Err(VerificationError::FieldError), "{part}");
    }
}

/// Keys are fetched once, and who sends unknown ones makes no requests.
#[tokio::test]
async fn unknown_keys_are_not_asked_for_again_and_again() {
    let server = Server::start().await;
    let discovery = format!("{}/configuration", server.url);
    let ok = |body: String| Answer { status: 200, body, ..Answer::default() };
    let configuration = ok(format!(r#"{{"jwks_uri":"{}/keys"}}"#, server.url));
    let keys = PlatformKeys::new(http_client());
    server.answers([Answer { status: 503, ..Answer::default() }]);
    assert!(keys.published(&discovery, 1_000, false).await.is_err());
    assert!(keys.published(&discovery, 1_059, false).await.is_err());
    assert_eq!(server.asked().len(), 1);
    let set = ok(r#"{"keys":[{"kid":"a","n":"AQAB","e":"AQAB"},{"kid":"ec","kty":"EC"}]}"#.into());
    server.answers([configuration.clone(), set]);
    for (now, missing, asked) in [(1_060, false, 2), (2_000, false, 0), (2_000, true, 0), (4_659, true, 0)] {
        let found = keys.published(&discovery, now, missing).await.unwrap();
        assert_eq!((found.len(), server.asked().len()), (1, asked), "at {now}");
    }
    // An hour later, and then the platform is not there: what is known stays.
    server.answers([Answer { status: 503, ..Answer::default() }]);
    for (now, asked) in [(4_660, 1), (4_661, 0), (4_720, 1)] {
        let found = keys.published(&discovery, now, true).await.unwrap();
        assert_eq!((found.len(), server.asked().len()), (1, asked), "at {now}");
    }
}

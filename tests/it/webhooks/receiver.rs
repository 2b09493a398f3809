//! Somebody who receives webhooks: a real server on loopback that keeps what it gets, answers as it was
//! told to, and knows the secret.
//!
//! It knows what Standard Webhooks say of a receiver, and nothing of the gateway.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::{hmac, signature};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A webhook as it came.
#[derive(Clone, Debug)]
pub struct Got {
    headers: HeaderMap,
    /// Its body as it came.
    pub raw: String,
}

impl Got {
    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("headers are ASCII")
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// Its body.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.raw).expect("JSON")
    }

    /// What it tells.
    pub fn kind(&self) -> String {
        self.body()["type"].as_str().expect("a type").to_owned()
    }

    /// Of which interaction; empty where of none.
    pub fn interaction(&self) -> String {
        self.body()["interaction"].as_str().unwrap_or_default().to_owned()
    }

    /// What is signed, as the specification has it.
    fn signed(&self) -> String {
        format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.raw)
    }

    /// How many signatures stand in its header.
    pub fn signatures(&self) -> usize {
        self.header("webhook-signature").split(' ').count()
    }

    /// Whether one of its signatures is by that secret, `whsec_…`.
    pub fn is_by(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").expect("whsec_")).expect("base64");
        assert!((24..=64).contains(&key.len()), "the specification's bounds");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        self.of("v1,").iter().any(|made| hmac::verify(&key, self.signed().as_bytes(), made).is_ok())
    }

    /// Whether one of its signatures is by the pair of that public key, `whpk_…`.
    pub fn is_by_pair(&self, public: &str) -> bool {
        let key = BASE64_STANDARD.decode(public.strip_prefix("whpk_").expect("whpk_")).expect("base64");
        let key = signature::UnparsedPublicKey::new(&signature::ED25519, key);
        self.of("v1a,").iter().any(|made| key.verify(self.signed().as_bytes(), made).is_ok())
    }

    fn of(&self, scheme: &str) -> Vec<Vec<u8>> {
        let all = self.header("webhook-signature").split(' ').filter_map(|one| one.strip_prefix(scheme));
        all.map(|one| BASE64_STANDARD.decode(one).expect("base64")).collect()
    }
}

/// An answer: a status and a header.
pub type Answer = (u16, Option<(&'static str, String)>);

type Answers = dyn Fn(&Got) -> Answer + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct Receiver {
    /// Its address.
    pub url: String,
    inside: Arc<Inside>,
}

struct Inside {
    got: Mutex<Vec<Got>>,
    answers: Mutex<Arc<Answers>>,
    /// How many of one interaction are being answered, and the most that ever were.
    at_once: Mutex<(BTreeMap<String, usize>, usize)>,
    /// Told whenever something has come.
    came: Notify,
    /// While it is set, nothing is answered before `let_go`.
    holds: Mutex<bool>,
    let_go: Notify,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
        let answers: Arc<Answers> = Arc::new(|_| (204, None));
        let inside = Inside {
            got: Mutex::default(),
            answers: Mutex::new(answers),
            at_once: Mutex::default(),
            came: Notify::new(),
            holds: Mutex::default(),
            let_go: Notify::new(),
        };
        let receiver = Self { url, inside: Arc::new(inside) };
        let router = Router::new().fallback(answer).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// Answers so from now on.
    pub fn answers(&self, answers: impl Fn(&Got) -> Answer + Send + Sync + 'static) {
        *self.inside.answers.lock().expect("nobody panicked") = Arc::new(answers);
    }

    /// Answers with that status from now on.
    pub fn says(&self, status: u16) {
        self.answers(move |_| (status, None));
    }

    /// What came since this was last asked for.
    pub fn got(&self) -> Vec<Got> {
        std::mem::take(&mut *self.inside.got.lock().expect("nobody panicked"))
    }

    /// What kinds came since then.
    pub fn kinds(&self) -> Vec<String> {
        self.got().iter().map(Got::kind).collect()
    }

    /// The most of one interaction that ever were under way at one time.
    pub fn most_at_once(&self) -> usize {
        self.inside.at_once.lock().expect("nobody panicked").1
    }

    /// From now on nothing is answered.
    pub fn holds(&self) {
        *self.inside.holds.lock().expect("nobody panicked") = true;
    }

    /// Everything is answered again.
    pub fn lets_go(&self) {
        *self.inside.holds.lock().expect("nobody panicked") = false;
        self.inside.let_go.notify_waiters();
    }

    /// Waits until something has come.
    pub async fn has_come(&self) {
        tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let came = self.inside.came.notified();
                if !self.inside.got.lock().expect("nobody panicked").is_empty() {
                    return;
                }
                came.await;
            }
        })
        .await
        .expect("something comes");
    }
}

async fn answer(State(receiver): State<Receiver>, request: Request) -> Response<axum::body::Body> {
    let inside = &receiver.inside;
    let (parts, body) = request.into_parts();
    assert_eq!((parts.method.as_str(), &parts.headers["content-type"]), ("POST", &"application/json".parse().unwrap()));
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let got = Got { headers: parts.headers, raw: String::from_utf8(body.to_vec()).expect("UTF-8") };
    let of = got.interaction();
    {
        let mut at_once = inside.at_once.lock().expect("nobody panicked");
        let (by_interaction, most) = &mut *at_once;
        let now = by_interaction.entry(of.clone()).or_default();
        *now += 1;
        *most = (*now).max(*most);
    }
    inside.got.lock().expect("nobody panicked").push(got.clone());
    inside.came.notify_waiters();
    loop {
        let let_go = inside.let_go.notified();
        if !*inside.holds.lock().expect("nobody panicked") {
            break;
        }
        let_go.await;
    }
    let answers = inside.answers.lock().expect("nobody panicked").clone();
    let (status, header) = answers(&got);
    if let Some(now) = inside.at_once.lock().expect("nobody panicked").0.get_mut(&of) {
        *now -= 1;
    }
    let mut response = Response::builder().status(status);
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(axum::body::Body::empty()).expect("well-formed")
}

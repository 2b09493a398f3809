//! Somebody who checks documents: a real server on loopback that believes only what is signed, keeps what it
//! gets, and says what it was told to, at once or later.
//!
//! It knows what `docs/identity-providers.md` says, and nothing of the gateway.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{Reply, Team};

pub const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

type Says = dyn Fn(&Value) -> (u16, Value) + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct Provider {
    pub url: String,
    inside: Arc<Inside>,
}

struct Inside {
    got: Mutex<Vec<Value>>,
    says: Mutex<Arc<Says>>,
    unsigned: Mutex<bool>,
}

/// What it finds.
pub fn clear(check: &str, genuine: bool) -> Value {
    json!({"check": check, "quality": {"passed": true}, "authentication": {"passed": genuine}})
}

pub fn unclear(check: &str) -> Value {
    json!({"check": check, "quality": {"passed": false, "flaws": ["incomplete", "wrong_document"]}})
}

/// The headers of Standard Webhooks over a body.
pub fn signed(id: &str, unix: u64, body: &str, secret: &str) -> [(&'static str, String); 3] {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").expect("whsec_")).expect("base64");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), format!("{id}.{unix}.{body}").as_bytes());
    let signature = format!("v1,{}", BASE64_STANDARD.encode(tag));
    [("webhook-id", id.to_owned()), ("webhook-timestamp", unix.to_string()), ("webhook-signature", signature)]
}

impl Provider {
    /// One that finds everything genuine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}/check", listener.local_addr().expect("it is bound"));
        let says: Arc<Says> = Arc::new(|asked| (200, clear(asked["check"].as_str().unwrap_or_default(), true)));
        let inside = Inside { got: Mutex::default(), says: Mutex::new(says), unsigned: Mutex::default() };
        let provider = Self { url, inside: Arc::new(inside) };
        let router = Router::new().fallback(answer).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Says so from now on.
    pub fn says(&self, says: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) {
        *self.inside.says.lock().unwrap() = Arc::new(move |asked| says(asked["check"].as_str().unwrap_or_default()));
    }

    /// From now on its answers are not signed.
    pub fn signs_no_more(&self) {
        *self.inside.unsigned.lock().unwrap() = true;
    }

    /// What it was asked since this was last looked at.
    pub fn got(&self) -> Vec<Value> {
        std::mem::take(&mut *self.inside.got.lock().unwrap())
    }

    /// The id of the one check that it was asked for since then.
    pub fn check(&self) -> String {
        let got = self.got();
        assert_eq!(got.len(), 1, "one is asked for at a time");
        got[0]["check"].as_str().expect("an id").to_owned()
    }

    /// Calls a gateway that listens, now.
    #[expect(clippy::disallowed_methods, reason = "that gateway lives by the real clock")]
    pub async fn posts(&self, callback: &str, verdict: &Value) {
        let unix = u64::try_from(jiff::Timestamp::now().as_second()).expect("after 1970");
        let body = verdict.to_string();
        let request = reqwest::Client::builder().no_proxy().build().expect("a client").post(callback);
        let headers = signed("call", unix, &body, SECRET);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let reply = request.header("content-type", "application/json").body(body).send().await.expect("it answers");
        assert_eq!(reply.status(), 200);
    }

    /// Calls the gateway with a verdict.
    pub async fn calls(&self, team: &Team, id: &str, verdict: &Value) -> Reply {
        use countersign::ambient::Clock;
        let (unix, body) = (team.world.clock.now() / 1000, verdict.to_string());
        call(team, "house", &signed(id, unix, &body, SECRET), body).await
    }
}

/// A call as it stands.
pub async fn call(team: &Team, provider: &str, headers: &[(&'static str, String)], body: String) -> Reply {
    let request = http::Request::post(format!("/v1/identity/{}/{provider}", team.name));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let request = request.header("content-type", "application/json");
    team.world.send(request.body(body.into()).expect("well-formed")).await
}

async fn answer(State(provider): State<Provider>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let text = String::from_utf8(body.to_vec()).expect("UTF-8");
    let header = |name: &str| parts.headers[name].to_str().expect("ASCII").to_owned();
    let (id, unix) = (header("webhook-id"), header("webhook-timestamp"));
    let [.., (_, right)] = signed(&id, unix.parse().expect("a time"), &text, SECRET);
    assert_eq!(header("webhook-signature"), right, "the gateway signs what it asks");
    assert_eq!(header("content-type"), "application/json");
    let asked: Value = serde_json::from_str(&text).expect("JSON");
    if asked["type"] == "identity.ping" {
        return axum::http::StatusCode::NO_CONTENT.into_response();
    }
    assert_eq!(asked["check"], id, "one id for both");
    provider.inside.got.lock().unwrap().push(asked.clone());
    let says = provider.inside.says.lock().unwrap().clone();
    let (status, said) = says(&asked);
    let body = said.to_string();
    let mut response = Response::builder().status(status);
    if !*provider.inside.unsigned.lock().unwrap() {
        for (name, value) in signed(&id, unix.parse().expect("a time"), &body, SECRET) {
            response = response.header(name, value);
        }
    }
    response.body(body.into()).expect("well-formed")
}

//! A server on this machine that keeps what it is asked: a platform's API, or a team's bot.
//! It knows neither; what it answers, its test says.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct Inside {
    asked: Vec<Asked>,
    /// What the next are answered; then 200 and `{"ok":true}`.
    answers: Vec<(u16, &'static str)>,
}

/// The server.
#[derive(Clone, Default)]
pub struct Receiver {
    pub url: String,
    inside: Arc<Mutex<Inside>>,
    /// Who has it keeps all waiting for their answers.
    gate: Arc<tokio::sync::RwLock<()>>,
    came: Arc<Notify>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let receiver = Self { url, ..Self::default() };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// The next are answered so, in this order.
    pub fn answers(&self, answers: &[(u16, &'static str)]) {
        self.lock().answers = answers.to_vec();
    }

    /// Nobody is answered before this is dropped.
    pub fn hold(&self) -> tokio::sync::OwnedRwLockWriteGuard<()> {
        self.gate.clone().try_write_owned().expect("nobody waits yet")
    }

    /// Waits until it was asked so many times.
    pub async fn was_asked(&self, times: usize) {
        while self.lock().asked.len() < times {
            self.came.notified().await;
        }
    }

    /// All that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(State(receiver): State<Receiver>, request: Request) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 4 << 20).await.expect("it comes whole").to_vec();
    receiver.lock().asked.push(Asked { path: parts.uri.to_string(), headers: parts.headers, body });
    receiver.came.notify_one();
    let _open = receiver.gate.read().await;
    let mut inside = receiver.lock();
    let (status, body) = if inside.answers.is_empty() { (200, r#"{"ok":true}"#) } else { inside.answers.remove(0) };
    (StatusCode::from_u16(status).expect("a status"), body)
}

//! A server that plays a platform: it keeps what it is asked and answers what it was told to.
//! Tokens it gives to anybody.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use tokio::net::TcpListener;

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// What it answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

#[derive(Clone, Default)]
pub struct Server {
    inside: Arc<Mutex<Inside>>,
    pub url: String,
}

#[derive(Default)]
struct Inside {
    asked: Vec<Asked>,
    answers: Vec<Answer>,
    tokens: usize,
    broken: bool,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, ..Self::default() };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// Answers so from now on: the last of several again and again.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.inside.lock().unwrap().answers = answers.into_iter().collect();
    }

    /// What it was asked since it was last asked for that, tokens apart.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.inside.lock().unwrap().asked)
    }

    /// Gives no more tokens.
    pub fn breaks(&self) {
        self.inside.lock().unwrap().broken = true;
    }

    /// How many tokens it has given.
    pub fn tokens(&self) -> usize {
        self.inside.lock().unwrap().tokens
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    let mut inside = server.inside.lock().unwrap();
    if parts.uri.path().ends_with("/token") {
        if inside.broken {
            return Response::builder().status(503).body(Body::empty()).unwrap();
        }
        inside.tokens += 1;
        let token = format!(r#"{{"access_token":"TOKEN-{}","token_type":"Bearer","expires_in":3600}}"#, inside.tokens);
        return Response::new(Body::from(token));
    }
    let path = parts.uri.path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default();
    inside.asked.push(Asked { method: parts.method.to_string(), path, headers: parts.headers, body });
    let answer = if inside.answers.len() > 1 { inside.answers.remove(0) } else { inside.answers[0].clone() };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}

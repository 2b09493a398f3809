//! A company's website of another origin than the gateway's: a page under a strict policy that embeds
//! the chat with one tag, its back end, its bot, and its login page. It knows only the API.

use std::sync::{Arc, Mutex, OnceLock};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::world::{SecurityKey, jwt, unique};

/// The website.
pub struct Site {
    /// By the name that the team allows.
    pub url: String,
    /// The same by another name: another origin.
    pub alias: String,
    inside: Arc<Inside>,
    server: JoinHandle<()>,
}

/// What its servers share.
#[derive(Default)]
struct Inside {
    gateway: OnceLock<Gateway>,
    chat: Mutex<String>,
    tokens: Mutex<usize>,
    heard: Mutex<Vec<Value>>,
    entered: Mutex<usize>,
    done_pages: Mutex<Vec<String>>,
}

struct Gateway {
    url: String,
    bot: String,
    key: SecurityKey,
}

impl Site {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let inside = Arc::<Inside>::default();
        let router = Router::new()
            .route("/", get(page))
            .route("/beside-evil", get(beside_evil))
            .route("/spy.js", get(|| async { script(SPY) }))
            .route("/evil", get(|| async { Html("<script src=\"/evil.js\"></script>") }))
            .route("/evil.js", get(|| async { script(EVIL) }))
            .route("/chat-token", post(chat_token))
            .route("/heard", post(hear))
            .route("/login", get(login))
            .route("/sign-in", get(sign_in).post(sign_in_as))
            .route("/inside", get(let_in))
            .with_state(inside.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url: format!("http://localhost:{port}"), alias: format!("http://127.0.0.1:{port}"), inside, server }
    }

    /// From now on its servers know their gateway.
    pub fn meets(&self, url: &str, bot: &str, key: SecurityKey) {
        let gateway = Gateway { url: url.to_owned(), bot: bot.to_owned(), key };
        assert!(self.inside.gateway.set(gateway).is_ok(), "once");
    }

    /// The visitor's conversation.
    pub fn talks_in(&self, chat: &str) {
        chat.clone_into(&mut self.inside.chat.lock().expect("nobody panics"));
    }

    /// What the bot has heard, texts alone.
    pub fn heard(&self) -> Vec<String> {
        let heard = self.inside.heard.lock().expect("nobody panics");
        heard.iter().map(|told| told["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Everything that the bot was ever told.
    pub fn told(&self) -> String {
        format!("{:?}", self.inside.heard.lock().expect("nobody panics"))
    }

    /// How many browsers the gateway has let in, by its word.
    pub fn entered(&self) -> usize {
        *self.inside.entered.lock().expect("nobody panics")
    }

    /// The addresses of done pages that the login page has led browsers on to.
    pub fn done_pages(&self) -> Vec<String> {
        self.inside.done_pages.lock().expect("nobody panics").clone()
    }

    /// How many tokens the page has asked for.
    pub fn tokens(&self) -> usize {
        *self.inside.tokens.lock().expect("nobody panics")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Inside {
    fn gateway(&self) -> &Gateway {
        self.gateway.get().expect("they have met")
    }

    async fn call(&self, act: &str, body: Value) -> Value {
        let Gateway { url, bot, .. } = self.gateway();
        let chat = self.chat.lock().expect("nobody panics").clone();
        let client = Client::builder().no_proxy().build().expect("a client");
        let asked = client.post(format!("{url}/v1/interactions/{chat}/{act}")).bearer_auth(bot).json(&body);
        asked.send().await.expect("it answers").json().await.expect("JSON")
    }
}

/// What of messages and of its own policy the page gets to see.
const SPY: &str = "window.seen = []; window.violations = [];
addEventListener('message', (event) => window.seen.push(JSON.stringify(event.data)));
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));";

/// A frame of another company on the same page.
const EVIL: &str = "setInterval(() => {
  for (const type of ['wants-token', 'close', 'unread']) parent.postMessage({ type: `countersign.window.${type}`, count: 7 }, '*');
}, 20);";

fn script(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript")], text).into_response()
}

fn html(gateway: &str, lang: &str, more: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{lang}\"><meta charset=\"utf-8\"><title>Linden Bank</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <script src=\"/spy.js\"></script>\
         <script src=\"{gateway}/countersign.js\" data-team=\"linden\" data-token=\"/chat-token\" defer></script>\
         <main><h1>Linden Bank</h1><p>Accounts, cards and a <a href=\"#\">chat</a>.</p></main>{more}"
    )
}

#[derive(Deserialize)]
struct Look {
    lang: Option<String>,
}

/// As strict as a policy can be that names the chat.
async fn page(State(inside): State<Arc<Inside>>, Query(look): Query<Look>) -> Response {
    let gateway = &inside.gateway().url;
    let policy = format!(
        "default-src 'none'; script-src 'self' {gateway}; frame-src {gateway}; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'"
    );
    let head = [(header::CONTENT_SECURITY_POLICY, policy)];
    (head, Html(html(gateway, look.lang.as_deref().unwrap_or("en"), ""))).into_response()
}

async fn beside_evil(State(inside): State<Arc<Inside>>, headers: HeaderMap) -> Html<String> {
    let port = headers[header::HOST].to_str().expect("a host").rsplit(':').next().expect("a port").to_owned();
    Html(html(&inside.gateway().url, "en", &format!("<iframe src=\"http://127.0.0.1:{port}/evil\"></iframe>")))
}

async fn chat_token(State(inside): State<Arc<Inside>>) -> Json<Value> {
    *inside.tokens.lock().expect("nobody panics") += 1;
    Json(inside.call("chat-tokens", json!({})).await)
}

/// The bot: it answers everything that it hears.
async fn hear(State(inside): State<Arc<Inside>>, Json(told): Json<Value>) -> StatusCode {
    let text = format!("You said: {}", told["text"].as_str().unwrap_or_default());
    inside.heard.lock().expect("nobody panics").push(told);
    inside.call("replies", json!({ "text": text })).await;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Asked {
    cs_token: String,
    cs_callback: String,
}

/// The login page of somebody who is not logged in yet: its form goes to the signed address itself.
async fn sign_in() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Linden Bank</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <main><h1>Linden Bank</h1><form method=\"post\">\
         <button id=\"sign-in\" name=\"account\" value=\"cust-42\">Log in</button>\
         <button id=\"sign-in-stranger\" name=\"account\" value=\"cust-666\">Log in as somebody else</button>\
         <button id=\"cancel\" name=\"account\" value=\"\">Cancel</button></form></main>",
    )
}

#[derive(Deserialize)]
struct Word {
    cs_entry: Option<String>,
}

/// Where the team lets people in.
async fn let_in(State(inside): State<Arc<Inside>>, Query(word): Query<Word>) -> Html<&'static str> {
    if word.cs_entry.is_some() {
        *inside.entered.lock().expect("nobody panics") += 1;
    }
    Html("<!doctype html><html lang=\"en\"><title>Linden Bank</title><main><h1 id=\"inside\">Welcome</h1></main>")
}

/// The login page of a customer who is logged in already.
async fn login(State(inside): State<Arc<Inside>>, Query(asked): Query<Asked>) -> Response {
    let jti = format!("{:0>22}", unique());
    answer(&inside, &asked, json!({"sub": "cust-42", "jti": jti, "name": "Demo Customer"})).await
}

#[derive(Deserialize)]
struct Account {
    account: String,
}

/// Somebody logs in there, or cancels. Its `jti` can be foreseen: it is the nonce.
async fn sign_in_as(
    State(inside): State<Arc<Inside>>,
    Query(asked): Query<Asked>,
    Form(who): Form<Account>,
) -> Response {
    let outcome = match who.account.is_empty() {
        true => json!({"outcome": "cancelled"}),
        false => json!({"sub": who.account}),
    };
    let mut claims = json!({"jti": asked.cs_token, "name": "Demo Customer"});
    claims.as_object_mut().expect("an object").extend(outcome.as_object().expect("an object").clone());
    answer(&inside, &asked, claims).await
}

/// Posts the assertion back, and leads the browser on to where it is told; where it is told nothing, it stays.
async fn answer(inside: &Inside, asked: &Asked, more: Value) -> Response {
    let key = &inside.gateway().key;
    #[expect(clippy::disallowed_methods, reason = "the gateway under test has the system's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let mut claims =
        json!({"iss": "site", "aud": asked.cs_callback, "nonce": asked.cs_token, "iat": now, "exp": now + 60});
    claims.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let assertion = jwt(&json!({"alg": "HS256", "typ": "JWT", "kid": key.kid}), &claims, &key.secret);
    let client = Client::builder().no_proxy().build().expect("a client");
    let told = client.post(&asked.cs_callback).json(&json!({ "assertion": assertion })).send().await;
    let told: Value = told.expect("it answers").json().await.expect("JSON");
    let Some(to) = told["continue_url"].as_str() else {
        return (
            StatusCode::CONFLICT,
            Html(
                "<!doctype html><html lang=\"en\"><title>Linden Bank</title>\
            <main><h1 id=\"refused\">This login was answered before</h1></main>",
            ),
        )
            .into_response();
    };
    inside.done_pages.lock().expect("nobody panics").push(to.to_owned());
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

//! An external login page for Countersign, in axum.
//!
//! It believes nothing of a request before the link's signature and time are checked, and keeps
//! no state: the form posts to the signed link itself, so every request is checked again. The browser
//! that logs in is led on, in the reply to its own request, and no other can ask for it.
//!
//! `SECURITY_KID=… SECURITY_KEY=… PUBLIC_URL=http://127.0.0.1:8090 PORT=8090 cargo run --example login_page`
#![allow(clippy::print_stdout, reason = "says where it listens")]
#![allow(clippy::disallowed_methods, reason = "an example stands outside the gateway, its clock and its chance")]

use std::{collections::HashMap, env, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use aws_lc_rs::hmac;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Form, Router, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use url::Url;

type Params = HashMap<String, String>;

struct Page {
    kid: String,
    key: Vec<u8>,
    /// Our own origin: the `Host` header is whatever a caller likes.
    public_url: String,
    http: reqwest::Client,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let page = Page {
        kid: env::var("SECURITY_KID").context("SECURITY_KID")?,
        key: URL_SAFE_NO_PAD.decode(env::var("SECURITY_KEY").context("SECURITY_KEY")?)?,
        public_url: env::var("PUBLIC_URL").unwrap_or_else(|_| "http://127.0.0.1:8090".into()),
        http: reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?,
    };
    let port = env::var("PORT").map_or(Ok(8090), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("login page on {}", page.public_url);
    let routes = Router::new().fallback_service(get(show).post(submit).with_state(Arc::new(page)));
    Ok(axum::serve(listener, routes.layer(DefaultBodyLimit::max(4096))).await?)
}

async fn show(State(page): State<Arc<Page>>, uri: Uri) -> Response {
    match page.signed_link(&uri.to_string()) {
        Some(_) => form(""),
        None => html(StatusCode::FORBIDDEN, "<p>This link is not ours or has ended. Ask for a new one in the chat."),
    }
}

async fn submit(State(page): State<Arc<Page>>, uri: Uri, headers: HeaderMap, Form(typed): Form<Params>) -> Response {
    let Some(link) = page.signed_link(&uri.to_string()) else {
        return html(StatusCode::FORBIDDEN, "<p>This link is not ours or has ended. Ask for a new one in the chat.");
    };
    // Only our own form: else a stranger's website logs this browser in to the stranger's account.
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return html(StatusCode::FORBIDDEN, "<p>Open the link in the chat again.");
    }
    let field = |name: &str| typed.get(name).map(String::as_str);
    let claims = match (field("act"), field("user"), field("password")) {
        (Some("cancel"), ..) => json!({"sub": "nobody", "outcome": "cancelled"}),
        // Your own check of the person goes here, with a limit on guesses.
        (_, Some("demo"), Some("demo")) => {
            json!({"sub": "cust-42", "name": "Demo Customer", "auth_time": now(), "amr": ["pwd"]})
        }
        _ => return form("Wrong user or password."),
    };
    match page.post_back(&link, claims).await {
        Ok(Some(url)) if !url.is_empty() => Redirect::to(&url).into_response(),
        Ok(Some(_)) => html(StatusCode::OK, "<p>You are logged in. Go back to the chat."),
        Ok(None) => html(StatusCode::CONFLICT, "<p>This login could not be taken. Ask for a new link in the chat."),
        Err(error) => {
            eprintln!("post-back failed: {error:#}");
            html(StatusCode::BAD_GATEWAY, "<p>Please try again in a moment.")
        }
    }
}

impl Page {
    /// The parameters of a link that our gateway signed and that is not over.
    fn signed_link(&self, target: &str) -> Option<Params> {
        let url = format!("{}{target}", self.public_url);
        let (signed, signature) = url.rsplit_once("&cs_signature=")?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key);
        hmac::verify(&key, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?; // in constant time
        let link: Params = Url::parse(signed).ok()?.query_pairs().into_owned().collect(); // only what is signed
        match link.get("cs_expires") {
            Some(end) if end.parse::<i64>().ok()? <= now() => None,
            _ => Some(link), // without `cs_expires` the link never ends
        }
    }

    /// Tells the gateway what came of it, server to server; where to lead this browser, and no other. Empty where
    /// the flag was raised meanwhile.
    async fn post_back(&self, link: &Params, mut claims: Value) -> Result<Option<String>> {
        let callback = link.get("cs_callback").context("cs_callback")?;
        claims["iss"] = self.public_url.clone().into();
        claims["aud"] = callback.clone().into();
        claims["nonce"] = link.get("cs_token").cloned().into();
        claims["jti"] = fresh_id()?.into();
        claims["iat"] = now().into();
        claims["exp"] = (now() + 60).into();
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::HS256) };
        let assertion = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&self.key))?;

        let send = || self.http.post(callback).json(&json!({"assertion": assertion})).send();
        let reply = match send().await {
            Ok(reply) => reply,
            // A lost reply: the same assertion again. Had the first arrived, this one is 409 `replayed`.
            Err(_) => send().await?,
        };
        let status = reply.status();
        let body: Value = reply.json().await?;
        if status.is_success() || (status == 409 && body["code"] == "replayed") {
            return Ok(Some(body["continue_url"].as_str().unwrap_or_default().to_owned()));
        }
        eprintln!("post-back refused: {status} {}", body["code"]);
        Ok(None)
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn fresh_id() -> Result<String> {
    let mut bytes = [0; 24];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("no randomness")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn form(note: &str) -> Response {
    let fields = r#"<form method="post">
<p><label>User <input name="user" autocomplete="username" required autofocus></label>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<p><button>Log in</button> <button name="act" value="cancel" formnovalidate>Cancel</button></form>"#;
    html(StatusCode::OK, &format!(r#"<p role="alert">{note}</p>{fields}"#))
}

fn html(status: StatusCode, inner: &str) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"), // the address holds the link's token
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ];
    let text = format!(
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Log in</title>
<meta name="viewport" content="width=device-width"><h1>Example bank</h1>{inner}</html>"#
    );
    (status, headers, Html(text)).into_response()
}

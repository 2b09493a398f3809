//! The people of the company as they come in: invited, with a password and an app, by the owner's key or by
//! OpenID Connect; what they may do while they are in, and how soon they may not.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use serde_json::{Value, json};

use crate::world::{OWNER, Reply, Team, URL, World, hidden, worlds};

mod admin;
mod desk;
mod embeds;
mod oidc;
mod sessions;
mod users;

/// Good, and nobody's.
pub const PASSWORD: &str = "vexed lamp 7 rows";

/// A browser of somebody who works here. It keeps cookies and sends forms; of scripts it knows what they send.
#[derive(Clone)]
pub struct Desk {
    pub world: World,
    pub cookies: BTreeMap<String, String>,
}

impl Desk {
    pub fn new(world: &World) -> Self {
        Self { world: world.clone(), cookies: BTreeMap::new() }
    }

    /// The same browser before another node.
    pub fn before(&self, world: &World) -> Self {
        Self { world: world.clone(), cookies: self.cookies.clone() }
    }

    fn request(&self, method: &str, url: &str) -> http::request::Builder {
        let path = url.strip_prefix(URL).unwrap_or(url);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = http::Request::builder().method(method).uri(path);
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    async fn send(&mut self, request: http::Request<Body>) -> Reply {
        let reply = self.world.send(request).await;
        for cookie in reply.headers.get_all("set-cookie") {
            let text = cookie.to_str().expect("a cookie is text");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            assert!(text.contains("; HttpOnly") && text.contains("; SameSite=Lax"), "{text}");
            assert!(name.starts_with("__Host-") && text.contains("; Secure") && text.contains("; Path=/"), "{text}");
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    pub async fn get(&mut self, url: &str) -> Reply {
        let request = self.request("GET", url).body(Body::empty()).expect("well-formed");
        self.send(request).await
    }

    /// Sends a form from one of our own pages.
    pub async fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Reply {
        self.post_from(url, fields, URL).await
    }

    pub async fn post_from(&mut self, url: &str, fields: &[(&str, &str)], origin: &str) -> Reply {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", url).header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("origin", origin).body(Body::from(form)).expect("well-formed");
        self.send(request).await
    }

    /// Fills in the page's first form and sends it.
    pub async fn sign_in(&mut self, fields: &[(&str, &str)]) -> Reply {
        let page = self.get("/signin").await;
        self.sign_in_on(&page, fields).await
    }

    pub async fn sign_in_on(&mut self, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let nonce = hidden(&page.text(), "nonce");
        assert!(!nonce.is_empty(), "{}", page.text());
        let all: Vec<_> = [("nonce", nonce.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post("/signin", &all).await
    }

    pub async fn sign_in_as(&mut self, team: &str, name: &str, password: &str) -> Reply {
        self.sign_in(&[("act", "password"), ("team", team), ("name", name), ("password", password)]).await
    }

    /// Comes in, by the one right way.
    pub async fn comes_in(&mut self, team: &str, name: &str) {
        let reply = self.sign_in_as(team, name, PASSWORD).await;
        assert_eq!((reply.status, reply.header("location").as_str()), (303, "/agent"), "{}", reply.text());
    }

    /// The word of the pages of whoever is in.
    pub async fn word(&mut self) -> String {
        let page = self.get("/account").await;
        hidden(&page.text(), "csrf_token")
    }

    /// What a script of ours asks.
    pub async fn call(&mut self, method: &str, path: &str, body: Value) -> Reply {
        let word = self.word().await;
        self.call_with(method, path, body, &[("x-csrf-token", &word), ("sec-fetch-site", "same-origin")]).await
    }

    pub async fn call_with(&mut self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        self.send(request.body(body).expect("well-formed")).await
    }

    /// Whether somebody is in.
    pub async fn is_in(&mut self) -> bool {
        let reply = self.get("/agent").await;
        match reply.status {
            200 => true,
            303 => reply.header("location") == "/admin", // where the first team is made
            other => panic!("{other}"),
        }
    }

    pub fn session(&self) -> Option<&String> {
        self.cookies.get("__Host-cs_session")
    }
}

impl Team {
    /// An admin makes a user; the reply.
    pub async fn user(&self, name: &str, body: Value) -> Reply {
        self.world.call(&self.admin, "PUT", &format!("/v1/teams/{}/users/{name}", self.name), body).await
    }

    /// A user who has set her password.
    pub async fn staff(&self, name: &str, role: &str) -> Desk {
        let path = format!("/v1/teams/{}/users/{name}", self.name);
        let made = self.world.call(OWNER, "PUT", &path, json!({"role": role})).await.expect(201);
        let mut desk = Desk::new(&self.world);
        desk.sets_password(made["invitation"]["url"].as_str().expect("told once"), PASSWORD).await;
        desk
    }
}

impl Desk {
    /// Follows a set-password link.
    pub async fn sets_password(&mut self, url: &str, password: &str) -> Reply {
        let page = self.get(url).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let nonce = hidden(&page.text(), "nonce");
        self.post(url, &[("nonce", &nonce), ("password", password), ("again", password)]).await
    }
}

/// What the house promises of every page that staff see.
pub fn is_guarded(page: &Reply) {
    let policy = page.header("content-security-policy");
    for part in
        ["default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"]
    {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
}

/// Another node sees within a second what one did.
pub async fn a_second(world: &World) {
    world.clock.advance(Duration::from_secs(1));
}

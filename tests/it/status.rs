//! How flags stand for the page of a portal: who may look, what is told, and when it ends. How it looks is
//! `browser/status`'s.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use http::{Request, Response};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{CHAT, OWNER, Reply, Team, URL, World, worlds};

/// What a portal's back end is given for its page.
async fn leave(team: &Team, chat: &str) -> Value {
    team.bot("POST", chat, "/embed-links", json!({"panel": "status"})).await.expect(201)
}

async fn token(team: &Team, chat: &str) -> String {
    leave(team, chat).await["token"].as_str().expect("a token").to_owned()
}

/// What a page of that website asks.
fn asks(team: &str, origin: Option<&str>, tokens: &[&str]) -> Request<Body> {
    let request = Request::post(format!("/status/{team}")).header("content-type", "application/json");
    let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
    request.body(Body::from(json!({ "tokens": tokens }).to_string())).expect("well-formed")
}

/// A page that watches.
struct Page {
    world: World,
    stream: BodyDataStream,
    told: VecDeque<Value>,
}

impl Page {
    async fn open(world: &World, tokens: &[&str]) -> Self {
        let reply: Response<Body> =
            world.router().oneshot(asks("acme", Some(CHAT), tokens)).await.expect("the router answers");
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["access-control-allow-origin"], CHAT);
        assert_eq!(
            (&reply.headers()["vary"], &reply.headers()["cache-control"]),
            (&"Origin".parse().unwrap(), &"no-store".parse().unwrap())
        );
        assert!(!reply.headers().contains_key("access-control-allow-credentials"));
        Self { world: world.clone(), stream: reply.into_body().into_data_stream(), told: VecDeque::new() }
    }

    /// What is told next; nothing where the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        self.world.gateway.maintain().await.expect("the store is there");
        let reading = async {
            while self.told.is_empty() {
                let text = String::from_utf8(self.stream.next().await?.ok()?.to_vec()).expect("UTF-8");
                let data = text.split("\n\n").filter_map(|block| block.split_once("data: "));
                self.told.extend(data.map(|(_, data)| serde_json::from_str::<Value>(data).expect("JSON")));
            }
            self.told.pop_front()
        };
        tokio::time::timeout(Duration::from_secs(10), reading).await.expect("within moments")
    }

    /// Until that is told; what lay between two acts may be told, too.
    async fn sees(&mut self, chat: &str, status: &str) -> Value {
        loop {
            let told = self.next().await.expect("it goes on");
            assert_eq!(told["interaction"], chat, "{told}");
            assert_eq!(told["authenticated"], told["status"] == "authenticated", "{told}");
            if told["status"] == status {
                return told;
            }
        }
    }
}

/// G-07, G-08: a page sees the flag go up and come down, and of the conversation nothing else.
#[tokio::test]
async fn a_page_sees_flags_rise_and_fall_and_nothing_else_g07_g08() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let (one, two) = (team.open("webchat", "one").await, team.open("whatsapp", "+37255500001").await);
        let made = leave(&team, &one).await;
        assert_eq!(made["url"], format!("{URL}/status/acme"));
        let other = token(&team, &two).await;
        let mut page = Page::open(&world, &[made["token"].as_str().unwrap(), &other]).await;
        for _ in 0..2 {
            let told = page.next().await.expect("each is told at first");
            assert_eq!((&told["status"], &told["seconds_left"]), (&json!("unauthenticated"), &Value::Null), "{told}");
        }
        team.authenticate(&one, "cust-42").await;
        let told = page.sees(&one, "authenticated").await;
        let names: std::collections::BTreeSet<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
        let public = ["authenticated", "expires_at", "interaction", "seconds_left", "status", "token_seconds_left"];
        assert_eq!(names, public.into(), "{told}");
        assert_eq!(told["expires_at"], team.flag(&one).await["expires_at"]);
        team.bot("POST", &one, "/sign-out", json!({})).await.expect(200);
        page.sees(&one, "unauthenticated").await;
        team.bot("POST", &two, "/close", json!({})).await.expect(200);
        page.sees(&two, "closed").await;
    }
}

/// Time alone ends it: the flag's, and the leave's to look.
#[tokio::test]
async fn what_time_ends_is_told_and_so_is_the_end_of_a_leave() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"authentication_timeout_minutes": 5})).await;
    let chat = team.open("webchat", "one").await;
    team.authenticate(&chat, "cust-42").await;
    let word = token(&team, &chat).await;
    let mut page = Page::open(&world, &[&word]).await;
    assert_eq!(page.sees(&chat, "authenticated").await["seconds_left"], 300);
    world.pass(Duration::from_secs(299)).await;
    world.pass(Duration::from_secs(2)).await;
    page.sees(&chat, "expired").await;
    world.pass(Duration::from_secs(300)).await;
    assert_eq!(page.next().await, None, "it ends with its token");
    world.send(asks("acme", Some(CHAT), &[&word])).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn the_same_request_is_the_same_leave_and_does_not_keep_a_conversation_open() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("webchat", "one").await;
        let asked = async |key: &str, body: Value| {
            let request = Request::post(format!("/v1/interactions/{chat}/embed-links"))
                .header("authorization", format!("Bearer {}", team.bot))
                .header("content-type", "application/json")
                .header("idempotency-key", key);
            world.send(request.body(Body::from(body.to_string())).expect("well-formed")).await
        };
        let first = asked("k1", json!({"panel": "status"})).await.expect(201);
        world.pass(Duration::from_secs(60)).await;
        assert_eq!(asked("k1", json!({"panel": "status"})).await.expect(201), first);
        assert_ne!(asked("k2", json!({"panel": "status"})).await.expect(201)["token"], first["token"]);
        for panel in [json!({"panel": "everything"}), json!({}), json!({"panel": "status", "more": 1})] {
            asked("k3", panel).await.refused(422, "invalid");
        }
        for _ in 0..29 {
            world.pass(Duration::from_secs(60)).await;
            leave(&team, &chat).await;
        }
        world.pass(Duration::from_secs(60)).await;
        let told = team.bot("GET", &chat, "", Value::Null).await.expect(200);
        assert_eq!(told["status"], "closed", "to look is no sign of life");
    }
}

/// A085: an origin is answered to only where the team allows it, letter by letter, and never with leave to
/// send cookies.
#[tokio::test]
async fn a085_only_the_teams_websites_may_read() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("webchat", "one").await;
    let word = token(&team, &chat).await;
    let refused = |reply: &Reply| {
        reply.refused(403, "forbidden");
        assert_eq!(reply.header("access-control-allow-origin"), "");
    };
    for origin in [
        "https://evil.example",
        "null",
        &format!("{CHAT}.evil.example"),
        &CHAT.to_uppercase(),
        &format!("{CHAT}/"),
        URL,
        "",
        "*",
    ] {
        refused(&world.send(asks("acme", Some(origin), &[&word])).await);
        let asked =
            Request::options("/status/acme").header("origin", origin).header("access-control-request-method", "POST");
        refused(&world.send(asked.body(Body::empty()).unwrap()).await);
    }
    refused(&world.send(asks("acme", None, &[&word])).await);
    for team in ["nobody", "%00", "ACME"] {
        refused(&world.send(asks(team, Some(CHAT), &[&word])).await);
    }
    let asked = Request::options("/status/acme").header("origin", CHAT).header("access-control-request-method", "POST");
    let told = world.send(asked.body(Body::empty()).unwrap()).await;
    assert_eq!((told.status, told.header("access-control-allow-origin").as_str()), (204, CHAT));
    assert_eq!(told.header("access-control-allow-headers"), "content-type");
    assert_eq!(told.header("access-control-allow-credentials"), "");
    assert_eq!(told.header("vary"), "Origin");

    let plain = Request::post("/status/acme").header("origin", CHAT).header("content-type", "text/plain");
    let plain = plain.body(Body::from(json!({"tokens": [word]}).to_string())).unwrap();
    world.send(plain).await.refused(415, "unsupported-media-type");
    for tokens in [vec![], vec![word.as_str(); 101]] {
        world.send(asks("acme", Some(CHAT), &tokens)).await.refused(422, "invalid");
    }
}

/// A086: nobody watches by another word, in another team, by a URL or a cookie, or for longer than the
/// website is allowed.
#[tokio::test]
async fn a086_a_stream_needs_its_own_word_and_ends_with_the_website() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("webchat", "one").await;
        let word = token(&team, &chat).await;
        for wrong in ["", "x", &word[1..], &format!("{word}A"), &team.bot, OWNER, &chat] {
            world.send(asks("acme", Some(CHAT), &[&word, wrong])).await.refused(401, "unauthorized");
        }
        let by_url = Request::get(format!("/status/acme?token={word}")).header("origin", CHAT);
        world.send(by_url.body(Body::empty()).unwrap()).await.refused(405, "method-not-allowed");

        // Another team's conversation is not known there, whoever vouches for it.
        let other = world.team("other").await;
        let foreign = token(&other, &other.open("webchat", "theirs").await).await;
        let mut page = Page::open(&world, &[&foreign]).await;
        assert_eq!(page.next().await.expect("something is told")["status"], "unknown");
        for team in [&other.bot, ""] {
            let path = format!("/v1/interactions/{chat}/embed-links");
            let reply = world.call(team, "POST", &path, json!({"panel": "status"})).await;
            assert!([401, 404].contains(&reply.status), "{}", reply.text());
        }

        let mut page = Page::open(&world, &[&word]).await;
        page.sees(&chat, "unauthenticated").await;
        team.set(json!({"allowed_origins": ["https://www.example.org"]})).await;
        assert_eq!(page.next().await, None, "it ends");
    }
}

//! The gateway's own web chat, as a team's back end and a browser's window speak to it over HTTP: who
//! comes in, what is said on both sides, and what is nobody's to read. How the window looks, and what
//! its script does, `browser/webchat` says.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{CHAT, Reply, Team, URL, World};

mod attacks;
mod idle;
mod said;
mod secrets;

/// A team with a web chat of the gateway's own, and phones.
async fn team(world: &World) -> Team {
    let team = world.team("acme").await;
    team.channel("sms").await;
    let path = "/v1/teams/acme/channels/webchat";
    world.call(&team.admin, "PUT", path, json!({"definition": "webchat"})).await.expect(201);
    team
}

/// A conversation in it.
async fn open(team: &Team, conversation: &str) -> String {
    let body = json!({"channel": "webchat", "conversation": conversation,
        "participants": [{"role": "primary", "name": "Demo Customer", "phone": "+37255512345"}]});
    let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    opened["id"].as_str().expect("an id").to_owned()
}

/// What the back end gives its page.
async fn token(team: &Team, chat: &str) -> String {
    let made = team.bot("POST", chat, "/chat-tokens", json!({})).await.expect(201);
    made["token"].as_str().expect("a token").to_owned()
}

/// Another node on the same store, or this one after a restart, where the store is one process's own.
async fn elsewhere(world: &World) -> World {
    match world.keeps_a_board() {
        true => world.restarted(false).await,
        false => world.second_node(),
    }
}

/// A browser's window.
struct Window {
    world: World,
    /// Its session.
    session: String,
}

/// An event of its stream.
#[derive(Clone, Debug)]
struct News {
    id: String,
    kind: String,
    data: Value,
}

/// What a window asks, from its own document.
async fn ask(world: &World, team: &str, act: &str, session: &str, body: &Value) -> Reply {
    let request = Request::post(format!("/webchat/{team}/{act}"))
        .header("content-type", "application/json")
        .header("origin", URL)
        .header("authorization", format!("Bearer {session}"));
    world.send(request.body(Body::from(body.to_string())).expect("well-formed")).await
}

/// Changes a token for a session, where the page around the window is of that origin.
async fn come_in(world: &World, team: &str, token: &str, origin: &str) -> Reply {
    ask(world, team, "session", "", &json!({"token": token, "origin": origin})).await
}

impl Window {
    /// A browser that the back end has vouched for.
    async fn open(team: &Team, chat: &str) -> Self {
        let made = come_in(&team.world, &team.name, &token(team, chat).await, CHAT).await.expect(200);
        let session = made["session"].as_str().expect("a session").to_owned();
        Self { world: team.world.clone(), session }
    }

    /// The same window before another node.
    fn at(&self, world: &World) -> Self {
        Self { world: world.clone(), session: self.session.clone() }
    }

    async fn types(&self, id: &str, text: &str) -> Value {
        let body = json!({"message_id": id, "text": text});
        ask(&self.world, "acme", "messages", &self.session, &body).await.expect(200)
    }

    async fn types_in_card(&self, id: &str, text: &str) -> Value {
        let body = json!({"message_id": id, "text": text, "card": true});
        ask(&self.world, "acme", "messages", &self.session, &body).await.expect(200)
    }

    async fn listen(&self, last: &str) -> Stream {
        let request = Request::get("/webchat/acme/stream")
            .header("authorization", format!("Bearer {}", self.session))
            .header("last-event-id", last);
        let reply = self.world.router().oneshot(request.body(Body::empty()).expect("well-formed")).await;
        let reply = reply.expect("the router answers");
        assert_eq!(reply.status(), 200);
        Stream(reply.into_body().into_data_stream())
    }

    /// Everything after that entry, as it stands.
    async fn sees_after(&self, last: &str) -> Vec<News> {
        self.listen(last).await.next().await
    }

    async fn sees(&self) -> Vec<News> {
        self.sees_after("").await
    }
}

struct Stream(BodyDataStream);

impl Stream {
    /// What comes together.
    async fn next(&mut self) -> Vec<News> {
        let chunk = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("news come");
        let chunk = chunk.expect("it goes on").expect("it goes on");
        let text = String::from_utf8(chunk.to_vec()).expect("UTF-8");
        let event = |block: &str| {
            let field =
                |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
            let data = serde_json::from_str(&field("data: ")).unwrap_or_default();
            News { id: field("id: "), kind: field("event: "), data }
        };
        text.split_terminator("\n\n").map(event).collect()
    }

    /// The first entry or state that fits.
    async fn until(&mut self, fits: impl Fn(&News) -> bool) -> News {
        loop {
            if let Some(found) = self.next().await.into_iter().find(&fits) {
                return found;
            }
        }
    }
}

/// The entries among news.
fn entries(news: &[News]) -> Vec<&Value> {
    news.iter().filter(|news| news.kind == "entry").map(|news| &news.data).collect()
}

/// How the conversation stands.
fn state(news: &[News]) -> &Value {
    &news.iter().find(|news| news.kind == "state").expect("it is told").data
}

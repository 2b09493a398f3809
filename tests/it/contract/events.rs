//! `/v1/events` on a socket: the shape of the contract's section 7, ids that rise, resuming,
//! and streams that end with their key.

use std::time::Duration;

use countersign::http::server::serve;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::names;
use crate::world::{OWNER, Team, World};

/// The served router, and the relay that runs behind it.
struct Live {
    url: String,
    stopping: CancellationToken,
    relay: tokio::task::JoinHandle<()>,
}

impl Live {
    async fn serve(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, stopping) = (format!("http://{}", listener.local_addr().unwrap()), CancellationToken::new());
        tokio::spawn(serve::serve(listener, world.router(), Default::default(), stopping.clone()));
        let gateway = world.gateway.clone();
        Self { url, stopping, relay: tokio::spawn(async move { gateway.relay.relay_forever().await }) }
    }

    async fn listen(&self, key: &str, query: &str, last: Option<&str>) -> Stream {
        let request = reqwest::Client::new().get(format!("{}/v1/events{query}", self.url)).bearer_auth(key);
        let request = match last {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert!(reply.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        Stream { reply, text: String::new() }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.relay.abort();
    }
}

struct Stream {
    reply: reqwest::Response,
    text: String,
}

/// One event as it came: its id and type by the stream, and its data.
struct Told {
    id: String,
    kind: String,
    data: Value,
}

impl Stream {
    /// The next event; None where the stream ended or said nothing for so long.
    async fn next(&mut self, patience: Duration) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
                };
                let told = Told {
                    id: field("id:"),
                    kind: field("event:"),
                    data: serde_json::from_str(&field("data:")).unwrap_or_default(),
                };
                self.text = rest.to_owned();
                if !told.id.is_empty() {
                    return Some(told);
                }
                continue; // a comment that keeps the connection
            }
            let chunk = tokio::time::timeout(patience, self.reply.chunk()).await.ok()?.ok()??;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    async fn all(&mut self) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next(Duration::from_millis(600)).await {
            all.push(told);
        }
        all
    }

    /// Whether it ends within so long; what comes until then is read.
    async fn ends_within(&mut self, span: Duration) -> bool {
        let end = async { while let Ok(Some(_)) = self.reply.chunk().await {} };
        tokio::time::timeout(span, end).await.is_ok()
    }
}

async fn id_of(team: &Team, role: &str) -> String {
    let keys =
        team.world.call(OWNER, "GET", &format!("/v1/teams/{}/api-keys", team.name), Value::Null).await.expect(200);
    let found = keys["items"].as_array().unwrap().iter().find(|k| k["role"] == role).unwrap()["id"].clone();
    found.as_str().unwrap().to_owned()
}

/// A132: a gateway that stops ends every stream at one moment; each listener was told another time to come
/// back at, between one and six seconds from then.
#[tokio::test]
async fn a132_listeners_come_back_at_times_of_their_own() {
    let world = World::new().await;
    let (team, live) = (world.team("acme").await, Live::serve(&world).await);
    let mut times = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let mut stream = live.listen(&team.bot, "", None).await;
        let first = stream.reply.chunk().await.unwrap().unwrap();
        let first = String::from_utf8(first.to_vec()).unwrap();
        let said = first.strip_prefix("retry: ").and_then(|rest| rest.strip_suffix("\n\n"));
        let time: u64 = said.unwrap_or_else(|| panic!("{first:?}")).parse().unwrap();
        assert!((1_000..=6_000).contains(&time));
        times.insert(time);
    }
    assert!(times.len() > 4, "{times:?}");
}

#[tokio::test]
async fn events_have_the_shape_of_the_contract_and_resume() {
    let world = World::new().await;
    let (team, other) = (world.team("acme").await, world.team("other").await);
    world.gateway.maintain().await.unwrap();
    let live = Live::serve(&world).await;
    let mut now = live.listen(&team.bot, "", None).await;
    let mut owners = live.listen(OWNER, "?team=acme", None).await;
    let mut others = live.listen(&other.bot, "", None).await;
    let chat = team.open("sms", "+37255512345").await;
    team.authenticate(&chat, "cust-42").await;
    let heard = now.all().await;
    assert_eq!(heard[0].kind, "interaction.opened", "from now on, and not from the beginning");
    let told = heard.iter().find(|told| told.kind == "participant.authenticated").expect("it is told");
    assert_eq!(names(&told.data), ["at", "channel", "data", "id", "interaction", "participant", "team", "type"]);
    assert_eq!(
        (&told.data["team"], &told.data["interaction"], &told.data["participant"]),
        (&json!("acme"), &json!(chat), &json!("p1"))
    );
    assert_eq!(
        (&told.data["type"], &told.data["at"]),
        (&json!("participant.authenticated"), &json!("2026-01-01T00:00:00.000Z"))
    );
    let data = &told.data["data"];
    assert_eq!(
        (&data["methods"], &data["intent"], &data["state"]),
        (&json!(["login"]), &json!("statement_copy"), &json!("ticket-7"))
    );
    assert_eq!(data["expires_at"], "2026-01-01T00:15:00.000Z");
    assert!(heard.iter().all(|told| told.data["id"] == told.id && told.data["type"] == told.kind));
    assert!(heard.windows(2).all(|two| two[0].id < two[1].id), "ids rise");
    let ids = |told: &[Told]| told.iter().map(|t| t.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&owners.all().await), ids(&heard));
    assert!(others.all().await.is_empty(), "another team hears nothing");
    let mut again = live.listen(&team.bot, "", Some(&heard[2].id)).await;
    assert_eq!(ids(&again.all().await), ids(&heard[3..]), "after the last that was read");
    let mut from_the_beginning = live.listen(&team.bot, "", Some("0")).await;
    assert_eq!(from_the_beginning.all().await[0].kind, "team.created");
    for wrong in ["x", "-1", "1e3"] {
        let request =
            http::Request::builder().uri("/v1/events").header("authorization", format!("Bearer {}", team.bot));
        let reply = world.send(request.header("last-event-id", wrong).body(axum::body::Body::empty()).unwrap()).await;
        reply.refused(400, "bad-request");
    }
}

/// A removed key's stream ends within a second, an idle one and a busy one.
#[tokio::test]
async fn a_stream_ends_with_its_key() {
    let world = World::new().await;
    let (idle, busy) = (world.team("idle").await, world.team("busy").await);
    let live = Live::serve(&world).await;
    let (mut quiet, mut loud) = (live.listen(&idle.bot, "", None).await, live.listen(&busy.bot, "", None).await);
    let chatter = tokio::spawn({
        let busy = busy.clone();
        async move {
            let chat = busy.open("sms", "+37255512345").await;
            loop {
                let link = json!({"purpose": "mid_chat"});
                let path = format!("/v1/interactions/{chat}/login-links");
                busy.world.call(&busy.admin, "POST", &path, link).await.expect(201);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    assert!(loud.next(Duration::from_secs(2)).await.is_some());
    for team in [&idle, &busy] {
        let path = format!("/v1/teams/{}/api-keys/{}", team.name, id_of(team, "bot").await);
        world.call(OWNER, "DELETE", &path, Value::Null).await.expect(204);
    }
    let both =
        async { tokio::join!(quiet.ends_within(Duration::from_secs(1)), loud.ends_within(Duration::from_secs(1))) };
    assert_eq!(both.await, (true, true));
    chatter.abort();
}

/// An owner's key that listens to another team's stream ends with it, too.
#[tokio::test]
async fn a_stream_ends_with_the_key_of_another_team() {
    let world = World::new().await;
    let (own, other) = (world.team("own").await, world.team("other").await);
    let live = Live::serve(&world).await;
    let made = world.call(OWNER, "POST", "/v1/teams/own/api-keys", json!({"role": "owner", "name": "all"})).await;
    let made = made.expect(201);
    let mut stream = live.listen(made["key"].as_str().unwrap(), "?team=other", None).await;
    let chat = other.open("sms", "+37255512345").await;
    // Events from before it listened may get their numbers only now, and come first.
    let mut is_heard = false;
    while !is_heard {
        let heard = stream.next(Duration::from_secs(2)).await.expect("an owner hears every team");
        is_heard = heard.data["interaction"] == json!(chat);
    }
    let path = format!("/v1/teams/{}/api-keys/{}", own.name, made["id"].as_str().unwrap());
    world.call(OWNER, "DELETE", &path, Value::Null).await.expect(204);
    assert!(stream.ends_within(Duration::from_secs(1)).await);
}

/// Events that retention took are gone, and the stream says so.
#[tokio::test]
async fn what_is_older_than_retention_is_gone() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.open("sms", "+37255512345").await;
    world.gateway.maintain().await.unwrap();
    world.clock.advance(Duration::from_secs(8 * 24 * 3600));
    world.gateway.maintenance.keep_house().await.unwrap();
    let request = http::Request::builder().uri("/v1/events").header("authorization", format!("Bearer {}", team.bot));
    let reply = world.send(request.header("last-event-id", "1").body(axum::body::Body::empty()).unwrap()).await;
    reply.refused(410, "events-gone");
}

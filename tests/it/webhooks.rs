//! Webhooks: events told to whoever a team names, signed, in order, at least once; and what becomes of
//! those that are not taken.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{OWNER, Reply, Team, World, worlds};
use receiver::{Got, Receiver};

mod addresses;
mod clocks;
mod codes;
mod failures;
mod nodes;
pub mod receiver;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Team {
    /// An admin calls something of a webhook.
    async fn hook(&self, method: &str, name: &str, rest: &str, body: Value) -> Reply {
        let path = format!("/v1/teams/{}/webhooks/{name}{rest}", self.name);
        self.world.call(&self.admin, method, &path, body).await
    }

    /// Makes a webhook that is told these events; the reply.
    async fn hooked(&self, name: &str, receiver: &Receiver, events: Value) -> Value {
        let body = json!({"url": receiver.url, "events": events});
        self.hook("PUT", name, "", body).await.expect(201)
    }

    /// A webhook's deliveries of that status.
    async fn deliveries(&self, name: &str, status: &str) -> Vec<Value> {
        let rest = format!("/deliveries?status={status}&limit=200");
        let page = self.hook("GET", name, &rest, Value::Null).await.expect(200);
        page["items"].as_array().expect("a list").clone()
    }

    async fn tended(&self) {
        self.world.gateway.maintain().await.expect("the store is there");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

async fn acme() -> (World, Team, Receiver) {
    let world = World::new().await;
    let team = world.team("acme").await;
    (world, team, Receiver::start().await)
}

#[tokio::test]
async fn an_event_reaches_its_webhook_as_the_stream_tells_it_and_signed() {
    for world in worlds().await {
        let (team, receiver) = (world.team("acme").await, Receiver::start().await);
        team.tended().await; // what was before is nobody's news
        let made = team.hooked("bot", &receiver, json!(["*"])).await;
        assert_eq!((&made["signature"], &made["status"]), (&json!("v1"), &json!("active")));
        let kept = team.hook("GET", "bot", "", Value::Null).await.expect(200);
        assert_eq!((kept.get("secret"), &kept["url"]), (None, &json!(receiver.url)), "a secret is told once");
        let chat = team.open("sms", "+37255512345").await;
        team.link(&chat).await;
        team.tended().await;
        let mut got = receiver.got();
        got.sort_by_key(|one| one.interaction() == chat); // what is the team's goes beside an interaction's
        let kinds: Vec<String> = got.iter().map(Got::kind).collect();
        assert_eq!(kinds, ["settings.changed", "interaction.opened", "link.issued"]);
        for one in &got {
            assert!(one.is_by(text(&made["secret"])) && one.signatures() == 1);
            let body = one.body();
            let members: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
            for member in ["id", "type", "at", "team", "interaction", "participant", "channel", "data"] {
                assert!(members.contains(&member), "{members:?}");
            }
            assert_eq!((members.len(), &body["team"]), (8, &json!("acme")));
            assert!(one.id().starts_with(text(&body["id"])) && one.id().len() <= 64 && !one.id().contains('.'));
            assert_eq!(one.header("webhook-timestamp"), "1767225600");
        }
        assert_eq!(got[2].interaction(), chat);
        team.tended().await;
        assert_eq!(receiver.got().len(), 0, "nothing comes twice");
    }
}

#[tokio::test]
async fn only_what_is_named_is_told_and_only_from_then_on() {
    let (_world, team, receiver) = acme().await;
    team.open("sms", "before").await;
    team.tended().await;
    team.hooked("some", &receiver, json!(["interaction.closed", "participant.signed_out"])).await;
    let chat = team.open("sms", "after").await;
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    team.tended().await;
    assert_eq!(receiver.kinds(), ["interaction.closed"]);
    team.hook("PUT", "some", "", json!({"url": receiver.url, "events": ["interaction.opened"]})).await.expect(200);
    team.open("sms", "later").await;
    team.tended().await;
    assert_eq!(receiver.kinds(), ["interaction.opened"]);
    team.hook("DELETE", "some", "", Value::Null).await.expect(204);
    team.open("sms", "at last").await;
    team.tended().await;
    assert_eq!(receiver.kinds().len(), 0);
    team.hook("GET", "some", "", Value::Null).await.refused(404, "not-found");
    team.hook("GET", "some", "/deliveries", Value::Null).await.refused(404, "not-found");
}

#[tokio::test]
async fn a_receiver_may_verify_with_a_public_key() {
    let (_world, team, receiver) = acme().await;
    let body = json!({"url": receiver.url, "events": ["interaction.opened"], "signature": "v1a"});
    let made = team.hook("PUT", "pair", "", body).await.expect(201);
    assert!(made.get("secret").is_none(), "nobody but the gateway has what signs");
    let public = text(&made["public_key"]).to_owned();
    team.open("sms", "c1").await;
    team.tended().await;
    let got = receiver.got();
    assert!(got[0].is_by_pair(&public));
    let shown = team.hook("GET", "pair", "", Value::Null).await.expect(200);
    assert_eq!(shown["public_key"], made["public_key"], "a public key may be read again");
    // Signed otherwise from now on, it has a secret that was never a pair's.
    let body = json!({"url": receiver.url, "events": ["interaction.opened"], "signature": "v1"});
    let shared = team.hook("PUT", "pair", "", body).await.expect(200);
    team.open("sms", "c2").await;
    team.tended().await;
    assert!(receiver.got()[0].is_by(text(&shared["secret"])));
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_new_one_while_they_overlap() {
    let (world, team, receiver) = acme().await;
    let first = team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    let second = team.hook("POST", "bot", "/rotate", json!({"overlap_minutes": 60})).await.expect(200);
    assert_ne!(first["secret"], second["secret"]);
    let (first, second) = (text(&first["secret"]), text(&second["secret"]));
    let told = async |chat: &str| {
        team.open("sms", chat).await;
        team.tended().await;
        let got = receiver.got().remove(0);
        (got.signatures(), got.is_by(first), got.is_by(second))
    };
    assert_eq!(told("c1").await, (2, true, true));
    world.clock.advance(HOUR - Duration::from_secs(1));
    assert_eq!(told("c2").await, (2, true, true));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(told("c3").await, (1, false, true));
    let third = team.hook("POST", "bot", "/rotate", json!({"overlap_minutes": 0})).await.expect(200);
    assert!(third["overlap_until"].is_null());
    assert_eq!(told("c4").await, (1, false, false), "without overlap the old one is over at once");
    let wrong = team.hook("POST", "bot", "/rotate", json!({"overlap_minutes": 10_081})).await;
    assert_eq!(wrong.refused(422, "invalid")["errors"][0]["pointer"], "/overlap_minutes");
}

#[tokio::test]
async fn the_same_rotation_asked_for_twice_is_one() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["*"])).await;
    let rotate = async || {
        let request = http::Request::builder()
            .method("POST")
            .uri("/v1/teams/acme/webhooks/bot/rotate")
            .header("authorization", format!("Bearer {}", team.admin))
            .header("content-type", "application/json")
            .header("idempotency-key", "once")
            .body(axum::body::Body::from("{}"));
        world.send(request.expect("well-formed")).await.expect(200)
    };
    assert_eq!(rotate().await, rotate().await);
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_with_its_place() {
    let (_world, team, receiver) = acme().await;
    let good = || json!({"url": receiver.url, "events": ["*"]});
    for (change, pointer) in [
        (json!({"events": ["no.such"]}), "/events/0"),
        (json!({"events": ["*", "participant.*"]}), "/events/1"),
        (json!({"events": []}), "/events"),
        (json!({"signature": "v2"}), "/signature"),
        (json!({"url": "not a url"}), "/url"),
        (json!({"url": "https://user:word@hooks.example.com/"}), "/url"),
        (json!({"url": "https://hooks.example.com/#part"}), "/url"),
        (json!({"url": "http://hooks.example.com/"}), "/url"),
        (json!({"url": "ftp://hooks.example.com/"}), "/url"),
        (json!({"colour": 1}), "/colour"),
    ] {
        let mut body = good();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let refused = team.hook("PUT", "bot", "", body).await.refused(422, "invalid");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{change}");
    }
    for n in 0..16 {
        team.hook("PUT", &format!("h{n}"), "", good()).await.expect(201);
    }
    team.hook("PUT", "one-more", "", good()).await.refused(409, "too-many-webhooks");
    team.hook("PUT", "h3", "", good()).await.expect(200);
    let wrong = team.hook("GET", "h3", "/deliveries?cursor=x", Value::Null).await;
    wrong.refused(422, "invalid");
    team.hook("GET", "h3", "/deliveries?status=lost", Value::Null).await.refused(422, "invalid");
    team.hook("POST", "h3", "/deliveries/0000000000000001_0011223344556677/redeliver", json!({}))
        .await
        .refused(404, "not-found");
}

#[tokio::test]
async fn deliveries_are_listed_page_by_page_and_hold_no_body() {
    let (_world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["interaction.opened", "interaction.closed"])).await;
    receiver.answers(|got| (if got.kind() == "interaction.closed" { 500 } else { 204 }, None));
    for n in 0..6 {
        let chat = team.open("sms", &format!("conversation-{n}")).await;
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    }
    team.tended().await;
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let rest = format!("/deliveries?limit=5{cursor}");
        let reply = team.hook("GET", "bot", &rest, Value::Null).await;
        assert!(!reply.text().contains("conversation-"), "{}", reply.text());
        let page = reply.expect(200);
        all.extend(page["items"].as_array().expect("a list").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let of = |status: &str| all.iter().filter(|one| one["status"] == status).count();
    assert_eq!((all.len(), of("pending"), of("delivered")), (12, 6, 6));
    let pending = &all[0];
    assert_eq!((&pending["reason"], &pending["response_status"]), (&json!("status"), &json!(500)));
    assert_eq!((&pending["type"], &pending["tries"]), (&json!("interaction.closed"), &json!(1)));
    assert!(pending["next_at"].is_string());
    let ids: std::collections::BTreeSet<&str> = all.iter().map(|one| text(&one["id"])).collect();
    assert_eq!(ids.len(), 12);
}

/// What a team keeps goes with it: made anew under the same name it tells nobody.
#[tokio::test]
async fn a_team_that_goes_takes_its_webhooks_with_it() {
    let (world, team, receiver) = acme().await;
    team.hooked("bot", &receiver, json!(["*"])).await;
    receiver.says(500);
    team.open("sms", "c1").await;
    team.tended().await;
    world.call(OWNER, "DELETE", "/v1/teams/acme", Value::Null).await.expect(204);
    let again = world.team("acme").await;
    receiver.got();
    again.open("sms", "c2").await;
    world.pass(HOUR).await;
    assert_eq!(receiver.got().len(), 0);
    again.hook("GET", "bot", "", Value::Null).await.refused(404, "not-found");
    let made = again.hooked("bot", &receiver, json!(["*"])).await;
    assert_eq!(made["status"], "active");
    assert_eq!(again.deliveries("bot", "failed").await.len(), 0);
}

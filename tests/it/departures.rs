//! What goes, goes whole: teams that are deleted, customers that are erased, and people who are
//! taken for one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::time::Duration;

use countersign::domain::base::id::InteractionId;
use countersign::store::TAGS;
use serde_json::{Value, json};

use crate::stores::around::{Around, Before};
use crate::stores::memory;
use crate::world::{Browser, OWNER, World, worlds};

/// Of one tag nobody can be asked what waits there, as where one primary of a cluster hangs.
struct Hanging(AtomicU8);

impl Before for Hanging {
    fn hears(&self, tag: u8) -> bool {
        self.0.load(SeqCst) != tag
    }
}

/// The list lags behind what waits in the outboxes, and who walks it to the end must miss nothing: where one of
/// them does not answer, an act is no success, and done again it is whole. What the others have is told meanwhile.
#[tokio::test]
async fn what_goes_waits_for_an_outbox_that_does_not_answer() {
    let stand = memory().await.expect("memory is always there");
    let hanging = Arc::new(Around { store: stand.store.clone(), before: Hanging(AtomicU8::new(TAGS)) });
    let world = World::on(stand.behind(hanging.clone()));
    let (acme, beta) = (world.team("acme").await, world.team("beta").await);
    for id in ["cust-1", "cust-2"] {
        let body = json!({"name": "Demo Customer", "username": id, "password": "vexed lamp 7"});
        world.call(&acme.admin, "PUT", &format!("/v1/teams/acme/customers/{id}"), body).await.expect(201);
    }
    let (hers, other) = (acme.open("sms", "+37255500001").await, acme.open("sms", "+37255500002").await);
    let last = beta.open("sms", "+37255500003").await;
    let tag = |id: &str| id.parse::<InteractionId>().expect("an id").partition() >> 2;
    assert!(tag(&hers) != tag(&other), "they lie apart");
    acme.authenticate(&hers, "cust-1").await;
    acme.authenticate(&other, "cust-2").await;
    let customer = async |method: &str, rest: &str| {
        world.call(&acme.admin, method, &format!("/v1/teams/acme/customers/{rest}"), Value::Null).await
    };

    hanging.before.0.store(tag(&hers), SeqCst);
    customer("POST", "cust-1/disable").await.refused(503, "unavailable");
    customer("DELETE", "cust-1").await.refused(503, "unavailable");
    assert!(acme.events().await.iter().any(|event| event["interaction"] == other.as_str()), "the others' are told");
    hanging.before.0.store(TAGS, SeqCst);
    customer("POST", "cust-1/disable").await.expect(200);
    assert_eq!(acme.flag(&hers).await["authenticated"], false, "she is signed out where she was");

    hanging.before.0.store(tag(&other), SeqCst);
    let closed = acme.bot("POST", &other, "/close", json!({})).await;
    closed.expect(200);
    customer("DELETE", "cust-2").await.refused(503, "unavailable");
    hanging.before.0.store(TAGS, SeqCst);
    assert_eq!(customer("DELETE", "cust-2").await.status, 200);
    acme.bot("GET", &other, "", Value::Null).await.refused(404, "not-found");

    hanging.before.0.store(tag(&last), SeqCst);
    world.call(OWNER, "DELETE", "/v1/teams/beta", Value::Null).await.refused(503, "unavailable");
    hanging.before.0.store(TAGS, SeqCst);
    assert_eq!(world.call(OWNER, "DELETE", "/v1/teams/beta", Value::Null).await.status, 204);
    world.call(OWNER, "GET", &format!("/v1/interactions/{last}"), Value::Null).await.refused(404, "not-found");
}

/// A deleted team answers nobody, and one of the same name begins with nothing of it.
#[tokio::test]
async fn a_team_that_is_deleted_leaves_nothing_to_the_next_of_its_name() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("sms", "+37255500001").await;
        team.authenticate(&chat, "cust-42").await;
        let late = team.open("sms", "+37255500002").await; // the list may not know it yet
        let before = team.events().await.len();
        world.call(&team.admin, "DELETE", "/v1/teams/acme", Value::Null).await.refused(403, "forbidden");
        assert_eq!(world.call(OWNER, "DELETE", "/v1/teams/acme", Value::Null).await.status, 204);
        world
            .call(&team.bot, "GET", &format!("/v1/interactions/{chat}"), Value::Null)
            .await
            .refused(401, "unauthorized");
        for id in [&chat, &late] {
            world.call(OWNER, "GET", &format!("/v1/interactions/{id}"), Value::Null).await.refused(404, "not-found");
        }
        world.call(OWNER, "DELETE", "/v1/teams/acme", Value::Null).await.refused(404, "not-found");
        let listed = world.call(OWNER, "GET", "/v1/teams", Value::Null).await.expect(200);
        assert_eq!(listed["items"], json!([]));

        let next = world.team("acme").await;
        for id in [&chat, &late] {
            next.bot("GET", id, "", Value::Null).await.refused(404, "not-found");
        }
        let listed = world.call(&next.bot, "GET", "/v1/interactions", Value::Null).await.expect(200);
        assert_eq!(listed["items"], json!([]));
        world.gateway.maintain().await.expect("the store is there");
        let trail = world.call(&next.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
        let acts: Vec<&str> =
            trail["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
        assert!(acts.iter().all(|act| ["team.created", "settings.changed", "key.created"].contains(act)), "{acts:?}");
        let mut resumed = world.gateway.event_log.listen(&"acme".parse().unwrap(), Some(before as u64)).await;
        assert!(resumed.is_err(), "the old team's events are gone for the new one");
        resumed = world.gateway.event_log.listen(&"acme".parse().unwrap(), None).await;
        assert!(resumed.is_ok());
        world.pass(Duration::from_secs(3600)).await; // no alarm of the old team rings on
    }
}

/// A cosigner is not in the chat: their own browser binds their login, and it costs the primary nothing.
#[tokio::test]
async fn a_cosigners_login_is_bound_by_their_browser() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    let cosigner = json!({"role": "cosigner", "name": "A Cosigner", "phone": "+37255500009"});
    team.bot("POST", &chat, "/participants", cosigner).await.expect(201);
    team.log_in(&chat, "cust-42").await;
    let link = json!({"purpose": "mid_chat", "participant": "p2"});
    let link = team.bot("POST", &chat, "/login-links", link).await.expect(201);
    let visit = Browser::new(&world).continues(link["url"].as_str().unwrap()).await;
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-77")).await.expect(200);
    let done = Browser::of(&world, &told).finish(told["continue_url"].as_str().unwrap()).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!(seen["participants"][0]["lockout"]["failures"], 0);
    let flag = &seen["participants"][1]["authentication"];
    assert_eq!((&flag["customer"]["id"], &flag["binding"]), (&json!("cust-77"), &json!("browser")));
    assert!(!team.event_types().await.iter().any(|kind| kind == "confirmation.wrong"));
}

/// "This wasn't me" after the flag is up takes it down; after another proof it takes nothing.
#[tokio::test]
async fn a_late_report_takes_back_what_its_own_link_proved_and_no_more() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"binding": "none"})).await;
    let chat = team.open("sms", "+37255500001").await;
    let first = team.log_in(&chat, "cust-42").await["continue_url"].as_str().unwrap().to_owned();
    let second = team.log_in(&chat, "cust-42").await["continue_url"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&world);
    assert!(browser.finish(&first).await.text().contains("data-act=\"report\""));
    assert_eq!(browser.press_done(&first, "report").await.status, 200);
    assert_eq!(team.flag(&chat).await["authenticated"], true, "the second login stands");
    assert_eq!(browser.press_done(&second, "report").await.status, 200);
    assert_eq!(team.flag(&chat).await["reason"], "reported");
}

/// A message that an agent's key passed on shows a bot no more than a bot may see.
#[tokio::test]
async fn a_repeated_message_tells_nobody_more_than_a_bot_may_read() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"binding": "none"})).await;
    let chat = team.open("sms", "+37255500001").await;
    let link = team.link(&chat).await;
    let visit = Browser::new(&world).continues(link["url"].as_str().unwrap()).await;
    let mut claims = team.claims(&visit, "cust-42");
    claims["private_data"] = json!({"iban": "EE00"});
    team.post_back(&visit, &team.sign(&claims)).await.expect(200);
    let path = format!("/v1/interactions/{chat}");
    let seen = world.call(&team.agent, "GET", &path, Value::Null).await.expect(200);
    assert_eq!(seen["authentication"]["customer"]["private_data"]["iban"], "EE00");
    let message = json!({"message_id": "m1", "text": "hello"});
    for key in [&team.agent, &team.bot] {
        let heard = world.call(key, "POST", &format!("{path}/messages"), message.clone()).await;
        assert!(!heard.text().contains("EE00"));
    }
}

//! A team that sends codes itself: `otp.requested` goes to the webhook that its settings name, and what
//! it says is nowhere else.

use std::time::Duration;

use serde_json::{Value, json};

use super::receiver::{Got, Receiver};
use super::{MINUTE, acme, text};
use crate::world::{OWNER, Team, World};

const PHONE: &str = "+37255512345";
const SETTINGS: &str = "/v1/teams/acme/settings";

/// A team that sends its codes itself, and where.
async fn sender(order: Value) -> (Team, Receiver, String) {
    let (_world, team, receiver) = acme().await;
    let made = team.hooked("codes", &receiver, json!(["otp.requested"])).await;
    team.set(json!({"delivery": {"order": order, "event_webhook": "codes"}})).await;
    (team, receiver, text(&made["secret"]).to_owned())
}

async fn chat_of(team: &Team, conversation: &str, person: Value) -> String {
    let mut primary = json!({"role": "primary"});
    primary.as_object_mut().expect("an object").extend(person.as_object().expect("an object").clone());
    let body = json!({"channel": "webchat", "conversation": conversation, "participants": [primary]});
    let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    text(&opened["id"]).to_owned()
}

async fn wants_code(team: &Team, chat: &str) -> crate::world::Reply {
    team.bot("POST", chat, "/challenges", json!({"method": "otp"})).await
}

fn code_of(got: &Got) -> String {
    text(&got.body()["data"]["code"]).to_owned()
}

#[tokio::test]
async fn a_code_goes_to_the_webhook_and_nowhere_else() {
    let (team, receiver, secret) = sender(json!(["event"])).await;
    let everything = Receiver::start().await;
    team.hooked("all", &everything, json!(["*"])).await;
    let chat = chat_of(&team, "c1", json!({"phone": PHONE, "email": "demo@example.com"})).await;
    let live = wants_code(&team, &chat).await.expect(202);
    assert_eq!(live["delivery"]["channel"], "event");
    team.tended().await;
    let got = receiver.got();
    assert_eq!((got.len(), got[0].kind().as_str()), (1, "otp.requested"));
    assert!(got[0].is_by(&secret));
    let body = got[0].body();
    assert_eq!(
        (&body["interaction"], &body["participant"], &body["team"]),
        (&json!(chat), &json!("p1"), &json!("acme"))
    );
    assert_eq!((&body["id"], &body["data"]["to"]), (&json!(got[0].id()), &json!(PHONE)));
    assert_eq!((&body["data"]["challenge"], &body["data"]["expires_at"]), (&live["id"], &live["expires_at"]));
    let code = code_of(&got[0]);
    assert_eq!(code.len(), 6);
    let shown = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!(shown["challenge"]["delivery"], json!({"channel": "event", "to": "+372•••••345", "status": "sent"}));

    let trail = team.world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.text();
    let deliveries = team.hook("GET", "codes", "/deliveries", Value::Null).await.text();
    let events = serde_json::to_string(&team.events().await).expect("JSON");
    let told: String = everything.got().iter().map(|one| one.raw.clone()).collect();
    assert!(told.contains("challenge.sent"));
    for place in [&trail, &deliveries, &events, &told] {
        assert!(!place.contains("otp.requested") && !place.contains(&format!("\"{code}\"")), "{place}");
    }
    let heard = team.says(&chat, "m1", &code).await.expect(200);
    assert_eq!(heard["outcome"], "passed");
}

#[tokio::test]
async fn a_code_that_was_not_taken_comes_again_under_the_same_id_and_never_after_its_end() {
    let (team, receiver, _) = sender(json!(["event"])).await;
    receiver.says(503);
    let chat = chat_of(&team, "c1", json!({"phone": PHONE})).await;
    wants_code(&team, &chat).await.expect(202);
    team.tended().await;
    team.world.pass(Duration::from_secs(2)).await;
    let got = receiver.got();
    assert_eq!((got.len(), got[0].id(), code_of(&got[0])), (2, got[1].id(), code_of(&got[1])));
    team.world.clock.advance(3 * MINUTE);
    receiver.says(204);
    team.tended().await;
    team.world.pass(10 * MINUTE).await;
    assert_eq!(receiver.got().len(), 0, "the code is over");
}

#[tokio::test]
async fn where_the_webhook_fails_a_code_goes_by_the_next_way_of_the_order() {
    let (team, receiver, _) = sender(json!(["event", "sms"])).await;
    team.channel("sms").await;
    receiver.says(410);
    let chat = chat_of(&team, "c1", json!({"phone": PHONE})).await;
    wants_code(&team, &chat).await.expect(202);
    let sent = team.world.sent().await;
    assert_eq!((sent.len(), sent[0].1.as_str()), (1, PHONE));
    assert_eq!(receiver.got().len(), 1);
    let told = team.events().await;
    let failed = told.iter().find(|event| event["type"] == "challenge.delivery_failed").expect("it is told");
    assert_eq!((&failed["data"]["channel"], &failed["data"]["next"]), (&json!("event"), &json!("sms")));
}

#[tokio::test]
async fn only_codes_go_to_the_teams_own_sender() {
    let (team, receiver, _) = sender(json!(["event", "email"])).await;
    let chat = chat_of(&team, "c1", json!({})).await;
    wants_code(&team, &chat).await.refused(409, "no-address");
    let mailed = chat_of(&team, "c2", json!({"email": "demo@example.com"})).await;
    wants_code(&team, &mailed).await.expect(202);
    let body = json!({"role": "cosigner", "phone": PHONE});
    team.bot("POST", &mailed, "/participants", body).await.expect(201);
    let link = json!({"purpose": "mid_chat", "participant": "p2"});
    let made = team.bot("POST", &mailed, "/login-links", link).await.expect(201);
    assert!(made["delivery"].is_null(), "a link is none of its business");
    team.tended().await;
    let got = receiver.got();
    assert_eq!((got.len(), &got[0].body()["data"]["to"]), (1, &json!("demo@example.com")));
}

#[tokio::test]
async fn settings_name_a_webhook_that_is_there_and_it_stays() {
    let (world, team, receiver) = acme().await;
    let named = json!({"delivery": {"order": ["event"], "event_webhook": "codes"}});
    let refused = world.call(&team.admin, "PATCH", SETTINGS, named.clone()).await.refused(422, "invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/delivery/event_webhook");
    let system = json!({"delivery": {"event_webhook": "codes"}});
    let refused = world.call(OWNER, "PATCH", "/v1/settings", system).await.refused(422, "invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/delivery/event_webhook");
    assert!(text(&refused["errors"][0]["detail"]).contains("acme"));
    team.hooked("codes", &receiver, json!(["otp.requested"])).await;
    let told = world.call(&team.admin, "PATCH", SETTINGS, named).await.expect(200);
    assert_eq!(told["warnings"], json!([]));
    team.hook("DELETE", "codes", "", Value::Null).await.refused(409, "webhook-in-use");
    team.hook("GET", "codes", "", Value::Null).await.expect(200);
    team.set(json!({"delivery": null})).await;
    team.hook("DELETE", "codes", "", Value::Null).await.expect(204);
}

/// A team that is made after the system's layer named a webhook has none yet: it is told so where it names
/// one itself, and nowhere else.
#[tokio::test]
async fn a_webhook_that_the_system_names_keeps_no_new_team_from_its_settings() {
    let world = World::new().await;
    let system = json!({"delivery": {"event_webhook": "codes"}});
    world.call(OWNER, "PATCH", "/v1/settings", system.clone()).await.expect(200);
    let team = world.team("acme").await; // this sets what a team needs
    team.set(json!({"locale": "en"})).await;
    world.call(OWNER, "PATCH", "/v1/settings", json!({"locale": "en"})).await.expect(200);
    world.call(OWNER, "PATCH", "/v1/settings", system.clone()).await.refused(422, "invalid");
    let refused = world.call(&team.admin, "PATCH", SETTINGS, system).await.refused(422, "invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/delivery/event_webhook");
}

/// The budgets of messages hold for a team that sends itself, too.
#[tokio::test]
async fn what_a_team_sends_itself_is_counted() {
    let (team, receiver, _) = sender(json!(["event"])).await;
    team.set(json!({"send_budget": {"per_destination_hour": 2, "resend_after_seconds": 0}})).await;
    for n in 0..2 {
        let chat = chat_of(&team, &format!("c{n}"), json!({"phone": PHONE})).await;
        wants_code(&team, &chat).await.expect(202);
    }
    let chat = chat_of(&team, "c3", json!({"phone": PHONE})).await;
    wants_code(&team, &chat).await.refused(429, "send-budget");
    team.tended().await;
    assert_eq!(receiver.got().len(), 2);
}

//! Providers that do not answer, answer nonsense, or are not who they should be: nobody is locked out by it,
//! and somebody is told. And their accounts, as admins write them.

use std::time::Duration;

use countersign::domain::providers::identity::MAX_UNDECIDED;
use serde_json::{Value, json};

use super::provider::{Provider, SECRET, clear};
use super::{Person, ask, budget, connect, front, read, team};
use crate::world::{World, worlds};

/// A115: an outage counts for nothing, is told once, and its end as well.
#[tokio::test]
async fn a115_a_provider_that_is_down_locks_nobody_out() {
    for world in worlds().await {
        let provider = Provider::start().await;
        let team = team(&world, &provider).await;
        let chat = team.open("session", "conv-1").await;
        let (challenge, url) = ask(&team, &chat, "photo_id").await;
        let mut person = Person::at(&world, &url).await;
        provider.says(|_| (503, Value::Null));
        for _ in 0..6 {
            person.hands_in(&front(true)).await;
            person.sees(200, "That was not your fault");
        }
        assert_eq!(provider.got().len(), 6, "more than any threshold");
        assert!(budget(&team, &chat).await.is_null());
        assert_eq!(read(&team, &challenge).await["document"]["status"], "undecided");
        let seen = world.call(&team.admin, "GET", "/v1/teams/acme/providers/house", Value::Null).await.expect(200);
        assert!(seen["down_since"].is_string());
        provider.says(|check| (200, clear(check, true)));
        assert_eq!(person.hands_in(&front(true)).await, 303);
        assert_eq!(team.flag(&chat).await["authenticated"], true);
        let types = team.event_types().await;
        let count = |kind: &str| types.iter().filter(|one| *one == kind).count();
        assert_eq!((count("provider.down"), count("provider.up"), count("challenge.undecided")), (1, 1, 6));
        assert_eq!(count("challenge.wrong"), 0);
    }
}

/// Nor are there tries without end: what nobody decides on ends the challenge, at once or when its time is over, and
/// for as long as a lock would last no other is put. It is no lock that leads to a ban.
#[tokio::test]
async fn what_nobody_decides_on_too_often_ends_the_challenge() {
    for later in [false, true] {
        let (world, provider) = (World::new().await, Provider::start().await);
        let team = team(&world, &provider).await;
        let chat = team.open("session", "conv-1").await;
        let (challenge, url) = ask(&team, &chat, "photo_id").await;
        let mut person = Person::at(&world, &url).await;
        provider.says(move |_| (if later { 202 } else { 503 }, Value::Null));
        for _ in 0..MAX_UNDECIDED {
            assert_eq!(read(&team, &challenge).await["status"], "pending");
            person.hands_in(&front(true)).await;
            if later {
                world.pass(Duration::from_secs(10 * 60)).await;
                person.looks().await;
            }
        }
        assert_eq!(person.page.status, 410, "{}", person.page.text());
        assert_eq!(read(&team, &challenge).await["status"], "undecided");
        let events = team.events().await;
        let last = events.iter().rfind(|event| event["type"] == "challenge.cancelled").expect("it is told");
        assert_eq!(last["data"]["reason"], "undecided");
        assert_eq!(events.iter().filter(|event| event["type"] == "challenge.undecided").count(), 10);
        let asked = provider.got();
        assert_eq!(asked.len(), usize::from(MAX_UNDECIDED));
        let paused = budget(&team, &chat).await;
        assert_eq!(
            (&paused["status"], &paused["failures"], &paused["lockouts"]),
            (&json!("locked"), &json!(0), &json!(0))
        );
        let locked = events.iter().rfind(|event| event["type"] == "participant.locked").expect("that is told, too");
        assert_eq!((&locked["data"]["reason"], &locked["data"]["method"]), (&json!("undecided"), &json!("photo_id")));
        world.gateway.maintain().await.expect("it is told");
        let list = "/v1/teams/acme/lockouts";
        let listed = world.call(&team.agent, "GET", list, Value::Null).await.expect(200);
        let row = &listed["items"][0];
        assert_eq!((&row["status"], &row["until"]), (&json!("locked"), &locked["data"]["until"]), "{listed}");
        // What is said now is nobody's any more; another may be asked for.
        let late = clear(asked.last().unwrap()["check"].as_str().unwrap(), true);
        assert_eq!(provider.calls(&team, "call-1", &late).await.expect(200)["status"], "late");
        assert_eq!(team.flag(&chat).await["authenticated"], false);
        team.bot("POST", &chat, "/challenges", json!({"method": "photo_id"})).await.refused(423, "locked");
        world.pass(Duration::from_secs(15 * 60)).await;
        let (_, url) = ask(&team, &chat, "photo_id").await;
        provider.says(|check| (200, clear(check, true)));
        let mut person = Person::at(&world, &url).await;
        assert_eq!(person.hands_in(&front(true)).await, 303);
        assert_eq!(team.flag(&chat).await["authenticated"], true);
    }
}

/// The same at the door, where Continue would put one challenge after another.
#[tokio::test]
async fn what_nobody_decides_on_has_no_tries_without_end_at_the_door() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    team.channel("sms").await;
    team.set(json!({"entry": {"require_authentication": true, "first": "photo_id"}})).await;
    let body = json!({"channel": "session", "conversation": "c", "participants":
        [{"role": "primary", "name": "Demo Customer", "phone": "+37255512345"}]});
    let chat = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201)["id"].clone();
    let path = format!("/v1/interactions/{}/invitations", chat.as_str().unwrap());
    let made = world.call(&team.agent, "POST", &path, json!({"via": "sms"})).await.expect(201);
    let url = made["url"].as_str().unwrap();
    provider.says(|_| (503, Value::Null));
    let mut person = Person::at(&world, url).await;
    for _ in 0..MAX_UNDECIDED {
        person.hands_in(&front(true)).await;
    }
    for _ in 0..3 {
        let on = person.browser.press(url, "continue", "").await;
        assert_eq!(on.status, 423, "{}", on.text());
        person.hands_in(&front(true)).await;
    }
    assert_eq!(provider.got().len(), usize::from(MAX_UNDECIDED));
    world.pass(Duration::from_secs(15 * 60)).await;
    provider.says(|check| (200, clear(check, true)));
    let mut person = Person::at(&world, url).await;
    assert_eq!(person.hands_in(&front(true)).await, 303);
    person.sees(200, "You are in");
}

/// What is not signed, is of another check, or says nothing is no verdict, though its status is 200.
#[tokio::test]
async fn what_is_no_verdict_passes_nobody_and_fails_nobody() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let (_, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    let other = "0199a0b0-0000-7000-8000-000000000000-1-1";
    for said in [json!({}), json!(null), json!("passed"), clear(other, true), json!({"passed": true})] {
        let kept = said.clone();
        provider.says(move |_| (200, kept.clone()));
        person.hands_in(&front(true)).await;
        person.sees(200, "does not count");
        assert_eq!(team.flag(&chat).await["authenticated"], false, "{said}");
    }
    provider.says(|check| (200, clear(check, true)));
    provider.signs_no_more();
    person.hands_in(&front(true)).await;
    person.sees(200, "does not count");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    assert!(budget(&team, &chat).await.is_null());
}

#[tokio::test]
async fn a_provider_is_written_read_tried_and_taken_away_and_its_secrets_are_never_told() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = world.team("acme").await;
    connect(&team, "house", &provider).await;
    let at = "/v1/teams/acme/providers/house";
    let seen = world.call(&team.admin, "GET", at, Value::Null).await;
    assert!(!seen.text().contains(&SECRET[6..]), "{}", seen.text());
    let seen = seen.expect(200);
    assert_eq!((&seen["secrets"], &seen["kind"]), (&json!(["secret"]), &json!("signed")));
    assert_eq!(
        world.call(&team.admin, "POST", &format!("{at}/test"), json!({})).await.expect(200)["status"],
        "answered"
    );
    // Written anew without them, they stay.
    let body = json!({"kind": "signed", "account": {"url": provider.url, "later_minutes": 30}});
    world.call(&team.admin, "PUT", at, body).await.expect(200);
    assert_eq!(
        world.call(&team.admin, "POST", &format!("{at}/test"), json!({})).await.expect(200)["status"],
        "answered"
    );
    let told = json!(team.events().await).to_string();
    assert!(told.contains("\"provider\":\"house\"") && !told.contains(&SECRET[6..]));
    for key in [&team.bot, &team.agent] {
        world.call(key, "GET", at, Value::Null).await.refused(403, "forbidden");
    }
    for (body, pointer) in [
        (json!({"kind": "other"}), "/kind"),
        (json!({"kind": "signed", "account": {}, "secrets": {"secret": SECRET}}), "/account/url"),
        (
            json!({"kind": "signed", "account": {"url": "http://a.example/"}, "secrets": {"secret": SECRET}}),
            "/account/url",
        ),
        (
            json!({"kind": "signed", "account": {"url": "https://10.0.0.1/"}, "secrets": {"secret": SECRET}}),
            "/account/url",
        ),
        (
            json!({"kind": "signed", "account": {"url": provider.url}, "secrets": {"secret": "short"}}),
            "/secrets/secret",
        ),
        (
            json!({"kind": "signed", "account": {"url": provider.url, "later_minutes": 0}, "secrets": {"secret": SECRET}}),
            "/account/later_minutes",
        ),
        (
            json!({"kind": "signed", "account": {"url": provider.url, "more": 1}, "secrets": {"secret": SECRET}}),
            "/account/more",
        ),
        (json!({"kind": "mitek", "account": {"client_id": "a"}, "secrets": {}}), "/secrets/client_secret"),
        (json!({"kind": "mitek", "secrets": {"client_secret": "a"}}), "/account/client_id"),
    ] {
        let refused = world.call(&team.admin, "PUT", "/v1/teams/acme/providers/wrong", body.clone()).await;
        let refused = refused.refused(422, "invalid");
        let pointers: Vec<&str> =
            refused["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
        assert!(pointers.contains(&pointer), "{body}: {pointers:?}");
    }
    world.call(&team.admin, "DELETE", at, Value::Null).await.expect(204);
    world.call(&team.admin, "GET", at, Value::Null).await.refused(404, "not-found");
}

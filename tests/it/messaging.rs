//! A messaging interface's login from its settings to its end: the link and its token, the page that it
//! leads to and the key that both share, how long the login counts, and when it is asked for again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Browser, LOGIN_PAGE, OWNER, Team, Visit, World};

const MINUTE: Duration = Duration::from_secs(60);

async fn allowed(team: &Team, chat: &str, intent: &str) -> Value {
    let flag = team.bot("GET", chat, &format!("/authentication?intent={intent}"), Value::Null).await.expect(200);
    flag["intent"].clone()
}

/// G-10, G-11, G-12, G-13: after a login everything that needs one runs without asking for the time that the
/// settings say; then, and after the conversation has idled out, it is asked for again.
#[tokio::test]
async fn g11_a_login_counts_for_its_time_and_for_everything_that_needs_one() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let intents = json!({"statement_copy": {"accept": ["login"]}, "card_block": {"accept": ["login"]}});
    let clocks = json!({"authentication_timeout_minutes": 20, "interaction_timeout_minutes": 30, "intents": intents});
    team.set(clocks).await;
    let chat = team.open("sms", "+37255512345").await;
    assert_eq!(allowed(&team, &chat, "statement_copy").await["reason"], "unauthenticated");
    team.authenticate(&chat, "cust-42").await;
    for intent in ["statement_copy", "card_block"] {
        assert_eq!(allowed(&team, &chat, intent).await["allowed"], true, "{intent}");
    }
    world.pass(19 * MINUTE).await;
    assert_eq!(allowed(&team, &chat, "card_block").await["allowed"], true);
    world.pass(MINUTE).await;
    assert_eq!(allowed(&team, &chat, "card_block").await["reason"], "expired");
    team.authenticate(&chat, "cust-42").await;
    world.pass(30 * MINUTE).await;
    let closed = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!((&closed["status"], &closed["authentication"]["authenticated"]), (&json!("closed"), &json!(false)));
    let again = team.open("sms", "+37255512345").await;
    assert_eq!(allowed(&team, &again, "statement_copy").await["reason"], "unauthenticated");
}

/// G-14, G-15, G-16, G-17, G-20, G-21: the team's page, its token's time and a key that is generated are
/// settings; each link has a URL of its own with a fresh token, signed under that key, and only who has the
/// key can answer it.
#[tokio::test]
async fn g14_each_link_has_a_fresh_token_signed_under_the_generated_key() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let made = world.call(OWNER, "POST", "/v1/teams/acme/security-keys", json!({})).await.expect(201);
    let activate = format!("/v1/teams/acme/security-keys/{}/activate", text(&made, "kid"));
    world.call(OWNER, "POST", &activate, json!({})).await.expect(200);
    assert_eq!((&made["algorithm"], made["secret"].as_str().unwrap().len()), (&json!("HS256"), 43));
    let chat = team.open("sms", "+37255512345").await;
    let mut visits = Vec::new();
    for _ in 0..2 {
        let link = team.link(&chat).await;
        visits.push(Browser::new(&world).continues(link["url"].as_str().unwrap()).await);
    }
    assert_ne!(visits[0].token, visits[1].token);
    let key = countersign::domain::secret::from_base64url(made["secret"].as_str().unwrap()).expect("base64url");
    let key = countersign::domain::secret::MacKey::new(&key);
    for Visit { url, token, callback, .. } in &visits {
        assert!(url.starts_with(LOGIN_PAGE) && callback.ends_with(token.as_str()));
        let (signed, signature) = url.split_once("&cs_signature=").unwrap();
        assert_eq!(countersign::domain::secret::base64url(&key.sign(signed.as_bytes())), signature);
    }
    let newest = Team {
        key: crate::world::SecurityKey { kid: text(&made, "kid"), secret: text(&made, "secret") },
        ..team.clone()
    };
    let mut forged = newest.clone();
    forged.key.secret = "A".repeat(43);
    let visit = &visits[1];
    team.post_back(visit, &forged.assertion(visit, "cust-42")).await.refused(401, "bad-assertion");
    team.post_back(visit, &newest.assertion(visit, "cust-42")).await.expect(200);
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("a text").to_owned()
}

/// G-18, G-19: the token's time counts from when the link was asked for; with "never" it does not end, and
/// the settings say what that departs from.
#[tokio::test]
async fn g18_a_links_time_counts_from_its_making_and_may_be_never() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"link": {"ttl_minutes": 5}, "interaction_timeout_minutes": 10_000})).await;
    let chat = team.open("sms", "+37255512345").await;
    let link = team.link(&chat).await;
    let url = link["url"].as_str().unwrap();
    world.pass(5 * MINUTE - Duration::from_secs(1)).await;
    assert_eq!(Browser::new(&world).get(url).await.status, 200);
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(Browser::new(&world).get(url).await.status, 410);
    team.set(json!({"link": {"ttl_minutes": "never"}})).await;
    let link = team.link(&chat).await;
    assert_eq!(link["expires_at"], Value::Null);
    world.pass(9_000 * MINUTE).await;
    let visit = Browser::new(&world).continues(link["url"].as_str().unwrap()).await;
    assert!(!visit.url.contains("cs_expires"));
    let seen = world.call(OWNER, "GET", "/v1/teams/acme/settings?effective=true", Value::Null).await.expect(200);
    let warned = |one: &Value| one["path"] == "link.ttl_minutes" && one["code"] == "never-expires";
    assert!(seen["warnings"].as_array().unwrap().iter().any(warned), "{seen}");
}

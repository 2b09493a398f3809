//! What people do with the gateway, from beginning to end, on every store.
//! The real router and a clock that the test moves; how a race or a hostile caller fares is shown
//! elsewhere.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Browser, CHAT, LOGIN_PAGE, OWNER, Visit, World, every_world};

const MINUTE: Duration = Duration::from_secs(60);

/// G-06, B-01, B-03, B-04, B-05: the main journey.
#[tokio::test]
async fn a_customer_logs_in_mid_chat_and_the_request_runs_without_asking_again() {
    for world in every_world().await {
        let team = world.team("acme").await;
        let chat = team.open("whatsapp", "+37255512345").await;
        let ask = "/authentication?intent=statement_copy";
        let asked = team.bot("GET", &chat, ask, Value::Null).await.expect(200);
        assert_eq!(asked["intent"]["allowed"], false);
        assert_eq!(asked["intent"]["reason"], "unauthenticated");

        let link = team.link(&chat).await;
        assert_eq!(team.flag(&chat).await["status"], "pending");
        let mut phone = Browser::new(&world);
        let visit = phone.continues(link["url"].as_str().unwrap()).await;
        assert!(visit.url.starts_with(&format!("{LOGIN_PAGE}&cs_token=")));
        let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
        assert_eq!(told["status"], "accepted");
        assert_eq!(team.flag(&chat).await["authenticated"], false);

        let code = phone.code(told["continue_url"].as_str().unwrap()).await;
        let heard = team.says(&chat, "m1", &code.to_lowercase()).await.expect(200);
        assert_eq!((&heard["consumed"], &heard["outcome"]), (&json!(true), &json!("passed")));
        assert!(!heard.to_string().contains(&code), "the code is told to nobody");

        let flag = team.bot("GET", &chat, ask, Value::Null).await.expect(200);
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("code")));
        assert_eq!(flag["customer"]["id"], "cust-42");
        assert_eq!(flag["intent"]["allowed"], true);
        assert_eq!(team.bot("GET", &chat, ask, Value::Null).await.expect(200)["intent"]["allowed"], true);

        let events = team.events().await;
        let told = events.iter().find(|e| e["type"] == "participant.authenticated").expect("it is told");
        assert_eq!((&told["data"]["intent"], &told["data"]["state"]), (&json!("statement_copy"), &json!("ticket-7")));

        world.pass(15 * MINUTE).await;
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["status"]), (&json!(false), &json!("expired")));
        let types = team.event_types().await;
        assert!(types.iter().any(|t| t == "participant.expiring") && types.iter().any(|t| t == "participant.expired"));
    }
}

/// G-01, G-04, G-05: a website vouches for a customer that it knows.
#[tokio::test]
async fn a_customer_who_is_logged_in_on_the_website_is_authenticated_before_the_chat() {
    for world in every_world().await {
        let team = world.team("acme").await;
        let token = team.identity_token("cust-42");
        let body = json!({"channel": "webchat", "conversation": "c1", "participants": [{"role": "primary"}], "identity_token": token});
        let opened = world.call(&team.bot, "POST", "/v1/interactions", body.clone()).await.expect(201);
        assert_eq!(opened["authentication"]["binding"], "token");
        assert_eq!(opened["authentication"]["customer"]["id"], "cust-42");
        // The same token again raises nothing, elsewhere it is nothing.
        let id = opened["id"].as_str().unwrap();
        team.bot("POST", id, "/sign-out", json!({})).await.expect(200);
        let again = world.call(&team.bot, "POST", "/v1/interactions", body.clone()).await.expect(200);
        assert_eq!(again["authentication"]["authenticated"], false);
        let mut elsewhere = body;
        elsewhere["conversation"] = json!("c2");
        world.call(&team.bot, "POST", "/v1/interactions", elsewhere).await.refused(401, "bad-assertion");
    }
}

/// The chat's own window opened the page: no code is needed.
#[tokio::test]
async fn in_a_web_chat_the_window_that_was_opened_by_the_chat_needs_no_code() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let (url, secret) = (link["url"].as_str().unwrap(), link["opener_secret"].as_str().unwrap());
    assert!(!url.contains(secret));
    let mut browser = Browser::new(&world);
    assert!(browser.get(url).await.text().contains(CHAT), "the page knows whom to ask");
    let reply = browser.press(url, "continue", secret).await;
    let visit = Visit::of(&reply.header("location"));
    let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    assert_eq!(told["status"], "accepted");
    assert_eq!(team.flag(&chat).await["authenticated"], false, "the browser has to come back first");
    browser.finish(told["continue_url"].as_str().unwrap()).await;
    assert_eq!(team.flag(&chat).await["binding"], "opener");
}

/// "This wasn't me", before and after the login.
#[tokio::test]
async fn who_did_not_ask_can_say_so_and_the_link_freezes() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.press(link["url"].as_str().unwrap(), "report", "").await.status, 200);
    assert_eq!(browser.get(link["url"].as_str().unwrap()).await.status, 410);
    // For an hour nobody is sent another, unless an agent lifts it.
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(409, "recently-reported");
    team.bot("POST", &chat, "/participants/p1/unlock", json!({})).await.refused(403, "forbidden");
    let lift = format!("/v1/interactions/{chat}/participants/p1/unlock");
    world.call(&team.agent, "POST", &lift, json!({"reason": "talked to the customer"})).await.expect(200);
    let told = team.log_in(&chat, "cust-42").await;
    let done = told["continue_url"].as_str().unwrap();
    let mut browser = Browser::of(&world, &told);
    let code = browser.code(done).await;
    assert_eq!(browser.press_done(done, "report").await.status, 200);
    let heard = team.says(&chat, "m1", &code).await.expect(200);
    assert_eq!(heard["consumed"], false, "a reported login waits for nothing");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    assert_eq!(team.event_types().await.iter().filter(|t| *t == "link.reported").count(), 2);
}

/// Settings as callers see them, and what they do.
#[tokio::test]
async fn a_team_stands_over_the_system_and_sees_where_each_setting_comes_from() {
    let world = World::new().await;
    let team = world.team("acme").await;
    world.call(OWNER, "PATCH", "/v1/settings", json!({"link": {"ttl_minutes": "never"}})).await.expect(200);
    let path = "/v1/teams/acme/settings?effective=true";
    let seen = world.call(&team.admin, "GET", path, Value::Null).await.expect(200);
    assert_eq!(seen["source"]["link.ttl_minutes"], "system");
    assert_eq!(seen["warnings"][0]["code"], "never-expires");
    let chat = team.open("sms", "+37255512345").await;
    assert_eq!(team.link(&chat).await["expires_at"], Value::Null);
    team.set(json!({"link": {"ttl_minutes": 1}})).await;
    assert!(team.link(&chat).await["expires_at"].is_string());
}

/// Nobody has swept yet, and the visitor is told the truth all the same.
#[tokio::test]
async fn a_link_that_ends_this_very_moment_is_expired_and_not_unknown() {
    for world in every_world().await {
        let team = world.team("acme").await;
        let chat = team.open("sms", "+37255512345").await;
        let link = team.link(&chat).await;
        let url = link["url"].as_str().unwrap();
        let visit = Browser::new(&world).continues(url).await;
        world.clock.advance(10 * MINUTE);
        assert_eq!(Browser::new(&world).get(url).await.status, 410);
        let late = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await;
        late.refused(410, "link-expired");
    }
}

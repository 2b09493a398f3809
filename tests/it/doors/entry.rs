//! Coming in by an invitation: with and without proof, the first time and later, for everybody in the
//! conversation.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Visitor, another, by, channels, code, invite, invited, open, open_chat, read, team};
use crate::world::{OWNER, Team, Visit, World, worlds};

const MINUTE: Duration = Duration::from_secs(60);

/// A customer who was invited by phone, and has pressed Continue.
async fn at_the_door(world: &World, first: &str) -> (Team, String, String, Visitor) {
    let team = team(world, by(first, None)).await;
    let chat = open(&team, "conv-1").await;
    let url = invited(&team, &chat, json!({"via": "sms"})).await;
    let mut visitor = Visitor::at(world, &url).await;
    visitor.goes_on().await;
    (team, chat, url, visitor)
}

/// L-07: without the setting an invitation lets people in, and nothing is proved by it.
#[tokio::test]
async fn l07_people_come_in_without_proof_where_the_team_asks_for_none() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let chat = open(&team, "conv-1").await;
    assert_eq!(read(&team, &chat, 0).await["entry"], json!({"status": "none", "method": null, "entered_at": null}));
    let url = invited(&team, &chat, json!({"via": "sms"})).await;
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "invited");
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.sees(200, "You are invited to a conversation");
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "invited", "looking is not entering");
    visitor.goes_on().await.sees(200, "You are in");
    let seen = read(&team, &chat, 0).await;
    assert_eq!((&seen["entry"]["status"], &seen["entry"]["method"]), (&json!("admitted"), &Value::Null));
    assert_eq!(seen["authentication"]["authenticated"], false);
    assert_eq!(seen["login_link"], Value::Null, "an invitation is no login link");
    let entered = team.events().await.into_iter().find(|e| e["type"] == "participant.entered").expect("it is told");
    assert_eq!((&entered["participant"], &entered["data"]["first"]), (&json!("p1"), &json!(true)));
}

/// L-02, L-10, L-11, L-23, L-24, I-10: a code at the door, for the primary and for a cosigner; on every store.
#[tokio::test]
async fn l02_a_code_at_the_door_lets_in_whoever_types_it() {
    for world in worlds().await {
        let team = team(&world, by("otp", None)).await;
        let chat = open(&team, "conv-1").await;
        for (n, who) in [(0, "p1"), (1, "p2")] {
            let url = invited(&team, &chat, json!({"via": "email", "participant": who})).await;
            assert_eq!(read(&team, &chat, n).await["challenge"], Value::Null, "it is made when she arrives");
            let mut visitor = Visitor::at(&world, &url).await;
            visitor.goes_on().await.sees(200, "Enter your code");
            assert_eq!(read(&team, &chat, n).await["entry"]["status"], "waiting");
            let right = code(&team, &chat, n).await;
            visitor.types(&another(&right)).await.sees(422, "That was not right");
            visitor.types(&right).await.sees(200, "You are in");
            let seen = read(&team, &chat, n).await;
            assert_eq!((&seen["entry"]["status"], &seen["entry"]["method"]), (&json!("admitted"), &json!("otp")));
            assert_eq!(seen["authentication"]["methods"], json!(["otp"]));
        }
    }
}

/// L-12, L-33, L-34, L-37, P-02, P-03, P-04, P-05, P-07, P-08: a PIN at the door, agreed with the agent
/// when she invites, who can see it.
#[tokio::test]
async fn l33_a_pin_at_the_door_is_agreed_before() {
    let world = World::new().await;
    let team = team(&world, by("pin", Some("pin"))).await;
    let chat = open(&team, "conv-1").await;
    invite(&team, &chat, json!({"via": "sms"})).await.refused(422, "pin-required");
    for wrong in ["123", "12a4", "123456789012345678901"] {
        invite(&team, &chat, json!({"via": "sms", "pin": wrong})).await.refused(422, "invalid-pin");
    }
    let by_bot = team.bot("POST", &chat, "/invitations", json!({"via": "sms", "pin": "4711"})).await;
    by_bot.refused(403, "forbidden");
    let url = invited(&team, &chat, json!({"via": "sms", "pin": "004711"})).await;
    assert_eq!(code(&team, &chat, 0).await, "004711", "the agent sees it before she comes");
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await.sees(200, "Enter your number");
    assert!(visitor.page.text().contains("name=\"pin\"") && !visitor.may("resend"));
    visitor.types("4711").await.sees(422, "That was not right");
    visitor.types("004711").await.sees(200, "You are in");
    let seen = read(&team, &chat, 0).await;
    assert_eq!(seen["authentication"]["methods"], json!(["pin"]));
    assert_eq!(seen["authentication"]["assisted"], true, "an agent knew it");
    let told = team.events().await;
    assert!(!json!(told).to_string().contains("004711"));
}

/// L-16, L-17, L-18: later entries have a method of their own, for whoever was away for so long.
#[tokio::test]
async fn l16_who_comes_again_proves_it_again_after_being_away() {
    let world = World::new().await;
    let team = team(
        &world,
        json!({"require_authentication": true, "first": "otp", "subsequent": "pin",
        "offline_minutes": 15}),
    )
    .await;
    team.set(json!({"interaction_timeout_minutes": 600})).await;
    let chat = open(&team, "conv-1").await;
    let url = invited(&team, &chat, json!({"via": "sms", "pin": "2468"})).await;
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await;
    let right = code(&team, &chat, 0).await;
    visitor.types(&right).await.sees(200, "You are in");

    let gone = team.bot("POST", &chat, "/presence", json!({"state": "offline"})).await.expect(200);
    assert_eq!(gone["participants"][0]["entry"]["status"], "offline");
    world.pass(14 * MINUTE).await;
    visitor.open(&url).await;
    visitor.goes_on().await.sees(200, "You are in");
    team.bot("POST", &chat, "/presence", json!({"state": "offline"})).await.expect(200);
    world.pass(15 * MINUTE).await;
    visitor.open(&url).await;
    visitor.goes_on().await.sees(200, "Enter your number");
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "offline");
    visitor.types("2468").await.sees(200, "You are in");
    assert_eq!(read(&team, &chat, 0).await["entry"]["method"], "pin");

    // A forwarded invitation is no way in beside her.
    let mut other = Visitor::at(&world, &url).await;
    other.goes_on().await.sees(200, "Enter your code");
    let types = team.event_types().await;
    assert_eq!(types.iter().filter(|t| *t == "participant.offline").count(), 2);
    assert_eq!(types.iter().filter(|t| *t == "participant.entered").count(), 3);
}

/// A code that is over gives way to another at the door; guesses go on counting until the lock.
#[tokio::test]
async fn guesses_at_the_door_count_over_all_codes() {
    let world = World::new().await;
    let (team, chat, url, mut visitor) = at_the_door(&world, "otp").await;
    let first = code(&team, &chat, 0).await;
    for _ in 0..3 {
        visitor.types(&another(&first)).await;
    }
    visitor.open(&format!("{url}?step=code")).await;
    visitor.sees(200, "This code no longer works");
    assert!(!visitor.may("answer"));
    visitor.press("resend", &[]).await.sees(200, "3 tries left");
    let second = code(&team, &chat, 0).await;
    visitor.types(&another(&second)).await.sees(422, "2 tries left");
    visitor.types(&another(&second)).await.sees(423, "Please wait a while");
    visitor.open(&url).await;
    visitor.goes_on().await.sees(423, "Please wait a while");
    assert_eq!(read(&team, &chat, 0).await["lockout"]["by_method"]["otp"]["status"], "locked");
    invite(&team, &chat, json!({"via": "sms"})).await.refused(423, "locked");
    world.pass(15 * MINUTE).await;
    visitor.open(&url).await;
    visitor.goes_on().await.sees(200, "Enter your code");
}

/// L-29, I-03, I-06, I-07: the code goes where the invitation does not, so the agent has to know both.
#[tokio::test]
async fn a041_two_channels_need_two_addresses() {
    let world = World::new().await;
    let team = world.team("acme").await;
    channels(&team).await;
    team.set(json!({"entry": by("otp", None)})).await;
    let with = async |conversation: &str, person: Value| {
        let mut primary = person;
        primary["role"] = json!("primary");
        let body = json!({"channel": "webchat", "conversation": conversation, "participants": [primary]});
        let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
        opened["id"].as_str().unwrap().to_owned()
    };
    let missing = async |chat: &str, via: &str, names: &[&str]| {
        let problem = invite(&team, chat, json!({"via": via})).await.refused(422, "second-channel-required");
        let faults = problem["errors"].as_array().expect("what is missing");
        assert_eq!(faults.len(), names.len(), "{problem}");
        for (fault, name) in faults.iter().zip(names) {
            assert_eq!(fault["pointer"], "/participant");
            assert!(fault["detail"].as_str().unwrap().starts_with(&format!("has no {name}: ")), "{problem}");
        }
    };
    let phone = with("a", json!({"phone": "+37255512345"})).await;
    missing(&phone, "sms", &["email"]).await;
    let mail = with("b", json!({"email": "demo@example.com"})).await;
    missing(&mail, "email", &["phone"]).await;
    missing(&with("d", json!({})).await, "chat", &["phone", "email"]).await;
    invite(&team, &mail, json!({"via": "sms"})).await.refused(409, "no-address");
    let both = with("c", json!({"phone": "+37255512345", "email": "demo@example.com"})).await;
    invite(&team, &both, json!({"via": "email"})).await.expect(201);
    team.set(json!({"otp": {"second_channel": false, "show_to_agents": true}})).await;
    invite(&team, &phone, json!({"via": "sms"})).await.expect(201);
}

/// An invitation may be opened again until it or the conversation ends; a newer one takes its place.
#[tokio::test]
async fn an_invitation_ends_with_its_time_its_conversation_or_a_newer_one() {
    let world = World::new().await;
    let team = team(&world, json!({"ttl_minutes": 60})).await;
    let chat = open(&team, "conv-1").await;
    let made = invite(&team, &chat, json!({"via": "sms"})).await.expect(201);
    assert_eq!(
        (&made["purpose"], &made["direct_url"], &made["opener_secret"]),
        (&json!("entry"), &Value::Null, &Value::Null)
    );
    let first = made["url"].as_str().unwrap().to_owned();
    let second = invited(&team, &chat, json!({"via": "sms"})).await;
    Visitor::at(&world, &first).await.sees(410, "This invitation has ended");
    world.pass(59 * MINUTE).await;
    assert_eq!(
        team.bot("GET", &chat, "", Value::Null).await.expect(200)["status"],
        "open",
        "it waits for the first act"
    );
    let mut visitor = Visitor::at(&world, &second).await;
    visitor.goes_on().await.sees(200, "You are in");
    world.pass(MINUTE).await;
    visitor.open(&second).await;
    visitor.sees(410, "This invitation has ended");
    let third = invited(&team, &chat, json!({"via": "sms"})).await;
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    Visitor::at(&world, &third).await.sees(410, "This invitation has ended");
    invite(&team, &chat, json!({"via": "sms"})).await.refused(409, "interaction-closed");
}

/// I-12: people added or reassigned later are invited like everybody; the one before is not in any more.
#[tokio::test]
async fn i12_who_is_added_or_takes_a_place_comes_in_by_an_invitation_of_their_own() {
    let world = World::new().await;
    let team = team(&world, by("otp", None)).await;
    let chat = open(&team, "conv-1").await;
    let added = team
        .bot(
            "POST",
            &chat,
            "/participants",
            json!({"role": "cosigner", "phone": "+37255500000",
        "email": "late@example.com"}),
        )
        .await;
    assert_eq!(added.status, 201);
    let url = invited(&team, &chat, json!({"via": "sms", "participant": "p3"})).await;
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await;
    let right = code(&team, &chat, 2).await;
    visitor.types(&right).await.sees(200, "You are in");
    team.bot("PATCH", &chat, "/participants/p3", json!({"name": "Another Customer"})).await.expect(200);
    let seen = read(&team, &chat, 2).await;
    assert_eq!((&seen["entry"]["status"], &seen["authentication"]["authenticated"]), (&json!("none"), &json!(false)));
    visitor.open(&url).await;
    visitor.sees(410, "This invitation has ended");
}

/// "This wasn't me" on an invitation: it ends, and what it let in falls.
#[tokio::test]
async fn an_invitation_can_be_disowned() {
    let world = World::new().await;
    let (team, chat, url, mut visitor) = at_the_door(&world, "otp").await;
    let right = code(&team, &chat, 0).await;
    visitor.types(&right).await.sees(200, "You are in");
    visitor.open(&url).await;
    visitor.press("report", &[]).await.sees(200, "Thank you for telling us");
    let seen = read(&team, &chat, 0).await;
    assert_eq!((&seen["entry"]["status"], &seen["authentication"]["authenticated"]), (&json!("none"), &json!(false)));
    visitor.open(&url).await;
    visitor.sees(410, "This link was stopped");
    assert!(team.event_types().await.contains(&"link.reported".to_owned()));
}

/// What nothing here can check is refused when people are invited, and not at the door.
#[tokio::test]
async fn a_method_without_a_provider_is_refused_clearly() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let chat = open(&team, "conv-1").await;
    for method in ["kba", "photo_id", "photo_id_selfie"] {
        team.set(json!({"entry": by(method, None)})).await;
        invite(&team, &chat, json!({"via": "sms"})).await.refused(409, "method-unavailable");
        team.set(json!({"entry": by("otp", Some(method))})).await;
        invite(&team, &chat, json!({"via": "sms"})).await.refused(409, "method-unavailable");
    }
    team.set(json!({"entry": by("login", None), "authentication_url": "none"})).await;
    invite(&team, &chat, json!({"via": "sms"})).await.refused(409, "no-authentication-url");
    let body = json!({"purpose": "entry"});
    team.bot("POST", &chat, "/login-links", body).await.refused(422, "invalid");
}

/// Coming in by the team's own login page.
#[tokio::test]
async fn a_login_at_the_door_lets_in_the_browser_that_logged_in() {
    let world = World::new().await;
    let (team, chat, url, mut visitor) = at_the_door(&world, "login").await;
    assert_eq!(visitor.page.status, 303);
    let at_login = Visit::of(&visitor.page.header("location"));
    // Coming back without having logged in leads there again, by the same handle.
    visitor.open(&url).await;
    visitor.goes_on().await;
    assert_eq!(Visit::of(&visitor.page.header("location")).token, at_login.token);
    let told = team.post_back(&at_login, &team.assertion(&at_login, "cust-42")).await.expect(200);
    assert_eq!(told["status"], "accepted", "the browser at the door has to come back");
    visitor.comes_to(told["continue_url"].as_str().unwrap()).await;
    visitor.sees(200, "You are in");
    let mut other = Visitor::at(&world, &url).await;
    other.goes_on().await;
    assert_eq!(other.page.status, 303, "another browser has not logged in");
    assert!(other.page.header("location").contains("cs_token="));
    let seen = read(&team, &chat, 0).await;
    assert_eq!(seen["authentication"]["methods"], json!(["login"]));
    assert_eq!(seen["authentication"]["customer"]["id"], "cust-42");
}

/// L-03, L-04, L-05: what holds at the door is the system's until a team says otherwise.
#[tokio::test]
async fn l03_the_door_is_the_systems_until_a_team_says_otherwise() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    world
        .call(OWNER, "PATCH", "/v1/settings", json!({"entry": {"require_authentication": true, "first": "pin"}}))
        .await
        .expect(200);
    let chat = open_chat(&team, "conv-1").await;
    invite(&team, &chat, json!({"via": "chat"})).await.refused(422, "pin-required");
    team.set(json!({"entry": {"first": "otp"}})).await;
    invite(&team, &chat, json!({"via": "chat"})).await.expect(201);
}

//! A login at the door: from the login's done page the browser that came by the invitation goes on to
//! where people are let in, and no other does.

use std::time::Duration;

use countersign::domain::secret::from_base64url;
use serde_json::{Value, json};

use super::{Visitor, invited, open_chat, read, team};
use crate::world::{Browser, Team, URL, Visit, World, shown_code};

const ADMIT: &str = "https://rooms.example.com/join";

/// Somebody who was invited and has pressed Continue; the way to the login page that she was given.
async fn sent_to_log_in(team: &Team, invitation: Value) -> (String, Visitor, Visit) {
    let chat = open_chat(team, "conv-1").await;
    let url = invited(team, &chat, invitation).await;
    let mut visitor = Visitor::at(&team.world, &url).await;
    visitor.goes_on().await;
    let visit = at_login(&visitor);
    (chat, visitor, visit)
}

#[track_caller]
fn at_login(visitor: &Visitor) -> Visit {
    assert_eq!(visitor.page.status, 303, "{}", visitor.page.text());
    Visit::of(&visitor.page.header("location"))
}

fn by_login(admit_url: Value) -> Value {
    json!({"require_authentication": true, "first": "login", "admit_url": admit_url})
}

/// The address of the done page, after the login page has said so.
async fn after(team: &Team, visit: &Visit, outcome: &str) -> String {
    let mut claims = team.claims(visit, "cust-42");
    claims["outcome"] = json!(outcome);
    let told = team.post_back(visit, &team.sign(&claims)).await.expect(200);
    told["continue_url"].as_str().expect("a page").to_owned()
}

/// What the word says that the browser carries to where people are let in.
fn word(visitor: &Visitor) -> Value {
    let location = visitor.page.header("location");
    assert!(location.starts_with(&format!("{ADMIT}?cs_entry=")), "{location}");
    let claims = location.split('.').rev().nth(1).and_then(from_base64url).expect("a JWT has three parts");
    serde_json::from_slice(&claims).expect("claims are JSON")
}

#[tokio::test]
async fn who_logged_in_at_the_door_goes_on_from_the_done_page() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, visit) = sent_to_log_in(&team, json!({"via": "sms"})).await;
    let invitation = visitor.url.strip_prefix(URL).unwrap().to_owned();
    let done = after(&team, &visit, "authenticated").await;

    visitor.open(&done).await;
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "waiting", "looking is not entering");
    for _ in 0..2 {
        visitor.comes_to(&done).await;
        visitor.sees(200, "I have sent it");
        assert!(visitor.may("continue"), "{}", visitor.page.text());
    }
    let mut other = Visitor::with(Browser::new(&world), &done);
    other.comes_to(&done).await;
    assert_eq!(other.page.status, 409, "another browser has proved nothing: {}", other.page.text());
    assert!(!other.may("continue") && !other.page.text().contains(&invitation), "and is not told where the door is");
    let policy = visitor.page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https:"), "browsers judge the redirect by it: {policy}");
    visitor.goes_on().await;
    assert_eq!(visitor.page.status, 303);
    let word = word(&visitor);
    assert_eq!((&word["sub"], &word["methods"]), (&json!("p1"), &json!(["login"])));
    let seen = read(&team, &chat, 0).await;
    assert_eq!((&seen["entry"]["status"], &seen["entry"]["method"]), (&json!("admitted"), &json!("login")));
    assert_eq!(seen["authentication"]["authenticated"], false, "who is in the chat is not shown by a door");
}

#[tokio::test]
async fn without_a_place_to_go_to_she_is_told_that_she_is_in() {
    let world = World::new().await;
    let team = team(&world, by_login(Value::Null)).await;
    let (_, mut visitor, visit) = sent_to_log_in(&team, json!({"via": "email"})).await;
    visitor.comes_to(&after(&team, &visit, "authenticated").await).await;
    visitor.goes_on().await.sees(200, "You are in");
}

/// The browser that logged in is in; that the chat is hers, too, the chat itself says by the code.
#[tokio::test]
async fn who_is_in_may_bring_the_code_to_the_chat() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, visit) = sent_to_log_in(&team, json!({"via": "chat"})).await;
    visitor.comes_to(&after(&team, &visit, "authenticated").await).await;
    visitor.sees(200, "I have sent it");
    let code = shown_code(&visitor.page.text());
    assert_eq!(team.says(&chat, "m-1", &code).await.expect(200)["outcome"], "passed");
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("code")));
    visitor.goes_on().await;
    assert_eq!(word(&visitor)["methods"], json!(["login"]));
}

/// A cosigner writes nothing in the chat: the browser that logged in is let in, and is what their flag stands on.
#[tokio::test]
async fn a_cosigner_who_logged_in_at_the_door_is_let_in_at_once() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, visit) = sent_to_log_in(&team, json!({"via": "sms", "participant": "p2"})).await;
    visitor.comes_to(&after(&team, &visit, "authenticated").await).await;
    assert_eq!(visitor.page.status, 303, "{}", visitor.page.text());
    assert_eq!(word(&visitor)["sub"], "p2");
    let seen = read(&team, &chat, 1).await;
    assert_eq!(
        (&seen["authentication"]["authenticated"], &seen["authentication"]["binding"]),
        (&json!(true), &json!("browser"))
    );
}

#[tokio::test]
async fn a_login_that_came_to_nothing_can_be_tried_again() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, mut visit) = sent_to_log_in(&team, json!({"via": "sms"})).await;
    for (outcome, words) in [("denied", "You can try again"), ("cancelled", "You can log in again")] {
        visitor.comes_to(&after(&team, &visit, outcome).await).await;
        visitor.sees(200, words);
        visitor.goes_on().await;
        let next = at_login(&visitor);
        assert_ne!(next.token, visit.token, "each login has a handle of its own");
        visit = next;
    }
    let done = after(&team, &visit, "authenticated").await;
    world.pass(Duration::from_secs(10 * 60)).await; // it has waited long enough
    visitor.comes_to(&done).await;
    visitor.sees(410, "This login no longer counts");
    visitor.goes_on().await;
    at_login(&visitor);
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "waiting");
}

/// Who disowns the login is let in by it no more, nor is anybody else.
#[tokio::test]
async fn a_login_that_was_disowned_lets_nobody_in() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, visit) = sent_to_log_in(&team, json!({"via": "sms"})).await;
    let invitation = visitor.url.clone();
    visitor.comes_to(&after(&team, &visit, "authenticated").await).await;
    visitor.press("report", &[]).await.sees(200, "Thank you for telling us");
    assert!(!visitor.may("continue"));
    visitor.open(&invitation).await;
    visitor.goes_on().await.sees(409, "");
    let lift = format!("/v1/interactions/{chat}/participants/p1/unlock");
    world.call(&team.agent, "POST", &lift, json!({"reason": "talked to the customer"})).await.expect(200);
    visitor.open(&invitation).await;
    visitor.goes_on().await;
    at_login(&visitor);
    assert_eq!(read(&team, &chat, 0).await["authentication"]["authenticated"], false);
}

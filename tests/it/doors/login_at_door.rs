//! A login at the door: from the login's done page the browser that came by the invitation goes on to
//! where people are let in, and no other does.

use std::time::Duration;

use countersign::domain::secret::from_base64url;
use serde_json::{Value, json};

use super::{Visitor, invited, open, read, team};
use crate::world::{Team, URL, Visit, World, shown_code};

const ADMIT: &str = "https://rooms.example.com/join";

/// Somebody who was invited and has pressed Continue; the way to the login page that she was given.
async fn sent_to_log_in(team: &Team, via: &str) -> (String, Visitor, Visit) {
    let chat = open(team, "conv-1").await;
    let url = invited(team, &chat, json!({"via": via})).await;
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
    let (chat, mut visitor, visit) = sent_to_log_in(&team, "sms").await;
    let invitation = visitor.url.strip_prefix(URL).unwrap().to_owned();
    let done = after(&team, &visit, "authenticated").await;

    let other = Visitor::at(&world, &done).await;
    other.sees(200, "It’s confirmed");
    assert!(!other.may("continue"), "another browser has proved nothing");
    assert!(!other.page.text().contains(&invitation), "and is not told where the door is");
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "waiting");

    for _ in 0..2 {
        visitor.open(&done).await;
        visitor.sees(200, "Continue to the conversation that you are invited to");
    }
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "waiting", "looking is not entering");
    let policy = visitor.page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https:"), "browsers judge the redirect by it: {policy}");
    visitor.goes_on().await;
    assert_eq!(visitor.page.status, 303);
    let word = word(&visitor);
    assert_eq!((&word["sub"], &word["methods"]), (&json!("p1"), &json!(["login"])));
    let seen = read(&team, &chat, 0).await;
    assert_eq!((&seen["entry"]["status"], &seen["entry"]["method"]), (&json!("admitted"), &json!("login")));
    assert_eq!(seen["authentication"]["customer"]["id"], "cust-42");
}

#[tokio::test]
async fn without_a_place_to_go_to_she_is_told_that_she_is_in() {
    let world = World::new().await;
    let team = team(&world, by_login(Value::Null)).await;
    let (_, mut visitor, visit) = sent_to_log_in(&team, "email").await;
    visitor.open(&after(&team, &visit, "authenticated").await).await;
    visitor.goes_on().await.sees(200, "You are in");
}

/// An invitation that came through the chat might have been forwarded from there: the code goes back
/// first, and only then does the page lead on.
#[tokio::test]
async fn a_login_that_waits_for_its_code_leads_on_when_the_chat_has_it() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, visit) = sent_to_log_in(&team, "chat").await;
    let done = after(&team, &visit, "authenticated").await;
    visitor.open(&done).await;
    visitor.sees(200, "I have sent it");
    assert!(!visitor.may("continue"), "nobody is in before the chat has the code");
    let code = shown_code(&visitor.page.text());
    visitor.open(&done).await;
    visitor.sees(200, &code);
    assert_eq!(team.says(&chat, "m-1", &code).await.expect(200)["outcome"], "passed");
    visitor.open(&done).await;
    visitor.goes_on().await;
    assert_eq!(word(&visitor)["methods"], json!(["login"]));
}

#[tokio::test]
async fn a_login_that_came_to_nothing_can_be_tried_again() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, mut visit) = sent_to_log_in(&team, "sms").await;
    for (outcome, words) in [("denied", "You can try again"), ("cancelled", "You can log in again")] {
        visitor.open(&after(&team, &visit, outcome).await).await;
        visitor.sees(200, words);
        visitor.goes_on().await;
        let next = at_login(&visitor);
        assert_ne!(next.token, visit.token, "each login has a handle of its own");
        visit = next;
    }
    let done = after(&team, &visit, "authenticated").await;
    world.pass(Duration::from_secs(16 * 60)).await; // the flag has fallen
    visitor.open(&done).await;
    visitor.sees(200, "This login no longer counts");
    visitor.goes_on().await;
    at_login(&visitor);
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "waiting");
}

/// Who disowns the login is let in by it no more, nor is anybody else.
#[tokio::test]
async fn a_login_that_was_disowned_lets_nobody_in() {
    let world = World::new().await;
    let team = team(&world, by_login(json!(ADMIT))).await;
    let (chat, mut visitor, visit) = sent_to_log_in(&team, "sms").await;
    let invitation = visitor.url.clone();
    visitor.open(&after(&team, &visit, "authenticated").await).await;
    visitor.press("report", &[]).await.sees(200, "Thank you for telling us");
    assert!(!visitor.may("continue"));
    visitor.open(&invitation).await;
    visitor.goes_on().await;
    at_login(&visitor);
    assert_eq!(read(&team, &chat, 0).await["authentication"]["authenticated"], false);
}

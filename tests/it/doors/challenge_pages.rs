//! The page of a challenge that a bot or an agent has put: opening screen, code page, done page, and
//! what it says when something is wrong.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Visitor, another, code, open, read, team};
use crate::world::{Team, World};

/// The bot puts a code to a participant, which an agent tells; its page.
async fn put(team: &Team, chat: &str, body: Value) -> String {
    let made = team.world.call(&team.agent, "POST", &format!("/v1/interactions/{chat}/challenges"), body).await;
    made.expect(202)["page_url"].as_str().expect("a page").to_owned()
}

async fn asked(world: &World) -> (Team, String, String) {
    let team = team(world, json!({})).await;
    let chat = open(&team, "conv-1").await;
    let page =
        put(&team, &chat, json!({"method": "otp", "deliver_to": "agent", "intent": "copy", "state": "t-7"})).await;
    (team, chat, page)
}

/// L-23, L-27, P-07, I-10: Continue is arriving; then the code page asks, and a right code is told to
/// the chat.
#[tokio::test]
async fn a_code_is_typed_on_its_page_and_the_chat_goes_on() {
    let world = World::new().await;
    let (team, chat, page) = asked(&world).await;
    let mut visitor = Visitor::at(&world, &page).await;
    visitor.sees(200, "Confirm that it’s you");
    assert!(!visitor.may("answer"), "the code is asked for after Continue");
    let id = read(&team, &chat, 0).await["challenge"]["id"].as_str().unwrap().to_owned();
    let reveal = format!("/v1/challenges/{id}/code");
    world.call(&team.agent, "GET", &reveal, Value::Null).await.refused(409, "not-arrived");

    visitor.goes_on().await.sees(200, "Enter your code");
    for part in ["autocomplete=\"one-time-code\"", "inputmode=\"numeric\"", "name=\"code\"", "3 tries left"] {
        visitor.sees(200, part);
    }
    let right = code(&team, &chat, 0).await;
    visitor.types(&format!(" {}-{} ", &right[..3], &right[3..])).await.sees(200, "It’s confirmed");
    let flag = team.flag(&chat).await;
    assert_eq!(
        (&flag["authenticated"], &flag["methods"], &flag["binding"]),
        (&json!(true), &json!(["otp"]), &json!("browser"))
    );
    let events = team.events().await;
    let told = events.iter().find(|e| e["type"] == "intent.resumed").expect("the bot goes on");
    assert_eq!((&told["data"]["intent"], &told["data"]["state"]), (&json!("copy"), &json!("t-7")));
    assert!(events.iter().any(|e| e["type"] == "challenge.presented"));
    visitor.open(&page).await;
    visitor.sees(200, "It’s confirmed");
}

/// K-08, §3.10 of the settled points: the person hears one generic text, and the code ends with its tries.
#[tokio::test]
async fn wrong_codes_are_counted_on_the_page_and_end_it() {
    let world = World::new().await;
    let (team, chat, page) = asked(&world).await;
    let mut visitor = Visitor::at(&world, &page).await;
    visitor.goes_on().await;
    let wrong = another(&code(&team, &chat, 0).await);
    visitor.types("12").await.sees(422, "digits only");
    visitor.sees(422, "3 tries left");
    visitor.types(&wrong).await.sees(422, "That was not right");
    visitor.sees(422, "2 tries left");
    visitor.sees(422, "aria-invalid=\"true\"");
    visitor.types(&wrong).await.sees(422, "This is the last try");
    visitor.types(&wrong).await;
    assert!(!visitor.may("answer"), "{}", visitor.page.text());
    visitor.open(&page).await;
    visitor.sees(410, "This code is over");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
}

/// The same form sent twice, as a browser does when its reply was lost: one answer.
#[tokio::test]
async fn an_answer_that_is_sent_twice_counts_once() {
    let world = World::new().await;
    let (team, chat, page) = asked(&world).await;
    let mut visitor = Visitor::at(&world, &page).await;
    visitor.goes_on().await;
    let wrong = another(&code(&team, &chat, 0).await);
    let before = visitor.page.clone();
    for _ in 0..3 {
        visitor.page = before.clone();
        visitor.types(&wrong).await.sees(422, "2 tries left");
    }
    visitor.page = before;
    visitor.types(&another(&wrong)).await.sees(422, "This is the last try");
}

/// A055, A052: a locked person's page takes nothing and says until when; the right code changes nothing.
#[tokio::test]
async fn a055_a_locked_page_compares_nothing() {
    let world = World::new().await;
    let (team, chat, page) = asked(&world).await;
    team.set(json!({"lockout": {"threshold": 2, "max_lockouts": 2}})).await;
    let mut visitor = Visitor::at(&world, &page).await;
    visitor.goes_on().await;
    let right = code(&team, &chat, 0).await;
    let form = visitor.page.clone();
    visitor.types(&another(&right)).await;
    visitor.types(&another(&right)).await.sees(423, "Please wait a while");
    visitor.sees(423, "You can try again from");
    visitor.page = form;
    visitor.types(&right).await.sees(423, "Please wait a while");
    Visitor::at(&world, &page).await.sees(423, "You can try again from");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
    world.pass(Duration::from_secs(20 * 60)).await;
    Visitor::at(&world, &page).await.sees(410, "This code is over");
}

/// A page as anybody sees it: without what is drawn anew for each.
fn seen(visitor: &Visitor, page: &str) -> (u16, String) {
    let text = visitor.page.text();
    let mut parts = text.split("value=\"");
    let shown = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('"').map_or(part, |(_, rest)| rest));
    let token = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    let text = rest.fold(shown, |all, part| all + part);
    (visitor.page.status, text.replace(&token(page), "TOKEN").replace(&token(&visitor.url), "TOKEN"))
}

/// A052: whoever the conversation is said to be held with, the page shows the same.
#[tokio::test]
async fn a052_the_page_is_the_same_for_known_and_unknown_people() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let known = open(&team, "conv-known-1").await;
    let unknown = team.open("session", "conv-unknown-1").await;
    let mut pages = Vec::new();
    for chat in [known, unknown] {
        let page = put(&team, &chat, json!({"method": "otp", "deliver_to": "agent"})).await;
        let mut visitor = Visitor::at(&world, &page).await;
        let mut told = vec![seen(&visitor, &page)];
        told.push(seen(visitor.goes_on().await, &page));
        let right = code(&team, &chat, 0).await;
        told.push(seen(visitor.types(&another(&right)).await, &page));
        told.push(seen(visitor.types("not a code").await, &page));
        told.push(seen(visitor.types(&right).await, &page));
        pages.push(told);
    }
    for (known, unknown) in pages[0].iter().zip(&pages[1]) {
        assert!(known == unknown, "{} and {}: {} {}", known.0, unknown.0, known.1, unknown.1);
    }
}

/// A GET changes nothing, a form of elsewhere does nothing, and nobody's token opens nothing.
#[tokio::test]
async fn only_this_browsers_own_form_does_anything() {
    let world = World::new().await;
    let (team, chat, page) = asked(&world).await;
    for _ in 0..3 {
        Visitor::at(&world, &page).await.sees(200, "Confirm that it’s you");
        Visitor::at(&world, &format!("{page}?step=code")).await.sees(200, "Confirm that it’s you");
    }
    assert!(!team.event_types().await.contains(&"challenge.presented".to_owned()));
    let mut visitor = Visitor::at(&world, &page).await;
    let stranger = Visitor::at(&world, &page).await;
    visitor.page = stranger.page; // another browser's form
    visitor.goes_on().await.sees(403, "Please open the link again");
    let wrong = format!("{}A{}", &page[..page.len() - 20], &page[page.len() - 19..]);
    if wrong != page {
        Visitor::at(&world, &wrong).await.sees(404, "This link does not work");
    }
    Visitor::at(&world, &page.replace("/c/", "/l/")).await.sees(404, "This link does not work");
    let link = team.link(&chat).await["url"].as_str().unwrap().replace("/l/", "/c/");
    Visitor::at(&world, &link).await.sees(404, "This link does not work");
}

/// "This wasn't me" ends the challenge, and agents are told.
#[tokio::test]
async fn a_challenge_can_be_disowned() {
    let world = World::new().await;
    let (team, chat, page) = asked(&world).await;
    let mut visitor = Visitor::at(&world, &page).await;
    visitor.press("report", &[]).await.sees(200, "Thank you for telling us");
    assert_eq!(read(&team, &chat, 0).await["challenge"], Value::Null);
    let events = team.events().await;
    let told = events.iter().find(|e| e["type"] == "challenge.cancelled").expect("it is told");
    assert_eq!(told["data"]["reason"], "reported");
    visitor.open(&page).await;
    visitor.sees(410, "This code is over");
}

/// Another code may be asked for after a while; too early is answered politely, and the code stands.
#[tokio::test]
async fn another_code_is_asked_for_on_the_page() {
    let world = World::new().await;
    let (team, chat, page) = asked(&world).await;
    let mut visitor = Visitor::at(&world, &page).await;
    visitor.goes_on().await.sees(200, "You can ask for another code in 30 seconds");
    let first = code(&team, &chat, 0).await;
    visitor.press("resend", &[]).await.sees(429, "Please wait a little");
    assert_eq!(visitor.page.header("retry-after"), "30");
    assert_eq!(code(&team, &chat, 0).await, first);
    world.pass(Duration::from_secs(30)).await;
    visitor.press("resend", &[]).await.sees(200, "Enter your code");
    let second = code(&team, &chat, 0).await;
    visitor.types(&first).await.sees(422, "That was not right");
    visitor.types(&second).await.sees(200, "It’s confirmed");
}

#[tokio::test]
async fn a_code_that_took_too_long_is_over() {
    let world = World::new().await;
    let (_, _, page) = asked(&world).await;
    let mut visitor = Visitor::at(&world, &page).await;
    visitor.goes_on().await;
    world.pass(Duration::from_secs(180)).await;
    visitor.types("123456").await.sees(410, "This code is over");
}

//! Coming in by answers to questions: a door that asks what only the customer should know, of those whom
//! the directory knows and of everybody else the same.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Visitor, by, form, invited, open, read, team};
use crate::world::{Browser, OWNER, Team, World};

/// A door that asks three questions; the directory has the customer under her phone number.
async fn asking(world: &World) -> Team {
    let team = team(world, by("kba", Some("kba"))).await;
    let ask = json!(["first_pet", "first_school", {"fact": "branch", "choices": ["Tallinn", "Tartu", "Narva"]}]);
    team.set(json!({"kba": {"enabled": true, "ask": ask}, "entry": {"offline_minutes": 1}})).await;
    let facts = json!({"first_pet": "Rex", "first_school": "Hill School", "branch": "Tartu"});
    let body = json!({"name": "Demo Customer", "phones": ["+37255512341"], "facts": facts});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", body).await.expect(201);
    team
}

/// What the page's questions are answered with, where the last is answered so.
fn answers(page: &str, branch: &'static str) -> Vec<(&'static str, &'static str)> {
    let names = ["answer_1", "answer_2", "answer_3"];
    let at = |name: &str| page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    let mut words: Vec<(usize, &'static str)> =
        [("First pet", "rex"), ("First school", "hill  school"), ("Branch", branch)]
            .into_iter()
            .map(|(text, answer)| (page.find(text).unwrap_or_else(|| panic!("{text}: {page}")), answer))
            .collect();
    words.sort_unstable();
    assert!(names.iter().zip(&words).all(|(name, (text, _))| *text < at(name)), "a question stands before its field");
    names.into_iter().zip(words).map(|(name, (_, answer))| (name, answer)).collect()
}

async fn at_the_questions(world: &World, team: &Team, conversation: &str) -> (String, String, Visitor) {
    let chat = open(team, conversation).await;
    let url = invited(team, &chat, json!({"via": "sms"})).await;
    let mut visitor = Visitor::at(world, &url).await;
    visitor.goes_on().await.sees(200, "Answer a few questions");
    (chat, url, visitor)
}

/// L-10, L-13, L-16, L-17: the answers let the browser in, once; whoever comes again is asked again.
#[tokio::test]
async fn l13_the_right_answers_let_in_the_browser_that_gave_them() {
    let world = World::new().await;
    let team = asking(&world).await;
    let (chat, url, mut visitor) = at_the_questions(&world, &team, "conv-1").await;
    let page = visitor.page.text();
    let wrong = answers(&page, "Narva");
    visitor.press("answer", &wrong).await.sees(422, "Not enough of that was right");
    assert!(!visitor.page.text().to_lowercase().contains("rex") && !visitor.page.text().contains("checked"));
    visitor.press("answer", &wrong[..2]).await.sees(422, "Answer each of the questions");
    assert!(visitor.page.text().contains("4 tries left"), "what is not whole is no attempt");
    let mut other = Visitor::with(Browser::new(&world), &url);
    other.open(&format!("{url}?step=code")).await;
    other.sees(200, "Continue");
    let right = answers(&visitor.page.text(), "Tartu");
    visitor.press("answer", &right).await.sees(200, "You are in");
    let seen = read(&team, &chat, 0).await;
    assert_eq!((&seen["entry"]["status"], &seen["entry"]["method"]), (&json!("admitted"), &json!("kba")));
    assert_eq!(seen["authentication"]["methods"], json!(["kba"]));
    assert_eq!(seen["authentication"]["customer"], json!({"id": "cust-42", "name": "Demo Customer"}));

    team.bot("POST", &chat, "/presence", json!({"state": "offline"})).await.expect(200);
    world.pass(Duration::from_secs(120)).await;
    visitor.open(&url).await;
    visitor.goes_on().await.sees(200, "Answer a few questions");
}

/// A052 at the questions: who is unknown sees the same page, has the same tries and hears the same.
#[tokio::test]
async fn a052_who_is_unknown_is_asked_and_refused_the_same_way() {
    let world = World::new().await;
    let team = asking(&world).await;
    let (_, _, mut known) = at_the_questions(&world, &team, "conv-1").await;
    world.call(OWNER, "DELETE", "/v1/teams/acme/customers/cust-42", Value::Null).await.expect(200);
    let (_, _, mut nobody) = at_the_questions(&world, &team, "conv-2").await;
    // What a page is made of besides its own secrets and the order of its questions, which is each person's own.
    let shape = |visitor: &Visitor| {
        let text = visitor.page.text();
        let (_, hidden) = form(&text, "answer").expect("a form");
        let mut shape = hidden.iter().fold(text.clone(), |text, (_, value)| text.replace(value.as_str(), "…"));
        let own = visitor.url.split("/c/").nth(1).and_then(|rest| rest.split('?').next()).expect("a token").to_owned();
        shape = shape.replace(&own, "…");
        let mut lines: Vec<String> = shape.lines().map(|line| line.replace(['1', '2', '3'], "n")).collect();
        lines.sort();
        lines.retain(|line| !line.contains("maxlength=\"n00\""));
        (visitor.page.status, lines)
    };
    assert_eq!(shape(&known), shape(&nobody));
    let (a, b) = (answers(&known.page.text(), "Narva"), answers(&nobody.page.text(), "Tartu"));
    known.press("answer", &a).await;
    nobody.press("answer", &b).await;
    assert_eq!(shape(&known), shape(&nobody));
    nobody.sees(422, "Not enough of that was right");
}

/// Questions end after their time; at the door Continue has new ones put.
#[tokio::test]
async fn questions_that_are_over_are_asked_again_at_the_door() {
    let world = World::new().await;
    let team = asking(&world).await;
    let (_, _, mut visitor) = at_the_questions(&world, &team, "conv-1").await;
    let right = answers(&visitor.page.text(), "Tartu");
    world.pass(Duration::from_secs(601)).await;
    visitor.press("answer", &right).await.sees(410, "These questions are over");
    visitor.goes_on().await.sees(200, "Answer a few questions");
    visitor.press("answer", &right).await.sees(200, "You are in");
}

/// A directory is asked for those alone whom the door asks questions now: while it is away a code lets in, who is
/// in comes again, and questions that are over are not taken for asked.
#[tokio::test]
async fn who_is_asked_no_questions_needs_no_directory() {
    let world = World::new().await;
    let team = asking(&world).await;
    team.set(json!({"entry": {"first": "otp", "subsequent": "kba"}})).await;
    let person = json!({"role": "primary", "phone": "+37255512341", "customer_id": "cust-42"});
    let body = json!({"channel": "session", "conversation": "conv-1", "participants": [person]});
    let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = opened["id"].as_str().unwrap().to_owned();
    let url = invited(&team, &chat, json!({"via": "sms"})).await;
    let away = json!({"directory": {"kind": "http"}});
    team.set(away.clone()).await;
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await;
    let right = super::code(&team, &chat, 0).await;
    visitor.types(&right).await.sees(200, "You are in");
    visitor.open(&url).await;
    visitor.goes_on().await.sees(200, "You are in");
    // Another browser is asked anew, and there is nobody to ask about.
    team.set(json!({"entry": {"first": "kba"}})).await;
    let mut other = Visitor::at(&world, &url).await;
    other.goes_on().await;
    assert_eq!(other.page.status, 503, "{}", other.page.text());
    team.set(json!({"directory": {"kind": "builtin"}})).await;
    other.open(&url).await;
    other.goes_on().await.sees(200, "Answer a few questions");
    team.set(away).await;
    other.open(&url).await;
    other.goes_on().await.sees(200, "Answer a few questions"); // they wait already
    team.set(json!({"directory": {"kind": "builtin"}})).await;
    world.clock.advance(Duration::from_secs(601)); // and nobody has swept
    other.open(&url).await;
    other.goes_on().await.sees(200, "Answer a few questions");
}

//! A document that is shown for a chat (step 7 from Continue to the flag): the browser is bound when it is first
//! handed in, the verdict comes when it comes, and the later of the two raises the flag.

use std::time::Duration;

use serde_json::{Value, json};

use super::provider::{Provider, clear};
use super::{Person, ask, front, read, team};
use crate::world::{Browser, Team, World, hidden, shown_code, worlds};

const PHONE: &str = "+37255512345";

/// A chat whose customer is asked for a document, which the provider judges later.
async fn asked(world: &World, provider: &Provider) -> (Team, String, String, Person) {
    provider.says(|_| (202, Value::Null));
    let team = team(world, provider).await;
    let chat = team.open("sms", PHONE).await;
    let (challenge, url) = ask(&team, &chat, "photo_id").await;
    let person = Person::at(world, &url).await;
    (team, chat, challenge, person)
}

/// Hands a document in; the done page that the browser is led to.
async fn hands_in(person: &mut Person) -> String {
    let sent = person.sends(&front(true)).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let done = sent.header("location");
    assert!(done.contains("/d/"), "{done}");
    done
}

async fn is_up(team: &Team, chat: &str) -> bool {
    team.flag(chat).await["authenticated"] == true
}

async fn passes(team: &Team, chat: &str, id: &str, code: &str) -> bool {
    team.says(chat, id, code).await.expect(200)["outcome"] == "passed"
}

/// 7: Binding and verdict in either order: neither raises the flag alone.
#[tokio::test]
async fn later_of_verdict_and_binding_raises_the_flag() {
    for verdict_first in [true, false] {
        for world in worlds().await {
            let provider = Provider::start().await;
            let (team, chat, _, mut person) = asked(&world, &provider).await;
            let done = hands_in(&mut person).await;
            let check = provider.check();
            let verdict = async || provider.calls(&team, "call-1", &clear(&check, true)).await.expect(200);
            if verdict_first {
                assert_eq!(verdict().await["status"], "taken");
                assert!(!is_up(&team, &chat).await, "the chat has not said that it is this browser's");
                let code = person.browser.code(&done).await;
                assert!(passes(&team, &chat, "m1", &code).await);
            } else {
                let code = person.browser.code(&done).await;
                assert!(passes(&team, &chat, "m1", &code).await);
                assert!(!is_up(&team, &chat).await, "nobody has judged it");
                verdict().await;
            }
            let flag = team.flag(&chat).await;
            assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("code")));
        }
    }
}

/// 7: The customer shows a document on a page that the stranger began: it is the customer's browser that counts.
#[tokio::test]
async fn document_on_a_page_that_was_handed_on_authenticates_nobody() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, _, stranger) = asked(&world, &provider).await;
    let mut customer = Person::at(&world, &stranger.url).await;
    let done = hands_in(&mut customer).await;
    let check = provider.check();
    // The stranger comes to the page, and even to the address that the customer was led to.
    let mut other = stranger.browser.clone();
    assert_eq!(other.press(&stranger.url, "continue", "").await.status, 503, "while it is judged");
    customer.browser.code(&done).await;
    assert_eq!(other.finish(&done).await.status, 409);
    provider.calls(&team, "call-1", &clear(&check, true)).await.expect(200);
    other.press(&stranger.url, "continue", "").await;
    assert!(!is_up(&team, &chat).await);
}

/// 7: Another browser than the one that handed it in is asked for the chat's number before it is shown the code.
#[tokio::test]
async fn another_browser_after_a_document_names_the_chat() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, _, mut person) = asked(&world, &provider).await;
    let done = hands_in(&mut person).await;
    provider.calls(&team, "call-1", &clear(&provider.check(), true)).await.expect(200);
    let mut other = Browser::new(&world);
    assert!(!other.finish(&done).await.text().contains("data-code"));
    let code = other.names(&done, PHONE).await;
    assert!(passes(&team, &chat, "m1", &code).await && is_up(&team, &chat).await);
}

/// 7: Continue again in the same browser changes nothing while the document is judged.
#[tokio::test]
async fn continue_in_the_same_browser_leaves_a_document_with_its_judge() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, challenge, mut person) = asked(&world, &provider).await;
    let done = hands_in(&mut person).await;
    let check = provider.check();
    let on = person.browser.press(&person.url, "continue", "").await;
    assert_eq!(on.status, 303, "{}", on.text());
    assert_eq!(read(&team, &challenge).await["document"]["status"], "checking");
    assert_eq!(provider.calls(&team, "call-1", &clear(&check, true)).await.expect(200)["status"], "taken");
    let code = person.browser.code(&done).await;
    assert!(passes(&team, &chat, "m1", &code).await && is_up(&team, &chat).await);
}

/// 7: A code that nobody sends while the document is judged gives way to another; and a good document whose browser
/// does not come back counts for nothing.
#[tokio::test]
async fn good_document_waits_for_its_browser_and_then_no_longer() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let (team, chat, _, mut person) = asked(&world, &provider).await;
    let done = hands_in(&mut person).await;
    let check = provider.check();
    let first = person.browser.code(&done).await;
    world.pass(Duration::from_secs(121)).await;
    assert!(!passes(&team, &chat, "m1", &first).await);
    let page = person.browser.finish(&done).await;
    let second = shown_code(&page.text());
    assert!(second != first && !hidden(&page.text(), "page").is_empty(), "another code, on the same page");
    provider.calls(&team, "call-1", &clear(&check, true)).await.expect(200);
    world.pass(Duration::from_secs(601)).await;
    assert!(!passes(&team, &chat, "m2", &second).await && !is_up(&team, &chat).await);

    let chat = team.open("sms", "+37255500002").await;
    let (challenge, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    let done = hands_in(&mut person).await;
    provider.calls(&team, "call-2", &clear(&provider.check(), true)).await.expect(200);
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(read(&team, &challenge).await["status"], "not_returned");
    assert_eq!(person.browser.finish(&done).await.status, 410);
    assert_eq!(team.flag(&chat).await["reason"], "not_returned");
}

/// 3: A report of another page voids a document that is still judged.
#[tokio::test]
async fn reported_link_voids_a_document_that_is_judged() {
    let (world, provider) = (World::new().await, Provider::start().await);
    provider.says(|_| (202, Value::Null));
    let team = team(&world, &provider).await;
    let chat = team.open("sms", PHONE).await;
    let link = team.link(&chat).await;
    let (challenge, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    let done = hands_in(&mut person).await;
    let reported = Browser::new(&world).press(link["url"].as_str().expect("a URL"), "report", "").await;
    assert_eq!(reported.status, 200, "{}", reported.text());
    assert_eq!(read(&team, &challenge).await["status"], "unconfirmed");
    assert_eq!(provider.calls(&team, "call-1", &clear(&provider.check(), true)).await.expect(200)["status"], "late");
    assert_eq!(person.browser.finish(&done).await.status, 410);
    assert!(!is_up(&team, &chat).await);
}

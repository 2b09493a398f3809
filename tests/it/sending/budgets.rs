//! What leaves is paid for: by destination, interaction, team and country; never more than may,
//! however many ask at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{PHONE, code_in, seconds, team_with};
use crate::world::{World, worlds};

/// A051: one person's phone is hers, whichever conversation or team asks.
#[tokio::test]
async fn a051_a_destination_gets_so_many_in_an_hour_from_whoever_asks() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let other = world.team("other").await;
    other.channel("sms").await;
    let mut refused = 0;
    for n in 0..20 {
        let team = if n % 2 == 0 { &team } else { &other };
        let chat = team.open_with(&format!("c{n}"), Some(PHONE), None).await;
        let reply = team.wants_code(&chat, json!({})).await;
        if reply.status == 429 {
            refused += 1;
            let wait = reply.refused(429, "send-budget")["retry_after_seconds"].as_u64().expect("seconds");
            assert!((3590..=3600).contains(&wait), "{wait}");
            assert_eq!(reply.header("retry-after"), wait.to_string());
        }
    }
    assert_eq!((refused, world.sent().await.len()), (15, 5));
    world.clock.advance(seconds(3600));
    let chat = team.open_with("later", Some(PHONE), None).await;
    team.wants_code(&chat, json!({})).await.expect(202);
}

#[tokio::test]
async fn an_interaction_sends_so_many_and_no_more() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    team.set(json!({"send_budget": {"per_interaction": 2, "resend_after_seconds": 0}})).await;
    team.shows_codes().await;
    let chat = team.open_with("c", Some(PHONE), None).await;
    let started = team.wants_code(&chat, json!({})).await.expect(202);
    team.wants_another(&started).await.expect(202);
    let last = team.wants_another(&started).await;
    assert!(last.refused(429, "send-budget")["retry_after_seconds"].as_u64() > Some(0));
    team.wants_code(&chat, json!({"deliver_to": "agent"})).await.expect(202);
    world.sent().await;
}

/// A050: sixty-four starts at once never send more than the team may, on any store; and what was
/// refused for another reason has cost nothing.
#[tokio::test]
async fn a050_no_crowd_sends_more_than_the_team_may() {
    for world in worlds().await {
        let team = team_with(&world, &["sms"]).await;
        team.set(json!({"send_budget": {"per_team_day": 20}})).await;
        let mut chats = Vec::new();
        for n in 0..64 {
            chats.push(team.open_with(&format!("c{n}"), Some(&format!("+372555{n:05}")), None).await);
        }
        let replies = join_all(chats.iter().map(|chat| team.wants_code(chat, json!({})))).await;
        let good = replies.iter().filter(|reply| reply.status == 202).count();
        assert!(replies.iter().all(|reply| reply.status == 202 || reply.code() == "send-budget"));
        assert_eq!((good, world.sent().await.len()), (20, 20));
    }
}

/// A050: the same of one destination.
#[tokio::test]
async fn a050_no_crowd_sends_more_to_one_phone_than_it_may_get() {
    for world in worlds().await {
        let team = team_with(&world, &["sms"]).await;
        let mut chats = Vec::new();
        for n in 0..64 {
            chats.push(team.open_with(&format!("c{n}"), Some(PHONE), None).await);
        }
        let replies = join_all(chats.iter().map(|chat| team.wants_code(chat, json!({})))).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 202).count(), 5);
        assert_eq!(world.sent().await.len(), 5);
    }
}

#[tokio::test]
async fn what_is_refused_costs_nothing_and_a_repeated_request_pays_once() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    team.set(json!({"send_budget": {"per_destination_hour": 1}})).await;
    let chat = team.open_with("c", Some(PHONE), None).await;
    let ask = |key: &'static str| {
        let request = ::http::Request::builder()
            .method("POST")
            .uri(format!("/v1/interactions/{chat}/challenges"))
            .header("authorization", format!("Bearer {}", team.bot))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(axum::body::Body::from(r#"{"method": "otp"}"#));
        world.send(request.expect("well-formed"))
    };
    let first = ask("k1").await.expect(202);
    assert_eq!(ask("k1").await.expect(202)["id"], first["id"], "the reply stands though the budget is spent");
    ask("k2").await.refused(429, "send-budget");
    assert_eq!(world.sent().await.len(), 1);
}

/// A050: an allow-list of countries. It is no rate limit: nothing says when to ask again.
#[tokio::test]
async fn a050_nothing_is_sent_to_a_country_that_is_not_named() {
    let world = World::new().await;
    let team = team_with(&world, &["sms", "email"]).await;
    team.set(json!({"send_budget": {"countries": ["EE", "US"]}})).await;
    for (n, phone) in [PHONE, "+12025550123"].into_iter().enumerate() {
        let chat = team.open_with(&format!("c{n}"), Some(phone), None).await;
        team.wants_code(&chat, json!({"deliver_to": "sms"})).await.expect(202);
    }
    for (n, phone) in ["+18765550123", "+88213000000"].into_iter().enumerate() {
        let chat = team.open_with(&format!("d{n}"), Some(phone), None).await;
        let reply = team.wants_code(&chat, json!({"deliver_to": "sms"})).await;
        let problem = reply.refused(409, "country-not-allowed");
        assert!(problem["detail"].as_str().expect("a text").contains("country"), "{problem}");
        assert!(problem["retry_after_seconds"].is_null() && reply.header("retry-after").is_empty(), "{problem}");
    }
    let chat = team.open_with("mail", Some("+18765550123"), Some("c@example.com")).await;
    assert_eq!(team.wants_code(&chat, json!({})).await.expect(202)["delivery"]["channel"], "email");
}

/// A050: where codes do not come back, sending stops, is told, and begins again a day later.
#[tokio::test]
async fn a050_sending_stops_where_hardly_any_code_comes_back() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let many = json!({"per_interaction": 1000, "per_destination_hour": 1000, "per_destination_day": 1000,
        "resend_after_seconds": 0});
    team.set(json!({"send_budget": many})).await;
    for n in 0..4 {
        let chat = team.open_with(&format!("c{n}"), Some(&format!("+372555{n:05}")), None).await;
        team.wants_code(&chat, json!({})).await.expect(202);
        let code = code_in(&world.sent().await.last().expect("a message").2);
        assert_eq!(team.says(&chat, "m", &code).await.expect(200)["outcome"], "passed");
    }
    let pumped = team.open_with("pumped", Some(PHONE), None).await;
    let started = team.wants_code(&pumped, json!({})).await.expect(202);
    for _ in 0..95 {
        world.sent().await;
        team.wants_another(&started).await.expect(202);
    }
    world.sent().await;
    world.pass(seconds(1200)).await;
    let estonian = team.open_with("e", Some("+37255599999"), None).await;
    team.wants_code(&estonian, json!({})).await.refused(429, "send-budget");
    let german = team.open_with("g", Some("+491701234567"), None).await;
    team.wants_code(&german, json!({})).await.expect(202);
    let events = team.events().await;
    let paused = events.iter().find(|e| e["type"] == "sending.paused").expect("it is told");
    assert_eq!(paused["data"]["country"], "EE");
    world.pass(seconds(24 * 3600)).await;
    let later = team.open_with("later", Some("+37255588888"), None).await;
    team.wants_code(&later, json!({})).await.expect(202);
    assert!(team.event_types().await.contains(&"sending.resumed".to_owned()));
    let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
    assert!(trail.to_string().contains("sending.paused"), "an admin sees it");
}

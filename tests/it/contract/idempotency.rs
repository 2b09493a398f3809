//! `Idempotency-Key`: once made, told again for a day; another request under the same key is
//! refused.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Reply, World};

async fn post(world: &World, key: &str, path: &str, idempotency: &str, body: &Value) -> Reply {
    let request = http::Request::builder().method("POST").uri(path);
    let request = request.header("authorization", format!("Bearer {key}")).header("content-type", "application/json");
    let request = request.header("idempotency-key", idempotency);
    world.send(request.body(body.to_string().into()).unwrap()).await
}

fn opening(conversation: &str) -> Value {
    json!({"channel": "sms", "conversation": conversation, "participants": [{"role": "primary"}]})
}

#[tokio::test]
async fn the_same_request_gets_the_same_reply_with_its_secrets() {
    for world in crate::world::worlds().await {
        let team = world.team("acme").await;
        team.set(json!({"interaction_timeout_minutes": 10_080})).await;
        let chat = team.open("webchat", "c0").await;
        let teams = "/v1/teams/acme";
        for (path, body, secret) in [
            ("/v1/interactions".to_owned(), opening("c1"), "id"),
            (format!("/v1/interactions/{chat}/participants"), json!({"role": "cosigner"}), "id"),
            (format!("/v1/interactions/{chat}/login-links"), json!({"purpose": "mid_chat"}), "opener_secret"),
            (format!("{teams}/security-keys"), json!({}), "secret"),
            (format!("{teams}/api-keys"), json!({"role": "bot", "name": "x"}), "key"),
        ] {
            let idempotency = format!("key of {path}");
            let first = post(&world, &team.admin, &path, &idempotency, &body).await;
            first.expect(201);
            assert!(first.json()[secret].is_string(), "{}", first.text());
            let again = post(&world, &team.admin, &path, &idempotency, &body).await;
            assert_eq!((again.status, &again.bytes), (201, &first.bytes), "{path}");
            // Another caller's key of the same name is another key.
            let other = post(
                &world,
                crate::world::OWNER,
                &format!("{path}{}", if path.ends_with("interactions") { "?team=acme" } else { "" }),
                &idempotency,
                &body,
            )
            .await;
            assert!(
                other.status < 300 && (other.bytes != first.bytes || other.status == 200),
                "{path}: {}",
                other.text()
            );
            world.clock.advance(Duration::from_secs(24 * 3600) - Duration::from_millis(1));
            assert_eq!(post(&world, &team.admin, &path, &idempotency, &body).await.bytes, first.bytes, "{path}");
            world.clock.advance(Duration::from_millis(1));
            // Another body, too: the key is fresh.
            let mut another = body.clone();
            let change = [("state", "s"), ("conversation", "c2"), ("name", "y")];
            let known = |name: &str| path.ends_with("links") && name == "state" || body.get(name).is_some();
            if let Some((name, value)) = change.iter().find(|(name, _)| known(name)) {
                another[*name] = json!(value);
            }
            let fresh = post(&world, &team.admin, &path, &idempotency, &another).await;
            fresh.expect(201);
            assert_ne!(fresh.bytes, first.bytes, "{path}: a day later the key is fresh");
        }
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let (a, b) = (team.open("sms", "+37255500001").await, team.open("sms", "+37255500002").await);
    post(&world, &team.bot, "/v1/interactions", "k1", &opening("c1")).await.expect(201);
    post(&world, &team.bot, "/v1/interactions", "k1", &opening("c2")).await.refused(422, "idempotency-mismatch");
    let link = json!({"purpose": "mid_chat"});
    let path = |id: &str| format!("/v1/interactions/{id}/login-links");
    post(&world, &team.bot, &path(&a), "k2", &link).await.expect(201);
    post(&world, &team.bot, &path(&b), "k2", &link).await.refused(422, "idempotency-mismatch");
    post(&world, &team.bot, &path(&a), "k1", &link).await.refused(422, "idempotency-mismatch");
    let seen = team.bot("GET", &b, "", Value::Null).await.expect(200);
    assert_eq!(seen["login_link"], Value::Null, "nothing was made");
    for wrong in ["", &"x".repeat(256)] {
        post(&world, &team.bot, &path(&a), wrong, &link).await.refused(400, "bad-request");
    }
}

/// A refused request used its key up for nothing, whoever refused it: the reader or the rules.
#[tokio::test]
async fn a_refused_request_frees_its_key() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255500001").await;
    let links = format!("/v1/interactions/{chat}/login-links");
    let refused = [
        (
            "/v1/interactions".to_owned(),
            json!({"channel": "SMS", "conversation": "c", "participants": [{"role": "primary"}]}),
            opening("c"),
        ),
        (format!("/v1/interactions/{chat}/participants"), json!({"role": "primary"}), json!({"role": "cosigner"})),
        (
            links.clone(),
            json!({"purpose": "mid_chat", "return_url": "https://evil.example/"}),
            json!({"purpose": "mid_chat"}),
        ),
        (links.clone(), json!({"purpose": "mid_chat", "state": "x".repeat(1025)}), json!({"purpose": "pre_chat"})),
        (
            "/v1/teams/acme/api-keys".to_owned(),
            json!({"role": "owner", "name": "x"}),
            json!({"role": "bot", "name": "x"}),
        ),
        ("/v1/teams/acme/security-keys".to_owned(), json!({"public_key": {"kty": "oct"}}), json!({})),
    ];
    for (n, (path, wrong, right)) in refused.iter().enumerate() {
        let key = format!("k{n}");
        let first = post(&world, &team.admin, path, &key, wrong).await;
        assert!(matches!(first.status, 403 | 422), "{}", first.text());
        assert_eq!(post(&world, &team.admin, path, &key, wrong).await.code(), first.code(), "the same no again");
        post(&world, &team.admin, path, &key, right).await.expect(201);
    }
    team.set(json!({"authentication_url": null})).await;
    post(&world, &team.bot, &links, "later", &json!({"purpose": "mid_chat"}))
        .await
        .refused(409, "no-authentication-url");
    team.set(json!({"authentication_url": "https://login.example.com/"})).await;
    post(&world, &team.bot, &links, "later", &json!({"purpose": "mid_chat"})).await.expect(201);
}

/// Many at once under one key make one thing.
#[tokio::test]
async fn one_key_makes_one_thing_however_many_ask_at_once() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let body = json!({"role": "bot", "name": "x"});
    let asks = (0..16).map(|_| post(&world, &team.admin, "/v1/teams/acme/api-keys", "k", &body));
    let replies = futures_util::future::join_all(asks).await;
    let mut made: Vec<Vec<u8>> = replies.iter().filter(|r| r.status == 201).map(|r| r.bytes.clone()).collect();
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 1);
    for reply in replies.iter().filter(|r| r.status != 201) {
        reply.refused(409, "idempotency-running");
    }
    let keys = world.call(&team.admin, "GET", "/v1/teams/acme/api-keys", Value::Null).await.expect(200);
    assert_eq!(keys["items"].as_array().unwrap().len(), 4);
}

//! Wrong types and out-of-bounds values of every body: 422 that points at the place. Settings
//! have a module of their own.

use serde_json::{Value, json};

use super::points_at;
use crate::world::World;

/// What no field of a text takes.
fn no_text() -> [Value; 5] {
    [json!(7), json!(true), json!([]), json!({}), json!(1.5)]
}

#[tokio::test]
async fn every_field_of_an_opening_has_its_type_and_its_bounds() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let good = json!({"channel": "sms", "conversation": "c", "participants": [{"role": "primary"}]});
    let open = async |body: Value| world.call(&team.bot, "POST", "/v1/interactions", body).await;
    let with = |pointer: &str, value: Value| {
        let mut body = json!({"channel": "sms", "conversation": "c", "identity_token": null, "device": {"fingerprint": null, "region": null},
            "participants": [{"role": "primary", "name": null, "phone": null, "email": null, "customer_id": null}]});
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for name in ["channel", "conversation", "participants"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        points_at(&open(body).await, &format!("/{name}"));
    }
    for pointer in [
        "/channel",
        "/conversation",
        "/identity_token",
        "/device/fingerprint",
        "/device/region",
        "/participants/0/name",
        "/participants/0/phone",
        "/participants/0/email",
        "/participants/0/customer_id",
        "/participants/0/role",
    ] {
        for value in no_text() {
            points_at(&open(with(pointer, value)).await, pointer);
        }
    }
    let long = |n: usize| json!("x".repeat(n));
    for (pointer, wrong) in [
        ("/channel", json!("")),
        ("/channel", json!("SMS")),
        ("/channel", long(33)),
        ("/channel", json!("a b")),
        ("/conversation", json!("")),
        ("/conversation", long(257)),
        ("/conversation", json!("a\nb")),
        ("/conversation", json!("a\u{202e}b")),
        ("/participants/0/role", json!("owner")),
        ("/participants/0/name", long(201)),
        ("/participants/0/name", json!("")),
        ("/participants/0/name", json!("a\u{0}b")),
        ("/participants/0/phone", json!("55512345")),
        ("/participants/0/phone", json!("+372 555")),
        ("/participants/0/phone", json!("+1234")),
        ("/participants/0/phone", json!("+1234567890123456")),
        ("/participants/0/email", json!("x")),
        ("/participants/0/email", json!("a@b@c")),
        ("/participants/0/email", json!("@b")),
        ("/participants/0/email", json!("a b@c.example")),
        ("/participants/0/email", json!(format!("{}@b.example", "a".repeat(250)))),
        ("/participants/0/customer_id", json!("")),
        ("/participants/0/customer_id", long(256)),
        ("/device/fingerprint", long(257)),
        ("/device/region", long(65)),
    ] {
        points_at(&open(with(pointer, wrong)).await, pointer);
    }
    for people in [
        json!([]),
        json!([{"role": "cosigner"}]),
        json!([{"role": "primary"}, {"role": "primary"}]),
        json!({}),
        json!("p"),
    ] {
        points_at(&open(with("/participants", people)).await, "/participants");
    }
    for (n, pointer, right) in [
        (0, "/channel", json!("x".repeat(32))),
        (1, "/conversation", long(256)),
        (2, "/participants/0/name", long(200)),
        (3, "/participants/0/phone", json!("+12345")),
        (4, "/participants/0/phone", json!("+123456789012345")),
        (5, "/participants/0/customer_id", long(255)),
        (6, "/device/fingerprint", long(256)),
        (7, "/device/region", long(64)),
    ] {
        let mut body = with(pointer, right);
        if pointer != "/conversation" {
            body["conversation"] = json!(format!("right-{n}"));
        }
        open(body).await.expect(201);
    }
    for token in ["", "x", "a.b.c", "a.b.c.d", &"x".repeat(9000)] {
        open(with("/identity_token", json!(token))).await.refused(401, "bad-assertion");
    }
}

#[tokio::test]
async fn every_field_of_the_smaller_acts_has_its_type_and_its_bounds() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let at = |rest: &str| format!("/v1/interactions/{chat}{rest}");
    let long = |n: usize| json!("x".repeat(n));
    let cases: Vec<(&str, String, Value, &str)> = vec![
        ("POST", at("/participants"), json!({}), "/role"),
        ("POST", at("/participants"), json!({"role": "agent"}), "/role"),
        ("POST", at("/participants"), json!({"role": "cosigner", "phone": "x"}), "/phone"),
        ("POST", at("/participants"), json!({"role": "cosigner", "email": "x"}), "/email"),
        ("PATCH", at("/participants/p1"), json!({"phone": "x"}), "/phone"),
        ("PATCH", at("/participants/p1"), json!({"name": 7}), "/name"),
        ("PATCH", at("/participants/p1"), json!({"customer_id": ""}), "/customer_id"),
        ("POST", at("/login-links"), json!({}), "/purpose"),
        ("POST", at("/login-links"), json!({"purpose": "entry"}), "/purpose"),
        ("POST", at("/login-links"), json!({"purpose": "mid_chat", "participant": "x"}), "/participant"),
        ("POST", at("/login-links"), json!({"purpose": "mid_chat", "intent": "A B"}), "/intent"),
        ("POST", at("/login-links"), json!({"purpose": "mid_chat", "state": long(1025)}), "/state"),
        ("POST", at("/login-links"), json!({"purpose": "mid_chat", "state": {}}), "/state"),
        ("POST", at("/login-links"), json!({"purpose": "mid_chat", "deliver": "yes"}), "/deliver"),
        ("POST", at("/login-links"), json!({"purpose": "mid_chat", "landing": 0}), "/landing"),
        ("POST", at("/login-links"), json!({"purpose": "mid_chat", "return_url": 7}), "/return_url"),
        ("POST", at("/messages"), json!({"text": "x"}), "/message_id"),
        ("POST", at("/messages"), json!({"message_id": "m"}), "/text"),
        ("POST", at("/messages"), json!({"message_id": "", "text": "x"}), "/message_id"),
        ("POST", at("/messages"), json!({"message_id": long(201), "text": "x"}), "/message_id"),
        ("POST", at("/messages"), json!({"message_id": "m", "text": long(16 * 1024 + 1)}), "/text"),
        ("POST", at("/messages"), json!({"message_id": "m", "text": 7}), "/text"),
        ("POST", at("/messages"), json!({"message_id": "m", "text": "x", "from": 7}), "/from"),
        ("POST", at("/presence"), json!({}), "/state"),
        ("POST", at("/presence"), json!({"state": "away"}), "/state"),
        ("POST", at("/presence"), json!({"state": "online", "participant": 1}), "/participant"),
        ("POST", at("/sign-out"), json!({"participant": "x"}), "/participant"),
        ("POST", at("/participants/p1/unlock"), json!({}), "/reason"),
        ("POST", at("/participants/p1/unlock"), json!({"reason": ""}), "/reason"),
        ("POST", at("/participants/p1/unlock"), json!({"reason": long(501)}), "/reason"),
        ("POST", at("/participants/p1/unlock"), json!({"reason": "x", "method": "magic"}), "/method"),
        ("POST", "/v1/teams/acme/api-keys".into(), json!({"name": "x"}), "/role"),
        ("POST", "/v1/teams/acme/api-keys".into(), json!({"role": "god", "name": "x"}), "/role"),
        ("POST", "/v1/teams/acme/api-keys".into(), json!({"role": "bot"}), "/name"),
        ("POST", "/v1/teams/acme/api-keys".into(), json!({"role": "bot", "name": ""}), "/name"),
        ("POST", "/v1/teams/acme/api-keys".into(), json!({"role": "bot", "name": long(201)}), "/name"),
        ("POST", "/v1/teams/acme/security-keys".into(), json!({"public_key": 7}), "/public_key"),
        (
            "POST",
            "/v1/teams/acme/security-keys".into(),
            json!({"public_key": {"kty": "oct", "k": "AAAA"}}),
            "/public_key",
        ),
        ("POST", format!("/v1/teams/acme/security-keys/{}/retire", team.key.kid), json!({}), "/after_minutes"),
        (
            "POST",
            format!("/v1/teams/acme/security-keys/{}/retire", team.key.kid),
            json!({"after_minutes": 10_081}),
            "/after_minutes",
        ),
        (
            "POST",
            format!("/v1/teams/acme/security-keys/{}/retire", team.key.kid),
            json!({"after_minutes": -1}),
            "/after_minutes",
        ),
        (
            "POST",
            format!("/v1/teams/acme/security-keys/{}/activate", team.key.kid),
            json!({"overlap_minutes": 10_081}),
            "/overlap_minutes",
        ),
        ("PUT", "/v1/teams/acme".into(), json!({}), "/name"),
        ("PUT", "/v1/teams/acme".into(), json!({"name": ""}), "/name"),
    ];
    for (method, path, body, pointer) in cases {
        let key = if method == "PUT" { crate::world::OWNER } else { &team.admin };
        points_at(&world.call(key, method, &path, body).await, pointer);
    }
    for name in ["Acme", "-a", "a_b", &"a".repeat(64), "a%20b"] {
        let path = format!("/v1/teams/{name}");
        world.call(crate::world::OWNER, "PUT", &path, json!({"name": "x"})).await.refused(422, "invalid");
    }
    world
        .call(crate::world::OWNER, "PUT", &format!("/v1/teams/{}", "a".repeat(63)), json!({"name": "x"}))
        .await
        .expect(201);
    team.bot("POST", &chat, "/messages", json!({"message_id": "x".repeat(200), "text": "x".repeat(16 * 1024)}))
        .await
        .expect(200);
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat", "state": "x".repeat(1024)}))
        .await
        .expect(201);
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat", "participant": "p9"}))
        .await
        .refused(404, "not-found");
}

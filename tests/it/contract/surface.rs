//! What every answer carries, health and metrics, request ids, and the limit on pages. What the
//! answers say is told elsewhere.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use countersign::http::Proxies;
use countersign::http::router;
use http::Request;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::commands::Served;
use crate::world::{OWNER, Reply, URL, World};

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("webchat", "c").await;
    let link = team.link(&chat).await["url"].as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    let get = async |key: &str, path: &str| world.call(key, "GET", path, Value::Null).await;
    let keys = get(OWNER, "/v1/teams/acme/api-keys").await.expect(200);
    let key = keys["items"][0]["id"].as_str().unwrap();
    let mut answers: Vec<(&str, Reply)> = vec![
        ("json", get(OWNER, "/v1/settings").await),
        ("problem", get("", "/v1/settings").await),
        ("nothing there", get("", "/nothing").await),
        ("another method", world.call("", "PUT", "/livez", Value::Null).await),
        ("no content", world.call(OWNER, "DELETE", &format!("/v1/teams/acme/api-keys/{key}"), Value::Null).await),
        ("text", get("", "/livez").await),
        ("metrics", get("", "/metrics").await),
        ("openapi", get("", "/openapi.json").await),
        ("script", get("", "/countersign.js").await),
    ];
    let pages = [
        ("landing", get("", &link).await),
        ("notice", get("", "/l/x").await),
        ("docs", get("", "/docs").await),
        ("problem page", get("", "/problems/locked").await),
    ];
    for (what, page) in &pages {
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{what}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{what}: {policy}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{what}");
        assert!(page.header("strict-transport-security").contains("max-age="), "{what}");
    }
    answers.extend(pages);
    for (what, answer) in &answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert!(!answer.header("content-security-policy").is_empty(), "{what}");
        assert!(!answer.header("referrer-policy").is_empty() && !answer.header("cache-control").is_empty(), "{what}");
        assert!(!answer.header("x-request-id").is_empty(), "{what}");
        assert!(
            answer.header("server").is_empty() && answer.header("access-control-allow-origin").is_empty(),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_request_id_is_kept_where_it_is_harmless() {
    let world = World::new().await;
    let with = async |id: &[u8]| {
        let value = http::HeaderValue::from_bytes(id).unwrap();
        let request = Request::builder().uri("/livez").header("x-request-id", value).body(Body::empty()).unwrap();
        world.send(request).await.header("x-request-id")
    };
    assert_eq!(with(b"abc-DEF_123").await, "abc-DEF_123");
    for wrong in [b"".as_slice(), b"a b", b"a\"b", b"{}", b"\xffa", &[b'a'; 65]] {
        let made = with(wrong).await;
        assert!(made.len() == 16 && made.as_bytes() != wrong, "{made}");
    }
    assert_ne!(with(b"").await, with(b"").await);
}

#[tokio::test]
async fn health_is_told_and_metrics_hold_closed_labels_only() {
    let served = Served::start();
    let http = reqwest::Client::new();
    let get = async |path: &str| http.get(format!("{}{path}", served.url)).send().await.unwrap();
    for path in ["/livez", "/readyz"] {
        let reply = get(path).await;
        assert_eq!((reply.status().as_u16(), reply.text().await.unwrap().as_str()), (200, "ok"));
    }
    for path in [
        "/v1/interactions/canary-id",
        "/canary-path",
        "/l/canary-token",
        "/problems/canary-slug",
        "/v1/teams/canary-team",
    ] {
        get(path).await;
    }
    let odd = http.request(reqwest::Method::from_bytes(b"CANARY").unwrap(), format!("{}/livez", served.url));
    odd.header("user-agent", "canary-agent").send().await.unwrap();
    let put = http.put(format!("{}/v1/teams/canary-team", served.url)).bearer_auth(crate::commands::OWNER);
    assert_eq!(put.json(&json!({"name": "canary"})).send().await.unwrap().status(), 201);
    let reply = get("/metrics").await;
    assert!(reply.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = reply.text().await.unwrap();
    assert!(
        text.contains("countersign_requests_total{")
            && text.contains("countersign_events_total{type=\"team.created\"}"),
        "{text}"
    );
    assert!(text.contains("route=\"/v1/interactions/{id}\"") && text.contains("method=\"other\""), "{text}");
    assert!(!text.to_lowercase().contains("canary"), "{text}");
}

/// The same gateway behind proxies that it trusts.
fn behind(world: &World, trusted: &[&str]) -> World {
    let proxies = Proxies(trusted.iter().map(|net| net.parse().unwrap()).collect());
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let router = router(world.gateway.clone(), proxies, metrics, CancellationToken::new(), axum::Router::new());
    let mut world = world.clone();
    world.router = router;
    world
}

async fn from(world: &World, peer: &str, forwarded: Option<&str>, method: &str, path: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(hops) = forwarded {
        request = request.header("x-forwarded-for", hops);
    }
    let mut request = request.body(Body::from(if method == "POST" { r#"{"assertion":"x"}"# } else { "" })).unwrap();
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
    world.send(request).await
}

/// Asks until it is told to wait; how often it was served, and the answer that refused.
async fn until_refused(world: &World, peer: &str, forwarded: Option<&str>, method: &str, path: &str) -> (usize, Reply) {
    for n in 0..2_000 {
        let reply = from(world, peer, forwarded, method, path).await;
        if reply.status == 429 {
            return (n, reply);
        }
    }
    panic!("nobody was told to wait");
}

/// Whether one of a few more requests is refused: some are let through again while time passes.
async fn is_limited(world: &World, peer: &str, forwarded: Option<&str>) -> bool {
    for _ in 0..100 {
        if from(world, peer, forwarded, "GET", "/l/x").await.status == 429 {
            return true;
        }
    }
    false
}

/// At least 200 in any 10 seconds, then 429 with `Retry-After`: a page, or a problem.
#[tokio::test]
async fn pages_are_limited_by_address() {
    let plain = World::new().await;
    let world = behind(&plain, &[]);
    let (served, page) = until_refused(&world, "203.0.113.1:1000", None, "GET", "/l/x").await;
    assert!(served >= 200, "{served}");
    assert!(page.header("content-type").starts_with("text/html") && !page.header("retry-after").is_empty());
    // The same address, whatever it says of itself and from whichever port; another one is free.
    assert!(is_limited(&world, "203.0.113.1:2000", Some("198.51.100.7")).await);
    assert!(is_limited(&world, "[::ffff:203.0.113.1]:1", None).await);
    assert_eq!(from(&world, "203.0.113.2:1000", None, "GET", "/l/x").await.status, 404);
    // API and health are not pages.
    assert_eq!(from(&world, "203.0.113.1:1000", None, "GET", "/livez").await.status, 200);
    // What a script on a page asks reads a problem.
    let (served, problem) = until_refused(&world, "203.0.113.3:1", None, "POST", "/status/acme").await;
    assert!(served >= 200, "{served}");
    problem.refused(429, "too-many-requests");
    assert!(!problem.header("retry-after").is_empty());
    assert!(problem.json()["retry_after_seconds"].is_u64());
}

/// IPv6 counts by its /64, and `X-Forwarded-For` only from whom it is believed.
#[tokio::test]
async fn an_address_is_what_trusted_proxies_say_and_a_household_of_ipv6() {
    let plain = World::new().await;
    let world = behind(&plain, &["10.0.0.0/8"]);
    until_refused(&world, "[2001:db8:1:2::1]:1", None, "GET", "/l/x").await;
    assert!(is_limited(&world, "[2001:db8:1:2:ffff::9]:1", None).await);
    assert_eq!(from(&world, "[2001:db8:1:3::1]:1", None, "GET", "/l/x").await.status, 404);
    until_refused(&world, "10.0.0.1:1", Some("198.51.100.1"), "GET", "/l/x").await;
    assert_eq!(
        from(&world, "10.0.0.1:1", Some("198.51.100.2"), "GET", "/l/x").await.status,
        404,
        "another person behind the proxy"
    );
    // What the person wrote in front of the proxy's own word counts for nothing.
    assert!(is_limited(&world, "10.0.0.1:1", Some("192.0.2.9, 198.51.100.1")).await);
    assert!(is_limited(&world, "10.0.0.1:1", Some("192.0.2.9, 198.51.100.1, 10.0.0.2")).await);
    assert!(is_limited(&world, "198.51.100.1:1", None).await);
    // A proxy that nobody trusts is a person.
    until_refused(&world, "192.0.2.1:1", Some("198.51.100.50"), "GET", "/l/x").await;
    assert!(is_limited(&world, "192.0.2.1:1", Some("198.51.100.51")).await);
}

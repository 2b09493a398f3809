//! Attacks on the HTTP surface, each a test that carries its id. Where the catalogue disagrees
//! with the contract, the contract wins and the test says so.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test, also in a function beside it")]

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{OWNER, Reply, Team, World};

mod bodies;
pub mod canaries;
mod host;
mod smuggling;

async fn raw(world: &World, key: &str, method: &str, path: &str, kind: Option<&str>, body: impl Into<Body>) -> Reply {
    let mut request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    world.send(request.body(body.into()).unwrap()).await
}

fn is_problem(reply: &Reply) -> Value {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.text());
    let problem = reply.json();
    assert_eq!(problem["status"], reply.status, "{problem}");
    assert!(["type", "title", "detail", "code"].iter().all(|name| problem[name].is_string()), "{problem}");
    problem
}

/// Every route that takes a body: method, path, key, and a body that it would take.
fn takers(team: &Team, chat: &str) -> Vec<(&'static str, String, String, Value)> {
    let i = format!("/v1/interactions/{chat}");
    let open = json!({"channel": "sms", "conversation": "+37255500000",
        "participants": [{"role": "primary", "name": "A", "phone": "+37255500000", "email": "a@example.com", "customer_id": null}],
        "device": {"fingerprint": "f", "region": "EE"}});
    let (bot, agent, admin, owner) = (team.bot.clone(), team.agent.clone(), team.admin.clone(), OWNER.to_owned());
    let kid = &team.key.kid;
    vec![
        ("POST", "/v1/interactions".into(), bot.clone(), open),
        ("POST", format!("{i}/participants"), bot.clone(), json!({"role": "cosigner", "name": "B"})),
        ("PATCH", format!("{i}/participants/p1"), bot.clone(), json!({"name": "C"})),
        ("POST", format!("{i}/login-links"), bot.clone(), json!({"purpose": "mid_chat", "state": "s"})),
        ("POST", format!("{i}/messages"), bot.clone(), json!({"message_id": "m", "text": "hello"})),
        ("POST", format!("{i}/presence"), bot.clone(), json!({"state": "online"})),
        ("POST", format!("{i}/sign-out"), bot.clone(), json!({})),
        ("POST", format!("{i}/close"), bot, json!({})),
        ("POST", format!("{i}/participants/p1/unlock"), agent, json!({"reason": "x"})),
        ("PATCH", "/v1/teams/acme/settings".into(), admin.clone(), json!({"locale": "en"})),
        ("POST", "/v1/teams/acme/security-keys".into(), admin.clone(), json!({})),
        ("POST", format!("/v1/teams/acme/security-keys/{kid}/activate"), admin.clone(), json!({"overlap_minutes": 5})),
        ("POST", format!("/v1/teams/acme/security-keys/{kid}/retire"), admin.clone(), json!({"after_minutes": 5})),
        ("POST", "/v1/teams/acme/api-keys".into(), admin, json!({"role": "bot", "name": "x"})),
        ("PUT", "/v1/teams/acme".into(), owner.clone(), json!({"name": "A shop"})),
        ("PATCH", "/v1/settings".into(), owner, json!({"locale": "en"})),
        ("POST", format!("/p/{}", "A".repeat(60)), String::new(), json!({"assertion": "a.b.c"})),
    ]
}

/// What a mass assignment would change.
async fn state(team: &Team, chat: &str) -> Value {
    let get = async |path: &str| team.world.call(OWNER, "GET", path, Value::Null).await.expect(200);
    team.world.gateway.maintain().await.unwrap();
    json!([
        get(&format!("/v1/interactions/{chat}")).await,
        get("/v1/interactions?team=acme").await,
        get("/v1/teams/acme").await,
        get("/v1/teams/acme/settings").await,
        get("/v1/teams/acme/security-keys").await,
        get("/v1/teams/acme/api-keys").await,
        get("/v1/settings").await,
    ])
}

/// A094: another method is 405 with `Allow`; headers that would change the method mean nothing.
#[tokio::test]
async fn a094_methods_are_what_they_are() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let link = team.link(&chat).await["url"].as_str().unwrap().strip_prefix(crate::world::URL).unwrap().to_owned();
    let before = state(&team, &chat).await;
    for path in [
        "/v1/interactions",
        "/v1/teams/acme",
        "/v1/settings",
        &format!("/v1/interactions/{chat}/close"),
        &link,
        "/livez",
    ] {
        for method in ["TRACE", "PROPFIND", "OPTIONS", "FOO", "get"] {
            let reply = raw(&world, OWNER, method, path, None, "").await;
            reply.refused(405, "method-not-allowed");
            assert!(!reply.header("allow").is_empty(), "{method} {path}");
        }
    }
    raw(&world, OWNER, "GET", &format!("/v1/interactions/{chat}/close"), None, "")
        .await
        .refused(405, "method-not-allowed");
    for header in ["x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"] {
        let uri = format!("/v1/interactions/{chat}");
        let value = if header.ends_with("url") { "/v1/teams/acme" } else { "DELETE" };
        let request =
            Request::builder().uri(&uri).header("authorization", format!("Bearer {OWNER}")).header(header, value);
        let reply = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.expect(200)["id"], chat);
    }
    for path in [format!("/v1/interactions/{chat}"), link] {
        let head = raw(&world, OWNER, "HEAD", &path, None, "").await;
        assert_eq!((head.status, head.bytes.len()), (200, 0));
    }
    assert_eq!(state(&team, &chat).await, before);
}

/// A095: another spelling of a path is another path, or asks for the same key.
#[tokio::test]
async fn a095_no_spelling_of_a_path_goes_around_its_guard() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let spellings = [
        "//v1/settings",
        "/v1//settings",
        "/v1/./settings",
        "/./v1/settings",
        "/v1/x/../settings",
        "/v1/settings/",
        "/v1/settings//",
        "/V1/settings",
        "/v1/Settings",
        "/v1/SETTINGS",
        "/v1/settings.",
        "/v1/settings;x=1",
        "/v1/settings/.",
        "/v1/settings%20",
        "/v1/settings%00",
        "/v1/settings%2f",
        "/v1%2fsettings",
        "/%76%31/settings",
        "/v1/%73ettings",
        "/v1/settings%3fx",
        "/v1/settings%23",
        "/v1/settings.json",
        "/v1/%2e/settings",
        "/v1/x/%2e%2e/settings",
        "/v1/settings;",
        "/v1/settings%0a",
        "/v1/settings%09",
        "/v1\\settings",
        "/v1/set%C5%BFings",
        "/v1/..;/v1/settings",
        "/v1/%252e%252e/settings",
        "/public/../v1/settings",
        "/livez/../v1/settings",
        "/docs/..%2fv1/settings",
        "/v1/teams/acme/..%2f..%2fsettings",
        "/v1/teams/%2e%2e/settings",
        "/v1/teams/acme%2f/settings",
        "/v1/teams/acme%00/settings",
        "/v1/teams/ACME/settings",
        "/v1/teams/acme;/settings",
        "/v1/teams//settings",
        "/v1/teams/*/settings",
        "/v1/teams/%ff/settings",
    ];
    for path in spellings {
        let Ok(uri) = path.parse::<http::Uri>() else { continue }; // no client can send it
        for key in ["", &team.bot] {
            let mut request = Request::builder().uri(uri.clone());
            if !key.is_empty() {
                request = request.header("authorization", format!("Bearer {key}"));
            }
            let reply = world.send(request.body(Body::empty()).unwrap()).await;
            assert!(matches!(reply.status, 400 | 401 | 403 | 404), "{path}: {}", reply.status);
            is_problem(&reply);
        }
    }
}

/// A102: what went wrong inside is told by a code and a request id, and by nothing else.
#[tokio::test]
async fn a102_errors_tell_nothing_of_the_inside() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let mut replies = Vec::new();
    for (method, path, key, _) in takers(&team, &chat) {
        for body in [json!({"x": 1}), json!([]), json!("x"), json!({"purpose": 7, "role": 7, "name": 7, "text": 7})] {
            replies.push(world.call(&key, method, &path, body.clone()).await);
            replies.push(world.call("wrong", method, &path, body).await);
        }
        replies.push(raw(&world, &key, method, &path, Some("application/json"), "{").await);
    }
    for path in [
        "/v1/interactions/%ff",
        "/v1/interactions/x",
        "/nothing",
        "/v1/interactions?limit=x",
        "/v1/events?team=%00",
        "/problems/%2e%2e",
        "/assets/..%2fCargo.toml",
        "/l/x",
        "/l/%ff",
        "/v1/teams/acme/audit?after=-1",
    ] {
        replies.push(raw(&world, &team.admin, "GET", path, None, "").await);
    }
    let inside = [
        "panicked",
        "src/",
        ".rs",
        "rusqlite",
        "sqlite",
        "SELECT",
        "serde",
        "axum",
        "hyper",
        "tokio",
        "stack backtrace",
        "/home",
        "Error(",
    ];
    for reply in replies.iter().filter(|reply| reply.status >= 400) {
        let text = reply.text();
        assert!(reply.status < 500, "{text}");
        assert!(
            !reply.header("x-request-id").is_empty()
                && reply.header("server").is_empty()
                && reply.header("x-powered-by").is_empty()
        );
        assert!(inside.iter().all(|word| !text.contains(word)), "{text}");
        if !reply.header("content-type").starts_with("text/html") {
            is_problem(reply);
        }
    }
}

/// A144: a fresh gateway has no account, no default key and no door besides its contract.
#[tokio::test]
async fn a144_a_fresh_gateway_lets_nobody_in() {
    let world = World::new().await;
    let probed = [
        "/debug",
        "/debug/pprof",
        "/actuator",
        "/actuator/env",
        "/actuator/heapdump",
        "/admin/login",
        "/api",
        "/api/v1",
        "/graphql",
        "/console",
        "/swagger",
        "/swagger-ui",
        "/swagger.json",
        "/openapi.yaml",
        "/.env",
        "/.git/config",
        "/.git/HEAD",
        "/config",
        "/config.json",
        "/server-status",
        "/status",
        "/health",
        "/info",
        "/env",
        "/trace",
        "/dump",
        "/metrics/prometheus",
        "/phpinfo.php",
        "/wp-admin",
        "/login",
        "/signup",
        "/register",
        "/setup",
        "/install",
        "/init",
        "/v1",
        "/v1/",
        "/v1/users",
        "/v1/admin",
        "/v1/debug",
        "/v1/keys",
        "/v1/login",
        "/v1/token",
        "/oauth/token",
        "/token",
        "/users",
        "/internal",
        "/private",
        "/backup",
        "/backup.sql",
        "/store",
        "/store.db",
        "/countersign-data",
        "/countersign.toml",
        "/root.key",
        "/secrets",
        "/test",
        "/dev",
        "/api/users",
        "/api/admin",
        "/_debug",
        "/_status",
        "/_cat",
        "/jmx",
        "/jolokia",
        "/manager/html",
        "/cgi-bin/",
        "/robots.txt",
        "/sitemap.xml",
        "/crossdomain.xml",
        "/package.json",
        "/Cargo.toml",
        "/Cargo.lock",
        "/src/main.rs",
        "/assets/",
        "/assets",
        "/problems",
        "/problems/",
    ];
    for path in probed {
        for method in ["GET", "POST"] {
            let reply = raw(&world, "admin", method, path, None, "").await;
            assert_eq!(reply.status, 404, "{method} {path}");
        }
    }
    for key in [
        "",
        "admin",
        "admin:admin",
        "owner",
        "changeme",
        "secret",
        "password",
        "countersign",
        "demo",
        "null",
        "undefined",
    ] {
        for path in ["/v1/settings", "/v1/teams", "/v1/interactions"] {
            world.call(key, "GET", path, Value::Null).await.refused(401, "unauthorized");
        }
    }
    let teams = world.call(OWNER, "GET", "/v1/teams", Value::Null).await.expect(200);
    assert_eq!(teams["items"], json!([]));
}

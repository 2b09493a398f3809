//! `If-None-Match: *` on what makes a thing by its name (RFC 9110 §13.1.2): what is there is not written over,
//! also where two ask at once.

use axum::body::Body;
use serde_json::{Value, json};

use crate::world::{OWNER, Reply, World, worlds};

const PAGE: &str = "<p>Hello</p>";

async fn put(world: &World, key: &str, path: &str, body: &Value, condition: (&str, &str)) -> Reply {
    let (kind, text) = match body.as_str() {
        Some(page) => ("text/html", page.to_owned()),
        None => ("application/json", body.to_string()),
    };
    let request = ::http::Request::builder().method("PUT").uri(path).header("content-type", kind);
    let request = request.header("authorization", format!("Bearer {key}")).header(condition.0, condition.1);
    world.send(request.body(Body::from(text)).unwrap()).await
}

/// A path, what is made there, and what somebody else would make of it.
fn things() -> [(&'static str, Value, Value); 6] {
    [
        (
            "/v1/teams/acme/customers/cust-42",
            json!({"name": "Demo One"}),
            json!({"name": "Demo Two", "password": "a lamp 77"}),
        ),
        ("/v1/teams/acme/screens/hello", json!(PAGE), json!("<p>Other</p>")),
        ("/v1/teams/acme/users/demo", json!({"role": "agent"}), json!({"role": "admin"})),
        ("/v1/teams/acme/channels/sms", json!({"definition": "recorder"}), json!({"definition": "webchat"})),
        (
            "/v1/teams/acme/webhooks/crm",
            json!({"url": "https://hooks.example.com/"}),
            json!({"url": "https://other.example.com/"}),
        ),
        ("/v1/teams/beta", json!({"name": "One"}), json!({"name": "Two"})),
    ]
}

#[tokio::test]
async fn what_is_to_be_new_takes_nothing_elses_place() {
    for world in worlds().await {
        let team = world.team("acme").await;
        for (path, first, second) in things() {
            let key = if path.ends_with("beta") { OWNER } else { &team.admin };
            let made = put(&world, key, path, &first, ("if-none-match", "*")).await;
            assert_eq!(made.status, 201, "{path}: {}", made.text());
            let before = world.call(key, "GET", path, Value::Null).await;
            put(&world, key, path, &second, ("if-none-match", "*")).await.refused(412, "exists");
            let after = world.call(key, "GET", path, Value::Null).await;
            assert_eq!((before.status, before.text()), (200, after.text()), "{path}");
            for unknown in [("if-none-match", "\"abc\""), ("if-match", "\"abc\""), ("if-match", "*")] {
                put(&world, key, path, &second, unknown).await.refused(400, "bad-request");
            }
            let over = put(&world, key, path, &first, ("accept", "*/*")).await;
            assert_eq!(over.status, 200, "{path}: {}", over.text());
        }
        let teams = world.call(OWNER, "GET", "/v1/teams", Value::Null).await.expect(200);
        assert!(teams.to_string().contains("One") && !teams.to_string().contains("Two"), "{teams}");
        let login = world.call(&team.admin, "GET", things()[0].0, Value::Null).await.expect(200);
        assert_eq!(login["login"]["status"], "guest", "a refused writing sets no password");
    }
}

#[tokio::test]
async fn of_many_who_make_the_same_one_does() {
    let world = World::new().await;
    let team = world.team("acme").await;
    for (path, body, _) in things() {
        let key = if path.ends_with("beta") { OWNER } else { &team.admin };
        let asked = (0..8).map(|_| put(&world, key, path, &body, ("if-none-match", "*")));
        let told = futures_util::future::join_all(asked).await;
        let mut statuses: Vec<u16> = told.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412, 412, 412, 412, 412, 412, 412], "{path}");
    }
}

/// The document names the header wherever it counts.
#[test]
fn the_document_names_the_header() {
    let document = serde_json::to_value(countersign::http::openapi()).unwrap();
    let named = ["customers/{id}", "screens/{name}", "users/{name}", "channels/{name}", "webhooks/{name}"];
    let paths = named.iter().map(|rest| format!("/v1/teams/{{team}}/{rest}")).chain(["/v1/teams/{team}".to_owned()]);
    for path in paths {
        let parameters = &document["paths"][&path]["put"]["parameters"];
        let is_it = |one: &Value| one["name"] == "If-None-Match" && one["in"] == "header" && one["required"] != true;
        assert!(parameters.as_array().unwrap().iter().any(is_it), "{path}: {parameters}");
    }
}

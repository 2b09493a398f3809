//! What the gateway says of itself: the OpenAPI document, the reference page, problem pages. How
//! they look is nothing of this.

use serde_json::Value;

use crate::world::{OWNER, URL, World};

/// Every `$ref` below a value.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|v| references(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_openapi_and_whole() {
    let world = World::new().await;
    let reply = world.call("", "GET", "/openapi.json", Value::Null).await;
    assert_eq!(reply.header("content-type"), "application/json");
    let document = reply.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut all = Vec::new();
    references(&document, &mut all);
    assert!(!all.is_empty());
    for reference in all {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let in_path: Vec<&str> = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            ids.push(
                operation["operationId"].as_str().unwrap_or_else(|| panic!("{what} has no operationId")).to_owned(),
            );
            assert!(operation["summary"].is_string() || operation["description"].is_string(), "{what} says nothing");
            assert!(
                operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)),
                "{what} has an unknown tag"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.iter().any(|(status, _)| status.starts_with('2')), "{what} never succeeds");
            assert!(responses.values().all(|r| r["description"].is_string()), "{what}");
            let security = operation["security"].as_array();
            assert!(security.is_some() || path == "/p/{handle}", "{what} says nothing of security");
            for requirement in security.into_iter().flatten() {
                assert!(requirement.as_object().unwrap().keys().all(|name| schemes.contains_key(name)), "{what}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for name in &in_path {
                let described =
                    parameters.iter().any(|p| p["in"] == "path" && p["name"] == *name && p["required"] == true);
                assert!(described, "{what} does not describe {name}");
            }
            assert_eq!(parameters.iter().filter(|p| p["in"] == "path").count(), in_path.len(), "{what}");
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operationIds are distinct");
}

/// Every described route is served, and answers methods that it does not describe by 405.
#[tokio::test]
async fn every_described_route_is_served_and_no_other_method_of_it() {
    let world = World::new().await;
    let document = world.call("", "GET", "/openapi.json", Value::Null).await.expect(200);
    for (path, item) in document["paths"].as_object().unwrap() {
        let at = path
            .replace("{team}", "nobody")
            .replace("{handle}", "x")
            .replace("{id}", "x")
            .replace("{kid}", "x")
            .replace("{participant}", "p1");
        for method in ["get", "put", "post", "patch", "delete"] {
            if method == "get" && path == "/v1/events" || method == "put" && item.get("put").is_some() {
                continue;
            }
            let reply = world.call(OWNER, &method.to_uppercase(), &at, Value::Null).await;
            assert_eq!(reply.status == 405, item.get(method).is_none(), "{method} {path}: {}", reply.status);
        }
    }
}

/// Every code that a problem may carry has its page, and every code of the contract is one.
#[tokio::test]
async fn every_problem_has_its_page() {
    let world = World::new().await;
    let codes = [
        "bad-request",
        "bad-json",
        "unauthorized",
        "forbidden",
        "not-found",
        "method-not-allowed",
        "timeout",
        "too-large",
        "unsupported-media-type",
        "invalid",
        "idempotency-mismatch",
        "idempotency-running",
        "interaction-closed",
        "interaction-full",
        "subject-conflict",
        "no-authentication-url",
        "no-security-key",
        "key-in-use",
        "key-not-pending",
        "key-cannot-sign",
        "link-expired",
        "link-superseded",
        "link-used",
        "link-reported",
        "stale-form",
        "not-opened-by-chat",
        "out-of-order",
        "bad-assertion",
        "replayed",
        "no-matching-record",
        "directory-down",
        "not-authenticated",
        "username-taken",
        "country-not-allowed",
        "locked",
        "banned",
        "too-many-keys",
        "events-gone",
        "too-many-requests",
        "internal",
        "unavailable",
    ];
    for code in codes {
        let page = world.call("", "GET", &format!("/problems/{code}"), Value::Null).await;
        assert_eq!(page.status, 200, "{code}");
        assert!(page.header("content-type").starts_with("text/html") && page.text().contains(code), "{code}");
    }
    world.call("", "GET", "/problems/nothing", Value::Null).await.refused(404, "not-found");
    let problem = world.call("", "GET", "/v1/settings", Value::Null).await.refused(401, "unauthorized");
    let page = problem["type"].as_str().unwrap().strip_prefix(URL).unwrap().to_owned();
    assert_eq!(world.call("", "GET", &page, Value::Null).await.status, 200);
}

/// The reference loads from here alone: no address of another origin in anything that loads.
#[tokio::test]
async fn the_reference_loads_nothing_foreign() {
    let world = World::new().await;
    let page = world.call("", "GET", "/docs", Value::Null).await;
    assert_eq!(page.status, 200);
    let html = page.text();
    let mut loaded = 0;
    for (tag, attribute) in [("<script", "src=\""), ("<link", "href=\""), ("<img", "src=\"")] {
        for rest in html.split(tag).skip(1) {
            let tag = rest.split('>').next().unwrap();
            let Some(address) = tag.split(attribute).nth(1).and_then(|a| a.split('"').next()) else { continue };
            assert!(address.starts_with('/') && !address.starts_with("//"), "{address}");
            let asset = world.call("", "GET", address, Value::Null).await;
            assert_eq!(asset.status, 200, "{address}");
            assert!(!asset.text().contains("@import") && !asset.text().contains("url(http"), "{address}");
            loaded += 1;
        }
    }
    assert!(loaded > 0);
    assert!(
        !html.contains("<script>")
            && !html.contains("style=\"")
            && !html.contains("<style")
            && !html.contains(" onclick=")
    );
    let document = world.call("", "GET", "/openapi.json", Value::Null).await.expect(200);
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(html.contains(path.as_str()), "{path} is missing");
    }
}

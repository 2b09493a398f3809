//! A team's own opening screens, and the key that others verify our words with: as admins and
//! strangers get them. Where a screen is shown to customers is told with the code pages.

use axum::body::Body;
use serde_json::{Value, json};

use super::points_at;
use crate::world::{OWNER, Reply, Team, World};

async fn put(team: &Team, key: &str, name: &str, kind: &str, page: impl Into<Body>) -> Reply {
    let request = http::Request::builder()
        .method("PUT")
        .uri(format!("/v1/teams/{}/screens/{name}", team.name))
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", kind);
    team.world.send(request.body(page.into()).unwrap()).await
}

async fn get(team: &Team, key: &str, name: &str) -> Reply {
    team.world.call(key, "GET", &format!("/v1/teams/{}/screens/{name}", team.name), Value::Null).await
}

/// L-36, L-38: a page of the team's is made, is given back as it will be shown, and is replaced.
#[tokio::test]
async fn l38_an_opening_screen_is_kept_as_it_will_be_shown() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let page = "<h2>Your number</h2><p>The last <b>four digits</b> of your card</p><script>alert(1)</script>";
    let made = put(&team, &team.admin, "pin-hint", "text/html", page).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let shown = get(&team, &team.admin, "pin-hint").await;
    assert_eq!((shown.status, shown.header("content-type").as_str()), (200, "text/html; charset=utf-8"));
    assert!(shown.text().contains("<p>The last <b>four digits</b> of your card</p>"), "{}", shown.text());
    assert!(!shown.text().contains("alert"));
    assert_eq!(shown.text(), made.text(), "the answer is what will be shown");
    let policy = shown.header("content-security-policy");
    for part in ["sandbox;", "default-src 'none'", "form-action 'none'", "img-src data:", "frame-ancestors 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
    let again = put(&team, &team.admin, "pin-hint", "text/html; charset=UTF-8", "<p>Another</p>").await;
    assert_eq!(again.status, 200);
    let shown = get(&team, &team.admin, "pin-hint").await.text();
    assert!(shown.contains("Another") && !shown.contains("four digits"));
}

#[tokio::test]
async fn what_is_no_screen_is_refused_and_foreign_ones_do_not_exist() {
    let world = World::new().await;
    let (team, other) = (world.team("acme").await, world.team("other").await);
    put(&team, &team.admin, "hint", "text/html", "<p>Hint</p>").await.expect(201);
    put(&team, &team.admin, "x", "application/json", "{}").await.refused(415, "unsupported-media-type");
    put(&team, &team.admin, "x", "text/html; charset=latin1", "<p>x</p>").await.refused(415, "unsupported-media-type");
    put(&team, &team.admin, "x", "text/html", "<script>x</script>").await.refused(422, "invalid");
    put(&team, &team.admin, "x", "text/html", b"<p>\xff</p>".to_vec()).await.refused(422, "invalid");
    put(&team, &team.admin, "a%20b", "text/html", "<p>x</p>").await.refused(422, "invalid");
    put(&team, &team.admin, "x", "text/html", "x".repeat(50 * 1024)).await.refused(422, "invalid");
    put(&team, &team.admin, "x", "text/html", "x".repeat(65 * 1024)).await.refused(413, "too-large");
    put(&team, &team.agent, "x", "text/html", "<p>x</p>").await.refused(403, "forbidden");
    put(&team, &other.admin, "x", "text/html", "<p>x</p>").await.refused(404, "not-found");
    get(&team, &other.admin, "hint").await.refused(404, "not-found");
    get(&team, &team.admin, "x").await.refused(404, "not-found");
    for n in 1..50 {
        put(&team, &team.admin, &format!("s{n}"), "text/html", "<p>x</p>").await.expect(201);
    }
    put(&team, &team.admin, "one-more", "text/html", "<p>x</p>").await.refused(422, "invalid");
    put(&team, &team.admin, "hint", "text/html", "<p>Another</p>").await.expect(200);
}

/// L-38, L-39: the PIN's opening screen is one that is there, for the team and for the system.
#[tokio::test]
async fn l39_an_opening_screen_must_be_there_before_it_is_named() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let named = json!({"pin": {"opening_screen": "hint"}});
    let patch = async |path: &str| world.call(OWNER, "PATCH", path, named.clone()).await;
    points_at(&patch("/v1/teams/acme/settings").await, "/pin/opening_screen");
    let refused = patch("/v1/settings").await;
    points_at(&refused, "/pin/opening_screen");
    assert!(refused.text().contains("acme"), "it says which team lacks it: {}", refused.text());
    put(&team, &team.admin, "hint", "text/html", "<p>Hint</p>").await.expect(201);
    let held = patch("/v1/teams/acme/settings").await.expect(200);
    assert_eq!(held["settings"]["pin"]["opening_screen"], "hint");
    patch("/v1/settings").await.expect(200);
    // A team that is made after that has none, and nothing else of anybody's waits for it.
    let later = world.team("later").await;
    let other = json!({"pin": {}, "locale": "et"});
    for path in ["/v1/teams/later/settings", "/v1/teams/acme/settings", "/v1/settings"] {
        world.call(OWNER, "PATCH", path, other.clone()).await.expect(200);
    }
    let refused = patch("/v1/settings").await;
    assert!(refused.text().contains("for team later"), "named anew, it must be there: {}", refused.text());
    later.set(json!({"pin": {"opening_screen": "none"}})).await;
    patch("/v1/settings").await.expect(200);
    let none = world.call(OWNER, "PATCH", "/v1/teams/acme/settings", json!({"pin": {"opening_screen": "none"}})).await;
    assert_eq!(none.expect(200)["settings"]["pin"]["opening_screen"], Value::Null);
}

/// L-38: a screen is taken away, unless PIN pages open with it: by the team's own settings, or by the system's.
#[tokio::test]
async fn l38_an_opening_screen_goes_unless_it_is_shown() {
    let world = World::new().await;
    let (team, other) = (world.team("acme").await, world.team("other").await);
    let delete = async |team: &Team, key: &str, name: &str| {
        team.world.call(key, "DELETE", &format!("/v1/teams/{}/screens/{name}", team.name), Value::Null).await
    };
    put(&team, &team.admin, "hint", "text/html", "<p>Hint</p>").await.expect(201);
    delete(&team, &team.agent, "hint").await.refused(403, "forbidden");
    delete(&team, &other.admin, "hint").await.refused(404, "not-found");
    delete(&team, &team.admin, "none").await.refused(404, "not-found");
    delete(&team, &team.admin, "a%20b").await.refused(404, "not-found");
    let named = |name: &str| json!({"pin": {"opening_screen": name}});
    team.set(named("hint")).await;
    points_at(&delete(&team, &team.admin, "hint").await, "/pin/opening_screen");
    assert!(get(&team, &team.admin, "hint").await.text().contains("Hint"), "it is still there");
    put(&other, &other.admin, "hint", "text/html", "<p>Theirs</p>").await.expect(201);
    world.call(OWNER, "PATCH", "/v1/settings", named("hint")).await.expect(200);
    team.set(json!({"pin": {"opening_screen": null}})).await;
    points_at(&delete(&team, &team.admin, "hint").await, "/pin/opening_screen");
    team.set(named("none")).await;
    delete(&team, &team.admin, "hint").await.expect(204);
    get(&team, &team.admin, "hint").await.refused(404, "not-found");
    delete(&team, &team.admin, "hint").await.refused(404, "not-found");
    points_at(&world.call(OWNER, "PATCH", "/v1/teams/acme/settings", named("hint")).await, "/pin/opening_screen");
    assert!(get(&other, &other.admin, "hint").await.text().contains("Theirs"), "another team's stays");
    let events = team.events().await;
    let told = events.iter().filter(|event| event["data"]["paths"] == json!(["screens.hint"])).count();
    assert_eq!(told, 2, "that it was made, and that it went");
    put(&team, &team.admin, "hint", "text/html", "<p>Anew</p>").await.expect(201);
}

#[tokio::test]
async fn a_team_that_goes_takes_its_screens_with_it() {
    let world = World::new().await;
    let team = world.team("acme").await;
    put(&team, &team.admin, "hint", "text/html", "<p>Hint</p>").await.expect(201);
    world.call(OWNER, "DELETE", "/v1/teams/acme", Value::Null).await.expect(204);
    let team = world.team("acme").await;
    get(&team, &team.admin, "hint").await.refused(404, "not-found");
}

#[tokio::test]
async fn the_key_that_others_verify_with_is_published_and_says_what_it_is() {
    let world = World::new().await;
    let published = world.call("", "GET", "/.well-known/jwks.json", Value::Null).await;
    assert_eq!(published.header("content-type"), "application/jwk-set+json");
    let key = &published.expect(200)["keys"][0];
    for (member, value) in [("kty", "OKP"), ("crv", "Ed25519"), ("alg", "EdDSA"), ("use", "sig")] {
        assert_eq!(key[member], value);
    }
    assert!(key.get("d").is_none(), "only its public half");
    assert_eq!(key["kid"].as_str().map(str::len), Some(43));
}

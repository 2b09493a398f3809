//! What a login page is told: once, again when the reply was lost, as JSON or as a form.
//! Two posts at the same time stand with the races.

use std::time::Duration;

use serde_json::{Value, json};

use super::Scene;
use crate::attacks_links::ask;
use crate::world::{Browser, Reply, URL, World, worlds};

/// What may not change when an assertion comes again.
async fn everything(scene: &Scene) -> (Value, usize) {
    let team = &scene.team;
    (team.bot("GET", &scene.chat, "", Value::Null).await.expect(200), team.events().await.len())
}

/// The reply to the first post of an assertion that comes again; the address is repeated until it has logged in.
fn lost(reply: &Reply, first: &Value, has_logged_in: bool) {
    let problem = reply.refused(409, "replayed");
    assert_eq!(problem["first_status"], first["status"], "{problem}");
    let expected = if has_logged_in { &Value::Null } else { &first["continue_url"] };
    assert_eq!(&problem["continue_url"], expected, "{problem}");
}

/// A006: the same assertion again, in whatever situation, changes nothing and is told what the
/// first was told. Once its `exp` is over it is 401 like every stale one.
#[tokio::test]
async fn a006_a_repeated_assertion_changes_nothing_and_repeats_what_the_first_was_told() {
    for world in worlds().await {
        let scene = Scene::on(world).await;
        let team = &scene.team;
        team.set(json!({"authentication_timeout_minutes": 1})).await;
        let mut claims = scene.claims();
        claims["exp"] = json!(claims["iat"].as_u64().expect("seconds") + 300);
        let assertion = team.sign(&claims);
        let first = scene.post(&assertion).await.expect(200);
        let again = async |when: &str, has_logged_in: bool| {
            let before = everything(&scene).await;
            for node in [&scene.world, &scene.world.second_node()] {
                let path = scene.visit.callback.strip_prefix(URL).expect("ours");
                lost(&node.call("", "POST", path, json!({"assertion": assertion})).await, &first, has_logged_in);
            }
            assert_eq!(everything(&scene).await, before, "{when}");
        };
        again("while it waits for its browser", false).await;
        let code = Browser::of(&scene.world, &first).code(first["continue_url"].as_str().expect("a URL")).await;
        again("while the code is awaited", false).await;
        team.says(&scene.chat, "m1", &code).await.expect(200);
        again("while the flag stands", true).await;
        team.bot("POST", &scene.chat, "/sign-out", json!({})).await.expect(200);
        again("after sign-out", true).await;
        assert_eq!(team.flag(&scene.chat).await["authenticated"], false);
        team.authenticate(&scene.chat, "cust-42").await;
        scene.world.pass(Duration::from_secs(60)).await;
        assert_eq!(team.flag(&scene.chat).await["status"], "expired");
        again("after the flag's expiry", true).await;
        team.link(&scene.chat).await;
        again("beside a newer link", true).await;
        team.bot("POST", &scene.chat, "/close", json!({})).await.expect(200);
        again("after the interaction's close", true).await;
        scene.world.clock.set(crate::world::BEGINNING + 330_000);
        let before = everything(&scene).await;
        scene.refuses("after its exp", &assertion).await;
        assert_eq!(everything(&scene).await, before);
    }
}

/// A006: a used handle takes no other assertion, and a used `jti` no other handle's place.
#[tokio::test]
async fn a006_a_handle_is_used_once() {
    let mut scene = Scene::new().await;
    let claims = scene.claims();
    let first = scene.post(&scene.team.sign(&claims)).await.expect(200);
    assert_eq!(first["status"], "accepted");
    let before = everything(&scene).await;
    scene.post(&scene.team.sign(&scene.claims())).await.refused(410, "link-used");
    let mut denied = scene.claims();
    denied["outcome"] = json!("denied");
    scene.post(&scene.team.sign(&denied)).await.refused(410, "link-used");
    assert_eq!(everything(&scene).await, before);
    // An assertion is bound to its handle by nonce and aud, so a jti of another's is its own.
    scene.visit = scene.next().await;
    let mut same_jti = scene.claims();
    same_jti["jti"] = claims["jti"].clone();
    scene.post(&scene.team.sign(&same_jti)).await.expect(200);
}

/// `denied` and `cancelled` spend the link, raise nothing and can be repeated as well.
#[tokio::test]
async fn a006_denied_and_cancelled_spend_the_link() {
    for world in worlds().await {
        let mut scene = Scene::on(world).await;
        for outcome in ["denied", "cancelled"] {
            let assertion = scene.team.sign(&scene.with("outcome", json!(outcome)));
            let first = scene.post(&assertion).await.expect(200);
            assert_eq!(first["status"], outcome);
            lost(&scene.post(&assertion).await, &first, false);
            let flag = scene.team.flag(&scene.chat).await;
            assert_eq!((&flag["authenticated"], &flag["reason"]), (&json!(false), &json!(outcome)));
            scene.post(&scene.team.sign(&scene.claims())).await.refused(410, "link-used");
            let done = Browser::new(&scene.world).get(first["continue_url"].as_str().expect("a URL")).await;
            assert_eq!(done.status, 200);
            assert!(!done.text().contains("data-code"), "no code is shown");
            assert!(scene.team.event_types().await.contains(&format!("link.{outcome}")));
            scene.visit = scene.next().await;
        }
        // A flag that stands is not lowered by a later "no".
        scene.still_takes_a_good_one().await;
        scene.team.authenticate(&scene.chat, "cust-42").await;
        scene.visit = scene.next().await;
        scene.post(&scene.team.sign(&scene.with("outcome", json!("denied")))).await.expect(200);
        assert_eq!(scene.team.flag(&scene.chat).await["authenticated"], true);
    }
}

/// A006: as a form: 303 to the done page, the same for a repetition, and errors as a page that
/// says nothing of why.
#[tokio::test]
async fn a006_forms_are_answered_by_redirects_and_pages() {
    let scene = Scene::new().await;
    let form = async |body: &str| {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=UTF-8"),
            ("origin", "https://login.example.com"),
            ("sec-fetch-site", "cross-site"),
        ];
        ask(&scene.world, "POST", &scene.visit.callback, &headers, body).await
    };
    let good = scene.team.sign(&scene.claims());
    let other = scene.team.sign(&scene.with("aud", json!("x")));
    for (body, status) in [
        (format!("assertion={other}"), 401),
        (format!("assertion={good}x"), 401),
        ("assertion=".to_owned(), 401),
        (String::new(), 400),
        (format!("jwt={good}"), 400),
        (format!("assertion={good}&assertion={good}"), 400),
        (format!("assertion={good}&continue_url=https://evil.example"), 400),
        (format!("Assertion={good}"), 400),
    ] {
        let reply = form(&body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert!(reply.header("content-type").starts_with("text/html"), "{body}: {}", reply.header("content-type"));
        assert!(!reply.text().contains(&good) && reply.header("location").is_empty());
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let first = form(&format!("assertion={good}")).await;
    assert_eq!((first.status, first.header("cache-control").as_str()), (303, "no-store"));
    let location = first.header("location");
    assert!(location.starts_with(&format!("{URL}/d/")), "{location}");
    let again = form(&format!("assertion={good}")).await;
    assert_eq!((again.status, again.header("location")), (303, location.clone()), "a lost reply is repeated");
    // The same assertion as JSON is told the same.
    let problem = scene.post(&good).await.refused(409, "replayed");
    assert_eq!(problem["continue_url"], location);
    let used = form(&format!("assertion={}", scene.team.sign(&scene.claims()))).await;
    assert_eq!((used.status, used.header("content-type").starts_with("text/html")), (410, true));
}

/// Where `directory.match` names fields, a login without a matching record is 422 and raises
/// nothing, from the login page as from the website.
#[tokio::test]
async fn a006_a_login_without_a_matching_record_raises_nothing() {
    for world in worlds().await {
        let scene = Scene::on(world).await;
        scene.team.set(json!({"directory": {"match": ["iban"]}})).await;
        let before = everything(&scene).await;
        for data in [json!(null), json!({}), json!({"iban": "EE00"}), json!({"iban": ""})] {
            let assertion = scene.team.sign(&scene.with("private_data", data));
            scene.post(&assertion).await.refused(422, "no-matching-record");
        }
        assert_eq!(everything(&scene).await, before);
        let token = scene.team.identity_token("cust-42");
        for conversation in ["+37255500001", "+37255500002"] {
            let body = json!({"channel": "whatsapp", "conversation": conversation,
                "participants": [{"role": "primary"}], "identity_token": token});
            let reply = scene.world.call(&scene.team.bot, "POST", "/v1/interactions", body).await;
            reply.refused(422, "no-matching-record");
        }
        assert_eq!(everything(&scene).await, before);
        // A "no" needs no record.
        let denied = scene.team.sign(&scene.with("outcome", json!("denied")));
        assert_eq!(scene.post(&denied).await.expect(200)["status"], "denied");
    }
}

/// A refusal echoes nothing of what was sent, and is the same for all that is wrong.
#[tokio::test]
async fn a006_refusals_tell_nothing() {
    let world: World = World::new().await;
    let scene = Scene::on(world).await;
    let mut seen = std::collections::HashSet::new();
    for wrong in [
        "<script>alert(1)</script>".to_owned(),
        "a.b.c".to_owned(),
        scene.team.sign(&scene.with("aud", json!("canary"))),
        scene.team.sign(&scene.with("exp", json!(0))),
    ] {
        let reply = scene.post(&wrong).await;
        reply.refused(401, "bad-assertion");
        assert!(!reply.text().contains("canary") && !reply.text().contains("script"));
        seen.insert(reply.text());
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
}

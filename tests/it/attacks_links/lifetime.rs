//! Time and links: order of steps, expiry, "never", superseding, and how long a flag lasts.
//! The clock is moved by hand, up to a boundary and over it.

use std::time::Duration;

use countersign::ambient::Clock;
use serde_json::{Value, json};

use super::text;
use crate::world::{BEGINNING, Browser, OWNER, URL, Visit, World, hidden, worlds};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A007: an assertion is for the handle that it names in `nonce` and `aud`; there is no other
/// place to say which interaction is meant (401 `bad-assertion`; the attack catalogue's 400 is that).
#[tokio::test]
async fn a007_an_assertion_of_one_chat_says_nothing_in_another() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let (mine, victims) = (team.open("sms", "+37255500001").await, team.open("sms", "+37255500002").await);
    let own = Browser::new(&world).continues(text(&team.link(&mine).await, "url")).await;
    let other = Browser::new(&world).continues(text(&team.link(&victims).await, "url")).await;
    let assertion = team.assertion(&own, "attacker");
    team.post_back(&other, &assertion).await.refused(401, "bad-assertion");
    for (nonce, aud) in [(&own, &other), (&other, &own)] {
        let mut claims = team.claims(&own, "attacker");
        claims["nonce"] = json!(nonce.token);
        claims["aud"] = json!(aud.callback);
        for at in [&own, &other] {
            team.post_back(at, &team.sign(&claims)).await.refused(401, "bad-assertion");
        }
    }
    let path = own.callback.strip_prefix(URL).expect("ours");
    let named = json!({"assertion": assertion, "interaction_id": victims});
    world.call("", "POST", path, named).await.refused(422, "invalid");
    let by_query = format!("{path}?interaction_id={victims}");
    world.call("", "POST", &by_query, json!({"assertion": assertion})).await.refused(422, "invalid");
    team.post_back(&own, &assertion).await.expect(200);
    assert_eq!(team.flag(&victims).await["status"], "pending", "the victim's chat still waits");
    assert_eq!(team.bot("GET", &victims, "", Value::Null).await.expect(200)["login_link"]["status"], "opened");
}

/// A008: nobody has opened the link, so there is no handle; what there is, its token, answers
/// 409 `out-of-order`.
#[tokio::test]
async fn a008_a_post_back_before_the_link_was_opened_is_out_of_order() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("sms", "+37255500001").await;
        let link = team.link(&chat).await;
        let token = text(&link, "url").rsplit('/').next().expect("a token").to_owned();
        let visit = Visit { url: String::new(), callback: format!("{URL}/p/{token}"), token, cookie: None };
        team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.refused(409, "out-of-order");
        assert_eq!(team.flag(&chat).await["authenticated"], false);
        // It is not spent by that, and its token is no handle afterwards either.
        let opened = Browser::new(&world).continues(text(&link, "url")).await;
        team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.refused(404, "not-found");
        team.post_back(&opened, &team.assertion(&opened, "cust-42")).await.expect(200);
    }
}

/// A009: the link's end is the handle's end, however long the assertion would live.
#[tokio::test]
async fn a009_the_links_record_decides_and_not_the_assertions_exp() {
    for world in worlds().await {
        let team = world.team("acme").await;
        team.set(json!({"link": {"ttl_minutes": 1}})).await;
        let chat = team.open("sms", "+37255500001").await;
        let link = team.link(&chat).await;
        world.clock.advance(59 * SECOND);
        let visit = Browser::new(&world).continues(text(&link, "url")).await;
        let mut claims = team.claims(&visit, "cust-42");
        claims["exp"] = json!(world.clock.now() / 1000 + 300);
        let assertion = team.sign(&claims);
        world.clock.advance(Duration::from_millis(1000)); // 60.000 s
        team.post_back(&visit, &assertion).await.refused(410, "link-expired");
        world.pass(61 * SECOND).await;
        team.post_back(&visit, &assertion).await.refused(410, "link-expired");
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["reason"]), (&json!(false), &json!("link_expired")));
        assert_eq!(Browser::new(&world).get(text(&link, "url")).await.status, 410);
        // The moment before its end it is good.
        let link = team.link(&chat).await;
        let visit = Browser::new(&world).continues(text(&link, "url")).await;
        world.clock.advance(Duration::from_millis(59_999));
        team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
    }
}

/// A009: closing the interaction ends its links, too.
#[tokio::test]
async fn a009_a_closed_interaction_takes_no_post_back() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255500001").await;
    let visit = Browser::new(&world).continues(text(&team.link(&chat).await, "url")).await;
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.refused(410, "link-expired");
    assert_eq!(team.flag(&chat).await["authenticated"], false);
}

/// A010: `null` takes the override away, `"never"` is a choice with a warning (contract §3; there
/// is no hard cap of 24 hours for it), and everything else is a number of minutes within bounds.
#[tokio::test]
async fn a010_a_link_without_an_end_is_a_choice_and_never_an_accident() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let settings = "/v1/teams/acme/settings";
    for wrong in [
        json!(0),
        json!(-1),
        json!(1e18),
        json!(10_081),
        json!(""),
        json!("10"),
        json!(1.5),
        json!("Never"),
        json!([]),
        json!(true),
        json!("none"),
    ] {
        let patch = json!({"link": {"ttl_minutes": wrong}});
        let problem = world.call(&team.admin, "PATCH", settings, patch).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/link/ttl_minutes", "{problem}");
    }
    let chat = team.open("sms", "+37255500001").await;
    team.set(json!({"link": {"ttl_minutes": null}})).await;
    assert_eq!(team.link(&chat).await["expires_at"], "2026-01-01T00:10:00.000Z");
    let patch = json!({"link": {"ttl_minutes": "never"}});
    let seen = world.call(&team.admin, "PATCH", settings, patch).await.expect(200);
    assert_eq!(seen["warnings"][0]["code"], "never-expires");
    assert!(text(&seen["warnings"][0], "detail").contains("6.5.5"));
    let link = team.link(&chat).await;
    assert_eq!(link["expires_at"], Value::Null);
    // It ends with its interaction all the same.
    let visit = Browser::new(&world).continues(text(&link, "url")).await;
    world.pass(31 * MINUTE).await;
    team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.refused(410, "link-expired");
    assert_eq!(Browser::new(&world).get(text(&link, "url")).await.status, 410);
}

/// A011: one live link per participant and purpose; the older ones are superseded.
#[tokio::test]
async fn a011_a_new_link_voids_the_old_ones() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let chat = team.open("sms", "+37255500001").await;
        let mut links = Vec::new();
        let mut early = Browser::new(&world);
        let mut nonces = Vec::new();
        for _ in 0..5 {
            let link = team.link(&chat).await;
            nonces.push(hidden(&early.get(text(&link, "url")).await.text(), "nonce"));
            links.push(link);
        }
        let opened = Browser::new(&world).continues(text(&links[4], "url")).await;
        links.push(team.link(&chat).await);
        for (old, nonce) in links[..4].iter().zip(&nonces) {
            assert_eq!(Browser::new(&world).get(text(old, "url")).await.status, 410);
            let pressed = early.post(text(old, "url"), &[("act", "continue"), ("nonce", nonce)]).await;
            assert_eq!(pressed.status, 410, "also for who has the page still open");
        }
        team.post_back(&opened, &team.assertion(&opened, "cust-42")).await.refused(410, "link-superseded");
        // Another purpose's link is another link.
        let body = json!({"purpose": "pre_chat"});
        team.bot("POST", &chat, "/login-links", body).await.expect(201);
        Browser::new(&world).continues(text(&links[5], "url")).await;
        assert_eq!(team.event_types().await.iter().filter(|t| *t == "link.superseded").count(), 5);
    }
}

/// A017, B-07, §3.6: whatever is typed, a flag ends at its timeout, and whatever is proved again, at the
/// absolute timeout after the first proof.
#[tokio::test]
async fn a017_traffic_keeps_no_flag_up() {
    for world in worlds().await {
        let team = world.team("acme").await;
        team.set(json!({"authentication_timeout_minutes": 60, "absolute_timeout_minutes": 60})).await;
        let chat = team.open("sms", "+37255500001").await;
        team.authenticate(&chat, "cust-42").await;
        let end = BEGINNING + 3_600_000;
        let mut n = 0;
        while world.clock.now() + 300_000 < end {
            world.pass(5 * MINUTE).await;
            n += 1;
            team.says(&chat, &format!("m{n}"), "hello").await.expect(200);
            team.bot("POST", &chat, "/presence", json!({"state": "online"})).await.expect(200);
            assert_eq!(team.flag(&chat).await["authenticated"], true);
        }
        world.clock.set(end - 1);
        assert_eq!(team.flag(&chat).await["authenticated"], true);
        world.clock.set(end);
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["status"]), (&json!(false), &json!("expired")));
    }
}

/// A017: logging in again and again does not carry a flag past the absolute timeout.
#[tokio::test]
async fn a017_new_proofs_end_at_the_absolute_timeout_of_the_first() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"authentication_timeout_minutes": 15, "absolute_timeout_minutes": 40})).await;
    let chat = team.open("sms", "+37255500001").await;
    for _ in 0..4 {
        team.authenticate(&chat, "cust-42").await;
        world.pass(10 * MINUTE).await;
    }
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["authenticated"], &flag["reason"]), (&json!(false), &json!("absolute_timeout")));
}

/// A018: true until the moment, false at it and after it, on every node, whether or not a sweep
/// has come by. The parallel side stands with the races.
#[tokio::test]
async fn a018_both_nodes_agree_on_the_last_millisecond() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let other = world.second_node();
        let chat = team.open("sms", "+37255500001").await;
        team.authenticate(&chat, "cust-42").await;
        assert_eq!(team.flag(&chat).await["expires_at"], "2026-01-01T00:15:00.000Z");
        let end = BEGINNING + 900_000;
        for (at, stands) in [(end - 1, true), (end, false), (end + 1, false)] {
            world.clock.set(at);
            for node in [&world, &other] {
                for rest in ["/authentication", ""] {
                    let path = format!("/v1/interactions/{chat}{rest}");
                    let seen = node.call(&team.bot, "GET", &path, Value::Null).await.expect(200);
                    let flag = if rest.is_empty() { &seen["authentication"] } else { &seen };
                    assert_eq!(flag["authenticated"], stands, "{at}: {flag}");
                }
            }
        }
        // Nothing but a new proof brings it back, also for a clock that steps back.
        world.pass(Duration::ZERO).await;
        world.clock.set(end - 1);
        assert_eq!(team.flag(&chat).await["authenticated"], false);
        let flag = world.call(OWNER, "GET", &format!("/v1/interactions/{chat}/authentication"), Value::Null).await;
        assert_eq!(flag.expect(200)["authenticated"], false);
    }
}

//! Clocks that are wrong: ours at odd moments or stepping back, and the caller's, which nobody
//! asks.

use std::time::Duration;

use countersign::ambient::Clock;
use serde_json::{Value, json};

use super::Scene;
use crate::world::{BEGINNING, Browser, URL, worlds};

/// The whole journey at moments where counters turn over. The system's clock reads a time before
/// 1970 as 0 (`ambient`); the far end is where the calendar ends.
#[tokio::test]
async fn a078_odd_moments_are_moments() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let moments = [
            0,                          // 1970, and everything before it
            999,                        //
            59_000,                     //
            2_147_483_647_000,          // 2038
            2_147_483_648_000,          //
            4_294_967_295_000,          // 2106
            4_294_967_296_000,          //
            253_402_300_799_000 - 1000, // the last day of 9999
        ];
        for (n, moment) in moments.into_iter().enumerate() {
            world.clock.set(moment);
            let chat = team.open("whatsapp", &format!("+3725550{n:04}")).await;
            team.authenticate(&chat, "cust-42").await;
            assert_eq!(team.flag(&chat).await["authenticated"], true, "{moment}");
            world.clock.set(moment.saturating_add(900_000));
            assert_eq!(team.flag(&chat).await["authenticated"], false, "{moment}");
        }
        for moment in [1 << 48, u64::MAX / 1000] {
            world.clock.set(moment);
            let body =
                json!({"channel": "sms", "conversation": format!("x{moment}"), "participants": [{"role": "primary"}]});
            let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await;
            assert_ne!(opened.status, 500, "{moment}: {}", opened.text());
            world.gateway.maintain().await.expect("time alone breaks nothing");
        }
    }
}

/// The clock steps back: nothing that ended begins again, nothing that was used is fresh, and
/// assertions are judged by the time that it is.
#[tokio::test]
async fn a078_a_clock_that_steps_back_renews_nothing() {
    for world in worlds().await {
        let mut scene = Scene::on(world).await;
        let clock = scene.world.clock.clone();
        let used = scene.team.sign(&scene.claims());
        scene.post(&used).await.expect(200);
        let before = scene.visit.clone();
        scene.visit = scene.next().await;
        for back in [1000, 90_000, 3_600_000, 86_400_000] {
            clock.set(BEGINNING - back);
            let told = scene.team.post_back(&before, &used).await;
            assert!([401, 409].contains(&told.status), "-{back}: {}", told.text());
            let from_then = scene.team.sign(&scene.claims());
            clock.set(BEGINNING);
            let late = scene.post(&from_then).await.status;
            assert_eq!(late, if back < 90_000 { 200 } else { 401 }, "-{back}: its exp is {back} ms nearer");
            if late == 200 {
                scene.visit = scene.next().await;
            }
        }
        // An expired link, code and flag stay expired.
        scene.team.authenticate(&scene.chat, "cust-42").await;
        let visit = scene.next().await;
        scene.world.pass(Duration::from_secs(900)).await;
        assert_eq!(scene.team.flag(&scene.chat).await["authenticated"], false);
        for back in [1, 1000, 600_000, 899_999] {
            clock.set(BEGINNING + 900_000 - back);
            scene.world.gateway.maintain().await.expect("the store is there");
            assert_eq!(scene.team.flag(&scene.chat).await["authenticated"], false, "-{back}");
            let assertion = scene.team.assertion(&visit, "cust-42");
            scene.team.post_back(&visit, &assertion).await.refused(410, "link-expired");
        }
        // Frozen, it goes on working.
        clock.set(BEGINNING);
        scene.team.authenticate(&scene.chat, "cust-42").await;
        assert_eq!(clock.now(), BEGINNING);
    }
}

/// A lock does not end early because the clock stepped back and forth.
#[tokio::test]
async fn a078_a_lock_outlasts_a_clock_that_steps_back() {
    let scene = Scene::new().await;
    let team = &scene.team;
    team.set(json!({"lockout": {"threshold": 1, "duration_minutes": 15}})).await;
    let told = team.post_back(&scene.visit, &team.assertion(&scene.visit, "cust-42")).await.expect(200);
    assert_eq!(told["status"], "accepted");
    Browser::at(&scene.world, &scene.visit).finish(told["continue_url"].as_str().expect("a URL")).await;
    assert_eq!(team.says(&scene.chat, "m1", "B2C3D4").await.expect(200)["outcome"], "locked");
    for at in [BEGINNING - 3_600_000, BEGINNING, BEGINNING + 899_999] {
        scene.world.clock.set(at);
        team.bot("POST", &scene.chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(423, "locked");
    }
}

/// A079: no time in a request is ours: headers are not asked, and there is no field for it.
#[tokio::test]
async fn a079_the_callers_clock_is_not_asked() {
    let scene = Scene::new().await;
    let path = scene.visit.callback.strip_prefix(URL).expect("ours").to_owned();
    let mut late = scene.claims();
    late["iat"] = json!(BEGINNING / 1000 - 120);
    late["exp"] = json!(BEGINNING / 1000 - 60);
    let late = scene.team.sign(&late);
    let then = "Wed, 31 Dec 2025 23:58:30 GMT";
    let body = json!({"assertion": late}).to_string();
    for name in ["date", "x-date", "x-timestamp", "x-request-start", "if-modified-since", "webhook-timestamp"] {
        let headers = [("content-type", "application/json"), (name, then)];
        let reply = crate::attacks_links::ask(&scene.world, "POST", &path, &headers, &body).await;
        reply.refused(401, "bad-assertion");
    }
    for name in ["now", "date", "timestamp", "skew_seconds"] {
        let mut body = json!({"assertion": late});
        body[name] = json!(BEGINNING / 1000 - 90);
        scene.world.call("", "POST", &path, body).await.refused(422, "invalid");
        let by_query = format!("{path}?{name}=1767225510");
        scene.world.call("", "POST", &by_query, json!({"assertion": late})).await.refused(422, "invalid");
    }
    // Nor does a claim say what time it is, or since when somebody is logged in beyond now.
    let mut claims = scene.with("now", json!(0));
    claims["auth_time"] = json!(BEGINNING / 1000 + 86_400);
    scene.post(&scene.team.sign(&claims)).await.expect(200);
    let flag = scene.team.flag(&scene.chat).await;
    assert_eq!(flag["since"], Value::Null);
}

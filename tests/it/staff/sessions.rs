//! Sessions: how they begin, how long they last, and how soon they are over.
//! Who may begin one, others test.

use super::*;

/// A103: what ends a session, ends it at once where it was done, and within a second elsewhere.
#[tokio::test]
async fn a103_whoever_is_disabled_changed_or_gone_is_out() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let acts = [
            ("PUT", "", json!({"role": "admin"})),
            ("PUT", "", json!({"role": "agent", "disabled": true})),
            ("POST", "/sign-out", json!({})),
            ("POST", "/totp-reset", json!({})),
            ("DELETE", "", Value::Null),
        ];
        for (n, (method, path, body)) in acts.into_iter().enumerate() {
            let name = format!("demo{n}");
            let mut desk = team.staff(&name, "agent").await;
            desk.comes_in("acme", &name).await;
            let mut elsewhere = (!world.keeps_a_board()).then(|| desk.before(&world.second_node()));
            if let Some(elsewhere) = &mut elsewhere {
                assert!(elsewhere.is_in().await);
            }
            let at = format!("/v1/teams/acme/users/{name}{path}");
            assert!(world.call(&team.admin, method, &at, body).await.status < 300, "{method} {path}");
            assert!(!desk.is_in().await, "{method} {path}");
            a_second(&world).await;
            if let Some(mut elsewhere) = elsewhere {
                assert!(!elsewhere.is_in().await, "{method} {path}, elsewhere");
            }
        }
    }
}

/// A103: a name is not a person. Who is made under the name of somebody who was taken away does not inherit
/// his sessions, and he not her rights.
#[tokio::test]
async fn a103_who_is_taken_away_stays_out_when_the_name_is_made_again() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let mut before = team.staff("demo", "agent").await;
        before.comes_in("acme", "demo").await;
        world.call(&team.admin, "DELETE", "/v1/teams/acme/users/demo", Value::Null).await.expect(204);
        a_second(&world).await;
        let mut after = team.staff("demo", "admin").await;
        after.comes_in("acme", "demo").await;
        assert!(after.is_in().await && !before.is_in().await);
    }
}

#[tokio::test]
async fn a_session_ends_idle_and_at_last_and_by_its_person() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut desk = team.staff("demo", "agent").await;
    desk.comes_in("acme", "demo").await;
    world.clock.advance(Duration::from_secs(29 * 60));
    let word = desk.word().await;
    assert!(!word.is_empty(), "whoever opens a page is there");
    world.clock.advance(Duration::from_secs(29 * 60));
    let headers = [("x-csrf-token", word.as_str()), ("sec-fetch-site", "same-origin")];
    // A page that is merely open keeps nothing.
    desk.call_with("GET", "/v1/interactions", Value::Null, &headers).await.expect(200);
    world.clock.advance(Duration::from_secs(2 * 60));
    desk.call_with("GET", "/v1/interactions", Value::Null, &headers).await.refused(401, "unauthorized");
    assert!(!desk.is_in().await);

    desk.comes_in("acme", "demo").await;
    for _ in 0..35 {
        world.clock.advance(Duration::from_secs(20 * 60));
        assert!(desk.is_in().await);
    }
    world.clock.advance(Duration::from_secs(20 * 60));
    assert!(!desk.is_in().await, "twelve hours are the most");

    desk.comes_in("acme", "demo").await;
    let (stolen, word) = (desk.clone(), desk.word().await);
    assert_eq!(desk.post("/account", &[("act", "out"), ("csrf_token", &word)]).await.status, 303);
    assert!(desk.session().is_none() && !stolen.clone().is_in().await, "the server forgets it, too");

    desk.comes_in("acme", "demo").await;
    let mut other = Desk::new(&world);
    other.comes_in("acme", "demo").await;
    assert_ne!(desk.session(), other.session());
    let word = desk.word().await;
    desk.post("/account", &[("act", "everywhere"), ("csrf_token", &word)]).await;
    assert!(!other.is_in().await, "everywhere");

    other.comes_in("acme", "demo").await;
    let mut desk = other.clone();
    let word = desk.word().await;
    let fields = [
        ("act", "password"),
        ("csrf_token", &word),
        ("old", PASSWORD),
        ("password", "another lamp 8"),
        ("again", "another lamp 8"),
    ];
    assert_eq!(desk.post("/account", &fields).await.status, 303);
    assert!(desk.is_in().await && !other.is_in().await, "with another password the others are out");
    assert_eq!(other.sign_in_as("acme", "demo", PASSWORD).await.status, 401);
}

/// First run: whoever set up the gateway comes in with the key of its configuration, and makes the first team.
#[tokio::test]
async fn the_owner_comes_in_with_the_configurations_key() {
    let world = World::new().await;
    let mut desk = Desk::new(&world);
    let page = desk.get("/signin").await;
    is_guarded(&page);
    assert!(page.text().contains("name=\"key\""));
    assert_eq!(desk.sign_in(&[("act", "key"), ("key", "not-the-key-0123456789abcdef012345678")]).await.status, 401);
    let planted = desk.session().cloned();
    assert_eq!(desk.sign_in(&[("act", "key"), ("key", OWNER)]).await.status, 303);
    assert_ne!(desk.session().cloned(), planted);
    assert_eq!(desk.get("/agent").await.header("location"), "/admin");
    assert!(desk.get("/admin").await.text().contains("PUT /v1/teams/{team}"), "it says what is next");
    desk.call("PUT", "/v1/teams/acme", json!({"name": "A shop"})).await.expect(201);
    desk.call("PUT", "/v1/teams/beta", json!({"name": "B shop"})).await.expect(201);
    let page = desk.get("/agent?team=beta").await.text();
    assert!(page.contains("<option value=\"beta\" selected>B shop</option>"), "{page}");
    assert_eq!(desk.get("/agent?team=gamma").await.status, 404);
}

/// Whoever holds the key signs out everywhere, too: what was taken from a browser before counts no more.
#[tokio::test]
async fn the_owner_signs_out_everywhere() {
    let world = World::new().await;
    let (mut here, mut there) = (Desk::new(&world), Desk::new(&world));
    for round in 0..2 {
        for desk in [&mut here, &mut there] {
            assert_eq!(desk.sign_in(&[("act", "key"), ("key", OWNER)]).await.status, 303, "{round}");
            assert!(desk.is_in().await, "{round}");
        }
        let word = here.word().await;
        assert_eq!(here.post("/account", &[("act", "everywhere"), ("csrf_token", &word)]).await.status, 303);
        assert!(!there.is_in().await && !here.is_in().await, "{round}");
    }
}

/// A086: a stream that a session listens by ends with it, within a second.
#[tokio::test(flavor = "multi_thread")]
async fn a086_a_stream_ends_with_its_session() {
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut desk = team.staff("demo", "agent").await;
    desk.comes_in("acme", "demo").await;
    let word = desk.word().await;
    let cookie = format!("__Host-cs_session={}", desk.session().expect("she is in"));
    let ask = |word: &str| {
        let request = http::Request::get("/v1/events").header("cookie", &cookie).header("x-csrf-token", word);
        world.router().oneshot(request.body(Body::empty()).expect("well-formed"))
    };
    assert_eq!(ask("guess").await.expect("it answers").status(), 403, "another website hears nothing");
    world.gateway.maintain().await.expect("the store is there");
    let mut stream = ask(&word).await.expect("it answers").into_body();
    team.open("webchat", "one").await;
    world.gateway.maintain().await.expect("the store is there");
    let heard = async {
        loop {
            let frame = stream.frame().await.expect("it stands").expect("a frame").into_data().expect("data");
            if String::from_utf8_lossy(&frame).contains("interaction.opened") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("it is told");
    world.call(&team.admin, "POST", "/v1/teams/acme/users/demo/sign-out", json!({})).await.expect(200);
    let ended = tokio::time::timeout(Duration::from_secs(20), async { while stream.frame().await.is_some() {} });
    ended.await.expect("it ends");
}

/// A101: no page of staff is kept by anybody, and no path beside it answers like it.
#[tokio::test]
async fn a101_nothing_of_a_console_is_kept_on_the_way() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut desk = team.staff("demo", "agent").await;
    desk.comes_in("acme", "demo").await;
    for path in ["/agent", "/account"] {
        let page = desk.get(path).await;
        is_guarded(&page);
        for beside in [format!("{path}/a.css"), format!("{path}.js"), format!("{path};.js")] {
            assert_eq!(desk.get(&beside).await.status, 404, "{beside}");
        }
    }
    for path in ["/agent", "/account", "/signin?next=https://evil.example", "/signin?next=//evil.example/agent"] {
        let mut stranger = Desk::new(&world);
        let reply = stranger.get(path).await;
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(!reply.text().contains("evil.example") && !reply.header("location").contains("evil"), "{path}");
    }
}

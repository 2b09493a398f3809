//! Local users: invited, signing in with password and app, locked out, helped in again.
//! How a session goes on is another file's.

use super::*;

/// L-06: what somebody may do depends on her role; P-09, P-10: she belongs to a team, and talks to its customers.
#[tokio::test]
async fn l06_an_invited_agent_sets_her_password_and_works_for_her_team_alone() {
    for world in worlds().await {
        let (team, other) = (world.team("acme").await, world.team("beta").await);
        team.channel("email").await;
        let made = team.user("demo", json!({"email": "demo@example.com", "role": "agent"})).await.expect(201);
        let url = made["invitation"]["url"].as_str().expect("told once").to_owned();
        assert_eq!((&made["status"], &made["invitation"]["mailed"]), (&json!("invited"), &json!(true)));
        let (inbox, to, text) = world.sent().await.pop().expect("it was mailed");
        assert_eq!((inbox.as_str(), to.as_str(), text.contains(&url)), ("email", "demo@example.com", true));
        let again = world.call(&team.admin, "GET", "/v1/teams/acme/users/demo", Value::Null).await.expect(200);
        assert!(again.get("invitation").is_none(), "{again}");

        let mut desk = Desk::new(&world);
        let early = desk.sign_in_as("acme", "demo", PASSWORD).await;
        assert_eq!(early.status, 401, "without a password nobody is in");
        let page = desk.get(&url).await;
        is_guarded(&page);
        for (password, why) in [("short 1", "At least"), ("password123", "tries"), ("no digits in this", "digit")] {
            let told = desk.sets_password(&url, password).await;
            assert!(told.status == 422 && told.text().contains(why), "{password}: {}", told.text());
        }
        assert_eq!(desk.sets_password(&url, PASSWORD).await.status, 303);
        assert_eq!(desk.get(&url).await.status, 410, "the link is good once");

        for name in ["demo", "DEMO@example.com"] {
            let mut desk = Desk::new(&world);
            desk.comes_in("acme", name).await;
            let page = desk.get("/agent").await;
            is_guarded(&page);
            assert!(page.text().contains("demo") && page.status == 200);
            let chat = team.open("webchat", name).await;
            desk.call("GET", &format!("/v1/interactions/{chat}"), Value::Null).await.expect(200);
            let foreign = other.open("webchat", name).await;
            desk.call("GET", &format!("/v1/interactions/{foreign}"), Value::Null).await.refused(404, "not-found");
            desk.call("GET", "/v1/teams/acme/users", Value::Null).await.refused(403, "forbidden");
            assert_eq!(desk.get("/agent?team=beta").await.status, 404);
        }
    }
}

/// A080: whatever another website makes a browser ask, the cookie alone is no credential.
#[tokio::test]
async fn a080_no_other_website_acts_as_whoever_is_signed_in() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut desk = team.staff("demo", "admin").await;
    desk.comes_in("acme", "demo").await;
    let word = desk.word().await;
    let put = json!({"role": "agent"});
    let at = "/v1/teams/acme/users/other";
    for headers in [
        &[][..],
        &[("x-csrf-token", "guess")],
        &[("x-csrf-token", &word), ("origin", "https://evil.example")],
        &[("x-csrf-token", &word), ("origin", "null")],
        &[("x-csrf-token", &word), ("sec-fetch-site", "cross-site")],
        &[("x-csrf-token", &word), ("sec-fetch-site", "same-site")],
    ] {
        desk.call_with("PUT", at, put.clone(), headers).await.refused(403, "foreign-page");
        desk.call_with("GET", "/v1/interactions", Value::Null, headers).await.refused(403, "foreign-page");
    }
    for (origin, fields) in [
        ("https://evil.example", vec![("act", "out"), ("csrf_token", word.as_str())]),
        ("null", vec![("act", "everywhere"), ("csrf_token", word.as_str())]),
        (URL, vec![("act", "everywhere")]),
    ] {
        assert_eq!(desk.post_from("/account", &fields, origin).await.status, 403, "{origin}");
        assert!(desk.is_in().await);
    }
    desk.call("PUT", at, put).await.expect(201);
    // Nor is somebody signed in as another by a form of another site.
    let mut victim = Desk::new(&world);
    let fields = [("act", "password"), ("team", "acme"), ("name", "demo"), ("password", PASSWORD)];
    assert_eq!(victim.post_from("/signin", &fields, "https://evil.example").await.status, 403);
    assert_eq!(victim.post("/signin", &fields).await.status, 403, "a form that this browser was not shown");
    assert!(victim.session().is_none());
}

/// A103: guessing locks, tells nobody why, and even the right password is then not taken; who is unknown reads
/// the same.
#[tokio::test]
async fn a103_guesses_lock_and_who_is_unknown_reads_the_same() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let mut desk = team.staff("demo", "agent").await;
        let unknown = desk.sign_in_as("acme", "nobody", "a guess at 1").await;
        let strip = |reply: &Reply, name: &str| {
            let nonce = hidden(&reply.text(), "nonce");
            (reply.status, reply.text().replace(&nonce, "").replace(&format!("value=\"{name}\""), "value=\"\""))
        };
        for _ in 0..5 {
            let told = desk.sign_in_as("acme", "demo", "a guess at 1").await;
            assert_eq!(strip(&told, "demo"), strip(&unknown, "nobody"));
        }
        let told = desk.sign_in_as("acme", "demo", PASSWORD).await;
        assert_eq!(strip(&told, "demo"), strip(&unknown, "nobody"), "locked, and not said");
        assert!(desk.sign_in_as("nowhere", "demo", PASSWORD).await.status == 401);
        let user = world.call(&team.admin, "GET", "/v1/teams/acme/users/demo", Value::Null).await.expect(200);
        assert_eq!(user["status"], "locked", "{user}");
        assert!(team.event_types().await.contains(&"user.locked".to_owned()), "on the try that locks");
        world.call(&team.admin, "POST", "/v1/teams/acme/users/demo/unlock", json!({})).await.expect(200);
        desk.comes_in("acme", "demo").await;
        for round in 0..4 {
            for _ in 0..5 {
                Desk::new(&world).sign_in_as("acme", "demo", "a guess at 2").await;
            }
            world.pass(Duration::from_secs(15 * 60)).await;
            let mut other = Desk::new(&world);
            let came_in = other.sign_in_as("acme", "demo", PASSWORD).await.status == 303;
            assert!(came_in, "{round}: whoever guesses at passwords shuts nobody out for good");
        }
    }
}

/// A103: with an app, a password is half of it; a code counts once.
#[tokio::test]
async fn an_app_is_the_other_half() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut desk = team.staff("demo", "agent").await;
    desk.comes_in("acme", "demo").await;
    let word = desk.word().await;
    let page = desk.post("/account", &[("act", "enrol"), ("csrf_token", &word)]).await.text();
    assert!(page.contains("<svg class=\"qr\""), "{page}");
    let secret = page.split("data-secret>").nth(1).and_then(|rest| rest.split('<').next()).expect("it can be typed");
    let app = App::new(secret);
    let wrong = desk.post("/account", &[("act", "confirm"), ("csrf_token", &word), ("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.text();
    let secret = page.split("data-secret>").nth(1).and_then(|rest| rest.split('<').next()).expect("a fresh one");
    let (old, app) = (app, App::new(secret));
    assert_ne!(old.code(&world), app.code(&world), "what was shown is over");
    let before = desk.clone();
    assert_eq!(
        desk.post("/account", &[("act", "confirm"), ("csrf_token", &word), ("code", &app.code(&world))]).await.status,
        303
    );
    assert!(desk.is_in().await && !before.clone().is_in().await, "the others are out");

    world.clock.advance(Duration::from_secs(60));
    let mut desk = Desk::new(&world);
    let half = desk.sign_in_as("acme", "demo", PASSWORD).await;
    assert!(half.status == 200 && half.text().contains("data-act=\"code\""), "{}", half.text());
    assert!(!desk.is_in().await, "half is not in");
    let wrong = desk.sign_in_on(&half, &[("act", "code"), ("code", "000000")]).await;
    assert_eq!(wrong.status, 401);
    let code = app.code(&world);
    let (spaced, before) = (format!("{} {}", &code[..3], &code[3..]), desk.session().cloned());
    assert_eq!(desk.sign_in_on(&half, &[("act", "code"), ("code", &spaced)]).await.status, 303);
    assert!(desk.is_in().await && desk.session().cloned() != before, "the session is another than its half");
    let mut thief = Desk::new(&world);
    let half = thief.sign_in_as("acme", "demo", PASSWORD).await;
    assert_eq!(thief.sign_in_on(&half, &[("act", "code"), ("code", &code)]).await.status, 401, "a code counts once");

    world.call(&team.admin, "POST", "/v1/teams/acme/users/demo/totp-reset", json!({})).await.expect(200);
    assert!(!desk.is_in().await);
    desk.comes_in("acme", "demo").await;
}

/// An authenticator app.
struct App(Vec<u8>);

impl App {
    fn new(shown: &str) -> Self {
        let bits: String = shown
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| {
                let at = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).expect("base32");
                format!("{at:05b}")
            })
            .collect();
        Self(
            bits.as_bytes()
                .chunks_exact(8)
                .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).expect("digits"), 2).expect("eight bits"))
                .collect(),
        )
    }

    /// RFC 6238 by the books, over the world's clock.
    fn code(&self, world: &World) -> String {
        use countersign::ambient::Clock as _;
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let made = aws_lc_rs::hmac::sign(&key, &(world.clock.now() / 30_000).to_be_bytes());
        let made = made.as_ref();
        let at = usize::from(made[19] & 15);
        let number = u32::from_be_bytes(made[at..at + 4].try_into().expect("four bytes")) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// Nobody makes, changes or removes somebody who may do more; a user's fields are judged with their place.
#[tokio::test]
async fn users_are_tended_by_who_may() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.user("demo", json!({"role": "owner"})).await.refused(403, "forbidden");
    world.call(OWNER, "PUT", "/v1/teams/acme/users/chief", json!({"role": "owner"})).await.expect(201);
    for (method, path, body) in [
        ("PUT", "", json!({"role": "agent"})),
        ("DELETE", "", Value::Null),
        ("POST", "/invite", json!({})),
        ("POST", "/totp-reset", json!({})),
        ("POST", "/unlock", json!({})),
        ("POST", "/sign-out", json!({})),
    ] {
        let path = format!("/v1/teams/acme/users/chief{path}");
        world.call(&team.admin, method, &path, body.clone()).await.refused(403, "forbidden");
        world.call(&team.agent, method, &path, body).await.refused(403, "forbidden");
    }
    for (body, pointer) in [
        (json!({"role": "bot"}), "/role"),
        (json!({"role": "agent", "email": "no address"}), "/email"),
        (json!({"role": "agent", "admin": true}), "/admin"),
        (json!({}), "/role"),
    ] {
        let told = team.user("demo", body.clone()).await.refused(422, "invalid");
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
    }
    team.user("a%20b", json!({"role": "agent"})).await.refused(422, "invalid");
    team.user("demo", json!({"role": "agent"})).await.expect(201);
    team.user("demo", json!({"role": "admin", "email": "demo@example.com"})).await.expect(200);
    let page = world.call(&team.admin, "GET", "/v1/teams/acme/users?limit=1", Value::Null).await.expect(200);
    assert_eq!((&page["items"][0]["name"], &page["next_cursor"]), (&json!("chief"), &json!("chief")));
    let page = world.call(&team.admin, "GET", "/v1/teams/acme/users?cursor=chief", Value::Null).await.expect(200);
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next_cursor"]), (Some(1), &Value::Null));
    assert_eq!(world.call(&team.admin, "DELETE", "/v1/teams/acme/users/demo", Value::Null).await.status, 204);
    world.call(&team.admin, "GET", "/v1/teams/acme/users/demo", Value::Null).await.refused(404, "not-found");
    let kinds = team.event_types().await;
    for kind in ["user.created", "user.changed", "user.removed"] {
        assert!(kinds.contains(&kind.to_owned()), "{kind}: {kinds:?}");
    }
}

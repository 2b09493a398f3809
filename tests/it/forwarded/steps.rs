//! The steps from Continue to the flag, one after the other, each with what a stranger could make of it. The last
//! one, a document that is judged later, stands in `photos::in_chat`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{PHONE, drawn, has_told, is_up, logs_in, team, text, vouched};
use crate::attacks_links::ask;
use crate::world::{Browser, URL, World, hidden, worlds};

const MINUTE: Duration = Duration::from_secs(60);

/// 1: Continue records the browser. The same one has the same handle; another begins anew, five times at most.
#[tokio::test]
async fn continue_records_the_browser_and_makes_the_handle() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let link = team.link(&team.open("sms", PHONE).await).await;
    let url = text(&link, "url");
    let mut first = Browser::new(&world);
    let visit = first.continues(url).await;
    assert_eq!(first.continues(url).await.token, visit.token);
    for _ in 0..4 {
        let next = Browser::new(&world).continues(url).await;
        assert_ne!(next.token, visit.token);
        team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.refused(410, "link-superseded");
    }
    assert_eq!(Browser::new(&world).press(url, "continue", "").await.status, 410, "the sixth");
}

/// 1: Two cookies of that name are none, and other sites' cookies, whatever their bytes, change nothing.
#[tokio::test]
async fn a_cookie_is_read_beside_any_other() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let chat = team.open("sms", PHONE).await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    let page = browser.get(text(&link, "url")).await;
    let (nonce, own) = (hidden(&page.text(), "nonce"), browser.cookie.clone().expect("a cookie"));
    let form = format!("act=continue&nonce={nonce}&opener=");
    let path = text(&link, "url").strip_prefix(URL).expect("ours");
    for (cookies, status) in [
        (vec![own.clone().into_bytes(), format!("{own}x").into_bytes()], 403),
        (vec![[own.as_bytes(), b"; ", own.as_bytes()].concat()], 403),
        (vec![[b"theme=caf\xe9; ", own.as_bytes()].concat()], 303),
        (vec![b"theme=\xff\xfe".to_vec(), own.clone().into_bytes()], 303),
    ] {
        let mut request = ::http::Request::builder().method("POST").uri(path).header("origin", URL);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for cookie in &cookies {
            request = request.header("cookie", ::http::HeaderValue::from_bytes(cookie).expect("a header"));
        }
        let reply = world.send(request.body(form.clone().into()).expect("well-formed")).await;
        assert_eq!(
            reply.status,
            status,
            "{:?}",
            cookies.iter().map(|c| String::from_utf8_lossy(c)).collect::<Vec<_>>()
        );
    }
}

/// 1: Without a page of ours nobody knows the browser, so nothing that needs one is made.
#[tokio::test]
async fn where_there_is_no_landing_page_no_browser_counts() {
    let world = World::new().await;
    let team = team(&world, json!({"link": {"landing": "optional"}, "binding": "opener"})).await;
    let chat = team.open("webchat", "c1").await;
    let body = json!({"purpose": "mid_chat", "landing": false});
    assert_eq!(team.bot("POST", &chat, "/login-links", body.clone()).await.status, 422);
    team.set(json!({"binding": "code", "other_browser": "refuse"})).await;
    assert_eq!(team.bot("POST", &chat, "/login-links", body.clone()).await.status, 422);
    team.set(json!({"other_browser": "ask"})).await;
    let chat = team.open("sms", PHONE).await;
    let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    let visit = crate::world::Visit::of(text(&link, "direct_url"));
    let done = logs_in(&team, &visit, "cust-42").await;
    let mut browser = Browser::new(&world);
    assert!(!browser.finish(&done).await.text().contains("data-code"), "every browser is another one");
    let code = browser.names(&done, PHONE).await;
    assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
}

/// 2: One handle takes one answer. The stranger, who knows the link and can foresee the login page's `jti`, is not
/// told where the customer is led, whatever they post.
#[tokio::test]
async fn a_handle_takes_one_answer_and_tells_its_address_to_the_same_bytes_alone() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        let chat = team.open("webchat", "c1").await;
        let link = team.link(&chat).await;
        let mut stranger = Browser::new(&world);
        let visit = vouched(&mut stranger, &link).await;
        let mut claims = team.claims(&visit, "customer");
        claims["jti"] = json!(visit.token[..22]);
        let assertion = team.sign(&claims);
        let told = team.post_back(&visit, &assertion).await.expect(200);
        let again = team.post_back(&visit, &assertion).await.refused(409, "replayed");
        assert_eq!(again["continue_url"], told["continue_url"], "a lost reply is repeated");
        for (claim, value) in [
            ("sub", json!("stranger")),
            ("outcome", json!("cancelled")),
            ("outcome", json!("denied")),
            ("exp", json!(0)),
        ] {
            let mut own = claims.clone();
            own[claim] = value;
            let posted = team.post_back(&visit, &team.sign(&own)).await;
            assert!([401, 410].contains(&posted.status), "{}", posted.text());
            assert!(!posted.text().contains("/d/"), "{}", posted.text());
            let form = format!("assertion={}", team.sign(&own));
            let kind = ("content-type", "application/x-www-form-urlencoded");
            let page =
                ask(&world, "POST", &visit.callback, &[kind, ("origin", "https://login.example.com")], &form).await;
            assert!(page.header("location").is_empty() && !page.text().contains("/d/"), "{}", page.text());
        }
        // Neither do the landing page, Continue, nor another good assertion.
        assert!(!stranger.get(text(&link, "url")).await.text().contains("/d/"));
        team.post_back(&visit, &team.assertion(&visit, "stranger")).await.refused(410, "link-used");
        assert!(!is_up(&team, &chat).await);
    }
}

/// 3: What was accepted waits ten minutes for its browser. Until then nobody is told who it was.
#[tokio::test]
async fn an_accepted_login_waits_for_its_browser_and_then_no_longer() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        let chat = team.open("webchat", "c1").await;
        let link = team.link(&chat).await;
        let mut browser = Browser::new(&world);
        let visit = vouched(&mut browser, &link).await;
        let done = logs_in(&team, &visit, "cust-42").await;
        let flag = team.flag(&chat).await;
        assert_eq!(
            (&flag["authenticated"], &flag["status"], &flag["customer"]),
            (&json!(false), &json!("pending"), &Value::Null)
        );
        assert!(!json!(team.events().await).to_string().contains("cust-42"));
        world.pass(10 * MINUTE).await;
        assert!(has_told(&team, "proof.not_returned").await);
        assert_eq!(team.flag(&chat).await["reason"], "not_returned");
        assert_eq!(browser.finish(&done).await.status, 410);
        assert!(!is_up(&team, &chat).await);
    }
}

/// 3: A newer login, a sign-out, Continue pressed again, a report and the end of the conversation void it.
#[tokio::test]
async fn what_waits_is_void_once_something_newer_happens() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    for (n, voids) in ["link", "sign-out", "continue", "report", "close", "key"].into_iter().enumerate() {
        let chat = team.open("webchat", &format!("c{n}")).await;
        let link = team.link(&chat).await;
        let mut browser = Browser::new(&world);
        let visit = vouched(&mut browser, &link).await;
        let done = logs_in(&team, &visit, "cust-42").await;
        match voids {
            "link" => drop(team.link(&chat).await),
            "sign-out" => drop(team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200)),
            "continue" => drop(vouched(&mut browser, &link).await),
            "report" => drop(Browser::new(&world).press(text(&link, "url"), "report", "").await),
            "close" => drop(team.bot("POST", &chat, "/close", json!({})).await.expect(200)),
            _ => {
                let path = format!("/v1/teams/acme/security-keys/{}", team.key.kid);
                world.call(&team.admin, "DELETE", &path, Value::Null).await.expect(200);
            }
        }
        let page = browser.finish(&done).await;
        assert!([404, 409, 410].contains(&page.status), "{voids}: {} {}", page.status, page.text());
        assert!(!is_up(&team, &chat).await, "{voids}");
    }
}

/// 4: The done page is the same for whoever opens it, and opening it changes nothing.
#[tokio::test]
async fn the_done_page_is_neutral_until_its_form_is_posted() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let (own, foreign) = (team.open("webchat", "c1").await, team.open("webchat", "c2").await);
    let mut seen = Vec::new();
    for chat in [&own, &foreign] {
        let link = team.link(chat).await;
        let mut browser = Browser::new(&world);
        let visit = vouched(&mut browser, &link).await;
        let done = logs_in(&team, &visit, "cust-42").await;
        for mut anybody in [browser.clone(), Browser::new(&world)] {
            let page = anybody.get(&done).await;
            assert_eq!((page.status, page.header("set-cookie")), (200, String::new()));
            assert!(!page.text().contains("cust-42") && !page.text().contains("Demo"), "{}", page.text());
            seen.push(drawn(&page, &done));
        }
        let (forms, token) = done.rsplit_once('/').expect("a done page's address");
        let form = format!("act=finish&page={token}");
        let foreign_form = ask(&world, "POST", forms, &[("origin", "https://evil.example")], &form).await;
        assert!(foreign_form.status >= 400, "{}", foreign_form.text());
        assert!(!is_up(&team, chat).await, "nothing was posted by a page of ours");
        browser.finish(&done).await;
        assert!(is_up(&team, chat).await);
        assert_eq!(Browser::new(&world).finish(&done).await.status, 409, "nobody else is shown the result");
        assert_eq!(browser.finish(&done).await.status, 200);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// 5: The browser of Continue raises the flag where the chat's window vouched for it, and else is shown the code.
#[tokio::test]
async fn the_browser_of_continue_is_bound_by_the_window_or_by_the_code() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    for vouches in [true, false] {
        let chat = team.open("webchat", &format!("c-{vouches}")).await;
        let link = team.link(&chat).await;
        let mut browser = Browser::new(&world);
        let visit = match vouches {
            true => vouched(&mut browser, &link).await,
            false => browser.continues(text(&link, "url")).await,
        };
        let done = logs_in(&team, &visit, "cust-42").await;
        if vouches {
            browser.finish(&done).await;
            assert_eq!(team.flag(&chat).await["binding"], "opener");
            continue;
        }
        let code = browser.code(&done).await;
        assert!(!is_up(&team, &chat).await);
        // A code is shown to this browser alone.
        let mut other = Browser::new(&world);
        assert!(!other.get(&done).await.text().contains(&code) && !other.finish(&done).await.text().contains(&code));
        assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
        assert_eq!(team.flag(&chat).await["binding"], "code");
    }
}

/// 5: Another browser names the chat's number, in two tries; where the team says so, or only the window counts, it
/// ends the login.
#[tokio::test]
async fn another_browser_is_asked_whose_chat_it_is_or_refused() {
    for world in worlds().await {
        let team = team(&world, json!({})).await;
        for (n, (settings, is_asked)) in [
            (json!({"binding": "auto", "other_browser": "ask"}), true),
            (json!({"binding": "code", "other_browser": "ask"}), true),
            (json!({"binding": "code", "other_browser": "refuse"}), false),
            (json!({"binding": "opener", "other_browser": "ask"}), false),
        ]
        .into_iter()
        .enumerate()
        {
            team.set(settings).await;
            let phone = format!("+3725551000{n}");
            let chat = match is_asked {
                true => team.open("sms", &phone).await,
                false => team.open("webchat", &phone).await,
            };
            let link = team.link(&chat).await;
            let mut stranger = Browser::new(&world);
            let visit = vouched(&mut stranger, &link).await;
            let done = logs_in(&team, &visit, "customer").await;
            let mut customer = Browser::new(&world);
            let page = customer.finish(&done).await;
            if is_asked {
                assert!(page.text().contains("data-act=\"address\"") && !page.text().contains("data-code"));
                let nonce = hidden(&page.text(), "nonce");
                for status in [422, 409] {
                    let fields = [("act", "address"), ("nonce", nonce.as_str()), ("address", "+37255599999")];
                    assert_eq!(customer.post(&done, &fields).await.status, status);
                }
            } else {
                assert_eq!(page.status, 409, "{}", page.text());
            }
            assert!(has_told(&team, "proof.other_browser").await);
            assert_eq!(team.flag(&chat).await["reason"], "other_browser");
            assert!(stranger.finish(&done).await.status >= 400, "it has ended for everybody");
            assert!(!is_up(&team, &chat).await);
        }
    }
}

/// 5: Of two browsers that post at the same moment one is judged, and the stranger's chat is nobody's.
#[tokio::test]
async fn of_two_browsers_at_the_same_moment_one_is_judged() {
    for world in worlds().await {
        let team = team(&world, json!({"binding": "code"})).await;
        for n in 0..10 {
            let phone = format!("+372555200{n:02}");
            let chat = team.open("sms", &phone).await;
            let link = team.link(&chat).await;
            let mut starter = Browser::new(&world);
            let visit = starter.continues(text(&link, "url")).await;
            let done = logs_in(&team, &visit, "customer").await;
            let mut other = Browser::new(&world);
            other.get(text(&link, "url")).await; // it has a cookie
            let form = [("act", "finish")];
            let (first, second) = tokio::join!(starter.post(&done, &form), other.post(&done, &form));
            let shown = first.text().contains("data-code");
            let asked = second.text().contains("data-act=\"address\"");
            assert!(shown != asked, "{} and {}", first.status, second.status);
            assert!(!is_up(&team, &chat).await);
        }
    }
}

/// 6: What has changed meanwhile is looked at again: another customer is known by now.
#[tokio::test]
async fn the_commit_that_raises_looks_at_everything_again() {
    let world = World::new().await;
    let team = team(&world, json!({})).await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    let visit = vouched(&mut browser, &link).await;
    let done = logs_in(&team, &visit, "cust-42").await;
    let known = json!({"channel": "webchat", "conversation": "c1", "participants": [{"role": "primary"}],
        "identity_token": team.identity_token("cust-7")});
    world.call(&team.bot, "POST", "/v1/interactions", known).await.expect(200);
    assert_eq!(team.flag(&chat).await["customer"]["id"], "cust-7");
    assert_eq!(browser.finish(&done).await.status, 410);
    assert_eq!(team.flag(&chat).await["customer"]["id"], "cust-7");
}

/// 6: The flag's time counts from when the login was accepted.
#[tokio::test]
async fn the_flags_time_counts_from_the_login() {
    let world = World::new().await;
    let team = team(&world, json!({"authentication_timeout_minutes": 15})).await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    let mut browser = Browser::new(&world);
    let visit = vouched(&mut browser, &link).await;
    let done = logs_in(&team, &visit, "cust-42").await;
    world.pass(9 * MINUTE).await;
    browser.finish(&done).await;
    assert_eq!(team.flag(&chat).await["expires_at"], "2026-01-01T00:15:00.000Z");
}

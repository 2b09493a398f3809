//! The gateway's own login page, as a browser without scripts uses it: a login page like any other. How it
//! looks is nothing of this.

use serde_json::{Value, json};

use super::{PASSWORD, shop};
use crate::world::{Browser, Reply, Team, URL, World, hidden, worlds};

/// A shop whose customers log in at the gateway's own page.
async fn hosting(world: &World, settings: Value) -> Team {
    let team = shop(world, settings).await;
    team.set(json!({"authentication_url": format!("{URL}/login/acme")})).await;
    team
}

/// A conversation's link is continued; the browser, and where it stands.
async fn arrives(team: &Team, chat: &str) -> (Browser, String) {
    let link = team.link(chat).await;
    let mut browser = Browser::new(&team.world);
    let reply = browser.press(link["url"].as_str().unwrap(), "continue", "").await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let to = reply.header("location");
    assert!(to.starts_with(&format!("{URL}/login/acme?cs_token=")), "{to}");
    (browser, to)
}

/// The form on a page is sent.
async fn sends(browser: &Browser, page: &Reply, at: &str, fields: &[(&str, &str)]) -> Reply {
    let (nonce, account) = (hidden(&page.text(), "nonce"), hidden(&page.text(), "account"));
    let mut all = vec![("nonce", nonce.as_str())];
    if !account.is_empty() {
        all.push(("account", &account));
    }
    all.extend(fields);
    browser.post(at, &all).await
}

async fn logs_in(browser: &mut Browser, at: &str, name: &str, password: &str) -> Reply {
    let page = browser.get(at).await;
    assert_eq!(page.status, 200, "{}", page.text());
    sends(browser, &page, at, &[("act", "answer"), ("username", name), ("password", password)]).await
}

/// A team without a login page has one: name and password there, and the code back in the chat raises the
/// flag, by the rule of every login page.
#[tokio::test]
async fn a_password_at_the_hosted_page_is_a_login() {
    for world in worlds().await {
        let team = hosting(&world, json!({})).await;
        let chat = team.open("sms", "+37255500001").await;
        let (mut browser, at) = arrives(&team, &chat).await;
        let page = browser.get(&at).await;
        let text = page.text();
        for part in ["autocomplete=\"username\"", "autocomplete=\"current-password\"", "A shop", "data-act=\"cancel\""]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(page.header("content-security-policy").contains("form-action 'self'"));
        let wrong = logs_in(&mut browser, &at, "demo", "wrong 1234").await;
        assert!(wrong.status == 200 && wrong.text().contains("That was not right"), "{}", wrong.text());
        assert!(!wrong.text().contains("wrong 1234") && !wrong.text().contains("demo@"));
        let done = logs_in(&mut browser, &at, "demo", PASSWORD).await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert_eq!(team.flag(&chat).await["authenticated"], false, "the chat is to be shown to be the browser's");
        let code = browser.code(&done.header("location")).await;
        assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["methods"]), (&json!(true), &json!(["login"])));
        assert_eq!(flag["customer"], json!({"id": "cust-42", "name": "Demo Customer"}));
        assert_eq!(browser.get(&at).await.status, 410, "the link is used");
    }
}

/// A URL that was tampered with, is another's or is late draws no form and takes none.
#[tokio::test]
async fn a_url_that_the_gateway_did_not_sign_is_nothing() {
    let world = World::new().await;
    let team = hosting(&world, json!({})).await;
    let _other = world.team("other").await;
    let chat = team.open("sms", "+37255500002").await;
    let (mut browser, at) = arrives(&team, &chat).await;
    let page = browser.get(&at).await;
    for (from, to) in [
        ("cs_signature=", "cs_signature=A"),
        ("/login/acme", "/login/other"),
        ("/login/acme", "/login/nobody"),
        ("cs_kid=", "cs_kid=x"),
        ("cs_expires=", "cs_expires=9"),
        ("cs_token=", "cs_token=A"),
        ("?cs_token", "?cs_token=x&cs_token"),
    ] {
        let changed = at.replacen(from, to, 1);
        let shown = browser.get(&changed).await;
        assert_eq!(shown.status, 404, "{changed}: {}", shown.text());
        let fields = [("act", "answer"), ("username", "demo"), ("password", PASSWORD)];
        assert_eq!(sends(&browser, &page, &changed, &fields).await.status, 404);
    }
    let bare = browser.get(&format!("{URL}/login/acme")).await;
    assert_eq!(bare.status, 404);
    let stranger = Browser::new(&world);
    let fields = [("act", "answer"), ("username", "demo"), ("password", PASSWORD)];
    assert_eq!(sends(&stranger, &page, &at, &fields).await.status, 403, "in another browser");
    world.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(browser.get(&at).await.status, 410);
}

/// A001: the page is handed on. Another browser is asked for the chat's number before any password is, in two tries;
/// named rightly it goes on in the other's place, and is not asked again on the done page.
#[tokio::test]
async fn another_browser_is_asked_for_the_chats_number_before_a_password() {
    for world in worlds().await {
        let team = hosting(&world, json!({})).await;
        let password = [("act", "answer"), ("username", "demo"), ("password", PASSWORD)];
        let (phone, wrong) = ("+37255500031", "+37255599999");
        let chat = team.open("sms", phone).await;
        let (mut stranger, at) = arrives(&team, &chat).await;
        let mut customer = Browser::new(&world);
        let page = customer.get(&at).await;
        assert!(
            page.text().contains("data-act=\"address\"") && !page.text().contains("current-password"),
            "{}",
            page.text()
        );
        assert!(!page.text().contains("Demo Customer") && !page.text().contains(phone));
        assert_ne!(sends(&customer, &page, &at, &password).await.status, 303, "no password before the number");
        let page = sends(&customer, &page, &at, &[("act", "address"), ("address", wrong)]).await;
        assert!(
            page.text().contains("data-act=\"address\"") && page.text().contains("id=\"error\""),
            "{}",
            page.text()
        );
        let page = sends(&customer, &page, &at, &[("act", "address"), ("address", phone)]).await;
        let page = if page.status == 303 { customer.get(&page.header("location")).await } else { page };
        assert!(page.text().contains("current-password"), "{}", page.text());
        let done = sends(&customer, &page, &at, &password).await;
        assert_eq!(done.status, 303, "{}", done.text());
        let done = done.header("location");
        // The one who pressed Continue has it no more.
        assert!(!stranger.finish(&done).await.text().contains("data-code"));
        assert_eq!(team.flag(&chat).await["authenticated"], false);

        let chat = team.open("sms", "+37255500032").await;
        let (_, at) = arrives(&team, &chat).await;
        let mut customer = Browser::new(&world);
        let page = customer.get(&at).await;
        let page = sends(&customer, &page, &at, &[("act", "address"), ("address", wrong)]).await;
        assert_eq!(sends(&customer, &page, &at, &[("act", "address"), ("address", wrong)]).await.status, 409);
        assert_eq!(team.flag(&chat).await["reason"], "other_browser");

        team.set(json!({"other_browser": "refuse"})).await;
        let chat = team.open("sms", "+37255500033").await;
        let (_, at) = arrives(&team, &chat).await;
        let page = Browser::new(&world).get(&at).await;
        assert!(page.status == 409 && !page.text().contains("current-password"), "{} {}", page.status, page.text());
    }
}

/// Named rightly, the other browser is shown the code without a second question.
#[tokio::test]
async fn browser_that_named_the_chat_is_not_asked_again() {
    let world = World::new().await;
    let team = hosting(&world, json!({})).await;
    let chat = team.open("sms", "+37255500034").await;
    let (_, at) = arrives(&team, &chat).await;
    let mut customer = Browser::new(&world);
    let page = customer.get(&at).await;
    sends(&customer, &page, &at, &[("act", "address"), ("address", "+37255500034")]).await;
    let done = logs_in(&mut customer, &at, "demo", PASSWORD).await;
    let code = customer.code(&done.header("location")).await;
    assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
    assert_eq!(team.flag(&chat).await["binding"], "code");
}

/// §3.8: who guesses there locks the conversation that he guesses in, and its customer elsewhere not.
#[tokio::test]
async fn guessing_at_the_page_locks_the_conversation() {
    let world = World::new().await;
    let team = hosting(&world, json!({"lockout": {"threshold": 3}})).await;
    let chat = team.open("sms", "+37255500003").await;
    let (mut browser, at) = arrives(&team, &chat).await;
    for n in 0..3 {
        let name = format!("nobody-{n}");
        assert_eq!(logs_in(&mut browser, &at, &name, "wrong 1234").await.status, 200);
    }
    assert_eq!(browser.get(&at).await.status, 423);
    let shown = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!(shown["participants"][0]["lockout"]["status"], "locked");
    let other = team.open("sms", "+37255500004").await;
    let (mut browser, at) = arrives(&team, &other).await;
    assert_eq!(logs_in(&mut browser, &at, "demo", PASSWORD).await.status, 303);
}

/// K-11 at the hosted page: `device` of the conversation feeds it, the code is asked for on the next page,
/// and is worth something there alone.
#[tokio::test]
async fn a_code_is_asked_for_besides_where_the_device_is_new() {
    for world in worlds().await {
        let settings = json!({"two_factor": {"on_fingerprint_change": true}, "delivery": {"order": ["email"]}});
        let team = hosting(&world, settings).await;
        let open = |conversation: &'static str| {
            let body = json!({"channel": "sms", "conversation": conversation, "device": {"fingerprint": "f1"},
                "participants": [{"role": "primary"}]});
            let team = team.clone();
            async move {
                let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
                opened["id"].as_str().unwrap().to_owned()
            }
        };
        let chat = open("+37255500005").await;
        let (mut browser, at) = arrives(&team, &chat).await;
        let asked = logs_in(&mut browser, &at, "demo", PASSWORD).await;
        assert!(asked.status == 200 && asked.text().contains("one-time-code"), "{}", asked.text());
        assert!(!asked.text().contains("cust-42"));
        let code = team.newest_code().await.1;
        // By the API that code is none: another first step was taken.
        let by_api = json!({"userId": "cust-42", "otpCode": code});
        team.tickets("POST", "/2fa/auth", by_api).await.refused(401, "code-refused");
        let wrong = sends(&browser, &asked, &at, &[("act", "answer"), ("code", &Team::wrong(&code))]).await;
        assert!(wrong.status == 200 && wrong.text().contains("not the code"), "{}", wrong.text());
        let again = sends(&browser, &wrong, &at, &[("act", "resend")]).await;
        let newer = team.newest_code().await.1;
        let done = sends(&browser, &again, &at, &[("act", "answer"), ("code", &newer)]).await;
        assert_eq!(done.status, 303, "{}", done.text());

        let chat = open("+37255500006").await;
        let (mut browser, at) = arrives(&team, &chat).await;
        assert_eq!(logs_in(&mut browser, &at, "demo", PASSWORD).await.status, 303, "the device is known now");
    }
}

/// The person gives up: the bot hears it.
#[tokio::test]
async fn who_gives_up_is_led_back() {
    let world = World::new().await;
    let team = hosting(&world, json!({})).await;
    let chat = team.open("sms", "+37255500007").await;
    let (mut browser, at) = arrives(&team, &chat).await;
    let page = browser.get(&at).await;
    let done = sends(&browser, &page, &at, &[("act", "cancel")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(browser.finish(&done.header("location")).await.text().contains("You stopped the login"));
    assert!(team.event_types().await.contains(&"link.cancelled".to_owned()));
}

/// Two factors are told apart from one by `acr`, so that an intent may ask for them.
#[tokio::test]
async fn an_intent_may_ask_for_two_factors() {
    let world = World::new().await;
    let intents = json!({"pay": {"accept": ["login"], "acr": ["two_factor"], "bindings": ["none"]}});
    let team = hosting(&world, json!({"intents": intents, "binding": "none"})).await;
    let allowed = async |chat: &str| {
        let flag = team.bot("GET", chat, "/authentication?intent=pay", Value::Null).await.expect(200);
        flag["intent"]["allowed"].as_bool().unwrap()
    };
    let chat = team.open("sms", "+37255500008").await;
    let (mut browser, at) = arrives(&team, &chat).await;
    assert_eq!(logs_in(&mut browser, &at, "demo", PASSWORD).await.status, 303);
    assert!(!allowed(&chat).await);
    team.set(json!({"two_factor": {"always": true}, "delivery": {"order": ["email"]}})).await;
    let (mut browser, at) = arrives(&team, &chat).await;
    let asked = logs_in(&mut browser, &at, "demo", PASSWORD).await;
    let code = team.newest_code().await.1;
    let done = sends(&browser, &asked, &at, &[("act", "answer"), ("code", &code)]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(allowed(&chat).await);
}

/// K-32: a login that still waits for its code in the chat dies with its account: the code raises nothing.
#[tokio::test]
async fn k32_a_login_that_waits_for_its_code_dies_with_its_account() {
    for world in worlds().await {
        let team = hosting(&world, json!({})).await;
        let mut waiting = Vec::new();
        for conversation in ["+37255500091", "+37255500092"] {
            let chat = team.open("sms", conversation).await;
            let (mut browser, at) = arrives(&team, &chat).await;
            let done = logs_in(&mut browser, &at, "demo", PASSWORD).await;
            assert_eq!(done.status, 303, "{}", done.text());
            waiting.push((chat, browser.code(&done.header("location")).await));
        }
        let passes = async |n: usize| {
            let (chat, code) = &waiting[n];
            team.says(chat, "m1", code).await.expect(200)["outcome"] == "passed"
        };
        assert!(passes(0).await, "while she may log in, the code counts");
        team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
        assert!(!passes(1).await, "the account was disabled before the code came back");
        for (chat, _) in &waiting {
            assert_eq!(team.flag(chat).await["authenticated"], false);
        }
    }
}

//! Links and codes in a window: cards that only this browser gets, and answers that nobody reads. The
//! bot has no code, and of a link what the reply to its own request says.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Window, entries, open, state, team};
use crate::world::{Browser, Team, URL, World, worlds};

/// A link that the gateway is to send.
async fn link(team: &Team, chat: &str) -> Value {
    let body = json!({"purpose": "mid_chat", "intent": "statement_copy", "deliver": true});
    let made = team.bot("POST", chat, "/login-links", body).await.expect(201);
    team.world.gateway.maintain().await.expect("the store is there");
    made
}

#[tokio::test]
async fn a_delivered_link_is_a_card_whose_window_proves_itself_g11() {
    for world in worlds().await {
        let team = team(&world).await;
        let chat = open(&team, "visitor").await;
        let made = link(&team, &chat).await;
        assert_eq!((&made["delivery"]["channel"], &made["delivery"]["status"]), (&json!("webchat"), &json!("queued")));
        let window = Window::open(&team, &chat).await;
        let seen = window.sees().await;
        let card = entries(&seen)[0].clone();
        assert_eq!((&card["kind"], &card["url"]), (&json!("link"), &made["url"]));
        assert_eq!(card["opener_secret"], made["opener_secret"], "any node can make it of the link");
        assert_eq!(state(&seen)["links"], json!([card["link"]]));
        assert!(team.event_types().await.contains(&"link.sent".to_owned()));

        let url = card["url"].as_str().expect("a URL").to_owned();
        let mut browser = Browser::new(&world);
        let landing = browser.get(&url).await.text();
        let origins = landing.split("data-opener-origins=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert!(origins.expect("it asks").split(' ').any(|origin| origin == URL), "the window is of our origin");
        let secret = card["opener_secret"].as_str().expect("a secret");
        let reply = browser.press(&url, "continue", secret).await;
        let visit = crate::world::Visit::of(&reply.header("location"));
        let told = team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
        browser.finish(told["continue_url"].as_str().expect("a URL")).await;
        let flag = team.flag(&chat).await;
        assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("opener")));

        // The card is over, and gives nothing away any more.
        let after = window.sees().await;
        assert_eq!((&entries(&after)[0]["url"], &entries(&after)[0]["opener_secret"]), (&Value::Null, &Value::Null));
        assert!(state(&after)["authenticated_until"].is_string() && state(&after)["links"] == json!([]));
    }
}

/// Who has the link alone, to forward it, cannot make what shows that the chat opened it.
#[tokio::test]
async fn a001_a_forwarded_link_of_the_window_proves_nothing() {
    let world = World::new().await;
    let team = team(&world).await;
    team.set(json!({"binding": "opener"})).await;
    let chat = open(&team, "attacker").await;
    let url = link(&team, &chat).await["url"].as_str().expect("a URL").to_owned();
    for secret in ["", "AAAAAAAAAAAAAAAAAAAAAA", url.rsplit('/').next().expect("a token")] {
        let reply = Browser::new(&world).press(&url, "continue", secret).await;
        assert_eq!(reply.status, 403, "{}", reply.text());
    }
}

#[tokio::test]
async fn a_code_from_the_phone_is_typed_in_the_card_or_in_the_line_l23_l24() {
    for world in worlds().await {
        let team = team(&world).await;
        for (visitor, by_card) in [("visitor-1", true), ("visitor-2", false)] {
            let chat = open(&team, visitor).await;
            let window = Window::open(&team, &chat).await;
            let asked = json!({"method": "otp", "deliver_to": "sms"});
            team.bot("POST", &chat, "/challenges", asked).await.expect(202);
            let code = code_by_sms(&world).await;
            let seen = window.sees().await;
            let asked = &state(&seen)["asked"];
            let wanted = json!(["otp", 6, "sms", "+372•••••345", 3]);
            assert_eq!(json!([asked["kind"], asked["digits"], asked["way"], asked["to"], asked["tries_left"]]), wanted);
            assert!(entries(&seen).is_empty(), "the code went elsewhere");

            let wrong = Team::wrong(&code);
            let told =
                if by_card { window.types_in_card("m1", &wrong).await } else { window.types("m1", &wrong).await };
            assert_eq!(told, json!({"taken": "answer", "kind": "otp", "outcome": "wrong"}));
            let told = if by_card { window.types_in_card("m2", &code).await } else { window.types("m2", &code).await };
            assert_eq!(told, json!({"taken": "answer", "kind": "otp", "outcome": "passed"}));
            let again = if by_card { window.types_in_card("m2", &code).await } else { window.types("m2", &code).await };
            assert_eq!(again, told, "a repeated message is judged once");

            let seen = window.sees().await;
            assert_eq!(entries(&seen).len(), 2);
            assert!(entries(&seen).iter().all(|e| e["kind"] == "answer" && e["text"] == "••••••"), "{seen:?}");
            assert_eq!(state(&seen)["asked"], Value::Null);
            assert_eq!(team.flag(&chat).await["methods"], json!(["otp"]));
        }
    }
}

/// The newest code that was sent to a phone.
async fn code_by_sms(world: &World) -> String {
    let sent = world.sent().await;
    let (_, _, text) = sent.iter().rfind(|(inbox, ..)| inbox == "sms").expect("it was sent");
    text.split(|c: char| !c.is_ascii_digit()).find(|part| part.len() == 6).expect("a code").to_owned()
}

#[tokio::test]
async fn a_code_that_is_sent_to_the_chat_is_a_card_while_it_lives() {
    for world in worlds().await {
        let team = team(&world).await;
        let chat = open(&team, "visitor").await;
        let window = Window::open(&team, &chat).await;
        team.bot("POST", &chat, "/challenges", json!({"method": "otp", "deliver_to": "chat"})).await.expect(202);
        world.gateway.maintain().await.expect("the store is there");
        let seen = window.sees().await;
        let text = entries(&seen)[0]["text"].as_str().expect("words").to_owned();
        let code: String = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!((code.len(), &state(&seen)["asked"]["way"]), (6, &json!("chat")), "{text}");
        assert_eq!(window.types("m1", &code).await["outcome"], "passed");
        let after = window.sees().await;
        assert!(!entries(&after)[0]["text"].as_str().expect("words").contains(&code), "it is over");
    }
}

/// A139: what was typed as a code is in no event, in no thread and in none of the store's bytes; and
/// the card takes nothing but a code, so that a slip of the finger reaches nobody either.
#[tokio::test]
async fn a139_what_a_card_takes_is_nobodys_to_read() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    team.bot("POST", &chat, "/challenges", json!({"method": "otp", "deliver_to": "sms"})).await.expect(202);
    let code = code_by_sms(&world).await;
    for (n, slip) in [&code[..5], "my code is secret", &format!("{code}1")].into_iter().enumerate() {
        let told = window.types_in_card(&format!("slip{n}"), slip).await;
        assert_eq!(told, json!({"taken": "nothing", "outcome": "not_a_code"}), "{slip}");
    }
    assert_eq!(window.types("m1", &code).await["outcome"], "passed");
    assert_eq!(window.types_in_card("late", &code).await["taken"], "nothing", "it comes too late, and goes nowhere");
    let told = format!("{:?} {:?}", window.sees().await, team.events().await);
    assert!(!told.contains(&code[..5]) && !told.contains("secret"), "{told}");
    let kept =
        format!("{:?}", world.gateway.inbound.transcript(chat.parse().expect("an id")).await.expect("it is there"));
    assert!(!kept.contains(&code), "{kept}");
}

#[tokio::test]
async fn another_code_is_asked_for_from_the_card() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let resend = async || super::ask(&world, "acme", "resend", &window.session, &json!({})).await;
    resend().await.refused(410, "code-gone");
    team.bot("POST", &chat, "/challenges", json!({"method": "otp", "deliver_to": "sms"})).await.expect(202);
    let first = code_by_sms(&world).await;
    let early = resend().await.refused(429, "send-budget");
    assert!(early["retry_after_seconds"].as_u64().expect("how long") <= 30);
    let before = state(&window.sees().await)["asked"]["id"].clone();
    world.pass(Duration::from_secs(31)).await;
    resend().await.expect(200);
    let second = code_by_sms(&world).await;
    assert!(first != second && state(&window.sees().await)["asked"]["id"] != before);
    assert_eq!(window.types("m1", &second).await["outcome"], "passed");
}

/// What windows have sent counts with what pages have: twenty an hour for an address.
#[tokio::test]
async fn codes_that_windows_have_sent_are_twenty_an_hour_for_an_address() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let many = json!({"per_destination_hour": 100, "per_destination_day": 100, "resend_after_seconds": 0});
    team.set(json!({"send_budget": many})).await;
    team.bot("POST", &chat, "/challenges", json!({"method": "otp", "deliver_to": "sms"})).await.expect(202);
    let from = async |address: &str| {
        let request = http::Request::post("/webchat/acme/resend")
            .header("content-type", "application/json")
            .header("origin", crate::world::URL)
            .header("authorization", format!("Bearer {}", window.session))
            .extension(axum::extract::ConnectInfo::<std::net::SocketAddr>(address.parse().unwrap()));
        world.send(request.body(axum::body::Body::from("{}")).unwrap()).await
    };
    for n in 0..20 {
        let sent = from("192.0.2.1:443").await;
        assert!(sent.status != 429 || sent.code() == "send-budget", "{n}: {}", sent.text());
    }
    let refused = from("192.0.2.1:443").await.refused(429, "too-many-requests");
    assert!((3_000..=3_600).contains(&refused["retry_after_seconds"].as_u64().expect("seconds")), "{refused}");
    assert_ne!(from("192.0.2.2:443").await.code(), "too-many-requests", "another address");
}

#[tokio::test]
async fn a_login_that_waits_for_its_code_is_asked_for_in_the_window() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let told = team.log_in(&chat, "cust-42").await;
    let code = Browser::of(&world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
    let seen = window.sees().await;
    assert_eq!(state(&seen)["asked"]["kind"], "confirmation");
    assert_eq!(window.types_in_card("m1", &code.to_lowercase()).await["outcome"], "passed");
    assert_eq!(team.flag(&chat).await["binding"], "code");
}

/// A code that lands in the window shows nothing of who reads it: only who asks for that gets it.
#[tokio::test]
async fn by_itself_a_code_does_not_go_into_the_window() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let ask = async |chat: &str| team.bot("POST", chat, "/challenges", json!({"method": "otp"})).await;
    assert_eq!(ask(&chat).await.expect(202)["delivery"]["channel"], "sms");
    let nobody = json!({"channel": "webchat", "conversation": "v2", "participants": [{"role": "primary"}]});
    let nobody = world.call(&team.bot, "POST", "/v1/interactions", nobody).await.expect(201);
    let nobody = nobody["id"].as_str().expect("an id");
    ask(nobody).await.refused(409, "no-address");
    team.set(json!({"delivery": {"order": ["chat"]}})).await;
    assert_eq!(ask(nobody).await.expect(202)["delivery"]["channel"], "webchat");
}

/// Why a login came to nothing is told in the chat's window: its browser did not come back, or another one did.
#[tokio::test]
async fn login_that_came_to_nothing_is_told_in_the_window() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    team.log_in(&chat, "cust-42").await;
    assert_eq!(state(&window.sees().await)["missed"], Value::Null);
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(state(&window.sees().await)["missed"], "not_returned");
    team.set(json!({"other_browser": "refuse"})).await;
    let told = team.log_in(&chat, "cust-42").await;
    assert_eq!(Browser::new(&world).finish(told["continue_url"].as_str().expect("a URL")).await.status, 409);
    assert_eq!(state(&window.sees().await)["missed"], "other_browser");
}

/// A code inside a sentence that is typed in the window is no answer, and goes to nobody; the window says how to
/// answer.
#[tokio::test]
async fn code_in_a_sentence_in_the_window_goes_to_nobody() {
    let world = World::new().await;
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    let told = window.types("m1", &format!("my code is {code}")).await;
    assert_eq!(told["outcome"], "code_in_text");
    assert!(!format!("{:?}", window.sees().await).contains(&code));
    assert_eq!(team.lockout(&chat).await["failures"], 0);
    assert_eq!(window.types("m2", &code).await["outcome"], "passed");
}

//! Interactions, people, links, messages and lists: every field and status of the contract's
//! section 4 that is there.

use std::time::Duration;

use serde_json::{Value, json};

use super::names;
use crate::world::{Browser, CHAT, OWNER, World};

const MINUTE: Duration = Duration::from_secs(60);

fn someone() -> Value {
    json!({"channel": "webchat", "conversation": "conv-1", "participants": [{"role": "primary", "name": "Demo Customer",
        "phone": "+37255512345", "email": "customer@example.com", "customer_id": null}],
        "device": {"fingerprint": "f", "region": "EE"}, "identity_token": null})
}

const AUTHENTICATION: [&str; 9] =
    ["assisted", "authenticated", "binding", "customer", "expires_at", "methods", "reason", "since", "status"];

#[tokio::test]
async fn an_interaction_has_the_fields_of_the_contract() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let it = world.call(&team.bot, "POST", "/v1/interactions", someone()).await.expect(201);
    assert_eq!(
        names(&it),
        [
            "authentication",
            "challenge",
            "channel",
            "closed_at",
            "conversation",
            "id",
            "login_link",
            "opened_at",
            "participants",
            "status",
            "team"
        ]
    );
    assert_eq!(
        (&it["team"], &it["channel"], &it["conversation"], &it["status"]),
        (&json!("acme"), &json!("webchat"), &json!("conv-1"), &json!("open"))
    );
    assert_eq!(it["opened_at"], "2026-01-01T00:00:00.000Z");
    let p = &it["participants"][0];
    assert_eq!(
        names(p),
        ["authentication", "challenge", "email", "entry", "id", "lockout", "login_link", "name", "phone", "role"]
    );
    assert_eq!((&p["id"], &p["role"], &p["name"]), (&json!("p1"), &json!("primary"), &json!("Demo Customer")));
    assert_eq!((&p["phone"], &p["email"]), (&json!("+372•••••345"), &json!("c•••@example.com")));
    assert_eq!(names(&p["authentication"]), AUTHENTICATION);
    assert_eq!(p["authentication"], it["authentication"]);
    assert_eq!(p["entry"], json!({"status": "none", "method": null, "entered_at": null}));
    assert_eq!(p["lockout"], json!({"status": "clear", "until": null, "failures": 0, "lockouts": 0, "by_method": {}}));
    let again = world.call(&team.bot, "POST", "/v1/interactions", someone()).await.expect(200);
    assert_eq!(again, it, "the open one stands");
    let read =
        world.call(&team.bot, "GET", &format!("/v1/interactions/{}", it["id"].as_str().unwrap()), Value::Null).await;
    assert_eq!(read.expect(200), it);
}

#[tokio::test]
async fn a_flag_has_the_fields_of_the_contract_and_ends_with_its_time() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    team.authenticate(&chat, "cust-42").await;
    let flag =
        team.bot("GET", &chat, "/authentication?intent=statement_copy&participant=p1", Value::Null).await.expect(200);
    assert_eq!(
        names(&flag),
        [
            "assisted",
            "authenticated",
            "binding",
            "customer",
            "expires_at",
            "intent",
            "methods",
            "reason",
            "since",
            "status"
        ]
    );
    assert_eq!(flag["customer"], json!({"id": "cust-42", "name": "Demo Customer"}), "a bot sees no private data");
    assert_eq!(flag["methods"], json!(["login"]));
    assert_eq!(flag["intent"], json!({"name": "statement_copy", "allowed": true, "reason": null, "accept": ["login"]}));
    assert_eq!(flag["expires_at"], "2026-01-01T00:15:00.000Z");
    let unknown = team.bot("GET", &chat, "/authentication?intent=fly", Value::Null).await.expect(200);
    assert_eq!(unknown["intent"], json!({"name": "fly", "allowed": false, "reason": "unknown_intent", "accept": []}));
    team.bot("GET", &chat, "/authentication?participant=p2", Value::Null).await.refused(404, "not-found");
    world.pass(6 * MINUTE).await;
    let old = team.bot("GET", &chat, "/authentication?intent=statement_copy", Value::Null).await.expect(200);
    assert_eq!((&old["authenticated"], &old["intent"]["reason"]), (&json!(true), &json!("too_old")));
    world.clock.advance(9 * MINUTE); // nothing has been swept
    let over = team.bot("GET", &chat, "/authentication?intent=statement_copy", Value::Null).await.expect(200);
    assert_eq!(
        (&over["authenticated"], &over["status"], &over["intent"]["reason"]),
        (&json!(false), &json!("expired"), &json!("expired"))
    );
}

#[tokio::test]
async fn a_login_link_has_the_fields_of_the_contract() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("webchat", "c1").await;
    let link = team.link(&chat).await;
    assert_eq!(names(&link), ["delivery", "direct_url", "expires_at", "id", "opener_secret", "purpose", "url"]);
    assert_eq!(
        (&link["purpose"], &link["direct_url"], &link["delivery"]),
        (&json!("mid_chat"), &Value::Null, &Value::Null)
    );
    assert_eq!(link["expires_at"], "2026-01-01T00:10:00.000Z");
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200)["login_link"].clone();
    assert_eq!(
        seen,
        json!({"id": link["id"], "purpose": "mid_chat", "status": "issued", "expires_at": link["expires_at"]})
    );
    let body = json!({"purpose": "mid_chat", "landing": false});
    super::points_at(&team.bot("POST", &chat, "/login-links", body.clone()).await, "/landing");
    team.set(json!({"link": {"landing": "optional"}})).await;
    let direct = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    assert!(direct["direct_url"].as_str().unwrap().contains("cs_signature="));
    let back = |url: &str| json!({"purpose": "pre_chat", "return_url": url});
    team.bot("POST", &chat, "/login-links", back(&format!("{CHAT}/done?x=1"))).await.expect(201);
    for url in [
        "https://evil.example.com/",
        "https://shop.example.com.evil.example/",
        "https://shop.example.com@evil.example/",
        "javascript:alert(1)",
        "//shop.example.com",
        "/done",
        "https://shop.example.com\\@evil.example",
        "",
        "http://shop.example.com/",
    ] {
        super::points_at(&team.bot("POST", &chat, "/login-links", back(url)).await, "/return_url");
    }
    team.set(json!({"authentication_url": null})).await;
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(409, "no-authentication-url");
    team.set(json!({"authentication_url": "https://login.example.com/"})).await;
    let path = format!("/v1/teams/acme/security-keys/{}", team.key.kid);
    world.call(OWNER, "DELETE", &path, Value::Null).await.expect(200);
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(409, "no-security-key");
}

#[tokio::test]
async fn a_message_is_judged_once_and_conversation_stays_conversation() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let heard = team.says(&chat, "m1", "hello").await.expect(200);
    assert_eq!(
        (names(&heard), &heard["consumed"]),
        (vec!["authentication", "consumed", "redacted_text"], &json!(false))
    );
    let told = team.log_in(&chat, "cust-1").await;
    let code = Browser::of(&world, &told).code(told["continue_url"].as_str().unwrap()).await;
    // Somebody else's text is not consumed, whatever it says.
    let body = json!({"message_id": "m2", "from": "+37255599999", "text": code});
    assert_eq!(team.bot("POST", &chat, "/messages", body).await.expect(200)["consumed"], false);
    let first = team.says(&chat, "m3", &format!(" {}-{} ", &code[..3], &code[3..])).await;
    let heard = first.expect(200);
    assert_eq!(names(&heard), ["authentication", "consumed", "kind", "outcome", "redacted_text"]);
    assert_eq!((&heard["kind"], &heard["outcome"]), (&json!("confirmation"), &json!("passed")));
    assert!(heard["redacted_text"].as_str().unwrap().chars().all(|c| c == '•'));
    // The same id gets the same reply, also with another text and after a sign-out.
    team.bot("POST", &chat, "/sign-out", json!({})).await.expect(200);
    assert_eq!(team.says(&chat, "m3", "another").await.bytes, first.bytes);
    for n in 0..25 {
        world.pass(20 * MINUTE).await;
        team.says(&chat, &format!("alive-{n}"), "hello").await;
        world.pass(20 * MINUTE).await;
        team.says(&chat, &format!("alive2-{n}"), "hello").await;
        world.pass(20 * MINUTE).await;
        team.says(&chat, &format!("alive3-{n}"), "hello").await;
    }
    assert_eq!(team.says(&chat, "m3", "another").await.expect(200)["consumed"], false, "a day later it is a new one");
}

#[tokio::test]
async fn people_come_and_change_and_the_interaction_has_an_end() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let added = team.bot("POST", &chat, "/participants", json!({"role": "cosigner", "name": "Bo"})).await.expect(201);
    assert_eq!(
        (&added["participants"][1]["id"], &added["participants"][1]["role"]),
        (&json!("p2"), &json!("cosigner"))
    );
    super::points_at(&team.bot("POST", &chat, "/participants", json!({"role": "primary"})).await, "/role");
    for n in 3..=20 {
        let body = json!({"role": "cosigner", "name": format!("n{n}")});
        team.bot("POST", &chat, "/participants", body).await.expect(201);
    }
    team.bot("POST", &chat, "/participants", json!({"role": "cosigner"})).await.refused(409, "interaction-full");
    let mut crowd = someone();
    crowd["participants"] =
        std::iter::once(json!({"role": "primary"})).chain((0..20).map(|_| json!({"role": "cosigner"}))).collect();
    crowd["conversation"] = json!("conv-2");
    world.call(&team.bot, "POST", "/v1/interactions", crowd).await.refused(409, "interaction-full");
    let closed = team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    assert_eq!((&closed["status"], &closed["closed_at"]), (&json!("closed"), &json!("2026-01-01T00:00:00.000Z")));
    for (method, rest, body) in [
        ("POST", "/participants", json!({"role": "cosigner"})),
        ("PATCH", "/participants/p1", json!({"name": "Other"})),
        ("POST", "/login-links", json!({"purpose": "mid_chat"})),
        ("POST", "/messages", json!({"message_id": "m", "text": "hello"})),
        ("POST", "/presence", json!({"state": "online"})),
        ("POST", "/sign-out", json!({})),
    ] {
        team.bot(method, &chat, rest, body).await.refused(409, "interaction-closed");
    }
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    assert_ne!(team.open("sms", "+37255512345").await, chat, "a closed one makes room");
}

/// 32 KiB is the end, and nothing that did not fit is half there.
#[tokio::test]
async fn an_interaction_that_is_full_says_so() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    for n in 2..=20 {
        team.bot("POST", &chat, "/participants", json!({"role": "cosigner", "name": format!("n{n}")}))
            .await
            .expect(201);
    }
    let mut before = Value::Null;
    for n in 0..40 {
        let (who, purpose) = (format!("p{}", n / 2 + 1), ["pre_chat", "mid_chat"][n % 2]);
        let back = format!("{CHAT}/{}", "x".repeat(1000));
        let body = json!({"purpose": purpose, "participant": who, "state": "s".repeat(1024), "return_url": back});
        let reply = team.bot("POST", &chat, "/login-links", body).await;
        if reply.status == 201 {
            before = team.bot("GET", &chat, "", Value::Null).await.expect(200);
            continue;
        }
        reply.refused(409, "interaction-full");
        assert!(n > 8, "after {n} links");
        assert_eq!(team.bot("GET", &chat, "", Value::Null).await.expect(200), before);
        return;
    }
    panic!("40 links of 2 KiB fitted into 32 KiB");
}

/// Another person takes the place: flag, link and login under way end.
#[tokio::test]
async fn a_reassigned_participant_is_nobody_that_was_proved() {
    let world = World::new().await;
    let team = world.team("acme").await;
    for change in [
        json!({"name": "Other"}),
        json!({"phone": "+37255599999"}),
        json!({"email": "o@example.com"}),
        json!({"customer_id": "cust-9"}),
    ] {
        let chat = team.open("sms", &format!("+3725550{:04}", crate::world::unique())).await;
        team.authenticate(&chat, "cust-42").await;
        let link = team.link(&chat).await;
        let same = team.bot("PATCH", &chat, "/participants/p1", json!({"name": "Demo Customer"})).await.expect(200);
        assert_eq!(same["authentication"]["authenticated"], true, "the same person stays");
        let other = team.bot("PATCH", &chat, "/participants/p1", change).await.expect(200);
        assert_eq!((&other["authentication"]["authenticated"], &other["login_link"]), (&json!(false), &Value::Null));
        assert_eq!(Browser::new(&world).get(link["url"].as_str().unwrap()).await.status, 410);
    }
    let chat = team.open("sms", "+37255512345").await;
    let body = json!({"name": null, "email": "a@example.com"});
    let changed = team.bot("PATCH", &chat, "/participants/p1", body).await.expect(200);
    assert_eq!(
        (&changed["participants"][0]["name"], &changed["participants"][0]["email"]),
        (&Value::Null, &json!("a•••@example.com"))
    );
}

#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let mut all = Vec::new();
    for n in 0..7 {
        world.clock.advance(Duration::from_millis(5));
        all.push(team.open(if n % 2 == 0 { "sms" } else { "whatsapp" }, &format!("+3725550000{n}")).await);
    }
    team.authenticate(&all[6], "cust-1").await;
    team.bot("POST", &all[0], "/close", json!({})).await.expect(200);
    team.bot("PATCH", &all[1], "/participants/p1", json!({"name": "Zoë Ćwik"})).await.expect(200);
    world.gateway.maintain().await.unwrap();
    let list = async |query: &str| -> Vec<String> {
        let page = world.call(&team.bot, "GET", &format!("/v1/interactions{query}"), Value::Null).await.expect(200);
        assert_eq!(names(&page), ["items", "next_cursor"]);
        page["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect()
    };
    let newest_first: Vec<String> = all.iter().rev().cloned().collect();
    assert_eq!(list("").await, newest_first);
    assert_eq!(list("?status=closed").await, all[..1]);
    assert_eq!(list("?status=open").await.len(), 6);
    assert_eq!(list("?channel=whatsapp").await.len(), 3);
    assert_eq!(list("?conversation=%2B37255500003").await, all[3..4]);
    assert_eq!(list("?status=open&channel=sms&conversation=%2B37255500002").await, all[2..3]);
    assert_eq!(list("?status=open&channel=sms&conversation=%2B37255500000").await, all[..0]);
    assert_eq!(list("?authenticated=true").await, all[6..]);
    assert_eq!(list("?authenticated=false&status=open").await.len(), 5);
    assert_eq!(list(&format!("?q={}", all[4])).await, all[4..5]);
    assert_eq!(list("?q=%2B37255500005").await, all[5..6]);
    assert_eq!(list("?q=zo%C3%AB").await, all[1..2]);
    assert_eq!(list("?q=nobody").await, all[..0]);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/interactions?limit=3{cursor}");
        let page = world.call(&team.bot, "GET", &path, Value::Null).await.expect(200);
        paged.extend(page["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, newest_first);
    for wrong in ["limit=0", "limit=201", "limit=x", "limit=-1", "status=shut", "authenticated=1", "authenticated=yes"]
    {
        world.call(&team.bot, "GET", &format!("/v1/interactions?{wrong}"), Value::Null).await.refused(422, "invalid");
    }
    // A cursor of one's own making finds a page or none; it opens nothing.
    for cursor in ["x", "%00", "0199a0b0-0000-7000-8000-000000000000", "%27%3B--"] {
        let reply = world.call(&team.bot, "GET", &format!("/v1/interactions?cursor={cursor}"), Value::Null).await;
        assert!(matches!(reply.status, 200 | 400 | 422), "{cursor}: {}", reply.text());
    }
    let bot_teams = world.call(&team.admin, "GET", "/v1/teams", Value::Null).await.expect(200);
    assert_eq!(bot_teams, json!({"items": [{"team": "acme", "name": "A shop"}], "next_cursor": null}));
}

/// What ended while nobody looked is told late and of when it ended; an interaction that began meanwhile has
/// its whole history none the less.
#[tokio::test]
async fn a_history_goes_back_to_its_own_beginning() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"interaction_timeout_minutes": 5})).await;
    let early = team.open("sms", "+37255500071").await;
    team.authenticate(&early, "cust-1").await;
    world.clock.advance(Duration::from_secs(10 * 60));
    let late = team.open("sms", "+37255500072").await;
    team.link(&late).await;
    let kinds = team.event_types().await; // now somebody looks: the early one has ended five minutes ago
    let ended = kinds.iter().rposition(|kind| kind == "interaction.closed").expect("it has ended");
    let opened = kinds.iter().rposition(|kind| kind == "interaction.opened").expect("it was opened");
    assert!(opened < ended, "told late: {kinds:?}");
    let past = team.bot("GET", &late, "/history", Value::Null).await.expect(200);
    let kinds: Vec<&str> = past["items"].as_array().unwrap().iter().filter_map(|e| e["type"].as_str()).collect();
    assert_eq!((kinds.last(), &past["complete"]), (Some(&"interaction.opened"), &json!(true)), "{past}");
    assert!(kinds.contains(&"link.issued"), "{past}");
}

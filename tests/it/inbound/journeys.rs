//! What customers do: they type the code where they chat, and are known. On platforms of every kind of
//! proof; whatever way the code came.

use std::time::Duration;

use serde_json::{Value, json};

use super::platforms::{self, Said, meta, meta_messages, twilio};
use super::team;
use crate::sending::code_in;
use crate::world::{Browser, Team, World, every_world, shown_code};

/// A code typed on the platform authenticates; a wrong one counts once, however often it is told.
#[tokio::test]
async fn a_code_typed_on_a_platform_authenticates_there() {
    for world in every_world().await {
        let team = team(&world).await;
        for line in platforms::all() {
            let chat = team.chat_on(&line).await;
            let challenge = team.otp(&chat).await;
            let code = team.code(&chat, 0).await;
            for _ in 0..3 {
                let told = team.hears_on(&line, 1, &Team::wrong(&code)).await;
                assert_eq!((told.status, team.tries(&challenge).await), (200, 2), "{}", line.definition);
            }
            assert!(!team.is_authenticated(&chat).await);
            let told = team.hears_on(&line, 2, &format!(" {}-{}", &code[..3], &code[3..])).await;
            assert_eq!((told.status, told.text().as_str()), (200, line.reply.1), "{}", line.definition);
            assert_eq!(told.header("content-type"), line.reply.0);
            let flag = team.flag(&chat).await;
            assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("typed")), "{flag}");
            assert_eq!(flag["methods"], json!(["otp"]));
            // The same again, and words: nothing changes.
            for (id, text) in [(2, code.as_str()), (3, "thank you")] {
                assert_eq!(team.hears_on(&line, id, text).await.status, 200);
            }
            assert_eq!(team.flag(&chat).await, flag);
        }
    }
}

/// What another sender types is nobody's answer, in whosever conversation the platform says that it was typed:
/// it is not counted, and the code stays answerable.
#[tokio::test]
async fn a001_a_code_that_another_sender_types_is_nobodys_answer() {
    let world = World::new().await;
    let team = team(&world).await;
    for line in platforms::all() {
        let chat = team.chat_on(&line).await;
        let challenge = team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        let from = match line.definition {
            "matrix" => "@other:hs.example",
            "telegram" => "2222222",
            _ => "37255599999",
        };
        let told = (line.call)(Said { from, id: 1, text: &code, at: team.unix() });
        assert_eq!(team.hears_call(&told).await.status, 200, "{}", line.definition);
        assert!(!team.is_authenticated(&chat).await, "{}", line.definition);
        assert_eq!(team.tries(&challenge).await, 3, "{}", line.definition);
        team.hears_on(&line, 2, &code).await;
        assert!(team.is_authenticated(&chat).await, "{}", line.definition);
    }
}

/// B-06, I-13: the page shows a code after the login and leads back into the chat with it, where the
/// account says what is needed for that; and the chat says it.
#[tokio::test]
async fn a_login_is_confirmed_in_the_chat() {
    let world = World::new().await;
    let team = team(&world).await;
    let whatsapp = (platforms::whatsapp(), json!({"number": "+37255501234"}), "", "https://wa.me/37255501234?text=");
    let telegram = (platforms::telegram(), json!({"bot": "acme_bot"}), "/start ", "https://t.me/acme_bot?start=");
    let nameless = (platforms::Line { name: "telegram-2", ..platforms::telegram() }, json!({}), "", "");
    for (line, account, typed, link) in [whatsapp, telegram, nameless] {
        team.plug(&line, account).await.expect(201);
        let chat = team.open(line.name, line.conversation).await;
        let told = team.log_in(&chat, "cust-42").await;
        assert_eq!(told["status"], "accepted");
        let page = Browser::of(&team.world, &told).finish(told["continue_url"].as_str().expect("a URL")).await.text();
        let (page, code) = (page.replace("&#x2f;", "/"), shown_code(&page));
        let leads_back = page.contains(&format!("href=\"{link}{code}\""));
        assert_eq!((leads_back, page.contains("data-return")), (!link.is_empty(), !link.is_empty()), "{link}: {page}");
        if link.is_empty() {
            continue;
        }
        assert_eq!(team.hears_on(&line, 1, &format!("{typed}{code}")).await.status, 200);
        let flag = team.flag(&chat).await;
        assert_eq!(flag["methods"], json!(["login"]), "{flag}");
        assert_eq!((&flag["binding"], &flag["customer"]["id"]), (&json!("code"), &json!("cust-42")));
    }
}

/// A code goes by text message and comes back in the chat that it is for. Typed as an answer to the text
/// message it is nobody's: there is no conversation there.
#[tokio::test]
async fn a_code_by_another_way_is_typed_where_the_conversation_is() {
    let world = World::new().await;
    let team = team(&world).await;
    let whatsapp = platforms::whatsapp();
    team.plug(&whatsapp, json!({})).await.expect(201);
    team.channel("sms").await;
    let person = json!({"role": "primary", "phone": platforms::PHONE});
    let body = json!({"channel": "whatsapp", "conversation": whatsapp.conversation, "participants": [person]});
    let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = opened["id"].as_str().expect("an id").to_owned();
    let asked = team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "sms"})).await.expect(202);
    assert_eq!(asked["delivery"]["channel"], "sms");
    let sent = team.world.sent().await;
    let code = code_in(&sent.last().expect("it has left").2);

    // Another account, on whose number nobody chats.
    let other = platforms::Line { name: "pager", ..platforms::sms() };
    team.plug(&other, json!({})).await.expect(201);
    let said = Said { from: platforms::PHONE, id: 1, text: &code, at: team.unix() };
    let told = team.hears_call(&twilio("/in/acme/pager", "twilio-token", said)).await;
    assert_eq!(told.status, 200);
    assert!(!team.is_authenticated(&chat).await);
    assert_eq!(team.tries(&asked).await, 3, "and is no guess here");

    assert_eq!(team.hears_on(&whatsapp, 1, &code).await.status, 200);
    assert!(team.is_authenticated(&chat).await);
}

/// One request tells several things: each counts once, in its order, for its own conversation.
#[tokio::test]
async fn several_messages_in_one_request_count_one_by_one() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::whatsapp();
    let chat = team.chat_on(&line).await;
    let other = team.open("whatsapp", "+37255500002").await;
    let (mine, theirs) = (team.otp(&chat).await, team.otp(&other).await);
    let (code, foreign) = (team.code(&chat, 0).await, team.code(&other, 0).await);
    let (wrong, at) = (Team::wrong(&code), team.unix());
    let said = |from, id, text| Said { from, id, text, at };
    let all = [
        said(line.from, 1, &wrong),
        said("37255500002", 2, "hello"),
        said(line.from, 1, &wrong),
        said("37255500003", 3, &foreign),
        said(line.from, 4, &code),
    ];
    assert_eq!(team.hears_call(&meta("/in/acme/whatsapp", &meta_messages(&all))).await.status, 200);
    assert!(team.is_authenticated(&chat).await && !team.is_authenticated(&other).await);
    assert_eq!(team.tries(&theirs).await, 3, "what a third one says is nobody's guess");
    let wrongs = team.event_types().await.iter().filter(|kind| *kind == "challenge.wrong").count();
    assert_eq!(wrongs, 1, "{mine}");
}

/// The questions that platforms ask before they send anything.
#[tokio::test]
async fn handshakes_are_answered_to_who_knows_the_secret() {
    let world = World::new().await;
    let team = team(&world).await;
    for line in [platforms::whatsapp(), platforms::slack(), platforms::matrix()] {
        team.plug(&line, json!({})).await.expect(201);
    }
    let ask = |query: &str| format!("/in/acme/whatsapp?hub.mode=subscribe&{query}");
    for (query, status, said) in [
        ("hub.challenge=1158201444&hub.verify_token=meta-verify", 200, "1158201444"),
        ("hub.challenge=%0d%0aSet-Cookie:%20a=b&hub.verify_token=meta-verify", 200, "\r\nSet-Cookie: a=b"),
        ("hub.challenge=1&hub.verify_token=other", 401, ""),
        ("hub.challenge=1&hub.verify_token=", 401, ""),
        ("hub.challenge=1", 401, ""),
        ("hub.challenge=1&hub.verify_token=meta-verify&hub.verify_token=meta-verify", 401, ""),
    ] {
        let told = team.world.call("", "GET", &ask(query), Value::Null).await;
        assert_eq!(told.status, status, "{query}: {}", told.text());
        if status == 200 {
            // A087: what is said back stands in the body and nowhere else, and is no page.
            assert_eq!((told.text().as_str(), told.header("content-type").as_str()), (said, "text/plain"), "{query}");
            assert!(told.header("set-cookie").is_empty() && told.header("x-content-type-options") == "nosniff");
        }
    }
    let body = json!({"type": "url_verification", "challenge": "3eZbrw1aB"}).to_string();
    let told = team.hears_call(&platforms::slack_call(team.unix(), "slack-secret", body.clone())).await;
    assert_eq!((told.status, told.text().as_str()), (200, "3eZbrw1aB"));
    team.hears_call(&platforms::slack_call(team.unix(), "other", body)).await.refused(401, "unproved");
    let told = team.hears_call(&platforms::matrix_events(1, &[])).await;
    assert_eq!((told.status, told.text().as_str()), (200, "{}"));
}

/// A secret that is being replaced is good beside the new one, for as long as it stands in the account.
#[tokio::test]
async fn a_secret_is_replaced_without_a_gap() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::sms();
    let chat = team.chat_on(&line).await;
    let challenge = team.otp(&chat).await;
    let tell = async |id: u64, token: &str| {
        let wrong = Team::wrong(&team.code(&chat, 0).await);
        let said = Said { from: line.from, id, text: &wrong, at: team.unix() };
        team.hears_call(&twilio("/in/acme/sms", token, said)).await.status
    };
    let write = async |secrets: Value| {
        let body = json!({"definition": line.definition, "account": line.account, "secrets": secrets});
        team.world.call(&team.admin, "PUT", "/v1/teams/acme/channels/sms", body).await.expect(200);
    };
    assert_eq!(tell(1, "twilio-token").await, 200);
    write(json!({"auth_token": "next-token", "auth_token_before": "twilio-token"})).await;
    assert_eq!((tell(2, "twilio-token").await, team.tries(&challenge).await), (200, 1));
    team.otp(&chat).await;
    assert_eq!(tell(3, "next-token").await, 200);
    write(json!({"auth_token": "next-token"})).await;
    assert_eq!((tell(4, "twilio-token").await, tell(5, "next-token").await), (401, 200));
    team.world.call(&team.admin, "DELETE", "/v1/teams/acme/channels/sms", Value::Null).await.expect(204);
    assert_eq!(tell(6, "next-token").await, 404);
}

/// No interaction is opened by what a platform tells, and none is kept from closing by strangers.
#[tokio::test]
async fn nothing_is_opened_by_a_message() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::whatsapp();
    let chat = team.chat_on(&line).await;
    for text in ["hello", "482913", "B2D3FG"] {
        let said = Said { from: "37255509999", id: 9, text, at: team.unix() };
        assert_eq!(team.hears_call(&meta("/in/acme/whatsapp", &meta_messages(&[said]))).await.status, 200);
    }
    team.world.gateway.maintain().await.expect("the store is there");
    let listed = team.world.call(&team.bot, "GET", "/v1/interactions", Value::Null).await.expect(200);
    assert_eq!(listed["items"].as_array().expect("a list").len(), 1);
    // One who goes on talking is not taken for idle; when she stops, the conversation ends, and what she
    // says then is nobody's answer.
    for id in 0..3 {
        team.world.pass(Duration::from_secs(20 * 60)).await;
        assert_eq!(team.hears_on(&line, id, "still here").await.status, 200);
    }
    let challenge = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    team.world.pass(Duration::from_secs(31 * 60)).await;
    assert_eq!(team.hears_on(&line, 7, &code).await.status, 200);
    assert!(!team.is_authenticated(&chat).await);
    assert_eq!(team.bot("GET", &chat, "", Value::Null).await.expect(200)["status"], "closed", "{challenge}");
}

//! Codes: to whom they go, what is said of it, what the text holds, and that they come back.
//! Whether an answer counts is the affair of `codes` beside this folder.

use serde_json::{Value, json};

use super::{MAIL, PHONE, code_in, seconds, team_with};
use crate::world::{World, every_world};

#[tokio::test]
async fn a_code_leaves_behind_the_reply_and_comes_back_through_the_chat() {
    for world in every_world().await {
        let team = team_with(&world, &["sms"]).await;
        let chat = team.open_with("conv-1", Some(PHONE), None).await;
        let started = team.wants_code(&chat, json!({})).await.expect(202);
        assert_eq!(started["delivery"], json!({"channel": "sms", "to": "+372•••••345", "status": "queued"}));
        let sent = world.sent().await;
        assert_eq!(sent.len(), 1);
        let (inbox, to, text) = &sent[0];
        assert_eq!((inbox.as_str(), to.as_str()), ("sms", PHONE));
        let code = code_in(text);
        assert_eq!(*text, format!("{code} is your verification code.\n\n@auth.example.com #{code}"));
        let seen = team.bot("GET", &chat, "", serde_json::Value::Null).await.expect(200);
        assert_eq!(seen["challenge"]["delivery"]["status"], "sent");
        assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
        let events = team.events().await;
        let told = events.iter().find(|e| e["type"] == "challenge.sent").expect("it is told");
        assert_eq!(told["data"], json!({"challenge": started["id"], "channel": "sms"}));
        let all = serde_json::to_string(&events).expect("JSON");
        assert!(!all.contains(&code) && !all.contains(PHONE), "events hold neither codes nor addresses");
    }
}

#[tokio::test]
async fn the_team_s_order_and_the_caller_s_wish_say_where_a_code_goes() {
    let world = World::new().await;
    let team = team_with(&world, &["sms", "email", "webchat"]).await;
    for (n, (wish, inbox, to)) in
        [("auto", "webchat", "c0"), ("sms", "sms", PHONE), ("email", "email", MAIL), ("chat", "webchat", "c3")]
            .into_iter()
            .enumerate()
    {
        let chat = team.open_with(&format!("c{n}"), Some(PHONE), Some(MAIL)).await;
        team.wants_code(&chat, json!({"deliver_to": wish})).await.expect(202);
        let sent = world.sent().await;
        assert_eq!((sent[n].0.as_str(), sent[n].1.as_str()), (inbox, to), "{wish}");
    }
    team.set(json!({"delivery": {"order": ["email", "sms"]}})).await;
    let chat = team.open_with("c9", Some("+37255500000"), Some("other@example.com")).await;
    team.wants_code(&chat, json!({})).await.expect(202);
    assert_eq!(world.sent().await[4].0, "email");
}

#[tokio::test]
async fn without_a_channel_or_an_address_nothing_is_started() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let chat = team.open_with("c", None, Some(MAIL)).await;
    team.wants_code(&chat, json!({"deliver_to": "email"})).await.refused(409, "no-channel");
    team.wants_code(&chat, json!({"deliver_to": "chat"})).await.refused(409, "no-channel");
    team.wants_code(&chat, json!({"deliver_to": "sms"})).await.refused(409, "no-address");
    team.wants_code(&chat, json!({})).await.refused(409, "no-address");
    team.wants_code(&chat, json!({"deliver_to": "agent"})).await.refused(403, "not-shown");
    team.shows_codes().await;
    let agents = team.wants_code(&chat, json!({"deliver_to": "agent"})).await.expect(202);
    assert!(agents["delivery"].is_null());
    assert!(team.wants_code(&chat, json!({})).await.expect(202)["delivery"].is_null(), "it waits for the agent");
    assert!(world.sent().await.is_empty());
}

/// With `otp.send_to_customer` and `otp.show_to_agents` both off nobody could be told a code: the settings
/// warn, and no challenge is made, whoever is to be given it.
#[tokio::test]
async fn a_code_that_nobody_may_be_told_is_refused() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let chat = team.open_with("c", Some(PHONE), None).await;
    let path = "/v1/teams/acme/settings?effective=true";
    let warned = async || {
        let told = world.call(&team.admin, "GET", path, Value::Null).await.expect(200);
        told["warnings"].as_array().expect("a list").iter().any(|one| one["code"] == "reaches-nobody")
    };
    assert!(!warned().await);
    let live = team.wants_code(&chat, json!({})).await.expect(202);
    let before = world.sent().await.len();
    world.clock.advance(seconds(30));
    team.set(json!({"otp": {"send_to_customer": false}})).await;
    assert!(warned().await);
    for to in ["auto", "sms", "agent"] {
        team.wants_code(&chat, json!({"deliver_to": to})).await.refused(409, "method-unavailable");
    }
    team.wants_another(&live).await.refused(409, "method-unavailable");
    let seen = team.attends(&team.bot, "GET", &live, "", Value::Null).await.expect(200);
    assert_eq!((&seen["status"], world.sent().await.len()), (&json!("pending"), before), "nothing has changed");
    team.shows_codes().await;
    assert!(!warned().await);
    assert!(team.wants_code(&chat, json!({})).await.expect(202)["delivery"].is_null(), "the agent tells it");
}

/// What was left to agents is not sent again once they may not see it.
#[tokio::test]
async fn a_code_left_to_agents_needs_agents_who_see_it() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    team.shows_codes().await;
    let chat = team.open_with("c", Some(PHONE), None).await;
    let live = team.wants_code(&chat, json!({"deliver_to": "agent"})).await.expect(202);
    team.set(json!({"otp": {"show_to_agents": false}})).await;
    world.clock.advance(seconds(30));
    team.wants_another(&live).await.refused(403, "not-shown");
    team.wants_code(&chat, json!({"deliver_to": "agent"})).await.refused(403, "not-shown");
    team.wants_code(&chat, json!({})).await.expect(202);
    assert_eq!(world.sent().await.len(), 1);
}

#[tokio::test]
async fn a_resend_is_another_code_and_the_old_one_is_dead() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let chat = team.open_with("c", Some(PHONE), None).await;
    let started = team.wants_code(&chat, json!({})).await.expect(202);
    let early = team.wants_another(&started).await;
    assert_eq!(early.refused(429, "send-budget")["retry_after_seconds"], 30);
    world.sent().await;
    world.clock.advance(seconds(30));
    team.wants_another(&started).await.expect(202);
    let sent = world.sent().await;
    let codes: Vec<String> = sent.iter().map(|(_, _, text)| code_in(text)).collect();
    assert_eq!(codes.len(), 2);
    assert_eq!(team.says(&chat, "m1", &codes[0]).await.expect(200)["outcome"], "wrong");
    assert_eq!(team.says(&chat, "m2", &codes[1]).await.expect(200)["outcome"], "passed");
}

/// A056, A057: the team's words are filled in once, and nothing that a caller wrote stands in them.
#[tokio::test]
async fn a056_a057_a_message_holds_the_team_s_words_and_the_code_alone() {
    let world = World::new().await;
    let team = team_with(&world, &["sms", "email"]).await;
    let long = format!("{}#PIN#", "x".repeat(10_240));
    for wrong in ["no place", "#PIN# #PIN#", "#PIN#\u{202e}", "", &long] {
        let patch = json!({"otp": {"message": wrong}});
        let path = "/v1/teams/acme/settings";
        world.call(&team.admin, "PATCH", path, patch).await.refused(422, "invalid");
    }
    team.set(json!({"otp": {"message": "Hi #NAME# {{7*7}} ${jndi:x} %n #PIN#"}})).await;
    let chat = team.open_with("c", Some(PHONE), Some(MAIL)).await;
    team.wants_code(&chat, json!({"deliver_to": "sms"})).await.expect(202);
    team.wants_code(&chat, json!({"deliver_to": "email"})).await.expect(202);
    for (_, _, text) in world.sent().await {
        assert!(text.starts_with("Hi #NAME# {{7*7}} ${jndi:x} %n "), "{text}");
        assert!(!text.contains("evil.example") && !text.contains("#PIN#"), "{text}");
    }
}

/// What waits for somebody is not sent to who took the place.
#[tokio::test]
async fn a_reassigned_participant_s_code_goes_to_nobody() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let chat = team.open_with("c", Some(PHONE), None).await;
    team.wants_code(&chat, json!({})).await.expect(202);
    team.bot("PATCH", &chat, "/participants/p1", json!({"phone": "+37255500000"})).await.expect(200);
    assert!(world.sent().await.is_empty());
    world.pass(seconds(60)).await;
    assert!(world.sent().await.is_empty());
}

/// L-25: the team's own words, with the code where they say.
#[tokio::test]
async fn l25_a_text_message_says_what_the_team_wrote() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let words = "Enter #PIN# to be admitted into the collaboration session.";
    team.set(json!({"otp": {"message": words}})).await;
    let chat = team.open_with("c", Some(PHONE), None).await;
    team.wants_code(&chat, json!({})).await.expect(202);
    let text = world.sent().await.remove(0).2;
    let code = code_in(&text);
    assert_eq!(code.len(), 6);
    assert_eq!(text.lines().next(), Some(words.replace("#PIN#", &code).as_str()));
    assert_eq!(team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
}

/// B-06: a code is put into the chat itself and answered there; nothing of it stands in what the bot hears.
#[tokio::test]
async fn b06_a_code_goes_into_the_chat_and_is_answered_in_it() {
    for world in every_world().await {
        let team = team_with(&world, &["webchat", "sms"]).await;
        let chat = team.open_with("conv-1", Some(PHONE), None).await;
        let started = team.wants_code(&chat, json!({"deliver_to": "chat"})).await.expect(202);
        assert_eq!(started["delivery"], json!({"channel": "webchat", "to": "c•••••1", "status": "queued"}));
        let (inbox, to, text) = world.sent().await.remove(0);
        assert_eq!((inbox.as_str(), to.as_str()), ("webchat", "conv-1"));
        let code = code_in(&text);
        let heard = team.says(&chat, "m1", &code).await;
        assert_eq!(heard.expect(200)["outcome"], "passed");
        assert!(!heard.text().contains(&code));
        assert_eq!(team.flag(&chat).await["binding"], "typed");
    }
}

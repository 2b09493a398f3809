//! Codes for coming in, as they leave: when, by which way, to whom; and who tells them where nothing
//! leaves. The phones and mailboxes are the recorder's inboxes.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Visitor, another, by, code, invite, invited, open, open_chat, read, rooms};
use crate::sending::code_in;
use crate::world::{Team, World, worlds};

const MINUTE: Duration = Duration::from_secs(60);

/// A team that sends codes for coming in to phones and mailboxes.
async fn sender(world: &World, otp: Value) -> Team {
    let team = world.team("acme").await;
    rooms(&team).await;
    for name in ["sms", "email"] {
        team.channel(name).await;
    }
    let many = json!({"per_destination_hour": 100, "per_destination_day": 100, "resend_after_seconds": 0});
    team.set(json!({"otp": otp, "entry": by("otp", None), "send_budget": many})).await;
    team
}

/// What has left last: by which channel, to whom, and what it says.
async fn newest(world: &World) -> (String, String, String) {
    world.sent().await.pop().expect("something has left")
}

fn phone(n: usize) -> String {
    format!("+3725551234{n}")
}

fn mail(n: usize) -> String {
    format!("demo{n}@example.com")
}

/// L-28, L-29, L-30, L-32, I-02, I-05, I-06, I-07, I-11: the invitation takes one way, and the code, once
/// she is at the page that asks for it, the other; in both directions, on every store.
#[tokio::test]
async fn l32_the_code_takes_the_way_that_the_invitation_did_not() {
    for world in worlds().await {
        let team = sender(&world, json!({})).await;
        for (via, at, masked, other, there) in [
            ("sms", phone(1), "+372•••••341", "email", mail(1)),
            ("email", mail(1), "d•••@example.com", "sms", phone(1)),
        ] {
            let chat = open(&team, &format!("by-{via}")).await;
            let made = invite(&team, &chat, json!({"via": via})).await.expect(201);
            assert_eq!(made["delivery"], json!({"channel": via, "to": masked, "status": "queued"}));
            let url = made["url"].as_str().unwrap();
            let (inbox, to, text) = newest(&world).await;
            assert_eq!((inbox.as_str(), &to), (via, &at));
            assert!(text.ends_with(url), "{text}");
            let before = world.sent().await.len();

            let mut visitor = Visitor::at(&world, url).await;
            assert_eq!(world.sent().await.len(), before, "she has not arrived yet");
            visitor.goes_on().await.sees(200, "Enter your code");
            let (inbox, to, text) = newest(&world).await;
            assert_eq!((inbox.as_str(), &to, world.sent().await.len()), (other, &there, before + 1));
            assert_eq!(read(&team, &chat, 0).await["challenge"]["delivery"]["channel"], other);
            visitor.types(&code_in(&text)).await.sees(200, "You are in");
            assert_eq!(read(&team, &chat, 0).await["authentication"]["assisted"], false);

            // Another one takes the same way.
            let made = invite(&team, &chat, json!({"via": via, "participant": "p2"})).await.expect(201);
            let mut cosigner = Visitor::at(&world, made["url"].as_str().unwrap()).await;
            cosigner.goes_on().await;
            let first = newest(&world).await;
            assert_eq!(first.0, other);
            cosigner.press("resend", &[]).await.sees(200, "Enter your code");
            let second = newest(&world).await;
            assert_eq!((&second.0, &second.1), (&first.0, &first.1));
            assert!(second.1 != there && second.2 != first.2, "hers, and another code");
        }
    }
}

/// An invitation in the chat itself: the code takes the first way of the team's order that is not the
/// chat, and that a channel serves.
#[tokio::test]
async fn after_an_invitation_in_the_chat_the_code_goes_by_the_teams_order() {
    let world = World::new().await;
    let team = sender(&world, json!({})).await;
    for (n, (order, expected)) in [
        (json!(["chat", "sms", "email"]), "sms"),
        (json!(["email", "chat", "sms"]), "email"),
        (json!(["email"]), "email"),
    ]
    .into_iter()
    .enumerate()
    {
        team.set(json!({"delivery": {"order": order}})).await;
        let chat = open_chat(&team, &format!("conv-{n}")).await;
        let made = invite(&team, &chat, json!({"via": "chat"})).await.expect(201);
        assert_eq!(made["delivery"], Value::Null, "the bot brings it");
        let mut visitor = Visitor::at(&world, made["url"].as_str().unwrap()).await;
        visitor.goes_on().await;
        let (inbox, _, text) = newest(&world).await;
        assert_eq!(inbox, expected, "{order}");
        visitor.types(&code_in(&text)).await;
        assert!(visitor.may("continue"), "in, and with a code for the chat: {}", visitor.page.text());
    }
    // The chat is a channel of the team's: the invitation goes there, the code does not.
    team.channel("webchat").await;
    team.set(json!({"delivery": {"order": ["chat", "sms"]}})).await;
    let chat = open_chat(&team, "conv-8").await;
    let made = invite(&team, &chat, json!({"via": "chat"})).await.expect(201);
    assert_eq!(made["delivery"], json!({"channel": "webchat", "to": "c•••••8", "status": "queued"}));
    let (inbox, to, _) = newest(&world).await;
    assert_eq!((inbox.as_str(), to.as_str()), ("webchat", "conv-8"));
    Visitor::at(&world, made["url"].as_str().unwrap()).await.goes_on().await;
    assert_eq!(newest(&world).await.0, "sms");

    // A chat by text message is the phone itself: the code goes by mail.
    team.set(json!({"delivery": {"order": ["chat", "sms", "email"]}})).await;
    let person = json!({"role": "primary", "phone": phone(7), "email": mail(7)});
    let body = json!({"channel": "sms", "conversation": phone(7), "participants": [person]});
    let opened = world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let url = invited(&team, opened["id"].as_str().unwrap(), json!({"via": "chat"})).await;
    Visitor::at(&world, &url).await.goes_on().await;
    assert_eq!(newest(&world).await.0, "email");
}

/// §3.11: where no other way is left the invitation is refused, and not she who has come by it; where
/// agents may see codes, they tell it.
#[tokio::test]
async fn without_a_second_way_nobody_is_invited_to_a_closed_door() {
    let world = World::new().await;
    let team = sender(&world, json!({})).await;
    team.set(json!({"delivery": {"order": ["chat"]}})).await;
    let chat = open_chat(&team, "conv-1").await;
    invite(&team, &chat, json!({"via": "chat"})).await.refused(409, "no-channel");
    world.call(&team.admin, "DELETE", "/v1/teams/acme/channels/email", Value::Null).await.expect(204);
    invite(&team, &chat, json!({"via": "sms"})).await.refused(409, "no-channel");
    assert!(world.sent().await.is_empty());
    team.set(json!({"otp": {"show_to_agents": true}})).await;
    for (n, via) in ["chat", "sms"].into_iter().enumerate() {
        let url = invited(&team, &chat, json!({"via": via, "participant": format!("p{}", n + 1)})).await;
        let mut visitor = Visitor::at(&world, &url).await;
        visitor.goes_on().await.sees(200, "Enter your code");
        assert_eq!(world.sent().await.len(), n, "the invitation by text message, and no code");
        let right = code(&team, &chat, n).await;
        visitor.types(&right).await;
        assert!(visitor.may("continue") || n == 1, "{}", visitor.page.text());
        assert_eq!(read(&team, &chat, n).await["entry"]["status"], "admitted");
    }
}

/// §3.1, I-04, I-11: sent with the invitation, the code is there before she is: the agent need not wait
/// for her. It is the one that the page asks for.
#[tokio::test]
async fn i04_a_code_may_leave_with_the_invitation() {
    for world in worlds().await {
        let team = sender(&world, json!({"send_when": "invite"})).await;
        for (via, other) in [("sms", "email"), ("email", "sms")] {
            let chat = open(&team, &format!("by-{via}")).await;
            let before = world.sent().await.len();
            let url = invited(&team, &chat, json!({"via": via})).await;
            let sent = world.sent().await.split_off(before);
            let ways: Vec<&str> = sent.iter().map(|(inbox, _, _)| inbox.as_str()).collect();
            assert_eq!(ways, [via, other]);
            let seen = read(&team, &chat, 0).await;
            assert_eq!(
                (&seen["entry"]["status"], &seen["challenge"]["delivery"]["status"]),
                (&json!("invited"), &json!("sent"))
            );
            let mut visitor = Visitor::at(&world, &url).await;
            visitor.goes_on().await.sees(200, "Enter your code");
            assert_eq!(world.sent().await.len(), before + 2, "nothing is sent twice");
            visitor.types(&code_in(&sent[1].2)).await.sees(200, "You are in");
        }
    }
}

/// A code that went out with the invitation and ended before she came gives way to another; one that
/// could not leave is put when she arrives.
#[tokio::test]
async fn a_code_that_is_over_before_she_comes_is_no_dead_end() {
    let world = World::new().await;
    let team = sender(&world, json!({"send_when": "invite"})).await;
    let chat = open(&team, "conv-1").await;
    let url = invited(&team, &chat, json!({"via": "sms"})).await;
    let first = code_in(&newest(&world).await.2);
    world.pass(3 * MINUTE).await;
    assert_eq!(read(&team, &chat, 0).await["challenge"], Value::Null);
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await.sees(200, "Enter your code");
    let (inbox, _, text) = newest(&world).await;
    assert_eq!((inbox.as_str(), world.sent().await.len()), ("email", 3));
    visitor.types(&first).await.sees(422, "That was not right");
    visitor.types(&code_in(&text)).await.sees(200, "You are in");

    // The mailbox has had its share for this hour: the invitation leaves, the code does not.
    team.set(json!({"send_budget": {"per_destination_hour": 2}})).await;
    let chat = open(&team, "conv-2").await;
    let url = invited(&team, &chat, json!({"via": "sms"})).await;
    assert_eq!((newest(&world).await.0.as_str(), world.sent().await.len()), ("sms", 4));
    world.pass(60 * MINUTE).await;
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await.sees(200, "Enter your code");
    visitor.types(&code_in(&newest(&world).await.2)).await.sees(200, "You are in");
}

/// L-24, L-27, L-31, I-09, I-10, I-13: sent and shown at once; where it does not arrive the agent tells it,
/// if the team lets agents see codes, and not before she is at the page.
#[tokio::test]
async fn l31_a_code_may_be_sent_and_shown() {
    let world = World::new().await;
    let team = sender(&world, json!({"show_to_agents": true, "send_when": "invite"})).await;
    let chat = open(&team, "conv-1").await;
    let url = invited(&team, &chat, json!({"via": "sms"})).await;
    let sent = code_in(&newest(&world).await.2);
    let id = read(&team, &chat, 0).await["challenge"]["id"].as_str().unwrap().to_owned();
    let look = async || world.call(&team.agent, "GET", &format!("/v1/challenges/{id}/code"), Value::Null).await;
    look().await.refused(409, "not-arrived");
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await;
    assert_eq!(look().await.expect(200)["code"], sent);
    team.set(json!({"otp": {"show_to_agents": false}})).await;
    look().await.refused(403, "not-shown");
    visitor.types(&sent).await.sees(200, "You are in");
    assert_eq!(read(&team, &chat, 0).await["authentication"]["assisted"], true);
}

/// L-24, I-02, I-08, §3.11: who can be sent nothing is told the code by the agent; where agents see none,
/// she is turned away before anything is made.
#[tokio::test]
async fn i08_without_an_address_the_agent_tells_the_code() {
    let world = World::new().await;
    let team = sender(&world, json!({"second_channel": false, "show_to_agents": true})).await;
    let open = async |conversation: &str| team.open("webchat", conversation).await;
    let chat = open("conv-1").await;
    let url = invited(&team, &chat, json!({"via": "chat"})).await;
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await.sees(200, "Enter your code");
    assert_eq!(read(&team, &chat, 0).await["challenge"]["delivery"], Value::Null);
    let right = code(&team, &chat, 0).await;
    visitor.types(&right).await;
    assert_eq!(read(&team, &chat, 0).await["entry"]["status"], "admitted");
    assert!(world.sent().await.is_empty());

    let chat = open("conv-2").await;
    let url = invited(&team, &chat, json!({"via": "chat"})).await;
    team.set(json!({"otp": {"show_to_agents": false}})).await;
    invite(&team, &chat, json!({"via": "chat"})).await.refused(409, "no-address");
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await;
    assert_eq!((visitor.page.status, visitor.may("answer")), (409, false), "{}", visitor.page.text());
    assert_eq!(read(&team, &chat, 0).await["challenge"], Value::Null);
}

/// Nobody is invited by a code that could reach nobody: neither sent nor shown, to a country that the team
/// does not send to, by a way that is not there; for who comes again as for who comes first.
#[tokio::test]
async fn nobody_is_invited_by_a_code_that_reaches_nobody() {
    let world = World::new().await;
    let team = sender(&world, json!({"second_channel": false})).await;
    let chat = open(&team, "conv-1").await;
    let by_mail = json!({"via": "email"});
    invite(&team, &chat, by_mail.clone()).await.expect(201);
    for entry in [by("otp", None), by("pin", Some("otp"))] {
        let sent = world.sent().await.len();
        let with_pin = json!({"via": "email", "pin": "2468"});
        let asked = if entry["first"] == "pin" { with_pin } else { by_mail.clone() };
        team.set(json!({"entry": entry, "otp": {"send_to_customer": false}})).await;
        invite(&team, &chat, asked.clone()).await.refused(409, "method-unavailable");
        team.set(json!({"otp": {"send_to_customer": true}, "delivery": {"order": ["sms"]}})).await;
        team.set(json!({"send_budget": {"countries": ["FI"]}})).await;
        for second in [false, true] {
            team.set(json!({"otp": {"second_channel": second}})).await;
            let told = invite(&team, &chat, asked.clone()).await;
            let problem = told.refused(409, "country-not-allowed");
            assert!(problem["retry_after_seconds"].is_null(), "{problem}");
        }
        team.set(json!({"send_budget": {"countries": []}, "otp": {"second_channel": false}})).await;
        team.set(json!({"delivery": {"order": ["chat"]}})).await;
        invite(&team, &chat, asked.clone()).await.refused(409, "no-channel");
        assert_eq!(world.sent().await.len(), sent, "nothing has left");
        team.shows_codes().await;
        invite(&team, &chat, asked).await.expect(201);
        team.set(json!({"otp": {"show_to_agents": false}})).await;
    }
}

/// I-12, L-02: the primary, a cosigner, one who was added later and one who took somebody's place: each
/// gets a code at an address of her own, and it opens no other door.
#[tokio::test]
async fn i12_each_gets_a_code_of_her_own() {
    let world = World::new().await;
    let team = sender(&world, json!({})).await;
    let chat = open(&team, "conv-1").await;
    let late = json!({"role": "cosigner", "phone": phone(3), "email": mail(3)});
    team.bot("POST", &chat, "/participants", late).await.expect(201);
    team.bot("PATCH", &chat, "/participants/p2", json!({"phone": phone(4), "email": mail(4)})).await.expect(200);
    let mut doors = Vec::new();
    for (who, own) in [("p1", 1), ("p2", 4), ("p3", 3)] {
        let url = invited(&team, &chat, json!({"via": "sms", "participant": who})).await;
        assert_eq!(newest(&world).await.1, phone(own), "{who}");
        let mut visitor = Visitor::at(&world, &url).await;
        visitor.goes_on().await.sees(200, "Enter your code");
        let (inbox, to, text) = newest(&world).await;
        assert_eq!((inbox.as_str(), to), ("email", mail(own)), "{who}");
        doors.push((visitor, code_in(&text)));
    }
    let first = doors[0].1.clone();
    let foreign = if doors[1].1 == first { another(&first) } else { first };
    doors[1].0.types(&foreign).await.sees(422, "That was not right");
    for (visitor, code) in &mut doors {
        visitor.types(code).await.sees(200, "You are in");
    }

    // Whoever takes her place while a code waits does not get hers, and hers opens nothing any more.
    let url = invited(&team, &chat, json!({"via": "email", "participant": "p3"})).await;
    team.set(json!({"entry": {"subsequent": "otp", "offline_minutes": 0}})).await;
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await.sees(200, "Enter your code");
    let hers = code_in(&newest(&world).await.2);
    let so_far = world.sent().await.len();
    team.bot("PATCH", &chat, "/participants/p3", json!({"phone": phone(5), "email": mail(5)})).await.expect(200);
    world.pass(MINUTE).await;
    assert_eq!(world.sent().await.len(), so_far, "what was hers is sent to nobody");
    visitor.types(&hers).await.sees(410, "This invitation has ended");
    assert_eq!(read(&team, &chat, 2).await["authentication"]["authenticated"], false);
    let url = invited(&team, &chat, json!({"via": "email", "participant": "p3"})).await;
    assert_eq!(newest(&world).await.1, mail(5));
    Visitor::at(&world, &url).await.goes_on().await;
    assert_eq!(newest(&world).await.1, phone(5));
}

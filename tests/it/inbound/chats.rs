//! Who is heard in a chat: the one whose conversation it is, alone. Groups, strangers and edits answer
//! nothing, and a code that was typed goes from the chat where its platform can do that.

use std::time::Duration;

use serde_json::{Value, json};

use super::platforms::{self, Call, Said, matrix_events, matrix_message, slack_event, slack_message};
use super::platforms::{telegram_message, telegram_update};
use super::receiver::Receiver;
use super::team;
use crate::stores;
use crate::world::{Team, World};

const SECOND: Duration = Duration::from_secs(1);

/// A111: where others read along, nobody is authenticated and nothing is counted, whoever types it.
#[tokio::test]
async fn a111_a_group_never_authenticates_anybody() {
    let world = World::new().await;
    let team = team(&world).await;
    for line in [platforms::telegram(), platforms::slack(), platforms::webhooks()] {
        let bot = Receiver::start().await;
        team.plug(&line, json!({"forward_url": bot.url})).await.expect(201);
        // The bot may have opened one for the group itself, and one for the customer alone.
        for conversation in ["-5", line.conversation] {
            let chat = team.open(line.name, conversation).await;
            let challenge = team.otp(&chat).await;
            let code = team.code(&chat, 0).await;
            let said = Said { from: line.from, id: 70, text: &code, at: team.unix() };
            assert_eq!(team.hears_call(&in_group(line.name, said, conversation)).await.status, 200);
            assert!(!team.is_authenticated(&chat).await, "{}", line.name);
            assert_eq!(team.tries(&challenge).await, 3, "{}", line.name);
            // Nor does anybody there speak under the flag of the one whose conversation it is.
            let said = Said { id: 71, text: "hello", ..said };
            assert_eq!(team.hears_call(&in_group(line.name, said, conversation)).await.status, 200);
            team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        }
        team.world.gateway.maintain().await.expect("the store is there");
        let told: Vec<Value> = bot.asked().iter().map(super::receiver::Asked::json).collect();
        assert!(told.iter().any(|told| told["text"] == "hello"), "{told:?}");
        for told in told {
            assert_eq!((&told["authentication"], &told["group"]), (&Value::Null, &json!(true)), "{told}");
        }
    }
}

/// What somebody says in a group, as each platform tells it.
pub fn in_group(name: &str, said: Said<'_>, conversation: &str) -> Call {
    match name {
        "telegram" => {
            let chat = if conversation == "-5" { "-5" } else { "-6" };
            telegram_update(&json!({"update_id": said.id, "message": telegram_message(said, chat, "supergroup")}))
        }
        "slack" => slack_event(said, said.at, &slack_message(said, "channel")),
        _ => {
            let data = json!({"id": format!("g{}", said.id), "from": said.from, "conversation": conversation, "text": said.text, "group": true});
            let body = json!({"type": "message.received", "data": data}).to_string();
            platforms::standard(&format!("msg_{}", said.id), &said.at.to_string(), body)
        }
    }
}

/// A110: what another sender says is another's, also where a platform does not tell who is in a room.
#[tokio::test]
async fn a110_another_senders_code_is_nobodys() {
    let world = World::new().await;
    let team = team(&world).await;
    for (line, stranger) in [
        (platforms::sms(), "+37255500002"),
        (platforms::matrix(), "@other:hs.example"),
        (platforms::slack(), "U0OTHER"),
    ] {
        let chat = team.chat_on(&line).await;
        let challenge = team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        let said = Said { from: stranger, id: 1, text: &code, at: team.unix() };
        assert_eq!(team.hears_call(&(line.call)(said)).await.status, 200);
        assert!(!team.is_authenticated(&chat).await, "{}", line.name);
        assert_eq!(team.tries(&challenge).await, 3);
        assert_eq!(team.hears_on(&line, 2, &code).await.status, 200);
        assert!(team.is_authenticated(&chat).await, "her own sender's counts still");
    }
}

/// What a bot says itself, and what is changed afterwards, is no answer.
#[tokio::test]
async fn edits_and_echoes_are_no_answers() {
    let world = World::new().await;
    let team = team(&world).await;
    let (telegram, slack, matrix) = (platforms::telegram(), platforms::slack(), platforms::matrix());
    for (line, edits) in [(&telegram, 0), (&slack, 1), (&matrix, 2)] {
        let chat = team.chat_on(line).await;
        let challenge = team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        let said = Said { from: line.from, id: 5, text: &code, at: team.unix() };
        let changed = match edits {
            0 => vec![
                telegram_update(
                    &json!({"update_id": 5, "edited_message": telegram_message(said, line.from, "private")}),
                ),
                telegram_update(&json!({"update_id": 6, "message": bots_own(said, line.from)})),
            ],
            1 => {
                let message = slack_message(said, "im");
                let edit =
                    json!({"type": "message", "subtype": "message_changed", "channel_type": "im", "message": message});
                let echo = json!({"type": "message", "bot_id": "B1", "user": said.from, "text": code, "channel_type": "im", "client_msg_id": "c7"});
                vec![slack_event(said, said.at, &edit), slack_event(said, said.at, &echo)]
            }
            _ => {
                let mut edit = matrix_message(said);
                edit["content"]["m.relates_to"] = json!({"rel_type": "m.replace", "event_id": "$e1"});
                vec![matrix_events(5, &[edit])]
            }
        };
        for call in &changed {
            assert_eq!(team.hears_call(call).await.status, 200);
        }
        assert!(!team.is_authenticated(&chat).await, "{}", line.name);
        assert_eq!(team.tries(&challenge).await, 3, "{}", line.name);
    }
}

fn bots_own(said: Said<'_>, chat: &str) -> Value {
    let mut message = telegram_message(said, chat, "private");
    message["from"]["is_bot"] = json!(true);
    message
}

/// A team whose Telegram account ends at a server of ours.
async fn with_telegram(team: &Team, api: &Receiver) -> String {
    let line = platforms::telegram();
    team.plug(&line, json!({"base_url": api.url})).await.expect(201);
    team.open(line.name, line.conversation).await
}

/// A112: a code that was typed is taken out of the chat, behind the reply; words stay. A platform that is
/// away is asked again, and one that cannot is left alone.
#[tokio::test]
async fn a112_a_code_that_was_typed_goes_from_the_chat() {
    let world = World::new().await;
    let team = team(&world).await;
    let (line, api) = (platforms::telegram(), Receiver::start().await);
    let chat = with_telegram(&team, &api).await;
    team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    let gone = async |wait: Duration| {
        team.world.pass(wait).await;
        let ids = api.asked().into_iter().map(|asked| {
            assert_eq!(asked.path, "/bot1:bot-token/deleteMessage");
            assert_eq!(asked.json()["chat_id"], "1111111");
            asked.json()["message_id"].as_u64().expect("a number")
        });
        ids.collect::<Vec<_>>()
    };
    team.hears_on(&line, 1, "hello").await;
    assert!(gone(SECOND).await.is_empty());
    team.hears_on(&line, 2, &Team::wrong(&code)).await;
    assert_eq!(gone(SECOND).await, [2]);
    api.answers(&[(429, r#"{"ok":false,"error_code":429,"parameters":{"retry_after":30}}"#), (502, "")]);
    team.hears_on(&line, 3, &code).await;
    assert!(team.is_authenticated(&chat).await, "it is not waited for");
    assert_eq!(gone(SECOND).await, [2, 3]);
    assert_eq!(gone(28 * SECOND).await, [2, 3]);
    assert_eq!(gone(2 * SECOND).await, [2, 3, 3], "as long as the platform asks for");
    assert_eq!(gone(5 * SECOND).await, [2, 3, 3, 3], "and after a backoff");
    team.hears_on(&line, 3, &code).await;
    assert_eq!(gone(60 * SECOND).await, [2, 3, 3, 3], "once it is gone, it is");
    api.answers(&[(400, r#"{"ok":false,"error_code":400,"description":"Bad Request: message can't be deleted"}"#)]);
    team.otp(&chat).await;
    team.hears_on(&line, 4, "000000").await;
    assert_eq!(gone(SECOND).await, [2, 3, 3, 3, 4]);
    assert_eq!(gone(3600 * SECOND).await, [2, 3, 3, 3, 4]);
    // Slack lets nobody but who wrote a message take it back: nothing is tried there.
    let slack = platforms::slack();
    let other = team.chat_on(&slack).await;
    team.otp(&other).await;
    team.hears_on(&slack, 1, &team.code(&other, 0).await).await;
    assert_eq!(gone(SECOND).await.len(), 5);
    assert!(!team.event_types().await.iter().any(|kind| kind.ends_with("delivery_failed")));
}

/// Alarms that come while a retraction waits, here and on another node, make no more of it, and what the
/// platform asked for is waited.
#[tokio::test]
async fn a_retraction_is_tried_once_however_often_its_alarm_came() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let team = team(&world).await;
    let (line, api) = (platforms::telegram(), Receiver::start().await);
    let chat = with_telegram(&team, &api).await;
    team.otp(&chat).await;
    team.hears_on(&line, 1, &team.code(&chat, 0).await).await;
    let other = super::heard(&world);
    for _ in 0..3 {
        team.world.clock.advance(11 * SECOND);
        team.world.gateway.maintenance.ring().await.expect("the store is there");
        team.world.clock.advance(11 * SECOND);
        other.gateway.maintenance.ring().await.expect("the store is there");
    }
    let later = (429, r#"{"ok":false,"error_code":429,"parameters":{"retry_after":30}}"#);
    api.answers(&[later, later, later, later]);
    team.world.gateway.run_jobs().await;
    assert_eq!(api.asked().len(), 1, "once");
    other.gateway.run_jobs().await;
    assert_eq!(api.asked().len(), 1, "and not before it is due");
    other.pass(31 * SECOND).await;
    assert_eq!(api.asked().len(), 2);
}

/// The node that heard the code dies before it was taken back: another does it.
#[tokio::test]
async fn a_code_goes_from_the_chat_though_the_node_dies() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let team = team(&world).await;
    let (line, api) = (platforms::telegram(), Receiver::start().await);
    let chat = with_telegram(&team, &api).await;
    team.otp(&chat).await;
    team.hears_on(&line, 1, &team.code(&chat, 0).await).await;
    assert!(team.is_authenticated(&chat).await && api.asked().is_empty(), "nothing has run behind the reply");
    let other = super::heard(&world);
    other.pass(9 * SECOND).await;
    assert_eq!(api.asked().len(), 0, "the other's claim stands");
    other.pass(2 * SECOND).await;
    assert_eq!(api.asked().len(), 1);
    other.pass(60 * SECOND).await;
    team.world.pass(60 * SECOND).await;
    // The first one is not dead after all, and does what it had put off: it finds it done.
    assert_eq!(api.asked().len(), 1);
}

//! What the gateway writes into a conversation that it also hears: by the platform's law of when one may
//! write freely, to nobody in a group, and taken back once it is over.

use std::time::Duration;

use serde_json::{Value, json};

use super::platforms::{self, Line, Said, telegram_message, telegram_update};
use super::receiver::{Asked, Receiver};
use super::team;
use crate::stores;
use crate::world::{Team, URL, World};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

const WAMID: (u16, &str) = (200, r#"{"messages":[{"id":"wamid.1"}]}"#);
const CLOSED: (u16, &str) = (400, r#"{"error":{"code":131047,"message":"Re-engagement message"}}"#);

/// A team on WhatsApp with templates, and Meta's API.
async fn whatsapp(world: &World, more: Value) -> (Team, Receiver, Line) {
    let (team, api, line) = (team(world).await, Receiver::start().await, platforms::whatsapp());
    let mut account = json!({"base_url": api.url, "link_template": "login_link", "link_base": format!("{URL}/")});
    account.as_object_mut().expect("a map").extend(more.as_object().cloned().unwrap_or_default());
    team.plug(&line, account).await.expect(201);
    (team, api, line)
}

/// A link is sent into the conversation; what Meta was asked for.
async fn link_into(team: &Team, api: &Receiver, chat: &str) -> Vec<String> {
    let before = api.asked().len();
    let body = json!({"purpose": "mid_chat", "deliver": true});
    team.bot("POST", chat, "/login-links", body).await.expect(201);
    team.world.pass(SECOND).await; // an account's messages leave one after another
    api.asked()[before..].iter().map(|asked| asked.json()["type"].as_str().expect("a type").to_owned()).collect()
}

/// She writes first, as on every such platform: what the bot then asks for goes without a template.
#[tokio::test]
async fn who_has_written_is_answered_freely_for_a_day() {
    let world = World::new().await;
    let (team, api, line) = whatsapp(&world, json!({})).await;
    let chat = team.open(line.name, line.conversation).await;
    api.answers(&[WAMID]);
    assert_eq!(link_into(&team, &api, &chat).await, ["template"], "nobody knows of any word of hers");
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    assert_eq!(team.hears_on(&line, 1, "hello").await.status, 200, "no conversation is open");
    let chat = team.open(line.name, line.conversation).await;
    api.answers(&[WAMID, WAMID, WAMID]);
    assert_eq!(link_into(&team, &api, &chat).await, ["interactive"]);
    team.set(json!({"interaction_timeout_minutes": 10080, "absolute_timeout_minutes": 10080})).await;
    team.hears_on(&line, 2, "are you there?").await;
    team.world.pass(23 * HOUR).await;
    assert_eq!(link_into(&team, &api, &chat).await, ["interactive"]);
    team.world.pass(HOUR).await;
    assert_eq!(link_into(&team, &api, &chat).await, ["template"], "a day is over");
    // The bot passes on what she types, where it hears her itself.
    team.says(&chat, "m1", "still there").await.expect(200);
    api.answers(&[WAMID, WAMID]);
    assert_eq!(link_into(&team, &api, &chat).await, ["interactive"]);
    let other = team.open(line.name, "+37255500009").await;
    assert_eq!(link_into(&team, &api, &other).await, ["template"], "her words open nobody else's window");
}

/// The platform counts otherwise: what it refused is sent as a template at once, once.
#[tokio::test]
async fn a_window_that_the_platform_has_closed_costs_one_request() {
    let world = World::new().await;
    let (team, api, line) = whatsapp(&world, json!({})).await;
    team.hears_on(&line, 1, "hello").await;
    let chat = team.open(line.name, line.conversation).await;
    api.answers(&[CLOSED, WAMID]);
    assert_eq!(link_into(&team, &api, &chat).await, ["interactive", "template"]);
    let failed = team.event_types().await.iter().filter(|kind| kind.ends_with("delivery_failed")).count();
    assert_eq!(failed, 0);
}

/// The window is the conversation's, and is known to every node and after a restart.
#[tokio::test]
async fn what_one_node_heard_another_knows() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let (team, api, line) = whatsapp(&world, json!({})).await;
    team.hears_on(&line, 1, "hello").await;
    let second = Team { world: super::heard(&world), ..team.clone() };
    let chat = second.open(line.name, line.conversation).await;
    api.answers(&[WAMID]);
    assert_eq!(link_into(&second, &api, &chat).await, ["interactive"]);
}

/// A111: nothing is sent into a group, by whatever the gateway knows it, and nothing is paid.
#[tokio::test]
async fn a111_neither_code_nor_link_goes_into_a_group() {
    let world = World::new().await;
    let team = team(&world).await;
    let (line, api) = (platforms::telegram(), Receiver::start().await);
    team.plug(&line, json!({"base_url": api.url})).await.expect(201);
    team.channel("sms").await;
    let code = json!({"method": "otp", "deliver_to": "chat"});
    let link = json!({"purpose": "mid_chat", "deliver": true});
    let invitation = json!({"via": "chat"});
    // Telegram's groups have ids of their own; and a platform has told of others in the second one.
    let own = platforms::webhooks();
    team.plug(&own, json!({"base_url": api.url})).await.expect(201);
    let heard =
        super::chats::in_group("own", Said { from: own.from, id: 9, text: "hi all", at: team.unix() }, "room-1");
    assert_eq!(team.hears_call(&heard).await.status, 200);
    for (channel, conversation) in [(line.name, "-1001"), (own.name, "room-1")] {
        let person = json!({"role": "primary", "phone": platforms::PHONE});
        let body = json!({"channel": channel, "conversation": conversation, "participants": [person]});
        let opened = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
        let chat = opened["id"].as_str().expect("an id").to_owned();
        for (path, body) in [("/challenges", &code), ("/login-links", &link), ("/invitations", &invitation)] {
            team.bot("POST", &chat, path, body.clone()).await.refused(409, "private-channel-required");
        }
        team.world.gateway.maintain().await.expect("the store is there");
        let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
        assert!(seen["challenge"].is_null() && seen["login_link"].is_null(), "{seen}");
        // What need not go there goes elsewhere.
        let sent = team.asks(&team.bot, &chat, json!({"method": "otp"})).await.expect(202);
        assert_eq!(sent["delivery"]["channel"], "sms");
        team.set(json!({"send_budget": {"per_destination_hour": 2}})).await;
    }
    assert!(api.asked().is_empty(), "{:?}", api.asked());
    assert_eq!(team.world.sent().await.len(), 2, "budgets were not touched by what was refused");
    // Alone in the same place, it is hers again.
    let alone = json!({"id": "m1", "from": own.from, "conversation": "room-1", "text": "just me"});
    let body = json!({"type": "message.received", "data": alone}).to_string();
    let call = platforms::standard("msg_77", &team.unix().to_string(), body);
    assert_eq!(team.hears_call(&call).await.status, 200);
    let found =
        team.world.call(&team.bot, "GET", "/v1/interactions?conversation=room-1", Value::Null).await.expect(200);
    let chat = found["items"][0]["id"].as_str().expect("an id").to_owned();
    team.asks(&team.bot, &chat, code).await.expect(202);
}

/// A team on Telegram, whose messages can be taken back.
async fn telegram(world: &World) -> (Team, Receiver, String) {
    let (team, api, line) = (team(world).await, Receiver::start().await, platforms::telegram());
    team.plug(&line, json!({"base_url": api.url})).await.expect(201);
    let chat = team.open(line.name, line.conversation).await;
    (team, api, chat)
}

async fn code_into(team: &Team, api: &Receiver, chat: &str, id: &'static str) -> Value {
    api.answers(&[(200, id)]);
    let asked = team.asks(&team.bot, chat, json!({"method": "otp", "deliver_to": "chat"})).await.expect(202);
    team.world.gateway.maintain().await.expect("the store is there");
    asked
}

const SENT_71: &str = r#"{"ok":true,"result":{"message_id":71}}"#;
const SENT_72: &str = r#"{"ok":true,"result":{"message_id":72}}"#;

/// Messages that were taken out of the chat.
fn deleted(api: &Receiver) -> Vec<u64> {
    let all = api.asked().into_iter().filter(|asked: &Asked| asked.path.ends_with("/deleteMessage"));
    all.map(|asked| asked.json()["message_id"].as_u64().expect("a number")).collect()
}

/// A112: a code that we sent goes from the chat once it is spent, has ended, or gave way to another.
#[tokio::test]
async fn a112_a_code_of_ours_goes_from_the_chat_once_it_is_over() {
    for world in crate::world::worlds().await {
        let (team, api, chat) = telegram(&world).await;
        let line = platforms::telegram();
        code_into(&team, &api, &chat, SENT_71).await;
        team.world.pass(SECOND).await;
        assert!(deleted(&api).is_empty(), "it is live");
        let code = team.code(&chat, 0).await;
        team.hears_on(&line, 5, &code).await;
        team.world.pass(SECOND).await;
        let mut gone = deleted(&api);
        gone.sort_unstable();
        assert_eq!(gone, [5, 71], "what she typed and what we wrote");
        // Sent again: the one before is dead.
        let asked = code_into(&team, &api, &chat, SENT_71).await;
        team.world.pass(31 * SECOND).await;
        let again = format!("/v1/challenges/{}/resend", asked["id"].as_str().expect("an id"));
        api.answers(&[(200, SENT_72)]);
        team.world.call(&team.bot, "POST", &again, json!({})).await.expect(202);
        team.world.pass(SECOND).await;
        assert_eq!(deleted(&api)[2..], [71]);
        // And it ends by itself.
        team.world.pass(180 * SECOND).await;
        team.world.pass(SECOND).await;
        assert_eq!(deleted(&api)[3..], [72]);
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        team.world.pass(SECOND).await;
        assert_eq!(deleted(&api).len(), 4);
        // A link is no code: what ended it says so on its page.
        api.answers(&[(200, SENT_71)]);
        let chat = team.open(line.name, line.conversation).await;
        team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat", "deliver": true})).await.expect(201);
        team.world.pass(SECOND).await;
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        team.world.pass(SECOND).await;
        assert_eq!(deleted(&api).len(), 4);
    }
}

/// A112: a code that ended while it was on its way goes from the chat when the platform tells its id.
#[tokio::test]
async fn a112_a_code_that_ended_on_its_way_goes_too() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let (team, api, chat) = telegram(&world).await;
    let second = Team { world: super::heard(&world), ..team.clone() };
    api.answers(&[(200, SENT_71)]);
    let asked = team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "chat"})).await.expect(202);
    let held = api.hold();
    let gateway = team.world.gateway.clone();
    let sending = tokio::spawn(async move { gateway.run_jobs().await });
    api.was_asked(1).await;
    second.attends(&second.bot, "DELETE", &asked, "", Value::Null).await.expect(204);
    drop(held);
    sending.await.expect("it is sent");
    team.world.pass(SECOND).await;
    assert_eq!(deleted(&api), [71]);
}

/// What somebody says in a Telegram group tells the group's id; it is no conversation of hers.
#[tokio::test]
async fn a111_words_in_a_group_do_not_close_the_chat_with_her_alone() {
    let world = World::new().await;
    let (team, api, chat) = telegram(&world).await;
    let line = platforms::telegram();
    let said = Said { from: line.from, id: 3, text: "hi all", at: team.unix() };
    let update = json!({"update_id": 3, "message": telegram_message(said, "-5", "supergroup")});
    assert_eq!(team.hears_call(&telegram_update(&update)).await.status, 200);
    code_into(&team, &api, &chat, SENT_71).await;
    assert_eq!(api.asked().len(), 1);
}

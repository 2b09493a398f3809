//! What platforms say later of messages that they took: it has arrived, or never will. A message that
//! bounced goes on by the next way while it is good for anything; what is told late, twice, in another
//! order or of somebody else's message changes nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::platforms::{self, PHONE, meta, twilio_status};
use super::receiver::Receiver;
use super::team;
use crate::sending::code_in;
use crate::stores;
use crate::world::{Browser, Reply, Team, URL, World, worlds};

const MAIL: &str = "customer@example.com";
const SECOND: Duration = Duration::from_secs(1);

/// A team with a number at Twilio, whose API is a server of ours, and with mail.
pub struct Stage {
    pub team: Team,
    api: Receiver,
}

impl Stage {
    pub async fn on(world: &World) -> Self {
        let (team, api) = (team(world).await, Receiver::start().await);
        let more = json!({"base_url": api.url, "status_callback": format!("{URL}/in/acme/sms")});
        team.plug(&platforms::sms(), more).await.expect(201);
        team.channel("email").await;
        api.answers(&[(201, TAKEN), (201, TAKEN), (201, TAKEN)]);
        Self { team, api }
    }

    /// A conversation that is held elsewhere than by text message.
    pub async fn chat(&self) -> String {
        let person = json!({"role": "primary", "phone": PHONE, "email": MAIL});
        let body = json!({"channel": "shop", "conversation": "c1", "participants": [person]});
        let opened = self.team.world.call(&self.team.bot, "POST", "/v1/interactions", body).await.expect(201);
        opened["id"].as_str().expect("an id").to_owned()
    }

    /// A code was sent by text message; where Twilio is to tell what becomes of it.
    pub async fn sent(&self, chat: &str, more: Value) -> String {
        let mut body = json!({"method": "otp"});
        body.as_object_mut().expect("a map").extend(more.as_object().cloned().unwrap_or_default());
        self.team.asks(&self.team.bot, chat, body).await.expect(202);
        self.team.world.gateway.maintain().await.expect("the store is there");
        self.callback()
    }

    /// Where Twilio was told to say what becomes of the newest message.
    pub fn callback(&self) -> String {
        let asked = self.api.asked().pop().expect("Twilio was asked");
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&asked.body).into_owned().collect();
        let callback = &form.iter().find(|(name, _)| name == "StatusCallback").expect("a callback").1;
        callback.strip_prefix(URL).expect("it is ours").to_owned()
    }

    pub async fn told(&self, at: &str, sid: &str, status: &str) {
        assert_eq!(self.team.hears_call(&twilio_status(at, sid, status)).await.status, 200);
        self.team.world.gateway.maintain().await.expect("the store is there");
    }

    async fn delivery(&self, chat: &str) -> Value {
        self.team.bot("GET", chat, "", Value::Null).await.expect(200)["challenge"]["delivery"].clone()
    }

    async fn status(&self, chat: &str) -> String {
        self.delivery(chat).await["status"].as_str().unwrap_or_default().to_owned()
    }

    /// What was told of the message, in order.
    async fn events(&self) -> Vec<(String, Value)> {
        let events = self.team.events().await.into_iter();
        let kinds = ["sent", "delivered", "delivery_failed"];
        let of_messages = events.filter(|e| {
            let kind = e["type"].as_str().unwrap_or_default();
            kinds.iter().any(|known| kind.rsplit('.').next() == Some(*known))
        });
        of_messages.map(|e| (e["type"].as_str().expect("a text").to_owned(), e["data"].clone())).collect()
    }

    async fn kinds(&self) -> Vec<String> {
        self.events().await.into_iter().map(|(kind, _)| kind).collect()
    }

    /// Mails that have left.
    fn mails(&self) -> Vec<String> {
        let kept = self.team.world.recorder.messages().into_iter();
        kept.map(|kept| secrecy::ExposeSecret::expose_secret(&kept.message.content.plain()).to_owned()).collect()
    }
}

const TAKEN: &str = r#"{"sid":"SM1","status":"queued"}"#;

/// The number is another channel's conversation than the interaction's: the message is found all the same.
#[tokio::test]
async fn what_has_arrived_is_marked_and_told_once() {
    for world in worlds().await {
        let stage = Stage::on(&world).await;
        let chat = stage.chat().await;
        let at = stage.sent(&chat, json!({"deliver_to": "sms"})).await;
        assert!(at.starts_with("/in/acme/sms?ours="), "{at}");
        assert_eq!(stage.status(&chat).await, "sent");
        for status in ["queued", "sent", "delivered", "delivered", "read"] {
            stage.told(&at, "SM1", status).await;
        }
        assert_eq!(stage.status(&chat).await, "delivered");
        assert_eq!(stage.kinds().await, ["challenge.sent", "challenge.delivered"]);
        // What is told after that is out of order.
        stage.told(&at, "SM1", "failed").await;
        assert_eq!(stage.status(&chat).await, "delivered");
        assert!(stage.mails().is_empty());
        let all = serde_json::to_string(&stage.events().await).expect("JSON");
        assert!(!all.contains(PHONE) && !all.contains("SM1"), "{all}");
    }
}

#[tokio::test]
async fn a_code_that_bounced_goes_on_by_the_next_way_and_is_the_same_code() {
    for world in worlds().await {
        let stage = Stage::on(&world).await;
        let chat = stage.chat().await;
        let at = stage.sent(&chat, json!({})).await;
        let asked = stage.api.asked().pop().expect("a message");
        let text = String::from_utf8(asked.body).expect("a form");
        stage.told(&at, "SM1", "undelivered").await;
        stage.team.world.pass(SECOND).await;
        let delivery = stage.delivery(&chat).await;
        assert_eq!((&delivery["channel"], &delivery["status"]), (&json!("email"), &json!("sent")));
        let mails = stage.mails();
        let code = code_in(&mails[0]);
        assert!(text.contains(&code), "it is the code that was sent before");
        let events = stage.events().await;
        assert_eq!(events[1].0, "challenge.delivery_failed");
        assert_eq!((&events[1].1["reason"], &events[1].1["next"]), (&json!("bounced"), &json!("email")));
        // Told again, it is old news; and the mail's way is nobody's to speak of but the mail's.
        stage.told(&at, "SM1", "undelivered").await;
        stage.told(&at, "SM1", "delivered").await;
        stage.team.world.pass(SECOND).await;
        assert_eq!((stage.mails().len(), stage.kinds().await.len()), (1, 3));
        assert_eq!(stage.team.says(&chat, "m1", &code).await.expect(200)["outcome"], "passed");
    }
}

#[tokio::test]
async fn where_no_way_is_left_it_has_failed_and_can_be_sent_again() {
    let stage = Stage::on(&World::new().await).await;
    let chat = stage.chat().await;
    let at = stage.sent(&chat, json!({"deliver_to": "sms"})).await;
    stage.told(&at, "SM1", "failed").await;
    assert_eq!(stage.status(&chat).await, "failed");
    let events = stage.events().await;
    assert_eq!((&events[1].1["reason"], &events[1].1["next"]), (&json!("bounced"), &Value::Null));
    stage.team.world.pass(31 * SECOND).await;
    let seen = stage.team.bot("GET", &chat, "", Value::Null).await.expect(200);
    let again = format!("/v1/challenges/{}/resend", seen["challenge"]["id"].as_str().expect("an id"));
    stage.team.world.call(&stage.team.bot, "POST", &again, json!({})).await.expect(202);
    stage.team.world.gateway.maintain().await.expect("the store is there");
    assert_ne!(stage.callback(), at, "another message has another id");
    stage.told(&at, "SM1", "delivered").await;
    assert_eq!(stage.status(&chat).await, "sent", "the old one's fate is not the new one's");
}

/// Never after its expiry, and budgets are paid: each way is a message more.
#[tokio::test]
async fn a_bounce_sends_nothing_that_is_over_or_not_paid_for() {
    let stage = Stage::on(&World::new().await).await;
    let chat = stage.chat().await;
    let at = stage.sent(&chat, json!({})).await;
    stage.team.world.pass(180 * SECOND).await;
    stage.told(&at, "SM1", "undelivered").await;
    stage.team.world.pass(SECOND).await;
    assert!(stage.mails().is_empty(), "the code is over");
    stage.team.set(json!({"send_budget": {"per_interaction": 2}})).await;
    let at = stage.sent(&chat, json!({})).await;
    stage.told(&at, "SM1", "undelivered").await;
    stage.team.world.pass(SECOND).await;
    assert!(stage.mails().is_empty(), "the interaction has had its messages");
    assert_eq!(stage.status(&chat).await, "failed");
}

/// A link is made again for the next way: it is the same one, and opens.
#[tokio::test]
async fn a_link_that_bounced_goes_by_the_next_way() {
    let stage = Stage::on(&World::new().await).await;
    let chat = stage.chat().await;
    let person = json!({"role": "cosigner", "phone": PHONE, "email": MAIL});
    stage.team.bot("POST", &chat, "/participants", person).await.expect(201);
    let body = json!({"purpose": "mid_chat", "deliver": true, "participant": "p2"});
    let link = stage.team.bot("POST", &chat, "/login-links", body).await.expect(201);
    stage.team.world.gateway.maintain().await.expect("the store is there");
    let at = stage.callback();
    stage.told(&at, "SM1", "undelivered").await;
    stage.team.world.pass(SECOND).await;
    let mails = stage.mails();
    let url = mails[0].lines().last().expect("a URL");
    assert_eq!(url, link["url"].as_str().expect("a URL"));
    assert_eq!(stage.kinds().await, ["link.sent", "link.delivery_failed", "link.sent"]);
    Browser::new(&stage.team.world).continues(url).await;
}

/// Ids of others, of nobody, or made up change nothing, and are no error that a platform would repeat.
#[tokio::test]
async fn a_foreign_receipt_changes_nothing() {
    let world = World::new().await;
    let stage = Stage::on(&world).await;
    let chat = stage.chat().await;
    let at = stage.sent(&chat, json!({"deliver_to": "sms"})).await;
    let ours = at.split_once("ours=").expect("an id").1.to_owned();
    let (interaction, _) = ours.split_once(".m").expect("a number");
    for made_up in [
        String::new(),
        "x".repeat(3000),
        "0199aa.m1-sms".to_owned(),
        format!("{interaction}.m2-sms"),
        format!("{interaction}.m01-sms"),
        format!("{interaction}.m1-email"),
        format!("{interaction}.m1-pigeon"),
        format!("{interaction}.m-1-sms"),
        format!("{interaction}.m99999999999999999999-sms"),
        format!("01990000{}.m1-sms", &interaction[8..]),
    ] {
        stage.told(&format!("/in/acme/sms?ours={made_up}"), "SM1", "failed").await;
    }
    stage.told("/in/acme/sms", "SM1", "failed").await;
    stage.told(&at, "SM2", "failed").await; // a copy whose answer was lost
    // Another team's account speaks of its own messages.
    let other = Team { name: "bank".into(), ..stage.team.world.team("bank").await };
    other.plug(&platforms::sms(), json!({})).await.expect(201);
    let call = twilio_status(&format!("/in/bank/sms?ours={ours}"), "SM1", "failed");
    assert_eq!(other.hears_call(&call).await.status, 200);
    // So does another channel of the same team.
    let (path, same) = ("/v1/teams/acme/channels/phone", platforms::sms());
    let body = json!({"definition": same.definition, "account": same.account, "secrets": same.secrets});
    world_call(&stage.team, path, body).await.expect(201);
    stage.told(&format!("/in/acme/phone?ours={ours}"), "SM1", "failed").await;
    // And what is not signed says nothing.
    let forged = twilio_status(&at, "SM1", "failed").with("x-twilio-signature", Some("AAAA"));
    assert_eq!(stage.team.hears_call(&forged).await.status, 401);
    assert_eq!(stage.status(&chat).await, "sent");
    assert_eq!(stage.kinds().await, ["challenge.sent"]);
}

async fn world_call(team: &Team, path: &str, body: Value) -> Reply {
    team.world.call(&team.admin, "PUT", path, body).await
}

/// The platform's word is there though its answer was lost: who has the message gets no second one. That
/// one of several bounced says nothing of the others.
#[tokio::test]
async fn a_receipt_counts_where_the_answer_was_lost() {
    for (status, asked, ends) in [("delivered", 1, "delivered"), ("failed", 2, "sent")] {
        let stage = Stage::on(&World::new().await).await;
        let chat = stage.chat().await;
        stage.api.answers(&[(500, ""), (201, TAKEN)]); // it was taken, and nobody was told
        let at = stage.sent(&chat, json!({})).await;
        assert_eq!(stage.status(&chat).await, "queued");
        stage.told(&at, "SM0", status).await;
        stage.team.world.pass(2 * SECOND).await;
        assert_eq!((stage.api.asked().len(), stage.status(&chat).await.as_str()), (asked, ends), "{status}");
        assert!(stage.mails().is_empty());
    }
}

/// A109: the same word from several requests at once, on two nodes, is one bounce and one mail.
#[tokio::test]
async fn a109_a_bounce_that_is_told_to_both_nodes_sends_one_message() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let stage = Stage::on(&world).await;
    let second = Team { world: super::heard(&world), ..stage.team.clone() };
    let chat = stage.chat().await;
    let at = stage.sent(&chat, json!({})).await;
    let call = twilio_status(&at, "SM1", "undelivered");
    let told = (0..8).flat_map(|_| [stage.team.hears_call(&call), second.hears_call(&call)]);
    assert!(futures_util::future::join_all(told).await.iter().all(|told| told.status == 200));
    for _ in 0..3 {
        let (one, two) = tokio::join!(stage.team.world.gateway.maintain(), second.world.gateway.maintain());
        one.and(two).expect("the store is there");
        world.clock.advance(SECOND);
    }
    assert_eq!(stage.mails().len() + second.world.recorder.messages().len(), 1);
    assert_eq!(stage.kinds().await, ["challenge.sent", "challenge.delivery_failed", "challenge.sent"]);
}

/// Other platforms give our id back in their own places: Meta in each status, several at a time.
#[tokio::test]
async fn statuses_of_several_messages_come_in_one_request() {
    let world = World::new().await;
    let (team, api) = (team(&world).await, Receiver::start().await);
    let line = platforms::whatsapp();
    team.plug(&line, json!({"base_url": api.url})).await.expect(201);
    let mut statuses = Vec::new();
    let mut chats = Vec::new();
    for n in 0..3 {
        api.answers(&[(200, r#"{"messages":[{"id":"wamid.1"}]}"#)]);
        let chat = team.open(line.name, &format!("+3725550000{n}")).await;
        team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "chat"})).await.expect(202);
        team.world.pass(SECOND).await; // an account's messages leave one after another
        let ours = api.asked().pop().expect("a message").json()["biz_opaque_callback_data"].clone();
        let status = if n == 1 { "failed" } else { "delivered" };
        statuses.push(json!({"id": "wamid.1", "status": status, "biz_opaque_callback_data": ours}));
        chats.push(chat);
    }
    let number = json!({"phone_number_id": line.account["phone_number_id"]});
    let value = json!({"messaging_product": "whatsapp", "metadata": number, "statuses": statuses});
    let body = json!({"entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]});
    assert_eq!(team.hears_call(&meta("/in/acme/whatsapp", &body)).await.status, 200);
    for (chat, expected) in chats.iter().zip(["delivered", "failed", "delivered"]) {
        let seen = team.bot("GET", chat, "", Value::Null).await.expect(200);
        assert_eq!(seen["challenge"]["delivery"]["status"], expected);
    }
}

//! What the team's bot is told: every message that was nobody's answer, once and in order, signed under
//! the channel's own secret; and of what looks like a code, only that it was said.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::platforms::{self, Said, meta, meta_messages, telegram_message, telegram_update, twilio};
use super::receiver::{Asked, Receiver};
use super::team;
use crate::stores;
use crate::world::{Browser, Team, World, worlds};

const SECOND: Duration = Duration::from_secs(1);

/// The team's bot, at its address.
struct Bot {
    receiver: Receiver,
    secret: Vec<u8>,
}

impl Bot {
    /// Plugged into a channel of the team.
    async fn of(team: &Team, line: &platforms::Line) -> Self {
        let receiver = Receiver::start().await;
        let url = format!("{}/heard?a=b", receiver.url);
        Self::at(receiver, &url, team, line).await
    }

    /// The same, by that name for its address.
    async fn at(receiver: Receiver, url: &str, team: &Team, line: &platforms::Line) -> Self {
        let made = team.plug(line, json!({"forward_url": url})).await.expect(201);
        let secret =
            made["forward_secret"].as_str().expect("told once").strip_prefix("whsec_").expect("as they write it");
        Self { receiver, secret: BASE64_STANDARD.decode(secret).expect("base64") }
    }

    /// What it has been told so far; each is signed for it.
    async fn told(&self, team: &Team) -> Vec<Value> {
        team.world.gateway.maintain().await.expect("the store is there");
        self.receiver.asked().iter().map(|asked| self.read(asked)).collect()
    }

    fn read(&self, asked: &Asked) -> Value {
        let header = |name: &str| asked.headers[name].to_str().expect("a text").to_owned();
        let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
        let signed = [format!("{id}.{at}.").as_bytes(), &asked.body].concat();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &self.secret);
        let tag = aws_lc_rs::hmac::sign(&key, &signed);
        assert_eq!(header("webhook-signature"), format!("v1,{}", BASE64_STANDARD.encode(tag)));
        assert_eq!((asked.path.as_str(), header("content-type").as_str()), ("/heard?a=b", "application/json"));
        assert_eq!(asked.json()["id"], id.as_str());
        asked.json()
    }
}

/// A110: who wrote is told with what that is worth; under a text message's number anybody can write.
#[tokio::test]
async fn a110_the_bot_is_told_what_a_senders_id_is_worth() {
    let world = World::new().await;
    let team = team(&world).await;
    for line in platforms::all() {
        let bot = Bot::of(&team, &line).await;
        assert_eq!(team.hears_on(&line, 1, "good day").await.status, 200);
        let worth = match line.definition {
            "twilio-sms" => "spoofable",
            "standard-webhooks" => "inherited",
            _ => "platform",
        };
        assert_eq!(bot.told(&team).await[0]["assurance"], worth, "{}", line.definition);
    }
}

/// The secret that what is passed on is signed under is replaced without a gap: for as long as was said
/// there is a signature under each, also where the account is written anew meanwhile.
#[tokio::test]
async fn the_secret_that_the_bot_knows_is_replaced_without_a_gap() {
    for world in worlds().await {
        let team = team(&world).await;
        let line = platforms::telegram();
        let bot = Bot::of(&team, &line).await;
        let rotate = async |body: Value| {
            team.world.call(&team.admin, "POST", "/v1/teams/acme/channels/telegram/rotate", body).await
        };
        let secret_of = |told: &Value| {
            let text =
                told["forward_secret"].as_str().expect("told once").strip_prefix("whsec_").expect("as they write it");
            BASE64_STANDARD.decode(text).expect("base64")
        };
        let told = rotate(json!({"overlap_minutes": 5})).await.expect(200);
        let newer = secret_of(&told);
        assert!(newer != bot.secret && told["overlap_until"].is_string(), "{told}");
        let read =
            team.world.call(&team.admin, "GET", "/v1/teams/acme/channels/telegram", Value::Null).await.expect(200);
        assert!(read.get("forward_secret").is_none() && read["overlap_until"] == told["overlap_until"], "{read}");
        team.plug(&line, json!({"forward_url": format!("{}/heard?a=b", bot.receiver.url)})).await.expect(200);
        let signed = async |id: u64| -> Vec<String> {
            assert_eq!(team.hears_on(&line, id, "good day").await.status, 200);
            team.world.gateway.maintain().await.expect("the store is there");
            let asked = bot.receiver.asked().pop().expect("it was told");
            let header = |name: &str| asked.headers[name].to_str().expect("a text").to_owned();
            let text =
                [format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes(), &asked.body].concat();
            let under = |secret: &[u8]| {
                let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
                format!("v1,{}", BASE64_STANDARD.encode(aws_lc_rs::hmac::sign(&key, &text)))
            };
            let names = [("older", under(&bot.secret)), ("newer", under(&newer))];
            let name =
                |said: &str| names.iter().find(|(_, tag)| tag == said).map_or("other", |(name, _)| name).to_owned();
            header("webhook-signature").split(' ').map(name).collect()
        };
        assert_eq!(signed(1).await, ["newer", "older"]);
        world.pass(Duration::from_secs(300)).await;
        assert_eq!(signed(2).await, ["newer"]);
        let none =
            team.world.call(&team.admin, "GET", "/v1/teams/acme/channels/telegram", Value::Null).await.expect(200);
        assert!(none.get("overlap_until").is_none(), "{none}");
        for wrong in [json!({"overlap_minutes": 10_081}), json!({"overlap": 1}), json!({"overlap_minutes": -1})] {
            rotate(wrong).await.refused(422, "invalid");
        }
        let path = "/v1/teams/acme/channels/pager/rotate";
        team.world.call(&team.admin, "POST", path, json!({})).await.refused(404, "not-found");
        team.world
            .call(&team.bot, "POST", "/v1/teams/acme/channels/telegram/rotate", json!({}))
            .await
            .refused(403, "forbidden");
        // Who asks again under the same key is told the same secret.
        let asks = async || {
            let request = ::http::Request::post("/v1/teams/acme/channels/telegram/rotate")
                .header("authorization", format!("Bearer {}", team.admin))
                .header("content-type", "application/json")
                .header("idempotency-key", "rotate-1");
            let request = request.body(axum::body::Body::from("{}")).expect("well-formed");
            team.world.send(request).await.expect(200)
        };
        assert_eq!(asks().await["forward_secret"], asks().await["forward_secret"]);
    }
}

/// Before anything is open the bot is told, so that it can open; then with the flag as it stands.
#[tokio::test]
async fn what_nobody_waits_for_goes_to_the_bot() {
    for world in worlds().await {
        let team = team(&world).await;
        let line = platforms::whatsapp();
        let bot = Bot::of(&team, &line).await;
        for _ in 0..2 {
            assert_eq!(team.hears_on(&line, 1, "hello").await.status, 200);
        }
        let told = bot.told(&team).await;
        assert_eq!(told.len(), 1, "once, though it was told twice");
        let first = &told[0];
        assert_eq!(
            (&first["type"], &first["team"], &first["channel"]),
            (&json!("message.received"), &json!("acme"), &json!("whatsapp"))
        );
        assert_eq!((&first["conversation"], &first["from"]), (&json!(platforms::PHONE), &json!(platforms::PHONE)));
        assert_eq!((&first["text"], &first["message_id"]), (&json!("hello"), &json!("wamid.1")));
        assert_eq!((&first["interaction"], &first["authentication"]), (&Value::Null, &Value::Null));
        assert_eq!(first["group"], false);
        assert_eq!(first["raw"]["text"]["body"], "hello", "the platform's own words");
        assert_eq!(first["at"], "2026-01-01T00:00:00.000Z");

        let chat = team.open(line.name, line.conversation).await;
        team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        for (id, text) in
            [(2, "what now?"), (3, Team::wrong(&code).as_str()), (4, code.as_str()), (5, "my balance, please")]
        {
            assert_eq!(team.hears_on(&line, id, text).await.status, 200);
        }
        let told = bot.told(&team).await;
        let texts: Vec<&str> = told.iter().map(|told| told["text"].as_str().expect("a text")).collect();
        assert_eq!(texts, ["hello", "what now?", "my balance, please"], "no answer goes to it");
        assert_eq!((&told[1]["interaction"], &told[1]["authentication"]["status"]), (&json!(chat), &json!("pending")));
        assert_eq!(told[2]["authentication"], team.flag(&chat).await);
        assert_eq!(told[2]["authentication"]["authenticated"], true);
        let ids: std::collections::BTreeSet<&str> =
            told.iter().map(|told| told["id"].as_str().expect("an id")).collect();
        assert_eq!(ids.len(), 3);
    }
}

/// A bot that is away is told later, in order; a channel without one is not.
#[tokio::test]
async fn a_bot_that_is_away_is_told_later() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::sms();
    let bot = Bot::of(&team, &line).await;
    bot.receiver.answers(&[(503, ""), (500, "")]);
    for (id, text) in [(1, "one"), (2, "two"), (3, "three")] {
        team.hears_on(&line, id, text).await;
    }
    assert_eq!(bot.told(&team).await.len(), 1);
    team.world.pass(60 * SECOND).await;
    team.world.pass(60 * SECOND).await;
    let told = bot.told(&team).await;
    let texts: Vec<&str> = told.iter().map(|told| told["text"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["one", "one", "one", "two", "three"]);
    let silent = platforms::telegram();
    team.plug(&silent, json!({})).await.expect(201);
    assert_eq!(team.hears_on(&silent, 1, "hello").await.status, 200);
    assert_eq!(bot.told(&team).await.len(), 5);
}

/// A bot that was away for long hears a conversation again as soon as somebody talks in it.
#[tokio::test]
async fn a_bot_that_is_back_hears_who_talks_to_it() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::sms();
    let bot = Bot::of(&team, &line).await;
    bot.receiver.answers(&[(503, ""); 10]);
    team.hears_on(&line, 1, "one").await;
    while bot.told(&team).await.len() < 10 {
        team.world.pass(60 * SECOND).await;
    }
    team.hears_on(&line, 2, "two").await;
    team.world.pass(10 * SECOND).await;
    let told = bot.told(&team).await;
    let texts: Vec<&Value> = told[10..].iter().map(|told| &told["text"]).collect();
    assert_eq!(texts, ["one", "two"]);
}

/// A bot whose address is written in another script is told like any other.
#[tokio::test]
async fn a_bots_address_may_be_written_in_any_script() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::sms();
    let receiver = Receiver::start().await;
    let url = format!("{}/heard?a=b", receiver.url.replace("127", "①②⑦"));
    let bot = Bot::at(receiver, &url, &team, &line).await;
    team.hears_on(&line, 1, "hello").await;
    assert_eq!(bot.told(&team).await.len(), 1);
}

/// The node that heard a message dies before it was passed on: another passes it on.
#[tokio::test]
async fn what_was_heard_is_passed_on_though_the_node_dies() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let team = team(&world).await;
    let line = platforms::slack();
    let bot = Bot::of(&team, &line).await;
    assert_eq!(team.hears_on(&line, 1, "hello").await.status, 200);
    let other = Team { world: super::heard(&world), ..team.clone() };
    other.world.pass(11 * SECOND).await;
    assert_eq!(bot.told(&other).await.len(), 1);
    assert_eq!(bot.told(&team).await.len(), 1, "the first one is not dead after all");
}

/// A116: what looks like a code and nobody can take for an answer is not read by the bot either: one that
/// is typed before others, one that comes late, one that answers a text message for another chat.
#[tokio::test]
async fn a116_a_code_is_kept_from_the_bot_though_nobody_takes_it() {
    let world = World::new().await;
    let team = team(&world).await;
    let (telegram, sms) = (platforms::telegram(), platforms::sms());
    let bot = Bot::of(&team, &telegram).await;
    let chat = team.open(telegram.name, "-5").await;
    team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    let group = async |id: u64, text: &str| {
        let said = Said { from: telegram.from, id, text, at: team.unix() };
        let update = json!({"update_id": id, "message": telegram_message(said, "-5", "group")});
        assert_eq!(team.hears_call(&telegram_update(&update)).await.status, 200);
    };
    group(1, &code).await;
    group(2, "123").await;
    let told = bot.told(&team).await;
    assert_eq!((&told[0]["text"], &told[0]["raw"]), (&json!("••••••"), &Value::Null));
    assert_eq!(told[1]["text"], "123");
    for told in &told {
        assert_eq!((&told["interaction"], &told["group"]), (&json!(chat), &json!(true)));
        assert_eq!(told["authentication"], Value::Null, "who says it is not known");
    }
    team.world.pass(4 * 60 * SECOND).await;
    group(3, &code).await;
    team.world.pass(10 * 60 * SECOND).await;
    group(4, &code).await;
    let told = bot.told(&team).await;
    assert_eq!(told[2]["text"], "••••••", "late by a minute");
    assert_eq!(told[3]["text"], code.as_str(), "a number like any other, by now");

    // A code goes by text message to somebody who chats elsewhere, and she answers the text message.
    let phones = Bot::of(&team, &platforms::Line { name: "pager", ..sms }).await;
    let answer = async |id: u64, from: &str, text: &str| {
        let said = Said { from, id, text, at: team.unix() };
        let call = twilio("/in/acme/pager", "twilio-token", said);
        assert_eq!(team.hears_call(&call).await.status, 200);
    };
    team.channel("sms").await;
    answer(1, platforms::PHONE, "555123").await;
    let body = json!({"channel": "telegram", "conversation": "7", "participants": [{"role": "primary", "phone": platforms::PHONE}]});
    let chat = team.world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
    let chat = chat["id"].as_str().expect("an id").to_owned();
    team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "sms"})).await.expect(202);
    let code = team.code(&chat, 0).await;
    answer(2, platforms::PHONE, &code).await;
    answer(3, platforms::PHONE, "thanks").await;
    answer(4, "+37255500002", "555123").await;
    let told = phones.told(&team).await;
    // Each conversation in its order.
    for (from, said) in [(platforms::PHONE, &["555123", "••••••", "thanks"][..]), ("+37255500002", &["555123"][..])]
    {
        let texts: Vec<&Value> = told.iter().filter(|told| told["from"] == from).map(|told| &told["text"]).collect();
        assert_eq!(texts, said, "{from}");
    }
}

/// A116: a live code that stands in a sentence, or in the message that a reply quotes, is no answer and
/// is not read by the bot, which could give it. Whether a number is the right one shows nowhere.
#[tokio::test]
async fn a116_a_live_code_is_kept_from_the_bot_wherever_it_stands() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::telegram();
    let bot = Bot::of(&team, &line).await;
    let chat = team.open(line.name, line.conversation).await;
    let quoting = async |id: u64, text: &str, quoted: &str| {
        let said = Said { from: line.from, id, text, at: team.unix() };
        let mut message = telegram_message(said, line.conversation, "private");
        message["reply_to_message"] = json!({"message_id": 1, "text": format!("{quoted} is your code."),
            "reply_markup": {"inline_keyboard": [[{"text": "Copy", "copy_text": {"text": quoted}}]]}});
        assert_eq!(team.hears_call(&telegram_update(&json!({"update_id": id, "message": message}))).await.status, 200);
        bot.told(&team).await.pop().expect("the bot is told")
    };
    let told = quoting(1, "what is this?", "000000").await;
    assert!(told["raw"]["message"]["reply_to_message"].is_object(), "{told}");
    let challenge = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    let told = quoting(2, "what is this?", &code).await;
    assert_eq!((&told["text"], &told["raw"]), (&json!("what is this?"), &Value::Null));
    for (id, number) in [(3, code.clone()), (4, Team::wrong(&code))] {
        let text = format!("it says {} {}, is that all?", &number[..3], &number[3..]);
        let told = quoting(id, &text, "nothing").await;
        let redacted = json!("it says •••••••, is that all?");
        assert_eq!((&told["text"], &told["raw"]), (&redacted, &Value::Null), "{number}");
    }
    assert_eq!(team.tries(&challenge).await, 3, "nothing of it was an answer");
    assert_eq!(team.hears_on(&line, 5, &code).await.status, 200);
    assert!(team.is_authenticated(&chat).await);
    let told = quoting(6, "my order is 482913", &code).await;
    assert_eq!((&told["text"], told["raw"].is_object()), (&json!("my order is 482913"), true), "that code is dead");

    let at = team.log_in(&chat, "cust-42").await;
    let confirmation = Browser::of(&team.world, &at).code(at["continue_url"].as_str().expect("a URL")).await;
    let told = quoting(7, &format!("it shows {}", confirmation.to_lowercase()), "nothing").await;
    assert_eq!((&told["text"], &told["raw"]), (&json!("it shows ••••••"), &Value::Null));
    let all = bot.receiver.asked().iter().map(|asked| asked.json().to_string()).collect::<String>();
    assert!(!all.to_uppercase().contains(&confirmation));
}

/// A116: the conversation closed while a code was asked for; the code comes, before and after another is
/// open there, and nobody reads it.
#[tokio::test]
async fn a116_a_code_that_comes_after_the_end_is_kept_from_the_bot() {
    for world in worlds().await {
        let team = team(&world).await;
        let line = platforms::whatsapp();
        let bot = Bot::of(&team, &line).await;
        let says = async |id: u64, text: &str| {
            assert_eq!(team.hears_on(&line, id, text).await.status, 200);
            bot.told(&team).await.pop().expect("the bot is told")["text"].as_str().expect("a text").to_owned()
        };
        let chat = team.open(line.name, line.conversation).await;
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        assert_eq!(says(1, "482913").await, "482913", "nobody was asked");
        let chat = team.open(line.name, line.conversation).await;
        team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "48392017553", "deliver_to": "agent"}))
            .await
            .expect(202);
        team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        assert_eq!(says(2, "4839 2017 553").await, "••••••");
        assert_eq!(says(3, "goodbye").await, "goodbye");
        team.open(line.name, line.conversation).await;
        assert_eq!(says(4, "48392017553").await, "••••••", "in the next one, too");
        team.world.pass(11 * 60 * SECOND).await;
        assert_eq!(says(5, "48392017553").await, "48392017553", "a number like any other, by now");
        // One that closes by itself is closed by what comes.
        team.world.pass(31 * 60 * SECOND).await;
        team.set(json!({"interaction_timeout_minutes": 5, "otp": {"expires_minutes": 30}})).await;
        let chat = team.open(line.name, line.conversation).await;
        team.otp(&chat).await;
        let code = team.code(&chat, 0).await;
        team.world.clock.advance(6 * 60 * SECOND);
        assert_eq!(says(6, &code).await, "••••••");
    }
}

/// What Kannel asks for, which proves itself by its address.
const KANNEL_SAYS_HELLO: &str = "/in/acme/kannel?from=%2B37255512345&to=1&text=hello&id=7&key=a+secret+in+the+address";

fn kannel() -> platforms::Line {
    platforms::Line {
        name: "kannel",
        definition: "kannel",
        account: json!({"base_url": "https://kannel.example", "username": "u", "from": "1"}),
        secrets: json!({"password": "p", "inbound_secret": "a secret in the address"}),
        ..platforms::sms()
    }
}

/// What proves a request by standing in its address is not passed on with it.
#[tokio::test]
async fn the_bot_is_not_told_what_proves_the_platform() {
    let world = World::new().await;
    let team = team(&world).await;
    let bot = Bot::of(&team, &kannel()).await;
    assert_eq!(team.world.call("", "POST", KANNEL_SAYS_HELLO, Value::Null).await.status, 200);
    let told = bot.told(&team).await;
    assert_eq!(told[0]["raw"]["from"], platforms::PHONE, "{}", told[0]);
    assert!(!told[0].to_string().contains("secret"), "{}", told[0]);
}

/// Kannel brings messages by GET: one is received to its end though Kannel does not wait for the answer.
#[tokio::test]
async fn what_comes_by_get_is_received_though_nobody_waits() {
    let world = World::new().await;
    let team = team(&world).await;
    let bot = Bot::of(&team, &kannel()).await;
    let mut asking = Box::pin(team.world.call("", "GET", KANNEL_SAYS_HELLO, Value::Null));
    assert!(futures_util::poll!(&mut asking).is_pending(), "it is begun, and not answered yet");
    drop(asking);
    let received = async {
        while bot.told(&team).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(10 * SECOND, received).await.expect("it is received");
}

/// A bot's messages of one conversation keep their order also where one request tells them.
#[tokio::test]
async fn one_requests_messages_keep_their_order() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::whatsapp();
    let bot = Bot::of(&team, &line).await;
    let texts: Vec<String> = (0..20).map(|n| format!("line {n}")).collect();
    let at = team.unix();
    let said = |(id, text)| Said { from: line.from, id, text, at };
    let all: Vec<Said<'_>> = (0..).zip(texts.iter().map(String::as_str)).map(said).collect();
    assert_eq!(team.hears_call(&meta("/in/acme/whatsapp", &meta_messages(&all))).await.status, 200);
    let told = bot.told(&team).await;
    let heard: Vec<&str> = told.iter().map(|told| told["text"].as_str().expect("a text")).collect();
    assert_eq!(heard, texts);
}

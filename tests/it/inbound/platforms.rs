//! Platforms as they call a webhook: what each sends for a text, and how each signs it. Computed here
//! from their documents, by other code than the engine's.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::LazyLock;

use aws_lc_rs::hmac;
use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Request;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::world::URL;

pub const PHONE: &str = "+37255512345";

/// A text that a customer typed.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    /// As the platform calls the customer.
    pub from: &'a str,
    pub id: u64,
    pub text: &'a str,
    /// Seconds since 1970.
    pub at: u64,
}

/// A request of a platform.
#[derive(Clone)]
pub struct Call {
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Call {
    pub fn request(&self) -> Request<Body> {
        let request = Request::builder().method(self.method).uri(&self.target);
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        request.body(Body::from(self.body.clone())).expect("well-formed")
    }

    /// With another header of that name, or with none.
    pub fn with(&self, name: &'static str, value: Option<&str>) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| *known != name);
        headers.extend(value.map(|value| (name, value.to_owned())));
        Self { headers, ..self.clone() }
    }

    pub fn with_body(&self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }
}

/// A team's account on a platform, and how the platform tells what is said there.
pub struct Line {
    pub name: &'static str,
    pub definition: &'static str,
    pub account: Value,
    pub secrets: Value,
    /// What an interaction calls its conversation.
    pub conversation: &'static str,
    pub from: &'static str,
    pub call: fn(Said<'_>) -> Call,
    /// What the platform expects for an answer.
    pub reply: (&'static str, &'static str),
}

/// One of each kind of proof, and of each shape of body.
pub fn all() -> Vec<Line> {
    vec![sms(), slack(), whatsapp(), telegram(), matrix(), webhooks()]
}

pub fn sms() -> Line {
    Line {
        name: "sms",
        definition: "twilio-sms",
        account: json!({"account_sid": "AC1", "from": "+37250000000"}),
        secrets: json!({"auth_token": "twilio-token"}),
        conversation: PHONE,
        from: PHONE,
        call: |said| twilio("/in/acme/sms", "twilio-token", said),
        reply: ("text/xml", "<Response/>"),
    }
}

/// A form, signed with its address.
pub fn twilio(path: &str, token: &str, said: Said<'_>) -> Call {
    let sid = format!("SM{:032x}", said.id);
    let form = vec![
        ("AccountSid", "AC1"),
        ("Body", said.text),
        ("From", said.from),
        ("MessageSid", &sid),
        ("NumMedia", "0"),
        ("SmsStatus", "received"),
        ("To", "+37250000000"),
    ];
    twilio_form(path, token, form)
}

/// What became of a message, told at the address that Twilio was given with it.
pub fn twilio_status(path: &str, sid: &str, status: &str) -> Call {
    let form = vec![("AccountSid", "AC1"), ("MessageSid", sid), ("MessageStatus", status), ("SmsStatus", status)];
    twilio_form(path, "twilio-token", form)
}

fn twilio_form(path: &str, token: &str, mut form: Vec<(&str, &str)>) -> Call {
    let body = Serializer::new(String::new()).extend_pairs(&form).finish();
    form.sort_unstable();
    let signed: String = form.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let tag = mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes(), &format!("{URL}{path}{signed}"));
    let signature = ("x-twilio-signature", BASE64_STANDARD.encode(tag));
    let kind = ("content-type", "application/x-www-form-urlencoded".to_owned());
    Call { method: "POST", target: path.to_owned(), headers: vec![kind, signature], body: body.into_bytes() }
}

pub fn slack() -> Line {
    Line {
        name: "slack",
        definition: "slack",
        account: json!({}),
        secrets: json!({"bot_token": "xoxb-1", "signing_secret": "slack-secret"}),
        conversation: "U0DEMO",
        from: "U0DEMO",
        call: |said| slack_event(said, said.at, &slack_message(said, "im")),
        reply: ("text/plain", ""),
    }
}

pub fn slack_message(said: Said<'_>, channel_type: &str) -> Value {
    let id = format!("c{}", said.id);
    json!({"type": "message", "user": said.from, "text": said.text, "client_msg_id": id, "channel_type": channel_type})
}

/// An event, signed with its time.
pub fn slack_event(said: Said<'_>, at: u64, event: &Value) -> Call {
    let body = json!({"type": "event_callback", "event_id": format!("Ev{}", said.id), "event": event}).to_string();
    slack_call(at, "slack-secret", body)
}

pub fn slack_call(at: u64, secret: &str, body: String) -> Call {
    let tag = hex(&mac(hmac::HMAC_SHA256, secret.as_bytes(), &format!("v0:{at}:{body}")));
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-slack-request-timestamp", at.to_string()),
        ("x-slack-signature", format!("v0={tag}")),
    ];
    Call { method: "POST", target: "/in/acme/slack".into(), headers, body: body.into_bytes() }
}

pub fn whatsapp() -> Line {
    Line {
        name: "whatsapp",
        definition: "whatsapp-cloud",
        account: json!({"phone_number_id": "106540352242922"}),
        secrets: json!({"access_token": "t", "app_secret": "meta-secret", "verify_token": "meta-verify"}),
        conversation: PHONE,
        from: "37255512345",
        call: |said| meta("/in/acme/whatsapp", &meta_messages(&[said])),
        reply: ("text/plain", ""),
    }
}

/// Several messages in one request.
pub fn meta_messages(said: &[Said<'_>]) -> Value {
    let message = |said: &Said<'_>| {
        json!({"from": said.from, "id": format!("wamid.{}", said.id), "timestamp": said.at.to_string(),
            "type": "text", "text": {"body": said.text}})
    };
    let messages: Vec<Value> = said.iter().map(message).collect();
    let value = json!({"messaging_product": "whatsapp", "metadata": {"phone_number_id": "106540352242922"},
        "messages": messages});
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})
}

pub fn meta(path: &str, body: &Value) -> Call {
    let body = body.to_string();
    let tag = hex(&mac(hmac::HMAC_SHA256, b"meta-secret", &body));
    let headers =
        vec![("content-type", "application/json".to_owned()), ("x-hub-signature-256", format!("sha256={tag}"))];
    Call { method: "POST", target: path.to_owned(), headers, body: body.into_bytes() }
}

pub fn telegram() -> Line {
    Line {
        name: "telegram",
        definition: "telegram",
        account: json!({}),
        secrets: json!({"token": "1:bot-token", "webhook_secret": "tg-secret"}),
        conversation: "1111111",
        from: "1111111",
        call: |said| {
            telegram_update(&json!({"update_id": said.id, "message": telegram_message(said, said.from, "private")}))
        },
        reply: ("text/plain", ""),
    }
}

pub fn telegram_message(said: Said<'_>, chat: &str, kind: &str) -> Value {
    let number = |text: &str| text.parse::<i64>().expect("Telegram's ids are numbers");
    json!({"message_id": said.id, "from": {"id": number(said.from), "is_bot": false},
        "chat": {"id": number(chat), "type": kind}, "date": said.at, "text": said.text})
}

pub fn telegram_update(update: &Value) -> Call {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-telegram-bot-api-secret-token", "tg-secret".to_owned()),
    ];
    Call { method: "POST", target: "/in/acme/telegram".into(), headers, body: update.to_string().into_bytes() }
}

pub fn matrix() -> Line {
    Line {
        name: "matrix",
        definition: "matrix",
        account: json!({"base_url": *HOMESERVER}),
        secrets: json!({"access_token": "as-token", "hs_token": "hs-token"}),
        conversation: "!room:hs.example @demo:hs.example",
        from: "@demo:hs.example",
        call: |said| matrix_events(said.id, &[matrix_message(said)]),
        reply: ("application/json", "{}"),
    }
}

/// A homeserver in whose rooms there are two: it is asked who reads along.
static HOMESERVER: LazyLock<String> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    std::thread::spawn(move || {
        let body = r#"{"joined":{"@gate:hs.example":{},"@demo:hs.example":{}}}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        for stream in listener.incoming() {
            let mut stream = stream.expect("somebody asks");
            // What is asked is one short packet, of which nothing is needed.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    url
});

pub fn matrix_message(said: Said<'_>) -> Value {
    json!({"type": "m.room.message", "room_id": "!room:hs.example", "sender": said.from,
        "event_id": format!("$e{}", said.id), "content": {"msgtype": "m.text", "body": said.text}})
}

/// A transaction, put below the address that the homeserver was given.
pub fn matrix_events(id: u64, events: &[Value]) -> Call {
    let target = format!("/in/acme/matrix/_matrix/app/v1/transactions/{id}");
    let headers =
        vec![("content-type", "application/json".to_owned()), ("authorization", "Bearer hs-token".to_owned())];
    Call { method: "PUT", target, headers, body: json!({"events": events}).to_string().into_bytes() }
}

/// 24 bytes, as Standard Webhooks write a secret.
pub const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub fn webhooks() -> Line {
    Line {
        name: "own",
        definition: "standard-webhooks",
        account: json!({"base_url": "https://messages.example"}),
        secrets: json!({"signing_secret": WHSEC, "inbound_secret": WHSEC}),
        conversation: "user-1",
        from: "user-1",
        call: |said| {
            let data =
                json!({"id": format!("m{}", said.id), "from": said.from, "conversation": "user-1", "text": said.text});
            let body = json!({"type": "message.received", "data": data}).to_string();
            standard(&format!("msg_{}", said.id), &said.at.to_string(), body)
        },
        reply: ("text/plain", ""),
    }
}

pub fn standard(id: &str, at: &str, body: String) -> Call {
    let key = BASE64_STANDARD.decode(&WHSEC["whsec_".len()..]).expect("base64");
    let tag = BASE64_STANDARD.encode(mac(hmac::HMAC_SHA256, &key, &format!("{id}.{at}.{body}")));
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at.to_owned()),
        ("webhook-signature", format!("v1,{tag}")),
    ];
    Call { method: "POST", target: "/in/acme/own".into(), headers, body: body.into_bytes() }
}

fn mac(hash: hmac::Algorithm, key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hash, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

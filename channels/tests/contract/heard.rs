//! What comes in is proved, answered and read as each platform documents it. What a platform would
//! have computed is computed here once more, by other code than the engine's.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_channels::definition::Definition as _;
use countersign_channels::format::inbound::proof::VerificationError;
use countersign_channels::format::inbound::request::InboundRequest;
use countersign_channels::inbound::{DeliveryStatus, Happening, MessageAudience, Taken, WebhookVerifier};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use url::form_urlencoded;

use crate::case::{Case, NOW, all};
use crate::server::{Answer, Server};

/// `[[heard]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coming {
    method: String,
    url: String,
    #[serde(default)]
    at: Option<u64>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    form: BTreeMap<String, String>,
    #[serde(default)]
    reply: Option<Reply>,
    #[serde(default)]
    said: Vec<Said>,
    #[serde(default)]
    became: Vec<DeliveryReceipt>,
    #[serde(default)]
    opened: Vec<Opened>,
    /// It is the platform's, and nothing that is read.
    #[serde(default)]
    unread: bool,
    /// Why it is not believed, as far as it goes.
    #[serde(default)]
    refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    status: u16,
    content_type: String,
    body: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    id: String,
    sender: String,
    conversation: String,
    text: String,
    audience: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryReceipt {
    id: String,
    #[serde(default)]
    ours: Option<String>,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    sender: String,
    token: String,
}

/// A request, put together.
pub struct Request {
    pub method: String,
    pub url: String,
    pub at: u64,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    pub async fn send_to(&self, webhook_verifier: &WebhookVerifier) -> Result<Taken, VerificationError> {
        let method = self.method.parse().unwrap();
        webhook_verifier
            .hear(&InboundRequest {
                method,
                url: self.url.clone(),
                headers: &self.headers,
                body: &self.body,
                unix: self.at,
            })
            .await
    }
}

impl Coming {
    fn request(&self, case: &Case) -> Request {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.form).finish();
        let body = if self.form.is_empty() { self.body.clone() } else { form };
        let header = |(name, value): (&String, &String)| {
            let value = self.value(value, &body, case);
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(&value).unwrap())
        };
        let headers = self.headers.iter().map(header).collect();
        let (method, url, at) = (self.method.clone(), self.url.clone(), self.at.unwrap_or(NOW));
        Request { method, url, at, headers, body: body.into_bytes() }
    }

    /// A header's value, with what the platform would have computed.
    fn value(&self, value: &str, body: &str, case: &Case) -> String {
        let times = [("{now}", NOW), ("{now+301}", NOW + 301), ("{now-301}", NOW - 301)];
        let mut value =
            times.iter().fold(value.to_owned(), |value, (name, time)| value.replace(name, &time.to_string()));
        if value == "{twilio}" {
            let signed: String = self.form.iter().flat_map(|(name, value)| [name.as_str(), value]).collect();
            let tag =
                mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &case.secrets["auth_token"], &format!("{}{signed}", self.url));
            value = BASE64_STANDARD.encode(tag);
        }
        for (name, is_hex) in [("{hmac-sha256-hex:", true), ("{hmac-sha256-base64:", false)] {
            let Some((before, inside)) = value.split_once(name) else { continue };
            let (key, data) = inside.strip_suffix('}').unwrap().split_once(':').unwrap();
            let tag = mac(hmac::HMAC_SHA256, key, &data.replace("{body}", body));
            let hex = || tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            let tag: String = if is_hex { hex() } else { BASE64_STANDARD.encode(tag) };
            value = format!("{before}{tag}");
        }
        value
    }
}

fn mac(algorithm: hmac::Algorithm, key: &str, data: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), data.as_bytes())
}

#[tokio::test]
async fn what_comes_in_is_read_as_its_platform_documents_it() {
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        let server = Server::start().await;
        server.answers([Answer { status: 200, body: case.there.clone(), ..Answer::default() }]);
        let webhook_verifier = platform.webhook_verifier(&case.account(&server.url, &[])).unwrap().unwrap();
        for (number, coming) in case.heard.iter().enumerate() {
            let place = format!("{name}, heard {number}");
            let taken = coming.request(&case).send_to(&webhook_verifier).await;
            if let Some(why) = &coming.refused {
                let distrust = taken.err().unwrap_or_else(|| panic!("{place}: it was believed")).to_string();
                assert!(distrust.starts_with(why), "{place}: {distrust}");
                continue;
            }
            let taken = taken.unwrap_or_else(|distrust| panic!("{place}: {distrust}"));
            let read = |reply: &countersign_channels::format::inbound::ReplyFormat| {
                let reply = reply.clone();
                Reply { status: reply.status, content_type: reply.content_type, body: reply.body }
            };
            let usual = read(&platform.file().inbound.as_ref().unwrap().reply);
            assert_eq!(read(&taken.reply), coming.reply.clone().unwrap_or(usual), "{place}");
            assert_eq!(taken.is_read, !coming.unread, "{place}");
            assert_eq!(seen(&taken), (coming.said.clone(), coming.became.clone(), coming.opened.clone()), "{place}");
        }
    }
}

fn seen(taken: &Taken) -> (Vec<Said>, Vec<DeliveryReceipt>, Vec<Opened>) {
    let (mut said, mut became, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    for happening in &taken.happenings {
        match happening {
            Happening::Heard(heard) => said.push(Said {
                id: heard.message_id.clone(),
                sender: heard.sender.as_str().into(),
                conversation: heard.conversation.as_str().into(),
                text: heard.text.expose_secret().into(),
                audience: match heard.audience {
                    MessageAudience::Alone => "alone",
                    MessageAudience::Group => "group",
                    MessageAudience::Unknown => "unknown",
                }
                .into(),
            }),
            Happening::DeliveryReceipt(event) => became.push(DeliveryReceipt {
                id: event.platform_id.clone(),
                ours: event.ours.clone(),
                status: match event.status {
                    DeliveryStatus::Delivered => "delivered",
                    DeliveryStatus::Read => "read",
                    DeliveryStatus::Failed => "failed",
                }
                .into(),
            }),
            Happening::Opened(event) => {
                let token = event.token.expose_secret().to_owned();
                opened.push(Opened { sender: event.sender.as_str().into(), token });
            }
        }
    }
    (said, became, opened)
}

/// What a person says may be a code: nothing prints it.
#[tokio::test]
async fn what_was_said_does_not_print() {
    let (platform, case) = all().into_iter().find(|(platform, _)| platform.file().platform.name == "telegram").unwrap();
    let webhook_verifier = platform.webhook_verifier(&case.account("https://platform.example", &[])).unwrap().unwrap();
    let taken = case.heard[0].request(&case).send_to(&webhook_verifier).await.unwrap();
    assert!(!taken.happenings.is_empty());
    let shown = format!("{taken:?}");
    assert!(!shown.contains("482913") && !shown.contains("Address(1"), "{shown}");
}

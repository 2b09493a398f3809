//! A platform's side: an account on it, what it is asked for, what it answers.
//! It is data; what is done with it, the tests say.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_channels::ambient::{Ambient, Still};
use countersign_channels::definition::{Account, Definition as _};
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::HttpClient;
use countersign_channels::platform::Platform;
use countersign_channels::platform::shipped::SOURCES;
use countersign_channels::{Channel, Content, Message, MessageAddress, Terms};
use serde::Deserialize;

use crate::heard::Coming;

/// Friday, 20 November 2026, 23:32:02 UTC.
pub const NOW: u64 = 1_795_217_522;

/// `tests/platforms/NAME.toml`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Whom messages go to.
    pub to: String,
    #[serde(default)]
    pub account: toml::Table,
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    pub taken: Taken,
    pub request: Vec<Wanted>,
    #[serde(default)]
    pub refusal: Vec<Refusal>,
    /// Where a code is carried back into the chat.
    #[serde(default)]
    pub return_link: Option<String>,
    /// How the platform is made to say whose browser has logged in.
    #[serde(default)]
    pub linking: Option<LinkedWay>,
    /// How messages are taken back.
    #[serde(default)]
    pub retract: Vec<Retraction>,
    /// How agents are shown who was proved.
    #[serde(default)]
    pub shown: Option<Wanted>,
    /// What it answers when it is asked who is in a room.
    #[serde(default)]
    pub there: String,
    /// What comes in.
    #[serde(default)]
    pub heard: Vec<Coming>,
}

/// What the platform answers to what it takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    pub status: u16,
    #[serde(default)]
    pub body: String,
    /// The message's id.
    #[serde(default)]
    pub id: Option<String>,
}

/// What the platform is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(default)]
    pub kind: Kind,
    /// Somebody else than usual.
    #[serde(default)]
    pub to: Option<String>,
    /// Other words than usual.
    #[serde(default)]
    pub text: Option<String>,
    /// The account without these fields.
    #[serde(default)]
    pub without: Vec<String>,
    /// The person has written of late.
    #[serde(default)]
    pub freely: bool,
    /// For how long it is good for anything.
    #[serde(default)]
    pub seconds: Option<u64>,
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    #[default]
    Text,
    Link,
    Code,
}

/// Where a browser that has logged in goes, and what the platform is asked for first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkedWay {
    #[serde(default)]
    pub asked: Option<Retraction>,
    pub back: String,
    /// Without this field of the account there is no such way.
    #[serde(default)]
    pub needs: Option<String>,
}

/// What the platform is asked for when a message is taken back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retraction {
    #[serde(default)]
    pub whose: String,
    #[serde(default)]
    pub id: String,
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub body: String,
    pub answer: String,
}

/// What the platform answers to what it does not take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
    /// As `DeliveryError` says it.
    pub means: String,
}

pub const TEXT: &str = "Hello from Demo Bank";
pub const URL: &str = "https://gate.example/l/AbC-1_x?a=1&b=2";
pub const CODE: &str = "482913";

impl Case {
    pub fn of(name: &str) -> Self {
        let path = format!("{}/tests/platforms/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The account, on a server of ours.
    pub fn account(&self, server: &str, without: &[String]) -> Account {
        let fields = self.account.iter().filter(|(name, _)| !without.contains(name)).map(|(name, value)| {
            let text = value.as_str().expect("fields are texts").replace("{server}", server);
            (name.clone(), text.into())
        });
        let fields = fields.chain([("base_url".to_owned(), server.into())]).collect();
        let secrets = self.secrets.iter().filter(|(name, _)| !without.contains(name));
        let key = include_str!("../keys/rsa.pem");
        let secrets = secrets.map(|(name, secret)| (name.clone(), secret.replace("{rsa_key}", key).into())).collect();
        Account { fields, secrets }
    }

    pub fn channel(&self, platform: &Platform, server: &str, without: &[String]) -> Arc<dyn Channel> {
        platform.open(&self.account(server, without)).unwrap_or_else(|wrong| panic!("{}: {wrong:?}", platform.name()))
    }

    pub fn message(&self, kind: Kind, text: &str) -> Message {
        let (text, code) = (text.to_owned(), CODE.to_owned().into());
        let content = match kind {
            Kind::Text => Content::Text(text),
            Kind::Link => Content::Link { text, url: URL.to_owned().into() },
            Kind::Code => Content::Code { text: format!("{text}: #PIN#"), code },
        };
        let (id, to, subject) = ("0199aa.m1-chat".into(), MessageAddress::new(&self.to), Some("Demo Bank".into()));
        Message { id, to, subject, content, terms: Terms::default() }
    }
}

/// What carries requests to a server of ours.
pub fn http_client() -> HttpClient {
    HttpClient::new(EgressPolicy::new(|ip| ip.is_loopback())).unwrap()
}

pub fn ambient() -> Arc<dyn Ambient> {
    Arc::new(Still { unix: NOW, chance: [0xab; 16] })
}

/// Every shipped platform with its case.
pub fn all() -> Vec<(Platform, Case)> {
    let http_client = http_client();
    let load = |(name, source): &(&str, &str)| {
        let platform = Platform::load(name, source, http_client.clone(), ambient()).unwrap();
        (platform, Case::of(name))
    };
    SOURCES.iter().map(load).collect()
}

//! A gateway that really listens, with a team that can send, for journeys over the hosted pages. Its
//! text messages and mails end in a recorder that the journeys may read, as people read theirs.

use std::time::Duration;

use countersign::ambient::{Clock as _, SystemClock};
use countersign::app::{self, Beside, Consent, Running};
use countersign::config::Config;
use countersign_channels::built_in::recorder::Recorder;
use reqwest::{Client, Method};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::codes::digits;
use crate::world::{jwt, unique};

/// The customer's.
pub const PHONE: &str = "+447700900121";
const OWNER: &str = "owner-key-of-the-browser-0123456789abcdef";

/// The gateway, its team and what it has sent.
pub struct House {
    pub url: String,
    http: Client,
    agent: String,
    recorder: Recorder,
    config: Config,
    /// None while it is stopped.
    running: Option<Running>,
    _folder: tempfile::TempDir,
}

impl House {
    /// Without any team.
    pub async fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::load(None, std::iter::empty()).expect("the defaults are good");
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.store.path = folder.path().join("store");
        OWNER.clone_into(&mut config.admin.key);
        config.outbound.allow = vec!["127.0.0.0/8".parse().expect("a network")];
        let recorder = Recorder::default();
        let running = start(&config, &recorder).await;
        let http = Client::builder().no_proxy().build().expect("a client");
        let url = running.public_url.clone();
        let running = Some(running);
        Self { url, http, agent: String::new(), recorder, config, running, _folder: folder }
    }

    /// A team with these settings over what every journey needs.
    pub async fn open(settings: Value) -> Self {
        let mut house = Self::empty().await;
        house.call(Method::PUT, "/v1/teams/linden", json!({"name": "Linden Bank"})).await;
        let common = json!({"brand": {"name": "Linden Bank", "color": "#1c6b48"}, "lockout": {"threshold": 3},
            "send_budget": {"resend_after_seconds": 5}});
        for settings in [common, settings] {
            house.call(Method::PATCH, "/v1/teams/linden/settings", settings).await;
        }
        for channel in ["sms", "email"] {
            let body = json!({"definition": "recorder", "account": {"inbox": channel}});
            house.call(Method::PUT, &format!("/v1/teams/linden/channels/{channel}"), body).await;
        }
        let body = json!({"role": "agent", "name": "agent"});
        let key = house.call(Method::POST, "/v1/teams/linden/api-keys", body).await;
        house.agent = key["key"].as_str().expect("the key is told").to_owned();
        house
    }

    /// An agent's API key.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The owner's key.
    pub fn owner(&self) -> &'static str {
        OWNER
    }

    /// The status that a read under this key is answered with.
    pub async fn as_key(&self, key: &str, path: &str) -> u16 {
        let reply = self.http.get(format!("{}{path}", self.url)).bearer_auth(key).send().await;
        reply.expect("it answers").status().as_u16()
    }

    /// The process ends.
    pub async fn stops(&mut self) {
        let running = self.running.take().expect("it runs");
        self.config.server.listen = running.address;
        running.stopping.cancel();
        running.finish().await.expect("it stops in order");
    }

    /// And begins again, on the same store and at the same address.
    pub async fn starts_again(&mut self) {
        self.running = Some(start(&self.config, &self.recorder).await);
    }

    /// The team's own opening screen for PINs.
    pub async fn screen(&self, html: &str) {
        self.screen_named("hint", html).await;
        self.call(Method::PATCH, "/v1/teams/linden/settings", json!({"pin": {"opening_screen": "hint"}})).await;
    }

    /// One of the team's own opening screens.
    pub async fn screen_named(&self, name: &str, html: &str) {
        let path = format!("{}/v1/teams/linden/screens/{name}", self.url);
        let put = self.http.put(path).bearer_auth(OWNER).header("content-type", "text/html").body(html.to_owned());
        assert!(put.send().await.expect("it answers").status().is_success());
    }

    /// What is kept of one.
    pub async fn screen_of(&self, name: &str) -> String {
        let path = format!("{}/v1/teams/linden/screens/{name}", self.url);
        let got = self.http.get(path).bearer_auth(OWNER).send().await.expect("it answers");
        got.text().await.expect("a text")
    }

    /// Unix seconds.
    pub fn now(&self) -> u64 {
        SystemClock::default().now() / 1000
    }

    /// A conversation with a customer and a cosigner; its id.
    pub async fn chat(&self) -> String {
        let person = |role: &str, n: u8| {
            json!({"role": role, "name": "Demo Customer", "phone": format!("+44770090012{n}"),
                "email": format!("demo{n}@example.com")})
        };
        let body = json!({"channel": "webchat", "conversation": "conv-1",
            "participants": [person("primary", 1), person("cosigner", 2)]});
        text(&self.call(Method::POST, "/v1/interactions", body).await["id"])
    }

    /// An agent puts a challenge; its page.
    pub async fn challenge(&self, chat: &str, body: Value) -> String {
        text(&self.call(Method::POST, &format!("/v1/interactions/{chat}/challenges"), body).await["page_url"])
    }

    /// A conversation in which a code is on the customer's phone: its id, the code's page, the code.
    pub async fn sends_a_code(&self) -> (String, String, String) {
        let chat = self.chat().await;
        let page = self.challenge(&chat, json!({"method": "otp", "deliver_to": "sms"})).await;
        (chat, page, self.code(PHONE, 1).await)
    }

    /// An agent invites somebody; the page.
    pub async fn invite(&self, chat: &str, body: Value) -> String {
        text(&self.call(Method::POST, &format!("/v1/interactions/{chat}/invitations"), body).await["url"])
    }

    /// A participant as agents read her.
    pub async fn participant(&self, chat: &str, n: usize) -> Value {
        self.call(Method::GET, &format!("/v1/interactions/{chat}"), Value::Null).await["participants"][n].clone()
    }

    /// The customer types it in the chat; what came of it.
    pub async fn types_in_chat(&self, chat: &str, text: &str) -> Value {
        let said = json!({"message_id": format!("m-{}", unique()), "text": text});
        self.call(Method::POST, &format!("/v1/interactions/{chat}/messages"), said).await
    }

    /// The code in the message of that number to somebody, counted from one, once it has arrived.
    pub async fn code(&self, to: &str, number: usize) -> String {
        let arrives = async {
            loop {
                let sent = self.recorder.messages();
                let texts = sent.iter().filter(|sent| sent.message.to.as_str() == to);
                let mut codes = texts.filter_map(|sent| digits(sent.message.content.plain().expose_secret()));
                if let Some(code) = codes.nth(number - 1) {
                    return code;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrives).await.expect("the message arrives")
    }

    /// The link in the first message to somebody that has one, once it has arrived.
    pub async fn link(&self, to: &str) -> String {
        let arrives = async {
            loop {
                let sent = self.recorder.messages();
                let texts = sent.iter().filter(|sent| sent.message.to.as_str() == to);
                let texts = texts.map(|sent| sent.message.content.plain().expose_secret().to_owned());
                let link =
                    |text: String| text.split_whitespace().find(|word| word.starts_with(&self.url)).map(str::to_owned);
                if let Some(link) = texts.filter_map(link).next() {
                    return link;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrives).await.expect("the message arrives")
    }

    /// A conversation of a customer for whom the website vouches before the chat.
    pub async fn vouched(&self) -> String {
        let key = self.call(Method::POST, "/v1/teams/linden/security-keys", json!({})).await;
        let now = self.now();
        let claims = json!({"iss": "shop.example.com", "aud": format!("{}/v1/interactions", self.url), "sub": "cust-42",
            "name": "Demo Customer", "private_data": {"account": "12-345"},
            "jti": format!("{:0>22}", unique()), "iat": now, "exp": now + 60});
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": key["kid"]});
        let token = jwt(&header, &claims, key["secret"].as_str().expect("told once"));
        let body = json!({"channel": "webchat", "conversation": "conv-9", "participants": [{"role": "primary"}],
            "identity_token": token});
        text(&self.call(Method::POST, "/v1/interactions", body).await["id"])
    }

    /// Asks the API, as an agent or, where it is about the team, as the owner.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let key = if self.agent.is_empty() || path.starts_with("/v1/teams") { OWNER } else { &self.agent };
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(key);
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = request.send().await.expect("it answers");
        let (good, told) = (reply.status().is_success(), reply.json::<Value>().await.expect("JSON"));
        assert!(good, "{path}: {told}");
        told
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.stopping.cancel();
        }
    }
}

async fn start(config: &Config, recorder: &Recorder) -> Running {
    let beside = Beside { recorder: recorder.clone(), ..Beside::default() };
    app::start(config, beside, Consent::default()).await.expect("it starts")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

//! Platforms that take longer with a message than a claim lasts: it is renewed while they are asked, so no
//! other node sends the same meanwhile. And what each channel's messages are, whatever it is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use countersign_channels::definition::{Account, Definition, Features};
use countersign_channels::validation::FieldError;
use countersign_channels::{Capabilities, Channel, DeliveryError, Message, Sent};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{PHONE, code_in, seconds, team_with};
use crate::simulation::truth::Truth;
use crate::stores::modelled;
use crate::world::{Team, World};

/// A platform that thinks for so many seconds and then takes the message.
#[derive(Clone, Default)]
struct Slow {
    thinks: Arc<AtomicU64>,
    asked: Arc<AtomicUsize>,
}

impl Definition for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn open(&self, _: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        Ok(Arc::new(self.clone()))
    }

    fn features(&self) -> Features {
        Features::default()
    }
}

#[async_trait]
impl Channel for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    async fn send(&self, _: &Message) -> Result<Sent, DeliveryError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        sleep(seconds(self.thinks.load(Ordering::SeqCst))).await;
        Ok(Sent { platform_id: None })
    }
}

/// Two nodes; the first sends a code while time passes and the second looks for what is due. How often the
/// platform was asked, and what the code's message came to.
async fn sent_by_two(thinks: u64, passes: u64) -> (usize, Value) {
    let world = World::on(modelled(Arc::new(Truth::new(false))));
    let slow = Slow::default();
    slow.thinks.store(thinks, Ordering::SeqCst);
    let first = world.with_platform(Arc::new(slow.clone()));
    let second = world.with_platform(Arc::new(slow.clone()));
    let team = team_with(&first, &[]).await;
    let body = json!({"definition": "slow"});
    first.call(&team.admin, "PUT", "/v1/teams/acme/channels/sms", body).await.expect(201);
    let chat = team.open_with("c", Some(PHONE), None).await;
    team.wants_code(&chat, json!({"deliver_to": "sms"})).await.expect(202);
    let gateway = first.gateway.clone();
    let sending = tokio::spawn(async move { gateway.run_jobs().await });
    for _ in 0..passes {
        sleep(seconds(1)).await;
        world.clock.advance(seconds(1));
        let other = second.gateway.clone();
        tokio::spawn(async move { other.maintain().await });
    }
    let asked = slow.asked.load(Ordering::SeqCst);
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    sending.abort();
    (asked, seen["challenge"]["delivery"]["status"].clone())
}

#[tokio::test(start_paused = true)]
async fn a_slow_platform_is_asked_once_by_one_node() {
    assert_eq!(sent_by_two(14, 25).await, (1, json!("sent")));
    assert_eq!(sent_by_two(28, 29).await, (1, json!("sent")));
}

/// The node that asks dies with its question: the claim lapses, and the other asks.
#[tokio::test(start_paused = true)]
async fn a_platform_that_never_answers_is_asked_again() {
    let (asked, status) = sent_by_two(3600, 36).await;
    assert_eq!((asked, status), (2, json!("queued")), "half a minute for an answer, then another try");
}

/// A platform of text messages, or of none, under any name.
struct Kind {
    name: &'static str,
    is_text_message: bool,
    kept: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Definition for Kind {
    fn name(&self) -> &str {
        self.name
    }

    fn open(&self, _: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        Ok(Arc::new(Self { kept: self.kept.clone(), ..*self }))
    }

    fn features(&self) -> Features {
        Features::default()
    }
}

#[async_trait]
impl Channel for Kind {
    fn name(&self) -> &str {
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { is_text_message: self.is_text_message, ..Capabilities::default() }
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        self.kept.lock().expect("nobody panics").push(message.content.plain().expose_secret().to_owned());
        Ok(Sent { platform_id: None })
    }
}

/// The last line that phones look for, and where `sms:` leads back to, go by what the channel is.
#[tokio::test]
async fn what_is_a_text_message_its_platform_says_and_not_its_name() {
    let kept = Arc::default();
    let kind = |name, is_text_message| Arc::new(Kind { name, is_text_message, kept: Arc::clone(&kept) });
    let (texts, chat) = (kind("texts", true) as Arc<dyn Definition>, kind("chat", false) as Arc<dyn Definition>);
    let world = World::new().await.with_platforms(vec![texts, chat]);
    let team = world.team("acme").await;
    for (name, definition, is_text_message) in [("phone", "texts", true), ("sms", "chat", false)] {
        let path = format!("/v1/teams/acme/channels/{name}");
        world.call(&team.admin, "PUT", &path, json!({"definition": definition})).await.expect(201);
        let chat = team.open(name, PHONE).await;
        team.wants_code(&chat, json!({"deliver_to": "chat"})).await.expect(202);
        world.sent().await;
        let text = kept.lock().expect("nobody panics").pop().expect("a message");
        let bound = text.ends_with(&format!("\n@auth.example.com #{}", code_in(&text)));
        assert_eq!(bound, is_text_message, "{name}: {text}");
        let back = json!({"purpose": "mid_chat", "return_url": "sms:+37250000000"});
        let link = team.bot("POST", &chat, "/login-links", back).await;
        assert_eq!(link.status, if is_text_message { 201 } else { 422 }, "{name}: {}", link.text());
    }
    let unknown: Team = team;
    let elsewhere = unknown.open("sms-by-the-bot", PHONE).await;
    let back = json!({"purpose": "mid_chat", "return_url": "sms:+37250000000"});
    unknown.bot("POST", &elsewhere, "/login-links", back).await.refused(422, "invalid");
}

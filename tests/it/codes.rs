//! Steps for tests of challenges: bots put them, a customer's phone receives the code, agents look.
//! No channel carries a code yet, so the phone is the gateway's own record, read in this process.

use countersign::domain::base::id::InteractionId;
use countersign::domain::secret::token::Token;
use serde_json::{Value, json};

use crate::world::{Reply, Team, URL, unique};

impl Team {
    /// Puts a challenge and answers what came back.
    pub async fn asks(&self, key: &str, chat: &str, body: Value) -> Reply {
        self.world.call(key, "POST", &format!("/v1/interactions/{chat}/challenges"), body).await
    }

    /// Lets agents see codes, so that one can be left to them.
    pub async fn shows_codes(&self) {
        self.set(json!({"otp": {"show_to_agents": true}})).await;
    }

    /// A one-time code for the primary, told by the agent, who is allowed to see it where that is not so yet.
    pub async fn otp(&self, chat: &str) -> Value {
        let body = json!({"method": "otp", "deliver_to": "agent"});
        let asked = self.asks(&self.bot, chat, body.clone()).await;
        if asked.code() != "not-shown" {
            return asked.expect(202);
        }
        self.shows_codes().await;
        self.asks(&self.bot, chat, body).await.expect(202)
    }

    /// The code of a participant's live challenge, as her phone would show it.
    pub async fn code(&self, chat: &str, participant: usize) -> String {
        let id: InteractionId = chat.parse().expect("an id");
        let held = self.world.gateway.conversations.interaction(id, None).await.expect("it is there");
        let challenge = held.interaction.participants[participant].challenge.as_ref().expect("one is live");
        let code = challenge.answer(id, &self.world.gateway.engine.keys().code);
        String::from_utf8(code.expose().to_vec()).expect("digits")
    }

    /// A code that is not this one.
    pub fn wrong(code: &str) -> String {
        let digits = code.bytes().map(|digit| char::from(b'0' + (digit - b'0' + 1) % 10));
        digits.collect()
    }

    /// The bot answers a challenge.
    pub async fn answers(&self, challenge: &Value, text: &str) -> Reply {
        self.attends(&self.bot, "POST", challenge, "/answers", json!({"answer": text})).await
    }

    /// The outcome of an answer.
    pub async fn outcome(&self, challenge: &Value, text: &str) -> String {
        let told = self.answers(challenge, text).await.expect(200);
        told["outcome"].as_str().expect("an outcome").to_owned()
    }

    /// Something of a challenge.
    pub async fn attends(&self, key: &str, method: &str, challenge: &Value, rest: &str, body: Value) -> Reply {
        let id = challenge["id"].as_str().expect("an id");
        self.world.call(key, method, &format!("/v1/challenges/{id}{rest}"), body).await
    }

    /// Continue is pressed on the challenge's page.
    pub async fn arrives(&self, challenge: &Value) {
        let url = challenge["page_url"].as_str().expect("a URL");
        let token = url.strip_prefix(&format!("{URL}/c/")).and_then(Token::parse).expect("a token");
        let browser = self.world.gateway.engine.keys().form.tag(&[b"her own browser"]);
        self.world.gateway.challenges.arrive(&token, &browser, None).await.expect("she is let in");
    }

    /// Answers wrongly so often, with as many codes as that takes; the last outcome.
    pub async fn guesses(&self, chat: &str, times: usize) -> String {
        let mut last = String::new();
        let mut live = Value::Null;
        for _ in 0..times {
            if live["tries_left"].as_u64().unwrap_or(0) == 0 {
                live = self.otp(chat).await;
            }
            let wrong = Self::wrong(&self.code(chat, 0).await);
            let told = self.answers(&live, &wrong).await.expect(200);
            live["tries_left"] = told["tries_left"].clone();
            last = told["outcome"].as_str().expect("an outcome").to_owned();
        }
        last
    }

    /// Opens a conversation whose primary is this person.
    pub async fn open_for(&self, conversation: &str, person: Value) -> String {
        let mut primary = json!({"role": "primary"});
        primary.as_object_mut().expect("a map").extend(person.as_object().cloned().unwrap_or_default());
        let body = json!({"channel": "sms", "conversation": conversation, "participants": [primary]});
        let opened = self.world.call(&self.bot, "POST", "/v1/interactions", body).await.expect(201);
        opened["id"].as_str().expect("an id").to_owned()
    }

    /// The conversation says something, under a fresh message id.
    pub async fn hears(&self, chat: &str, text: &str) -> Value {
        self.says(chat, &format!("m-{}", unique()), text).await.expect(200)
    }

    /// What failed answers have led to for the primary.
    pub async fn lockout(&self, chat: &str) -> Value {
        self.bot("GET", chat, "", Value::Null).await.expect(200)["participants"][0]["lockout"].clone()
    }
}

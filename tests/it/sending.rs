//! Messages that the gateway sends: what leaves, by which way, to whom, how often, and what it
//! costs. Seen from outside: by the API, and in the recorder that stands for the platforms.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Reply, Team, World};

mod budgets;
mod channels;
mod circuits;
mod claims;
mod codes;
mod failures;
mod links;
mod mail;

const PHONE: &str = "+37255512345";
const MAIL: &str = "customer@example.com";

impl Team {
    /// A conversation with a customer who can be reached.
    async fn open_with(&self, conversation: &str, phone: Option<&str>, email: Option<&str>) -> String {
        let person = json!({"role": "primary", "name": "evil.example/login", "phone": phone, "email": email});
        let body = json!({"channel": "webchat", "conversation": conversation, "participants": [person]});
        let opened = self.world.call(&self.bot, "POST", "/v1/interactions", body).await.expect(201);
        opened["id"].as_str().expect("an id").to_owned()
    }

    /// A one-time code is asked for.
    async fn wants_code(&self, interaction: &str, more: Value) -> Reply {
        let mut body = json!({"method": "otp"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.bot("POST", interaction, "/challenges", body).await
    }

    async fn wants_another(&self, challenge: &Value) -> Reply {
        let path = format!("/v1/challenges/{}/resend", challenge["id"].as_str().expect("an id"));
        self.world.call(&self.bot, "POST", &path, json!({})).await
    }
}

/// A team with the channels of those names.
async fn team_with(world: &World, channels: &[&str]) -> Team {
    let team = world.team("acme").await;
    for name in channels {
        team.channel(name).await;
    }
    team
}

/// The first run of digits in a text: the code.
pub fn code_in(text: &str) -> String {
    text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

//! Accounts: a storefront whose customers log in with passwords and codes, the pages where they do, and
//! those who look after them. The storefront's server has a bot's key, the customer a mailbox and a phone,
//! which are the recorder's inboxes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sending::code_in;
use crate::world::{Reply, Team, World};

mod forgotten;
mod guessing;
mod hosted;
mod looked_after;
mod resets;
mod second_step;
mod storefront;
mod tickets;

const MINUTE: Duration = Duration::from_secs(60);
const TICKETS: &str = "/api/commerce/customer/authtickets";
const MAIL: &str = "demo@example.com";
const PHONE: &str = "+37255512345";
const PASSWORD: &str = "vexed lamp 7";

/// A shop with one registered customer, a mailbox and a phone that its messages reach.
async fn shop(world: &World, settings: Value) -> Team {
    let team = world.team("acme").await;
    for name in ["sms", "email"] {
        team.channel(name).await;
    }
    let many = json!({"per_destination_hour": 100, "per_destination_day": 100, "resend_after_seconds": 0});
    team.set(json!({"send_budget": many, "delivery": {"order": ["email", "sms"]}})).await;
    team.set(settings).await;
    let customer = json!({"name": "Demo Customer", "username": "demo", "emails": [MAIL], "phones": [PHONE],
        "password": PASSWORD, "private_data": {"iban": "EE38"}});
    team.customer("PUT", "cust-42", "", customer).await.expect(201);
    team
}

impl Team {
    /// An admin calls something of a customer.
    async fn customer(&self, method: &str, id: &str, rest: &str, body: Value) -> Reply {
        let path = format!("/v1/teams/{}/customers/{id}{rest}", self.name);
        self.world.call(&self.admin, method, &path, body).await
    }

    /// How the customer's account stands.
    async fn account(&self) -> Value {
        self.customer("GET", "cust-42", "", Value::Null).await.expect(200)["login"].clone()
    }

    /// The storefront's server calls something of tickets.
    async fn tickets(&self, method: &str, rest: &str, body: Value) -> Reply {
        self.world.call(&self.bot, method, &format!("{TICKETS}{rest}"), body).await
    }

    /// The customer logs in with a password.
    async fn enters(&self, username: &str, password: &str, device: Value) -> Reply {
        let mut body = json!({"username": username, "password": password});
        body.as_object_mut().expect("a map").extend(device.as_object().cloned().unwrap_or_default());
        self.tickets("POST", "", body).await
    }

    /// The newest code that has left, and where it went.
    async fn newest_code(&self) -> (String, String) {
        let (inbox, _, text) = self.world.sent().await.pop().expect("something has left");
        (inbox, code_in(&text))
    }

    /// Whether an access token's ticket stands.
    async fn stands(&self, ticket: &Value) -> bool {
        let body = json!({"token": ticket["accessToken"]});
        let told = self.world.call(&self.bot, "POST", "/v1/tickets/introspect", body).await.expect(200);
        told["active"].as_bool().expect("a word")
    }
}

/// The one answer to every login that fails.
fn fails(reply: &Reply) -> Vec<u8> {
    reply.refused(401, "login-failed");
    reply.bytes.clone()
}

/// What an authenticator app that was given this address shows now (RFC 6238).
fn code_at(url: &str, world: &World) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
    use countersign::ambient::Clock;
    let secret = url.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).expect("a secret");
    let letter = |c: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).expect("base32");
    let bits: Vec<usize> = secret.chars().flat_map(|c| (0..5).map(move |n| letter(c) >> (4 - n) & 1)).collect();
    let bytes: Vec<u8> = bits
        .chunks_exact(8)
        .map(|byte| u8::try_from(byte.iter().fold(0, |sum, bit| sum * 2 + bit)).expect("eight bits"))
        .collect();
    let mac = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes), &(world.clock.now() / 30_000).to_be_bytes());
    let at = usize::from(mac.as_ref()[19] & 15);
    let number = u32::from_be_bytes(mac.as_ref()[at..at + 4].try_into().expect("four bytes")) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

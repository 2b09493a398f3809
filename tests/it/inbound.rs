//! What people say on chat platforms, as the platforms tell it at `/in/TEAM/CHANNEL`: signed by other
//! code than the gateway's, answered through the real router, and seen from outside in flags, in what
//! the team's bot is told, and in what the platforms are asked.

mod attacks;
mod bot;
mod callers;
mod chats;
mod clocks;
mod journeys;
mod late;
mod linking;
mod nodes;
mod packed;
mod platforms;
pub mod receipts;
mod receiver;
mod secrets;
mod written;

use std::sync::Arc;

use countersign_channels::ambient::{Ambient, Still};
use countersign_channels::definition::Definition;
use countersign_channels::egress::EgressPolicy;
use countersign_channels::http_client::HttpClient;
use countersign_channels::platform::shipped;
use serde_json::{Value, json};

use crate::world::{Reply, Team, World};
use platforms::{Call, Line, Said};

/// The node with every platform that is shipped. It may speak to this machine.
fn heard(world: &World) -> World {
    let http_client = HttpClient::new(EgressPolicy::new(|ip| ip.is_loopback())).expect("TLS has what it needs");
    let ambient: Arc<dyn Ambient> = Arc::new(Still::default());
    let platforms = shipped::platforms(&http_client, &ambient).expect("what is shipped is right").into_iter();
    world.with_platforms(platforms.map(|one| Arc::new(one) as Arc<dyn Definition>).collect())
}

/// A team on a node that hears.
async fn team(world: &World) -> Team {
    heard(world).team("acme").await
}

impl Team {
    /// Its account on a platform, with more fields.
    async fn plug(&self, line: &Line, more: Value) -> Reply {
        let mut account = line.account.clone();
        account.as_object_mut().expect("a map").extend(more.as_object().cloned().unwrap_or_default());
        let path = format!("/v1/teams/{}/channels/{}", self.name, line.name);
        let body = json!({"definition": line.definition, "account": account, "secrets": line.secrets});
        self.world.call(&self.admin, "PUT", &path, body).await
    }

    /// A conversation on that platform, with its account.
    async fn chat_on(&self, line: &Line) -> String {
        self.plug(line, json!({})).await.expect(201);
        self.open(line.name, line.conversation).await
    }

    /// The platform tells what its customer typed.
    async fn hears_on(&self, line: &Line, id: u64, text: &str) -> Reply {
        self.hears_call(&self.call_of(line, id, text)).await
    }

    /// The request that it tells it by.
    fn call_of(&self, line: &Line, id: u64, text: &str) -> Call {
        (line.call)(Said { from: line.from, id, text, at: self.unix() })
    }

    async fn hears_call(&self, call: &Call) -> Reply {
        self.world.send(call.request()).await
    }

    fn unix(&self) -> u64 {
        use countersign::ambient::Clock as _;
        self.world.clock.now() / 1000
    }

    /// Wrong answers that a challenge still takes.
    async fn tries(&self, challenge: &Value) -> u64 {
        let seen = self.attends(&self.bot, "GET", challenge, "", Value::Null).await.expect(200);
        seen["tries_left"].as_u64().expect("a number")
    }

    async fn is_authenticated(&self, chat: &str) -> bool {
        self.flag(chat).await["authenticated"].as_bool().expect("it says so")
    }
}

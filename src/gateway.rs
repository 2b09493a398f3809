//! The use cases: what bots, login pages, agents, admins and the passing of time may ask.
//!
//! Each use case says which records it reads and which rule decides; one loop (`decide`) loads,
//! decides, commits by compare-and-swap and tries again on a conflict. Nothing here knows HTTP,
//! configuration files or which store it stands on.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::refusal::Refusal;
use crate::domain::secret::{MacKey, Tag};
use crate::store::{Partition, StoreError};

mod account_messages;
pub mod accounts;
mod acts;
pub mod alarms;
pub mod audit;
mod caches;
pub mod caller;
pub mod callers;
pub mod challenges;
mod channel_limits;
mod channel_test;
pub mod channels;
pub mod clock;
pub mod clock_mark;
mod committed;
mod composition;
mod config;
pub mod conversations;
pub mod conversion_guard;
pub mod customers;
mod decide;
pub mod deliveries;
pub mod directories;
mod disabling;
mod done_pages;
pub mod drivers;
pub mod embeds;
pub mod engine;
pub mod entry;
pub mod epoch;
pub mod event_log;
mod failure_limits;
pub mod history;
pub mod hosted;
pub mod inbound;
pub mod insights;
pub mod interactions;
mod judging;
mod keyed_locks;
pub mod keys;
pub mod limits;
mod lines;
mod linking;
pub mod links;
mod live_codes;
pub mod lock_index;
pub mod lockouts;
pub mod locks;
pub mod logging_in;
pub mod logins;
pub mod maintenance;
pub mod messages;
pub mod messaging;
mod names;
pub mod oidc;
mod opened_chats;
mod openings;
mod paid_turns;
mod passwords;
pub mod photos;
pub mod platform_calls;
mod platform_ids;
pub mod platforms;
pub mod postback;
mod posting;
pub mod providers;
mod questions;
mod queue;
pub mod reapply;
mod receipts;
pub mod relay;
pub mod replay;
mod requesting;
pub mod resets;
pub mod retention;
pub mod retracting;
mod retractions;
mod ringing;
mod saving;
pub mod screens;
mod seal;
mod send_budget;
pub mod sending;
pub mod sessions;
pub mod settings;
mod showing;
pub mod signing_in;
mod sms;
mod startup;
pub mod status_tokens;
pub mod stream;
mod summary;
mod team_removal;
pub mod teams;
mod threads;
pub mod tickets;
pub mod trail;
mod turns;
pub mod urls;
pub mod users;
pub mod visits;
mod waking;
pub mod webhook_dispatch;
pub mod webhook_verifiers;
pub mod webhooks;
pub mod windows;

use accounts::Accounts;
use callers::Callers;
use challenges::Challenges;
use channels::Channels;
pub use config::{GatewayConfig, Retention};
use conversations::Conversations;
use customers::Customers;
use drivers::Drivers;
use engine::Engine;
use event_log::EventLog;
use hosted::HostedLogin;
use inbound::Inbound;
use limits::Limits;
use links::Links;
use lockouts::Lockouts;
use logging_in::CustomerLogin;
use logins::Logins;
use maintenance::Maintenance;
use messaging::Messaging;
use providers::Providers;
use reapply::Restore;
use relay::Relay;
pub use replay::{Remember, Told};
use signing_in::SignIn;
use teams::Teams;
use urls::Urls;
use users::Users;
pub use visits::Held;
use webhooks::Webhooks;

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The domain said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store is away, full or in contention: asking again may help.
    #[error("the store cannot take this now: {0}")]
    Away(String),
    /// What the store holds cannot be read. Never a reason to guess.
    #[error("the store holds something that cannot be read: {0}")]
    Damaged(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away(why) | StoreError::Full(why) => Self::Away(why),
            StoreError::Damaged(why) => Self::Damaged(why),
        }
    }
}

/// The services of the gateway, each over those before it.
pub struct Gateway {
    /// Reads, decides, commits: the store with what opens and seals its records, the clocks, chance and the epoch.
    pub engine: Arc<Engine>,
    /// The addresses of the gateway's own pages.
    pub urls: Arc<Urls>,
    /// What speaks over teams' channels.
    pub drivers: Arc<Drivers>,
    /// Teams, their settings, keys and screens.
    pub teams: Arc<Teams>,
    /// Teams' accounts on chat platforms.
    pub channels: Arc<Channels>,
    /// Who checks documents and answers for teams.
    pub providers: Arc<Providers>,
    /// Teams' customers: the built-in directory, and those that teams connect.
    pub customers: Arc<Customers>,
    /// Customers' failure limits, send budgets, conversion guards, and the rates and circuits of channels.
    pub limits: Arc<Limits>,
    /// Conversations: opened, read, and changed by rules in one commit each.
    pub conversations: Arc<Conversations>,
    /// Login links: made, opened, answered by login pages, and finished.
    pub links: Arc<Links>,
    /// Codes, PINs, questions and documents that are asked for, and the pages where they are.
    pub challenges: Arc<Challenges>,
    /// Messages to customers and signed posts to addresses of teams.
    pub messaging: Arc<Messaging>,
    /// Teams' events, audit trails and insights: as they are kept, and as they are listened to.
    pub event_log: Arc<EventLog>,
    /// Teams' webhooks: what they are, and events on their way to them.
    pub webhooks: Arc<Webhooks>,
    /// Moves committed events from outboxes into the logs of their teams.
    pub relay: Arc<Relay>,
    /// Customers' login records: passwords, codes by message, tickets.
    pub logins: Arc<Logins>,
    /// What admins and agents do to customers' accounts.
    pub accounts: Arc<Accounts>,
    /// Customers who log in by password or by code, and who choose another password.
    pub customer_login: Arc<CustomerLogin>,
    /// The gateway's own login page.
    pub hosted_login: Arc<HostedLogin>,
    /// What comes in from chat platforms and web chats.
    pub inbound: Arc<Inbound>,
    /// Who is locked or banned, and lifting it.
    pub lockouts: Arc<Lockouts>,
    /// Agents and admins, and their sessions.
    pub users: Arc<Users>,
    /// Who asks, found by a key or a session.
    pub callers: Arc<Callers>,
    /// Agents and admins who sign in.
    pub sign_in: Arc<SignIn>,
    /// What comes by itself: alarms, retention, the clock's mark, the start, and teams that go.
    pub maintenance: Arc<Maintenance>,
    /// Security records of a lost store, put again.
    pub restore: Arc<Restore>,
}

impl Gateway {
    /// Tends to everything that is due: alarms and messages, then what they and others have to tell. The
    /// background loops do the same; tests call it when their clock has moved.
    pub async fn maintain(&self) -> Result<(), Error> {
        loop {
            while self.maintenance.ring().await?
                + self.messaging.send().await
                + self.logins.send_account_messages().await
                + self.messaging.take_messages_back().await
                + self.messaging.post_lines().await
                > 0
            {}
            self.limits.add_all_counts().await?;
            while self.relay.relay().await? > 0 {}
            if self.webhooks.tell().await == 0 {
                return Ok(());
            }
        }
    }
}

/// The partition of what belongs to no team.
const SYSTEM: Partition = Partition(0);

fn owner_tag(key: &MacKey, text: &[u8]) -> Tag {
    key.tag(&[b"owner", text])
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("records are maps with text keys and finite numbers")
}

/// Strictly: what opens under our key was written by a gateway, and what this one does not know was
/// written by a newer one. It is refused, since writing it again would drop what was not understood.
fn decode<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::Damaged(format!("{name} is of another release: {e}")))
}

/// A day, for what is kept so long.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

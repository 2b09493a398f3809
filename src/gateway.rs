//! The use cases: what bots, login pages, agents, admins and the passing of time may ask.
//!
//! Each use case says which records it reads and which rule decides; one loop (`decide`) loads,
//! decides, commits by compare-and-swap and tries again on a conflict. Nothing here knows HTTP,
//! configuration files or which store it stands on.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use aws_lc_rs::aead::LessSafeKey;
use countersign_channels::definition::Registry;
use countersign_channels::session::Session;
use countersign_channels::webchat::WebChat;
use quick_cache::sync::Cache;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Notify};

use crate::ambient::{Clock, Entropy};
use crate::directory::Kinds;
use crate::domain::epoch::Epoch;
use crate::domain::id::{ChannelName, Conversation, InteractionId, TeamName};
use crate::domain::interaction::Interaction;
use crate::domain::oidc::Provider;
use crate::domain::refusal::Refusal;
use crate::domain::secret::{Keys, MacKey, Secret, Tag};
use crate::domain::turn::Draws;
use crate::identity;
use crate::store::{CommitId, Partition, Store, StoreError};

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
mod config;
pub mod conversion_guard;
pub mod customers;
mod decide;
pub mod deliveries;
pub mod directories;
mod disabling;
mod done_pages;
mod drivers;
pub mod embeds;
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
mod lines;
mod linking;
pub mod links;
mod live_codes;
pub mod lock_index;
pub mod lockouts;
pub mod locks;
pub mod logging_in;
mod logins;
pub mod messages;
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
mod urls;
pub mod users;
pub mod visits;
mod waking;
pub mod webhook_dispatch;
pub mod webhook_verifiers;
pub mod webhooks;
pub mod windows;

pub use config::{GatewayConfig, Retention};
use keyed_locks::KeyedLocks;
pub use replay::{Remember, Told};
pub use visits::Held;

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

/// The gateway over its ports.
pub struct Gateway {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    time: clock::Time,
    epoch: RwLock<Arc<Epoch>>,
    entropy: Arc<dyn Entropy>,
    keys: Keys,
    /// What seals records, ready for use.
    seal: LessSafeKey,
    owner: Option<Tag>,
    public_url: String,
    retention: Retention,
    registry: Registry,
    /// What lies in web chats' windows.
    threads: Arc<threads::Threads>,
    drivers: drivers::Drivers,
    kinds: Kinds,
    directories: directories::Opened,
    webhook_verifiers: webhook_verifiers::WebhookVerifiers,
    passages: channel_limits::Passages,
    hashing: passwords::Hashing,
    /// Messages that this node has claimed.
    outgoing: Arc<sending::Outgoing>,
    /// Messages that this node is to take out of their chats.
    retractions: Arc<retracting::Retractions>,
    oidc: Option<Provider>,
    /// What the provider says of itself.
    fetched: oidc::Fetched,
    /// What carries posts to addresses of teams.
    courier: posting::Courier,
    /// Lines of posts that this node has claimed.
    /// Messages to customers that this node has claimed.
    account_messages: logins::Claimed,
    /// Logins on the hosted page wait here for those of the same conversation.
    logging_in: KeyedLocks,
    lines: lines::Claimed,
    /// Webhooks that this node is to look after.
    ringing: ringing::Ringing,
    /// Conversations whose agents are to be shown how they stand.
    showing: showing::Showing,
    /// Who checks documents.
    judges: identity::Kinds,
    checkers: providers::Checkers,
    budgets: send_budget::Blocks,
    conversion_guard: conversion_guard::Counts,
    /// Who is told of each commit of an interaction.
    observers: Vec<Arc<dyn committed::CommitObserver>>,
    teams: teams::Known,
    proven: callers::Proven,
    parsed: Cache<InteractionId, Arc<Parsed>, caches::ByBytes>,
    /// Records of the flag board, and failure limits, as they were opened last: where they still stand so, they need no
    /// second reading.
    opened: Cache<String, decide::Opened, caches::ByBytes>,
    tails: stream::Tails,
    /// Writers of one record wait here rather than collide in the store.
    keyed_locks: KeyedLocks,
    /// Answers within one interaction wait here, where one of them counts against a customer's
    /// failure limit: each is counted there before it is judged.
    answering: KeyedLocks,
    /// Sets of questions that are asked for at doors, by interaction: one at a time.
    questioning: KeyedLocks,
    /// A trail is checked by one at a time: all of it is read.
    checking: Mutex<()>,
    /// A relay moved events into a stream of this node.
    moved: Notify,
}

/// An interaction as it was read, with the version that it was read at.
struct Parsed {
    version: CommitId,
    interaction: Arc<Interaction>,
}

impl Gateway {
    /// A gateway over a store, a clock and chance.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        root: &Secret,
        config: GatewayConfig,
    ) -> Self {
        let keys = Keys::from_root(root);
        let owner = config.owner_key.map(|key| owner_tag(&keys.api, key.expose()));
        let threads = Arc::new(threads::Threads::new(store.clone(), clock.clone(), entropy.clone(), &keys));
        let outgoing = Arc::new(sending::Outgoing::default());
        let retractions = Arc::new(retracting::Retractions::default());
        Self {
            store,
            time: clock::Time::begin(&*clock),
            epoch: RwLock::default(),
            clock,
            entropy,
            seal: seal::ready(keys.seal.expose()),
            keys,
            owner,
            public_url: config.public_url,
            retention: config.retention,
            registry: config.channels.and(Arc::new(Session)).and(Arc::new(WebChat::over(threads.clone()))),
            observers: vec![threads.clone(), outgoing.clone(), retractions.clone()],
            threads,
            drivers: drivers::Drivers::default(),
            kinds: config.directories,
            directories: directories::Opened::default(),
            webhook_verifiers: webhook_verifiers::WebhookVerifiers::default(),
            passages: channel_limits::Passages::default(),
            hashing: passwords::Hashing::default(),
            outgoing,
            retractions,
            oidc: config.oidc,
            fetched: oidc::Fetched::default(),
            courier: posting::Courier::new(config.egress, config.posts),
            account_messages: logins::Claimed::default(),
            logging_in: KeyedLocks::default(),
            lines: lines::Claimed::default(),
            ringing: ringing::Ringing::default(),
            showing: showing::Showing::default(),
            judges: config.providers,
            checkers: providers::Checkers::default(),
            budgets: send_budget::Blocks::default(),
            conversion_guard: conversion_guard::Counts::default(),
            teams: teams::Known::default(),
            proven: callers::Proven::default(),
            parsed: caches::of_bytes(64 << 20),
            opened: caches::of_bytes(64 << 20),
            tails: stream::Tails::default(),
            keyed_locks: KeyedLocks::default(),
            answering: KeyedLocks::default(),
            questioning: KeyedLocks::default(),
            checking: Mutex::new(()),
            moved: Notify::new(),
        }
    }

    /// Every generated link starts with it.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The gateway's keys, for pages that make nonces.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Fresh random bytes.
    pub fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Whether the store would take a commit now.
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.store.ping().await?)
    }

    /// Tends to everything that is due: alarms and messages, then what they and others have to tell. The
    /// background loops do the same; tests call it when their clock has moved.
    pub async fn maintain(&self) -> Result<(), Error> {
        loop {
            while self.ring().await?
                + self.send().await
                + self.send_account_messages().await
                + self.take_messages_back().await
                + self.post_lines().await
                > 0
            {}
            self.add_all_counts().await?;
            while self.relay().await? > 0 {}
            if self.tell().await == 0 {
                return Ok(());
            }
        }
    }

    fn draws(&self) -> Draws {
        Draws::new(self.draw())
    }

    fn partition_of(&self, parts: &[&[u8]]) -> Partition {
        Partition(self.keys.address.tag(parts).as_bytes()[31])
    }

    fn team_partition(&self, team: &TeamName) -> Partition {
        self.partition_of(&[b"team", team.as_str().as_bytes()])
    }

    /// Where an address lies: partition and record name.
    fn address_of(&self, team: &TeamName, channel: &ChannelName, conversation: &Conversation) -> (Partition, String) {
        let tag = self.keys.address_tag(team, channel, conversation);
        (Partition(tag.as_bytes()[31]), names::address_name(&tag.name()))
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

//! The use cases: what bots, login pages, agents, admins and the passing of time may ask.
//!
//! Each use case says which records it reads and which rule decides; the engine's one loop (`decide`) loads,
//! decides, commits by compare-and-swap and tries again on a conflict. Nothing here knows HTTP,
//! configuration files or which store it stands on.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::engine::executor::{Claim, Executor, JobKind};
use crate::engine::{Engine, Error};

pub mod accounts;
pub mod challenges;
mod composition;
pub mod config;
pub mod conversations;
pub mod customers;
pub mod engine;
pub mod events;
pub mod inbound;
pub mod limits;
pub mod links;
pub mod lockouts;
pub mod maintenance;
pub mod messaging;
pub mod names;
pub mod staff;
pub mod teams;
pub mod urls;

use accounts::{Accounts, CustomerLogin, HostedLogin, Logins};
use challenges::Challenges;
pub use config::{GatewayConfig, Retention};
use conversations::Conversations;
pub use conversations::snapshots::Snapshot;
use customers::Customers;
use events::{EventLog, Relay, Webhooks};
use inbound::Inbound;
use limits::Limits;
use links::Links;
use lockouts::Lockouts;
use maintenance::Maintenance;
use maintenance::reapply::Restore;
use messaging::Messaging;
use staff::{Callers, SignIn, Users};
use teams::Teams;
use teams::channels::Channels;
use teams::drivers::Drivers;
use teams::providers::Providers;
use urls::Urls;

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
            while self.maintenance.ring().await? + self.run_jobs().await > 0 {}
            self.limits.add_all_counts().await?;
            while self.relay.relay().await? > 0 {}
            if self.webhooks.executor.run(&*self.webhooks).await == 0 {
                return Ok(());
            }
        }
    }

    /// Executes what this node has claimed so far, webhooks apart; how many jobs it was.
    pub async fn run_jobs(&self) -> usize {
        let (messaging, logins) = (&*self.messaging, &*self.logins);
        messaging.outgoing.run(messaging).await
            + logins.account_messages.run(logins).await
            + messaging.retractions.run(messaging).await
            + messaging.outboxes.run(messaging).await
    }

    /// Futures that execute jobs for ever, one for each kind. To stop, they are dropped.
    pub fn job_loops(&self) -> Vec<BoxFuture<'static, ()>> {
        let (messaging, logins, webhooks) = (&self.messaging, &self.logins, &self.webhooks);
        vec![
            Box::pin(execute(messaging.clone(), |messaging| &*messaging.outgoing)),
            Box::pin(execute(logins.clone(), |logins| &logins.account_messages)),
            Box::pin(execute(messaging.clone(), |messaging| &*messaging.retractions)),
            Box::pin(execute(messaging.clone(), |messaging| &messaging.outboxes)),
            Box::pin(execute(messaging.clone(), |messaging| &messaging.showing.displays)),
            Box::pin(execute(webhooks.clone(), |webhooks| &webhooks.executor)),
        ]
    }
}

async fn execute<C: Claim, K: JobKind<C>>(kind: Arc<K>, executor: fn(&K) -> &Executor<C>) {
    executor(&kind).run_forever(&*kind).await;
}

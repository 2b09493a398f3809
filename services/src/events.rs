//! Events: numbered into the log of their team, listened to, counted, audited, and posted to webhooks.
//! Each file is one part of that; the services are those that other rooms call.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify};

use crate::config::Retention;
use crate::conversations::Conversations;
use crate::engine::Engine;
use crate::engine::executor::Executor;
use crate::messaging::Messaging;
use crate::teams::Teams;

pub mod audit;
pub mod deliveries;
pub mod event_log;
pub mod history;
pub mod insights;
pub mod lock_index;
pub mod relay;
pub mod stream;
pub mod trail;
pub mod webhook_claim;
pub mod webhook_dispatch;
pub mod webhooks;

use event_log::ConfirmedHeads;
use stream::Tails;
use webhook_claim::WebhookClaim;

/// Teams' events, audit trails and insights: as they are kept, and as they are listened to.
pub struct EventLog {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) conversations: Arc<Conversations>,
    /// How long things are kept.
    pub(crate) retention: Retention,
    pub(crate) tails: Tails,
    /// Where streams stood when that was confirmed last.
    pub(crate) confirmed_heads: ConfirmedHeads,
    /// A trail is checked by one at a time: all of it is read.
    pub(crate) checking: Mutex<()>,
    /// A relay moved events into a stream of this node.
    pub(crate) moved: Notify,
}

/// Teams' webhooks: what they are, and events on their way to them.
pub struct Webhooks {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) event_log: Arc<EventLog>,
    /// Webhooks that this node is to look after.
    pub(crate) executor: Executor<WebhookClaim>,
}

/// Moves committed events from outboxes into the logs of their teams.
pub struct Relay {
    pub(crate) engine: Arc<Engine>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) event_log: Arc<EventLog>,
    pub(crate) webhooks: Arc<Webhooks>,
}

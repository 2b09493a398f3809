//! Maintenance: what nobody asks for, and time or an operator brings.
//! Here is what the service depends on; its files say what it does.

use std::sync::Arc;

use crate::engine::Engine;
use crate::services::accounts::Logins;
use crate::services::config::Retention;
use crate::services::conversations::Conversations;
use crate::services::customers::Customers;
use crate::services::events::{EventLog, Relay, Webhooks};
use crate::services::lockouts::Lockouts;
use crate::services::messaging::Messaging;
use crate::services::staff::Users;
use crate::services::teams::Teams;

pub mod alarm_rearming;
pub mod alarms;
pub mod clock_mark;
pub mod reapply;
pub mod retention;
pub mod startup;
pub mod team_removal;

/// What comes by itself: alarms, retention, the clock's mark, the start, and teams that go.
pub struct Maintenance {
    pub(crate) engine: Arc<Engine>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) messaging: Arc<Messaging>,
    pub(crate) event_log: Arc<EventLog>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) relay: Arc<Relay>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) lockouts: Arc<Lockouts>,
    pub(crate) users: Arc<Users>,
    /// How long things are kept.
    pub(crate) retention: Retention,
}

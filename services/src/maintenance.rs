//! Maintenance: what nobody asks for, and time or an operator brings.
//! Here is what the service depends on; its files say what it does.

use std::sync::Arc;

use crate::accounts::Logins;
use crate::config::Retention;
use crate::conversations::Conversations;
use crate::customers::Customers;
use crate::engine::Engine;
use crate::events::{EventLog, Relay, Webhooks};
use crate::lockouts::Lockouts;
use crate::messaging::Messaging;
use crate::staff::Users;
use crate::teams::Teams;

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

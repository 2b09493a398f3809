//! Maintenance as a service: which it depends on.

use std::sync::Arc;

use super::config::Retention;
use super::conversations::Conversations;
use super::customers::Customers;
use super::engine::Engine;
use super::event_log::EventLog;
use super::lockouts::Lockouts;
use super::logins::Logins;
use super::messaging::Messaging;
use super::relay::Relay;
use super::teams::Teams;
use super::users::Users;
use super::webhooks::Webhooks;

/// What comes by itself: alarms, retention, the clock's mark, the start, and teams that go.
pub struct Maintenance {
    pub(super) engine: Arc<Engine>,
    pub(super) teams: Arc<Teams>,
    pub(super) customers: Arc<Customers>,
    pub(super) conversations: Arc<Conversations>,
    pub(super) messaging: Arc<Messaging>,
    pub(super) event_log: Arc<EventLog>,
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) relay: Arc<Relay>,
    pub(super) logins: Arc<Logins>,
    pub(super) lockouts: Arc<Lockouts>,
    pub(super) users: Arc<Users>,
    /// How long things are kept.
    pub(super) retention: Retention,
}

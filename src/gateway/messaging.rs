//! Messaging as a service: which it depends on, and what waits in memory to be sent.

use std::sync::Arc;

use super::channels::Channels;
use super::conversations::Conversations;
use super::drivers::Drivers;
use super::engine::Engine;
use super::limits::Limits;
use super::lines::Claimed;
use super::links::Links;
use super::posting::Courier;
use super::retracting::Retractions;
use super::sending::Outgoing;
use super::showing::Showing;
use super::teams::Teams;
use super::urls::Urls;

/// Messages to customers and signed posts to addresses of teams.
pub struct Messaging {
    pub(super) engine: Arc<Engine>,
    pub(super) urls: Arc<Urls>,
    pub(super) drivers: Arc<Drivers>,
    pub(super) teams: Arc<Teams>,
    pub(super) channels: Arc<Channels>,
    pub(super) limits: Arc<Limits>,
    pub(super) conversations: Arc<Conversations>,
    pub(super) links: Arc<Links>,
    /// Messages that this node has claimed.
    pub(super) outgoing: Arc<Outgoing>,
    /// Messages that this node is to take out of their chats.
    pub(super) retractions: Arc<Retractions>,
    /// Lines of posts that this node has claimed.
    pub(super) lines: Claimed,
    /// What carries posts to addresses of teams.
    pub(super) courier: Courier,
    /// Conversations whose agents are to be shown how they stand.
    pub(super) showing: Showing,
}

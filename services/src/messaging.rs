//! Messages to customers, and signed posts to addresses of teams.
//! Here is what the service depends on and what waits in memory; its files say what it does.

use std::sync::Arc;

use self::outboxes::OutboxClaim;
use self::posting::PostingClient;
use self::retracting::Retractions;
use self::sending::Outgoing;
use self::showing::Showing;
use crate::conversations::Conversations;
use crate::engine::Engine;
use crate::engine::executor::Executor;
use crate::limits::Limits;
use crate::links::Links;
use crate::teams::Teams;
use crate::teams::channels::Channels;
use crate::teams::drivers::Drivers;
use crate::urls::Urls;

pub mod channel_test;
pub mod linking;
pub mod live_codes;
pub mod outboxes;
pub mod platform_ids;
pub mod posting;
pub mod requesting;
pub mod retracting;
pub mod sending;
pub mod showing;
pub mod transcripts;

/// Messages to customers and signed posts to addresses of teams.
pub struct Messaging {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) drivers: Arc<Drivers>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) channels: Arc<Channels>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) conversations: Arc<Conversations>,
    pub(crate) links: Arc<Links>,
    /// Messages that this node has claimed.
    pub(crate) outgoing: Arc<Outgoing>,
    /// Messages that this node is to take out of their chats.
    pub(crate) retractions: Arc<Retractions>,
    /// Lines of posts that this node has claimed.
    pub(crate) outboxes: Executor<OutboxClaim>,
    /// What carries posts to addresses of teams.
    pub(crate) posting_client: PostingClient,
    /// Conversations whose agents are to be shown how they stand.
    pub(crate) showing: Showing,
}

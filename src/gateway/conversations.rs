//! Conversations as a service: which it depends on, and what it keeps in memory.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::caches::ByBytes;
use super::committed::CommitObserver;
use super::config::Retention;
use super::customers::Customers;
use super::engine::Engine;
use super::keyed_locks::KeyedLocks;
use super::limits::Limits;
use super::providers::Providers;
use super::teams::Teams;
use super::urls::Urls;
use crate::domain::id::InteractionId;
use crate::domain::interaction::Interaction;
use crate::store::CommitId;

/// Conversations: opened, read, and changed by rules in one commit each.
pub struct Conversations {
    pub(super) engine: Arc<Engine>,
    pub(super) urls: Arc<Urls>,
    pub(super) teams: Arc<Teams>,
    pub(super) providers: Arc<Providers>,
    pub(super) customers: Arc<Customers>,
    pub(super) limits: Arc<Limits>,
    /// How long closed ones are kept.
    pub(super) retention: Retention,
    /// As they were read last.
    pub(super) parsed: Cache<InteractionId, Arc<Parsed>, ByBytes>,
    /// Answers within one interaction wait here, where one of them counts against a customer's
    /// failure limit: each is counted there before it is judged.
    pub(super) answering: KeyedLocks,
    /// Who is told of each commit of an interaction.
    pub(super) observers: Vec<Arc<dyn CommitObserver>>,
}

/// An interaction as it was read, with the version that it was read at.
pub(super) struct Parsed {
    pub version: CommitId,
    pub interaction: Arc<Interaction>,
}

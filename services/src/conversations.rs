//! Conversations: opened, read, and changed by rules.
//! Here is what the service depends on and what it keeps in memory; its files say what it does.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use self::committed::CommitObserver;
use crate::config::Retention;
use crate::customers::Customers;
use crate::engine::Engine;
use crate::engine::caches::{BESIDES, ByBytes};
use crate::engine::keyed_locks::KeyedLocks;
use crate::limits::Limits;
use crate::teams::Teams;
use crate::teams::providers::Providers;
use crate::urls::Urls;
use countersign_domain::base::id::InteractionId;
use countersign_domain::conversation::interaction::{Interaction, Participant};
use countersign_store::CommitId;

pub mod charged_transactions;
pub mod committed;
pub mod interactions;
pub mod open;
pub mod retractions;
pub mod saving;
pub mod snapshots;
pub mod summary;
pub mod transactions;

/// Conversations: opened, read, and changed by rules in one commit each.
pub struct Conversations {
    pub(crate) engine: Arc<Engine>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) teams: Arc<Teams>,
    pub(crate) providers: Arc<Providers>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) limits: Arc<Limits>,
    /// How long closed ones are kept.
    pub(crate) retention: Retention,
    /// As they were read last.
    pub(crate) parsed: Cache<InteractionId, Arc<Parsed>, ByBytes>,
    /// Answers within one interaction wait here, where one of them counts against a customer's
    /// failure limit: each is counted there before it is judged.
    pub(crate) answering: KeyedLocks,
    /// Who is told of each commit of an interaction.
    pub(crate) observers: Vec<Arc<dyn CommitObserver>>,
}

/// An interaction as it was read, with the version that it was read at.
pub(crate) struct Parsed {
    pub version: CommitId,
    pub interaction: Arc<Interaction>,
}

impl Weighter<InteractionId, Arc<Parsed>> for ByBytes {
    fn weight(&self, _: &InteractionId, parsed: &Arc<Parsed>) -> u64 {
        (BESIDES + size_of::<Interaction>() + parsed.interaction.participants.iter().map(people).sum::<usize>()) as u64
    }
}

/// What one participant holds, about: her links carry the largest texts.
fn people(participant: &Participant) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let links = participant.links.iter().map(|link| 256 + text(&link.state) + text(&link.return_url));
    let challenge = participant.challenge.as_ref().map_or(0, |challenge| 128 + text(&challenge.state));
    size_of::<Participant>() + BESIDES + challenge + links.sum::<usize>()
}

//! How much what is kept in memory weighs: caches are bounded by bytes, since how large a record is
//! depends on those who fill it. What is in them is a copy; a lockout lies in the store.

use std::hash::Hash;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::conversations::Parsed;
use super::decide::Opened;
use crate::domain::id::InteractionId;
use crate::domain::interaction::{Interaction, Participant};

/// What an entry costs besides its content: keys, counts, the allocator's share.
const BESIDES: usize = 256;

/// What is typical, to begin with.
const TYPICAL: u64 = 2048;

/// A cache of so many bytes.
pub(super) fn of_bytes<K: Eq + Hash, V: Clone>(bytes: u64) -> Cache<K, V, ByBytes>
where
    ByBytes: Weighter<K, V>,
{
    Cache::with_weighter((bytes / TYPICAL) as usize, bytes, ByBytes)
}

/// Weighs entries by what they hold.
#[derive(Clone, Copy)]
pub(super) struct ByBytes;

impl Weighter<String, Opened> for ByBytes {
    fn weight(&self, name: &String, opened: &Opened) -> u64 {
        (BESIDES + name.len() + opened.len()) as u64
    }
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

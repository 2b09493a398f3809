//! How much what is kept in memory weighs: caches are bounded by bytes, since how large a record is
//! depends on those who fill it. What is in them is a copy; a lockout lies in the store.

use std::hash::Hash;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::decide::OpenedRecord;

/// What an entry costs besides its content: keys, counts, the allocator's share.
pub(crate) const BESIDES: usize = 256;

/// What is typical, to begin with.
const TYPICAL: u64 = 2048;

/// A cache of so many bytes.
pub(crate) fn of_bytes<K: Eq + Hash, V: Clone>(bytes: u64) -> Cache<K, V, ByBytes>
where
    ByBytes: Weighter<K, V>,
{
    Cache::with_weighter((bytes / TYPICAL) as usize, bytes, ByBytes)
}

/// Weighs entries by what they hold.
#[derive(Clone, Copy)]
pub(crate) struct ByBytes;

impl Weighter<String, OpenedRecord> for ByBytes {
    fn weight(&self, name: &String, opened: &OpenedRecord) -> u64 {
        (BESIDES + name.len() + opened.len()) as u64
    }
}

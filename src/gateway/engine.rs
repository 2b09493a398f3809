//! The engine: every use case reads, decides and commits through it. It holds the store, the clocks, chance and
//! the keys, and nothing of what the records mean.

use std::sync::{Arc, RwLock};

use aws_lc_rs::aead::LessSafeKey;
use quick_cache::sync::Cache;

use super::clock::Time;
use super::decide::Opened;
use super::keyed_locks::KeyedLocks;
use super::{Error, caches, names, seal};
use crate::ambient::{Clock, Entropy};
use crate::domain::epoch::Epoch;
use crate::domain::id::{ChannelName, Conversation, TeamName};
use crate::domain::secret::{Keys, Secret};
use crate::domain::turn::Draws;
use crate::store::{Partition, Store};

/// Reads, decides, commits: the store with what opens and seals its records, the clocks, chance and the epoch.
pub struct Engine {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) time: Time,
    pub(super) epoch: RwLock<Arc<Epoch>>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) keys: Keys,
    /// What seals records, ready for use.
    pub(super) seal: LessSafeKey,
    /// Records of the flag board, and failure limits, as they were opened last: where they still stand so, they need no
    /// second reading.
    pub(super) opened: Cache<String, Opened, caches::ByBytes>,
    /// Writers of one record wait here rather than collide in the store.
    pub(super) keyed_locks: KeyedLocks,
}

impl Engine {
    /// An engine over a store, a clock and chance, with the keys that follow from the root key.
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, root: &Secret) -> Self {
        let keys = Keys::from_root(root);
        Self {
            store,
            time: Time::begin(&*clock),
            epoch: RwLock::default(),
            clock,
            entropy,
            seal: seal::ready(keys.seal.expose()),
            keys,
            opened: caches::of_bytes(64 << 20),
            keyed_locks: KeyedLocks::default(),
        }
    }

    /// The gateway's keys, for pages that make nonces.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Fresh random bytes.
    pub fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Whether the store would take a commit now.
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.store.ping().await?)
    }

    /// Chance for one attempt at a rule.
    pub(super) fn draws(&self) -> Draws {
        Draws::new(self.draw())
    }

    pub(super) fn partition_of(&self, parts: &[&[u8]]) -> Partition {
        Partition(self.keys.address.tag(parts).as_bytes()[31])
    }

    pub(super) fn team_partition(&self, team: &TeamName) -> Partition {
        self.partition_of(&[b"team", team.as_str().as_bytes()])
    }

    /// Where an address lies: partition and record name.
    pub(super) fn address_of(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        conversation: &Conversation,
    ) -> (Partition, String) {
        let tag = self.keys.address_tag(team, channel, conversation);
        (Partition(tag.as_bytes()[31]), names::address_name(&tag.name()))
    }
}

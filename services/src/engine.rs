//! The engine: every use case reads, decides and commits through it. It holds the store, the clocks, chance and
//! the keys, and nothing of what the records mean.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use aws_lc_rs::aead::LessSafeKey;
use quick_cache::sync::Cache;
use serde::Serialize;
use serde::de::DeserializeOwned;

use countersign_ambient::{Clock, Entropy};
use countersign_domain::base::id::TeamName;
use countersign_domain::conversation::context::Draws;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::Secret;
use countersign_domain::secret::keys::Keys;
use countersign_domain::time::epoch::Epoch;
use countersign_store::{Partition, Store, StoreError};

pub mod caches;
pub mod clock;
pub mod decide;
pub mod epoch;
pub mod executor;
pub mod keyed_locks;
pub mod records;
pub mod replay;
pub mod reservations;
pub mod seal;
pub mod transact;

use clock::GatewayTime;
use decide::OpenedRecord;
use keyed_locks::KeyedLocks;
pub(crate) use records::{KeyOf, KeysOf, Schedule, Slot, StoredRecord, plain_record};
pub use replay::{Execution, IdempotencyRecord};
pub(crate) use transact::Effects;

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The domain said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store is away, full or in contention: asking again may help.
    #[error("the store cannot take this now: {0}")]
    Away(String),
    /// What the store holds cannot be read. Never a reason to guess.
    #[error("the store holds something that cannot be read: {0}")]
    Damaged(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away(why) | StoreError::Full(why) => Self::Away(why),
            StoreError::Damaged(why) => Self::Damaged(why),
        }
    }
}

/// What the engine knows of the kinds of records, by their names.
#[derive(Clone, Copy)]
pub struct RecordKinds {
    /// Whether a record's version stands in the version index, where the store has one.
    pub is_indexed: fn(&str) -> bool,
    /// Whether a node remembers such a record as it saw it last.
    pub is_cached: fn(&str) -> bool,
}

/// Reads, decides, commits: the store with what opens and seals its records, the clocks, chance and the epoch.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time: GatewayTime,
    pub(crate) epoch: RwLock<Arc<Epoch>>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Keys,
    /// What seals records, ready for use.
    pub(crate) seal: LessSafeKey,
    /// Records of the flag board, and failure limits, as they were opened last: where they still stand so, they need no
    /// second reading.
    pub(crate) opened: Cache<String, OpenedRecord, caches::ByBytes>,
    pub(crate) kinds: RecordKinds,
    /// Writers of one record wait here rather than collide in the store.
    pub(crate) keyed_locks: KeyedLocks,
}

impl Engine {
    /// An engine over a store, a clock and chance, with the keys that follow from the root key.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        root: &Secret,
        kinds: RecordKinds,
    ) -> Self {
        let keys = Keys::from_root(root);
        Self {
            store,
            time: GatewayTime::begin(&*clock),
            epoch: RwLock::default(),
            clock,
            entropy,
            seal: seal::ready(keys.seal.expose()),
            keys,
            opened: caches::of_bytes(64 << 20),
            kinds,
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
    pub(crate) fn draws(&self) -> Draws {
        Draws::new(self.draw())
    }

    pub(crate) fn partition_of(&self, parts: &[&[u8]]) -> Partition {
        Partition(self.keys.address.tag(parts).as_bytes()[31])
    }

    pub(crate) fn team_partition(&self, team: &TeamName) -> Partition {
        self.partition_of(&[b"team", team.as_str().as_bytes()])
    }
}

/// The partition of what belongs to no team.
pub(crate) const SYSTEM: Partition = Partition(0);

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("records are maps with text keys and finite numbers")
}

/// Strictly: what opens under our key was written by a gateway, and what this one does not know was
/// written by a newer one. It is refused, since writing it again would drop what was not understood.
pub(crate) fn decode<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| Error::Damaged(format!("{name} is of another release: {e}")))
}

/// A day, for what is kept so long.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

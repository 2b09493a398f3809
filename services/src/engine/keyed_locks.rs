//! Turnstiles: what would collide in the store, or be done twice, waits here, one behind the other, for as long
//! as that is this node's alone. Two that only share a turnstile wait for each other without need, and no harm.

use tokio::sync::{Mutex, MutexGuard};

use super::Error;
use super::decide::MAX_WAIT;
use countersign_domain::base::id::InteractionId;

/// One for each value of a byte.
pub(crate) struct KeyedLocks(Vec<Mutex<()>>);

impl Default for KeyedLocks {
    fn default() -> Self {
        Self((0..=u8::MAX).map(|_| Mutex::new(())).collect())
    }
}

impl KeyedLocks {
    /// Waits for those of the same interaction who came before. Nobody waits for ever.
    pub async fn pass(&self, id: InteractionId) -> Result<MutexGuard<'_, ()>, Error> {
        self.pass_at(id.as_bytes()[14]).await // its random part
    }

    /// The same for a record of that name.
    pub async fn pass_for(&self, name: &str) -> Result<MutexGuard<'_, ()>, Error> {
        self.pass_at(name.bytes().fold(0u8, |sum, b| sum.wrapping_mul(31).wrapping_add(b))).await
    }

    async fn pass_at(&self, at: u8) -> Result<MutexGuard<'_, ()>, Error> {
        let waited = tokio::time::timeout(MAX_WAIT, self.0[usize::from(at)].lock()).await;
        waited.map_err(|_| Error::Away("too many wait before this one".into()))
    }
}

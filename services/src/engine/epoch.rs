//! How a gateway finds its store when it starts: sealed with its root key, in which epoch, and at
//! what time. Here a new epoch begins; what that ends is the domain's (`domain::epoch`).

use std::sync::{Arc, PoisonError};

use super::records::{KeyOf, StoredRecord};
use super::{Engine, Error, SYSTEM};
use countersign_domain::time::epoch::Epoch;

impl Engine {
    /// The store's epoch.
    pub fn epoch(&self) -> Arc<Epoch> {
        self.epoch.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn enter(&self, epoch: Epoch) {
        *self.epoch.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(epoch);
    }

    /// Enters the epoch that the store is in: another node may have begun it.
    pub(crate) async fn see_epoch(&self) -> Result<(), Error> {
        let epoch = self.record(&epoch_key()).await?.unwrap_or_default();
        if epoch.number > self.epoch().number {
            self.enter(epoch);
        }
        Ok(())
    }
}

impl StoredRecord for Epoch {}

/// The record of the store's epoch.
pub(crate) fn epoch_key() -> KeyOf<Epoch> {
    KeyOf::new(SYSTEM, "epoch")
}

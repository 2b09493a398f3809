//! A store with something between the gateway and its commits: an error, a pause, or what happens
//! in the moment before one; or with somebody who hears what is read.

use std::sync::Arc;

use async_trait::async_trait;
use countersign::store::{
    Batch, CommitId, CommitOutcome, IndexEntry, Order, Outbox, Partition, Record, RecordKey, Store, StoreError, TAGS,
    VersionIndex,
};

/// What stands before the commits of a store.
#[async_trait]
pub trait Before: Send + Sync + 'static {
    /// Hands the commit on, or not.
    async fn commit(&self, store: &dyn Store, batch: Batch) -> Result<CommitOutcome, StoreError> {
        store.commit(batch).await
    }

    /// Hears which records are read.
    fn reads(&self, _names: &[String]) {}

    /// Whether a tag's outbox can be asked.
    fn hears(&self, _tag: u8) -> bool {
        true
    }

    /// Lets a page of an index be read, or not.
    fn lists(&self, _index: &str, _limit: usize) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The store, and what stands before its commits.
pub struct Around<B> {
    pub store: Arc<dyn Store>,
    pub before: B,
}

#[async_trait]
impl<B: Before> Store for Around<B> {
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError> {
        self.before.commit(&*self.store, batch).await
    }

    async fn get(&self, partition: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError> {
        self.before.reads(names);
        self.store.get(partition, names).await
    }

    async fn has_changed(&self, partition: Partition, name: &str, seen: Option<CommitId>) -> Result<bool, StoreError> {
        self.store.has_changed(partition, name, seen).await
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, StoreError> {
        self.store.due(now, limit, lease_ms).await
    }

    async fn outbox(&self, limit: usize) -> Result<Outbox, StoreError> {
        let mut outbox = self.store.outbox(limit).await?;
        outbox.waiting.retain(|event| self.before.hears(event.tag));
        if !(0..TAGS).all(|tag| self.before.hears(tag)) {
            outbox.missed = Some(StoreError::Away("a tag that does not answer".to_owned()));
        }
        Ok(outbox)
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        self.store.trim_outbox(tag, seq).await
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexEntry>, StoreError> {
        self.before.lists(index, limit)?;
        self.store.list(partition, index, order, after, limit).await
    }

    fn version_index(&self, key: &RecordKey) -> VersionIndex {
        self.store.version_index(key)
    }

    async fn woken(&self) {
        self.store.woken().await;
    }

    async fn sweep(&self, now: u64) -> Result<usize, StoreError> {
        self.store.sweep(now).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

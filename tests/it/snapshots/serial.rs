//! A store that is asked one thing at a time and writes down what is committed: so what happens at once happens in
//! the same order each time. What waits in an outbox it counts by itself, since each store has numbers of its own.
//! It judges nothing of what passes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use countersign::store::{
    Batch, CommitId, CommitOutcome, IndexEntry, Order, Outbox, Partition, Record, RecordKey, Store, StoreError,
    VersionIndex,
};

use super::story::Log;

pub struct Serial {
    store: Arc<dyn Store>,
    log: Log,
    turn: tokio::sync::Mutex<()>,
    /// The store's numbers of what waits, by tag, in their order.
    waiting: Mutex<BTreeMap<u8, Vec<u64>>>,
}

impl Serial {
    pub fn over(store: Arc<dyn Store>, log: Log) -> Self {
        Self { store, log, turn: tokio::sync::Mutex::default(), waiting: Mutex::default() }
    }

    /// The number here of what the store calls so.
    fn counted(&self, tag: u8, seq: u64) -> u64 {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let known = waiting.entry(tag).or_default();
        let at = known.iter().position(|other| *other == seq).unwrap_or_else(|| {
            known.push(seq);
            known.len() - 1
        });
        at as u64 + 1
    }
}

#[async_trait]
impl Store for Serial {
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError> {
        let _turn = self.turn.lock().await;
        let outcome = self.store.commit(batch.clone()).await?;
        if outcome == CommitOutcome::Committed {
            self.log.push(batch);
        }
        Ok(outcome)
    }

    async fn get(&self, partition: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError> {
        let _turn = self.turn.lock().await;
        self.store.get(partition, names).await
    }

    async fn has_changed(&self, partition: Partition, name: &str, seen: Option<CommitId>) -> Result<bool, StoreError> {
        let _turn = self.turn.lock().await;
        self.store.has_changed(partition, name, seen).await
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, StoreError> {
        let _turn = self.turn.lock().await;
        let mut due = self.store.due(now, limit, lease_ms).await?;
        due.sort();
        Ok(due)
    }

    async fn outbox(&self, limit: usize) -> Result<Outbox, StoreError> {
        let _turn = self.turn.lock().await;
        let mut outbox = self.store.outbox(limit).await?;
        for waiting in &mut outbox.waiting {
            waiting.seq = self.counted(waiting.tag, waiting.seq);
        }
        outbox.waiting.sort_by_key(|waiting| (waiting.tag, waiting.seq));
        Ok(outbox)
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let known = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).get(&tag).cloned().unwrap_or_default();
        let at = usize::try_from(seq - 1).expect("few wait");
        self.store.trim_outbox(tag, known[at]).await
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexEntry>, StoreError> {
        let _turn = self.turn.lock().await;
        self.store.list(partition, index, order, after, limit).await
    }

    fn version_index(&self, key: &RecordKey) -> VersionIndex {
        self.store.version_index(key)
    }

    async fn woken(&self) {
        self.store.woken().await;
    }

    async fn sweep(&self, now: u64) -> Result<usize, StoreError> {
        let _turn = self.turn.lock().await;
        self.store.sweep(now).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

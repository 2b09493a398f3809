//! What the simulated store really holds: the eight clauses of the port as a plain model of maps.
//! It runs through the contract suite like every store, so that what the simulation finds is the
//! gateway's fault. Who asks, and what becomes of questions on the way, is `network`'s.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use countersign::store::{
    Batch, CommitId, CommitOutcome, Expect, IndexEntry, Order, Outbox, OutboxEvent, Partition, Record, RecordKey,
    Store, StoreError, VersionIndex,
};
use tokio::sync::Notify;

/// What changed: told to a witness while nothing else can change.
pub enum Change<'a> {
    /// A commit happened; its events got the numbers from `first` on.
    Committed { batch: &'a Batch, first: u64 },
    /// A record past its time was removed.
    Swept { name: &'a str },
    /// A tag's waiting events up to a number were forgotten.
    Trimmed { tag: u8, seq: u64 },
}

type Witness = Box<dyn FnMut(Change<'_>) + Send>;

/// The model.
pub struct Truth {
    state: Mutex<State>,
    witness: Mutex<Option<Witness>>,
    woken: Notify,
    keeps_board: bool,
}

/// A record as it lies there.
#[derive(Clone, Debug)]
pub struct Kept {
    pub record: Record,
    pub alarm: Option<u64>,
    /// Nobody else's until then.
    leased: u64,
    pub expires: Option<u64>,
    version_index: bool,
}

#[derive(Default)]
pub struct State {
    pub records: BTreeMap<RecordKey, Kept>,
    pub indexes: BTreeMap<(Partition, String), BTreeMap<String, Bytes>>,
    pub outbox: BTreeMap<(u8, u64), Bytes>,
    last: u64,
}

impl Truth {
    /// With a flag board as one process may keep it, or without, as where several write.
    pub fn new(keeps_board: bool) -> Self {
        Self { state: Mutex::default(), witness: Mutex::new(None), woken: Notify::new(), keeps_board }
    }

    /// From now on every change is told.
    pub fn tell(&self, witness: Witness) {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = Some(witness);
    }

    /// A look at everything.
    pub fn look(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it keeps a board.
    pub fn keeps_board(&self) -> bool {
        self.keeps_board
    }

    fn happened(&self, change: Change<'_>) {
        if let Some(witness) = self.witness.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            witness(change);
        }
    }

    pub fn read(&self, partition: Partition, names: &[String]) -> Vec<Option<Record>> {
        let state = self.look();
        let one =
            |name: &String| state.records.get(&RecordKey { partition, name: name.clone() }).map(|k| k.record.clone());
        names.iter().map(one).collect()
    }

    pub fn apply(&self, batch: &Batch) -> CommitOutcome {
        let mut state = self.look();
        if let Some(outcome) = state.judge(batch) {
            return outcome;
        }
        let first = state.last + 1;
        state.write(batch);
        drop(state);
        self.happened(Change::Committed { batch, first });
        self.woken.notify_waiters();
        self.woken.notify_one();
        CommitOutcome::Committed
    }

    pub fn claim(&self, now: u64, limit: usize, lease_ms: u64) -> Vec<RecordKey> {
        let mut state = self.look();
        let due = |kept: &&mut Kept| kept.alarm.is_some_and(|alarm| alarm <= now) && kept.leased <= now;
        let mut due: Vec<(&RecordKey, &mut Kept)> = state.records.iter_mut().filter(|(_, kept)| due(kept)).collect();
        due.sort_by_key(|(key, kept)| (kept.alarm, (*key).clone()));
        due.into_iter()
            .take(limit)
            .map(|(key, kept)| {
                kept.leased = now.saturating_add(lease_ms);
                key.clone()
            })
            .collect()
    }

    pub fn waiting(&self, limit: usize) -> Vec<OutboxEvent> {
        let state = self.look();
        let all = state.outbox.iter().take(limit);
        all.map(|((tag, seq), bytes)| OutboxEvent { tag: *tag, seq: *seq, bytes: bytes.clone() }).collect()
    }

    pub fn trim(&self, tag: u8, seq: u64) {
        self.look().outbox.retain(|(of, number), _| *of != tag || *number > seq);
        self.happened(Change::Trimmed { tag, seq });
    }

    pub fn page(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<IndexEntry> {
        let state = self.look();
        let Some(members) = state.indexes.get(&(partition, index.to_owned())) else { return Vec::new() };
        let entry = |(member, bytes): (&String, &Bytes)| IndexEntry {
            index: index.to_owned(),
            member: member.clone(),
            bytes: bytes.clone(),
        };
        let beyond = after.map_or(Bound::Unbounded, Bound::Excluded);
        match order {
            Order::Rising => members.range::<str, _>((beyond, Bound::Unbounded)).take(limit).map(entry).collect(),
            Order::Falling => {
                members.range::<str, _>((Bound::Unbounded, beyond)).rev().take(limit).map(entry).collect()
            }
        }
    }

    /// Removes what expired before `now`.
    pub fn drop_expired(&self, now: u64) -> usize {
        let mut state = self.look();
        let over = |kept: &Kept| kept.expires.is_some_and(|expires| expires < now);
        let gone: Vec<RecordKey> =
            state.records.iter().filter(|(_, kept)| over(kept)).map(|(key, _)| key.clone()).collect();
        for key in &gone {
            state.records.remove(key);
        }
        drop(state);
        gone.iter().for_each(|key| self.happened(Change::Swept { name: &key.name }));
        gone.len()
    }
}

impl State {
    /// A repetition or a conflict; None where the batch is to be done.
    fn judge(&self, batch: &Batch) -> Option<CommitOutcome> {
        let version = |name: &String| {
            let key = RecordKey { partition: batch.partition, name: name.clone() };
            self.records.get(&key).map(|kept| kept.record.version)
        };
        let written = batch.put.iter().map(|put| &put.name).chain(batch.expect.iter().map(|(name, _)| name));
        if written.clone().any(|name| version(name) == Some(batch.id)) {
            return Some(CommitOutcome::Committed);
        }
        let holds = |(name, expect): &(String, Expect)| match expect {
            Expect::Absent => version(name).is_none(),
            Expect::Version(wanted) => version(name) == Some(*wanted),
        };
        (!batch.expect.iter().all(holds)).then_some(CommitOutcome::Conflict)
    }

    fn write(&mut self, batch: &Batch) {
        let partition = batch.partition;
        for put in &batch.put {
            let record = Record { version: batch.id, bytes: put.bytes.clone() };
            let kept =
                Kept { record, alarm: put.alarm, leased: 0, expires: put.expires, version_index: put.version_index };
            self.records.insert(RecordKey { partition, name: put.name.clone() }, kept);
        }
        for name in &batch.delete {
            self.records.remove(&RecordKey { partition, name: name.clone() });
        }
        for IndexEntry { index, member, bytes } in &batch.enter {
            self.indexes.entry((partition, index.clone())).or_default().insert(member.clone(), bytes.clone());
        }
        for (index, member) in &batch.remove {
            self.indexes.entry((partition, index.clone())).or_default().remove(member);
        }
        for (index, member) in &batch.trim {
            self.indexes.entry((partition, index.clone())).or_default().retain(|known, _| known > member);
        }
        for event in &batch.events {
            self.last += 1;
            self.outbox.insert((partition.tag(), self.last), event.clone());
        }
    }
}

/// Asked directly it is a store without faults.
#[async_trait]
impl Store for Truth {
    async fn get(&self, partition: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError> {
        Ok(self.read(partition, names))
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError> {
        Ok(self.apply(&batch))
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, StoreError> {
        Ok(self.claim(now, limit, lease_ms))
    }

    async fn outbox(&self, limit: usize) -> Result<Outbox, StoreError> {
        Ok(Outbox::whole(self.waiting(limit)))
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        self.trim(tag, seq);
        Ok(())
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexEntry>, StoreError> {
        Ok(self.page(partition, index, order, after, limit))
    }

    fn version_index(&self, key: &RecordKey) -> VersionIndex {
        if !self.keeps_board {
            return VersionIndex::NotKept;
        }
        let version = |kept: &Kept| -> CommitId { kept.record.version };
        self.look()
            .records
            .get(key)
            .filter(|kept| kept.version_index)
            .map_or(VersionIndex::Absent, |kept| VersionIndex::Version(version(kept)))
    }

    async fn woken(&self) {
        // Either way it returns: the time is only a bound.
        let _ = tokio::time::timeout(Duration::from_millis(250), self.woken.notified()).await;
    }

    async fn sweep(&self, now: u64) -> Result<usize, StoreError> {
        Ok(if self.keeps_board { self.drop_expired(now) } else { 0 })
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

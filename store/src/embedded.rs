//! The embedded store: SQLite in one folder, for one process.
//!
//! This file owns the life of a store: opening, its threads, its end.
//! One thread writes and groups what waits into one flush, one reads, and the flag board answers
//! without either. What SQLite does not promise is added here: a folder that is not ours, a second
//! process and a lost or torn write-ahead log are refused by name, and damage ends the store.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use async_trait::async_trait;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::mpsc;

use self::{
    failure::Failure,
    folder::Folder,
    open::OpenStore,
    reader::SnapshotQuery,
    shared::SharedState,
    transaction::{SLICE, WriteTransaction},
    writer::{AcknowledgementReceiver, QueuedChange, Writer},
};
use super::{
    Batch, CommitOutcome, IndexEntry, Order, Outbox, Partition, Record, RecordKey, Store, StoreError, VersionIndex,
};

pub mod backup;
mod failure;
mod folder;
mod ledger;
mod marks;
mod open;
mod proof;
mod reader;
mod shared;
mod tables;
mod transaction;
mod wal;
mod writer;

/// `woken` returns after this long, whether or not anything happened.
const WOKEN_WITHIN: Duration = Duration::from_millis(250);

/// A change that is not flushed by then has an unknown end: asked again, it is recognised.
const FLUSHED_WITHIN: Duration = Duration::from_secs(5);

/// A disk that takes longer for what waits is not fit for more.
const PING_WITHIN: Duration = Duration::from_secs(1);

/// How to open a store.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedOptions {
    /// Go on with what is left where acknowledged commits are missing. Never a default: what is
    /// lost may be a lockout.
    pub accept_loss: bool,
}

/// A store in one folder or, without one, in memory.
///
/// Dropping it waits for what it has begun, and lets go of the folder.
pub struct Embedded {
    /// Ends when dropped; `None` only while dropping. The same for `questions`.
    changes: Option<mpsc::Sender<QueuedChange>>,
    /// `None` in memory: there the writer's connection is the only one.
    questions: Option<mpsc::Sender<SnapshotQuery>>,
    workers: Vec<JoinHandle<()>>,
    /// The check behind the start, and how to end it early.
    check: Option<(InterruptHandle, JoinHandle<()>)>,
    shared: Arc<SharedState>,
    /// `None` in memory.
    folder: Option<Arc<Folder>>,
}

impl Embedded {
    /// Opens the store in `folder`; an absent or empty one becomes a new store.
    ///
    /// # Errors
    /// `Damaged` with the reason in words: the folder is not ours, another process has it open,
    /// acknowledged commits are missing. `Full` and `Away` as their names say.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, EmbeddedOptions::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// See [`Embedded::open`].
    pub fn open_with(folder: &Path, options: EmbeddedOptions) -> Result<Self, StoreError> {
        let shared = Arc::new(SharedState::default());
        let OpenStore { writer, reader, folder, check } = open::open(folder, options, &shared)?;
        let (questions, asked) = mpsc::channel(writer::WAITING);
        let interrupt = check.get_interrupt_handle();
        let ours = Arc::clone(&shared);
        let reading = open::spawn("store-reader", move || reader::run(&reader, &ours, asked))?;
        let ours = Arc::clone(&shared);
        let checking = open::spawn("store-check", move || proof::behind(&check, &ours))?;
        let mut store = Self::start(writer, shared)?;
        store.questions = Some(questions);
        store.folder = Some(folder);
        store.check = Some((interrupt, checking));
        // Readers end before the writer does, so that nothing holds its last checkpoint back.
        store.workers.insert(0, reading);
        Ok(store)
    }

    /// A store that ends with this value: for demonstrations and tests.
    ///
    /// # Errors
    /// Where the system refuses memory or a thread.
    pub fn in_memory() -> Result<Self, StoreError> {
        let shared = Arc::new(SharedState::default());
        let connection = tables::making(None).map_err(Failure::from)?;
        shared.proved.send_replace(true);
        Self::start(Writer::new(connection, None, Arc::clone(&shared))?, shared)
    }

    fn start(writer: Writer, shared: Arc<SharedState>) -> Result<Self, StoreError> {
        let (changes, waiting) = mpsc::channel(writer::WAITING);
        let writing = open::spawn("store-writer", move || writer.run(waiting))?;
        Ok(Self { changes: Some(changes), questions: None, workers: vec![writing], check: None, shared, folder: None })
    }

    /// Returns, with the reason, when the store can no longer be trusted: the process should end.
    pub async fn dead(&self) -> String {
        let mut dead = self.shared.dead.subscribe();
        let why = dead.wait_for(Option::is_some).await.map(|why| why.clone());
        why.ok().flatten().unwrap_or_default()
    }

    /// Returns when all of the store has been read and found sound, which begins with its start.
    ///
    /// # Errors
    /// `Damaged`, with the reason, where it was not.
    pub async fn proved(&self) -> Result<(), StoreError> {
        let mut proved = self.shared.proved.subscribe();
        tokio::select! {
            _ = proved.wait_for(|proved| *proved) => Ok(()),
            why = self.dead() => Err(StoreError::Damaged(why)),
        }
    }

    /// Why it may lack what was acknowledged (a backup was put back, a loss was accepted), until
    /// `heal` says that it was taken note of.
    ///
    /// # Errors
    /// Where that cannot be read.
    pub fn data_loss(&self) -> Result<Option<String>, StoreError> {
        Ok(self.folder.as_ref().map_or(Ok(None), |folder| folder.data_loss())?)
    }

    /// See [`Embedded::data_loss`].
    ///
    /// # Errors
    /// Where it cannot be written: then it is to be taken note of again.
    pub fn heal(&self) -> Result<(), StoreError> {
        Ok(self.folder.as_ref().map_or(Ok(()), |folder| folder.heal())?)
    }

    /// Flushes since the store was opened.
    pub fn flushes(&self) -> u64 {
        self.shared.flushes.load(Ordering::Relaxed)
    }

    /// Commits since the store was opened that changed something.
    pub fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Relaxed)
    }

    async fn change<T: Send + 'static, E: Into<Failure> + 'static>(
        &self,
        work: impl FnOnce(&mut WriteTransaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (change, waits) = writer::change(work);
        let answer = async {
            let sent = match &self.changes {
                Some(changes) => changes.send(change).await.is_ok(),
                None => false,
            };
            self.answer(sent, waits).await
        };
        within(FLUSHED_WITHIN, answer).await
    }

    async fn ask<T: Send + 'static, E: Into<Failure> + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(questions) = &self.questions else {
            return self.change(move |transaction| ask(transaction.connection)).await;
        };
        let (question, waits) = reader::question(ask);
        let sent = questions.send(question).await.is_ok();
        self.answer(sent, waits).await
    }

    async fn answer<T>(&self, sent: bool, waits: AcknowledgementReceiver<T>) -> Result<T, StoreError> {
        match waits.await {
            Ok(answer) if sent => answer,
            // Its thread is gone, and nothing ends it but this store's end or a fault of ours.
            _ => Err(StoreError::Damaged(self.shared.death().unwrap_or_else(|| "the store has ended".to_owned()))),
        }
    }
}

async fn within<T>(time: Duration, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| Err(StoreError::Away("the disk takes too long".into()));
    tokio::time::timeout(time, answer).await.unwrap_or_else(late)
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.changes = None;
        self.questions = None;
        if let Some((interrupt, check)) = self.check.take() {
            while !check.is_finished() {
                // Again and again: an interruption before it has begun would be forgotten.
                interrupt.interrupt();
                thread::sleep(Duration::from_millis(1));
            }
        }
        for thread in self.workers.drain(..) {
            // A panic in it was told when it happened, and every caller since was refused.
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Store for Embedded {
    async fn get(&self, _: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError> {
        let names = names.to_vec();
        self.ask(move |tables| tables::get(tables, &names)).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError> {
        self.change(move |transaction| transaction.commit(&batch)).await
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, StoreError> {
        self.change(move |transaction| transaction.due(now, limit, lease_ms)).await
    }

    async fn outbox(&self, limit: usize) -> Result<Outbox, StoreError> {
        self.ask(move |tables| tables::outbox(tables, limit)).await.map(Outbox::whole)
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        self.trim_outboxes(&BTreeMap::from([(tag, seq)])).await
    }

    async fn trim_outboxes(&self, taken: &BTreeMap<u8, u64>) -> Result<(), StoreError> {
        let taken = taken.clone();
        self.change(move |transaction| transaction.trim_outboxes(&taken)).await
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexEntry>, StoreError> {
        let (index, after) = (index.to_owned(), after.map(str::to_owned));
        self.ask(move |tables| tables::list(tables, partition, &index, order, after.as_deref(), limit)).await
    }

    fn version_index(&self, key: &RecordKey) -> VersionIndex {
        match self.shared.version_index.get(key.name.as_str()) {
            Some(version) => VersionIndex::Version(*version),
            None => VersionIndex::Absent,
        }
    }

    async fn woken(&self) {
        // Either way it returns: the time is only a bound.
        let _ = tokio::time::timeout(WOKEN_WITHIN, self.shared.woken.notified()).await;
    }

    async fn sweep(&self, now: u64) -> Result<usize, StoreError> {
        let mut removed = 0;
        loop {
            let slice = self.change(move |transaction| transaction.sweep(now)).await?;
            removed += slice;
            if slice < SLICE {
                return Ok(removed);
            }
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let was_full = self.shared.full.load(Ordering::Relaxed);
        let touch =
            self.change(move |transaction| if was_full { transaction.touch() } else { rusqlite::Result::Ok(()) });
        within(PING_WITHIN, touch).await
    }
}

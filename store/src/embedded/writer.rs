//! The one thread that writes: it takes every change that waits, makes them one transaction and
//! one flush, tells the ledger and the board, and only then answers.
//!
//! It also ends each life of the write-ahead log itself, because the ledger must hear of it first.

use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rusqlite::{Connection, hooks::Wal};
use tokio::sync::{mpsc, oneshot};

use super::{
    failure::Failure, folder::Folder, ledger::Ledger, marks::StoreId, marks::Totals, shared::SharedState, tables,
    transaction::WriteTransaction, wal,
};
use crate::StoreError;

/// How many changes may wait, and how many one flush may carry.
pub(super) const WAITING: usize = 1024;

/// Frames that come into the log before its pages are moved into the database file.
const CHECKPOINT_FRAMES: u32 = 1000;

/// A change that waits for its turn; without a turn it tells its caller why.
pub(super) type QueuedChange =
    Box<dyn FnOnce(Result<&mut WriteTransaction<'_>, Failure>) -> Result<Acknowledgement, Failure> + Send>;

/// What a caller is told once it is known whether the flush succeeded.
pub(super) type Acknowledgement = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// What a caller waits for.
pub(super) type AcknowledgementReceiver<T> = oneshot::Receiver<Result<T, StoreError>>;

/// Makes a change of what is to be done in its turn.
pub(super) fn change<T: Send + 'static, E: Into<Failure>>(
    work: impl FnOnce(&mut WriteTransaction<'_>) -> Result<T, E> + Send + 'static,
) -> (QueuedChange, AcknowledgementReceiver<T>) {
    let (tell, waits) = oneshot::channel();
    // A caller that has gone away does not need its answer: hence `let _` twice.
    let change: QueuedChange =
        Box::new(move |transaction| match transaction.and_then(|transaction| work(transaction).map_err(Into::into)) {
            Ok(value) => Ok(Box::new(move |flushed: Result<(), Failure>| {
                let _ = tell.send(flushed.map(|()| value).map_err(StoreError::from));
            })),
            Err(failure) => {
                let _ = tell.send(Err(failure.clone().into()));
                Err(failure)
            }
        });
    (change, waits)
}

/// What lies beside the tables when they are on a disk.
struct OnDisk {
    folder: Arc<Folder>,
    ledger: Ledger,
    /// The log, once it is there.
    log: Option<File>,
}

pub(super) struct Writer {
    connection: Connection,
    disk: Option<OnDisk>,
    shared: Arc<SharedState>,
    /// How many frames the log has, as SQLite's hook last said.
    frames: Arc<AtomicU32>,
    /// How many it had after the last flush.
    seen: u32,
    /// With how many its pages are moved next.
    checkpoint_at: u32,
    id: StoreId,
    /// What is durable.
    totals: Totals,
}

impl Writer {
    pub(super) fn new(
        mut connection: Connection,
        disk: Option<(Arc<Folder>, Ledger)>,
        shared: Arc<SharedState>,
    ) -> Result<Self, Failure> {
        let (id, totals) = tables::totals(&connection)?;
        let frames = Arc::new(AtomicU32::new(0));
        let heard = Arc::clone(&frames);
        // Takes the place of SQLite's own automatic checkpoint.
        connection.wal_hook(Some(move |_: &mut Wal, frames: i32| {
            heard.store(frames.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        let disk = disk.map(|(folder, ledger)| OnDisk { folder, ledger, log: None });
        let checkpoint_at = CHECKPOINT_FRAMES;
        Ok(Self { connection, disk, shared, frames, seen: 0, checkpoint_at, id, totals })
    }

    /// Works until every sender is gone.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<QueuedChange>) {
        let mut group = Vec::with_capacity(WAITING);
        while waiting.blocking_recv_many(&mut group, WAITING) > 0 {
            match self.shared.death() {
                None => self.write_group(group.drain(..)),
                Some(why) => refuse(group.drain(..), &Failure::Damaged(why)),
            }
        }
        if self.shared.death().is_none()
            && let Err(failure) = self.close()
        {
            tracing::warn!(?failure, "the write-ahead log stays: the next start reads it");
        }
    }

    /// Leaves a database file that is whole by itself, and an empty log that no restored backup
    /// can be confused with.
    fn close(&mut self) -> Result<(), Failure> {
        if self.checkpoint()? {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(())
    }

    fn write_group(&mut self, mut group: impl Iterator<Item = QueuedChange>) {
        let mut answers: Vec<Acknowledgement> = Vec::new();
        let flushed = self.transaction(&mut group, &mut answers);
        if let Err(failure) = &flushed {
            self.roll_back();
            self.shared.failed(failure);
        }
        for answer in answers {
            answer(flushed.clone());
        }
        if let Err(failure) = &flushed {
            refuse(group, failure);
        } else if self.is_checkpoint_time()
            && let Err(failure) = self.checkpoint()
        {
            self.shared.failed(&failure);
        }
    }

    /// A log that a reader keeps from starting over grows on: that must not cost each flush a checkpoint.
    fn is_checkpoint_time(&mut self) -> bool {
        let frames = self.frames.load(Ordering::Relaxed);
        let started_over = frames < self.seen;
        if started_over {
            self.checkpoint_at = CHECKPOINT_FRAMES;
        }
        self.seen = frames;
        let due = frames >= self.checkpoint_at;
        if due {
            self.checkpoint_at = frames.saturating_add(CHECKPOINT_FRAMES);
        }
        due
    }

    /// Does what is asked; on success all of it is durable, on the board and in the ledger.
    fn transaction(
        &mut self,
        group: &mut impl Iterator<Item = QueuedChange>,
        answers: &mut Vec<Acknowledgement>,
    ) -> Result<(), Failure> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let before = self.connection.total_changes();
        let mut transaction = WriteTransaction {
            connection: &self.connection,
            totals: self.totals,
            version_index: Vec::new(),
            wakes: false,
        };
        for change in group {
            answers.push(change(Ok(&mut transaction))?);
        }
        let WriteTransaction { totals, version_index, wakes, .. } = transaction;
        let changed = self.connection.total_changes() > before;
        if totals != self.totals {
            tables::save(&self.connection, &self.id, &totals)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        if changed {
            self.shared.flushed(totals.commits - self.totals.commits);
            self.totals = totals;
        }
        self.shared.learn(version_index, wakes);
        if changed { self.note() } else { Ok(()) }
    }

    /// Tells the ledger what is durable now.
    fn note(&mut self) -> Result<(), Failure> {
        let Some(disk) = &mut self.disk else { return Ok(()) };
        let log = match &mut disk.log {
            Some(log) => log,
            none => none.insert(File::open(disk.folder.log())?),
        };
        let salts = wal::salts(log)?;
        disk.ledger.note(self.totals.commits, salts, self.frames.load(Ordering::Relaxed))?;
        Ok(())
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            self.shared.failed(&Failure::Damaged(format!("a failed transaction cannot be rolled back: {error}")));
        }
    }

    /// Moves the log's pages into the database file, and says so before the log may start over;
    /// whether all of them were moved (a reader may hold some back).
    pub(super) fn checkpoint(&mut self) -> Result<bool, Failure> {
        let Some(disk) = &mut self.disk else { return Ok(true) };
        let (log, moved): (i64, i64) =
            self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)))?;
        if log == moved {
            disk.ledger.rebase(self.totals.commits)?;
        }
        disk.folder.keep_reserve();
        Ok(log == moved)
    }
}

/// Answers changes that get no turn.
pub(super) fn refuse(group: impl Iterator<Item = QueuedChange>, failure: &Failure) {
    for change in group {
        // What it could not do it has told its caller.
        let _ = change(Err(failure.clone()));
    }
}

//! The store port: everything the gateway asks of a database, and what it may rely on.
//!
//! A store knows names and bytes, never meanings: records arrive sealed and leave sealed. What
//! it promises stands here as numbered clauses; `tests/it/store_contract.rs` runs each clause
//! against every implementation.
//!
//! 1. **A commit is all or nothing** and durable before it is answered.
//! 2. **Compare-and-swap.** A commit whose expectation fails changes nothing and is a `Conflict`.
//! 3. **A commit may be repeated.** Its id becomes the version of every record it puts, so a
//!    repetition after a lost answer is recognised and answered `Committed`, once, as long as one
//!    of those records stands as it left it.
//! 4. **Expiry is only sweeping.** A record past `expires` may vanish at any time, never before;
//!    whether it still *counts* is for the domain to judge against the injected clock.
//! 5. **Alarms.** A record may carry one moment; from then on `due` hands out its key under a
//!    lease, until a commit puts the record again (or deletes it). A crash only delays it.
//! 6. **The outbox** keeps a tag's events in the order of their commits until they are trimmed. It gives
//!    only what survives the loss of a server as clause 9 says. Where some tags could not be asked, or
//!    nobody confirms what waits there, it gives what the others have and says what was missed.
//! 7. **Indexes** are ordered lists of small entries, changed by commits, read in pages.
//! 8. **No wrong answer.** What cannot be read is an error, never an absence.
//! 9. **Confirmation.** A commit that is to be confirmed is `Committed` only once it survives the
//!    loss of the server that took it, as far as the store was told to see to that; otherwise it
//!    is `Away`, what it wrote may stand, and a repetition is confirmed like a first commit.
//!    `confirm` gives the same word on what was read.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

pub mod embedded;
pub mod redis;

/// Everything that must change together lies in one of 256 partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(pub u8);

/// The number of hash tags, each of four partitions; a tag is the unit that a cluster may move.
pub const TAGS: u8 = 64;

impl Partition {
    /// The hash tag (0..=63) that this partition lies under.
    pub const fn tag(self) -> u8 {
        self.0 >> 2
    }
}

/// Where one record lies. `name` is printable ASCII, unique in the whole store, at most 200 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// The partition that the record changes with.
    pub partition: Partition,
    /// Begins with its kind and `/`; ids that begin with time keep neighbours together on disk.
    pub name: String,
}

/// The random id of one commit, and the version of every record that it put.
///
/// One number for both: no version can come back after a delete, and finding one's own commit
/// after an ambiguous error is the same comparison as finding a conflict.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommitId(pub [u8; 16]);

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommitId({:08x}…)", u128::from_be_bytes(self.0) >> 96)
    }
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The commit that wrote it.
    pub version: CommitId,
    /// Sealed by the gateway.
    pub bytes: Bytes,
}

/// What must be true of a record for the commit to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No such record.
    Absent,
    /// The record as that commit left it.
    Version(CommitId),
}

/// A record to write.
#[derive(Clone, Debug, Default)]
pub struct Put {
    /// Its name, in the batch's partition.
    pub name: String,
    /// Its new content.
    pub bytes: Bytes,
    /// Keep its version on the flag board, where the store has one.
    pub version_index: bool,
    /// When `due` is to hand it out: milliseconds since 1970. `None`: never.
    pub alarm: Option<u64>,
    /// When it may be swept: milliseconds since 1970. `None`: never.
    pub expires: Option<u64>,
}

/// An entry of an index: entries are ordered by `member`, bytewise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The index's name, in the batch's partition.
    pub index: String,
    /// What the entry is ordered and replaced by.
    pub member: String,
    /// Its content, sealed by the gateway.
    pub bytes: Bytes,
}

/// Everything one commit does, within one partition's tag, in the order of these fields.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Drawn afresh for each attempt that may have a different effect.
    pub id: CommitId,
    /// Where all of it lies.
    pub partition: Partition,
    /// All must hold.
    pub expect: Vec<(String, Expect)>,
    /// At least one, so that a repeated commit can be recognised.
    pub put: Vec<Put>,
    /// Records to delete.
    pub delete: Vec<String>,
    /// Index entries to write.
    pub enter: Vec<IndexEntry>,
    /// Index entries to remove: (index, member).
    pub remove: Vec<(String, String)>,
    /// Index entries to remove up to and including a member: (index, member).
    pub trim: Vec<(String, String)>,
    /// Appended to the tag's outbox, in this order.
    pub events: Vec<Bytes>,
    /// Must never be forgotten again once it is answered: clause 9.
    pub confirm: bool,
}

impl Batch {
    /// A batch that does nothing yet.
    pub fn new(id: CommitId, partition: Partition) -> Self {
        Self {
            id,
            partition,
            expect: Vec::new(),
            put: Vec::new(),
            delete: Vec::new(),
            enter: Vec::new(),
            remove: Vec::new(),
            trim: Vec::new(),
            events: Vec::new(),
            confirm: false,
        }
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a conflict that nobody looks at is a lost write"]
pub enum CommitOutcome {
    /// Durable.
    Committed,
    /// An expectation failed; nothing changed.
    Conflict,
}

/// An event that waits in an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// The hash tag whose outbox it is.
    pub tag: u8,
    /// Rises within the tag, never comes back.
    pub seq: u64,
    /// As the batch gave it.
    pub bytes: Bytes,
}

/// Waiting events, as far as they could be asked for.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Of each tag its oldest, in order.
    pub waiting: Vec<OutboxEvent>,
    /// Why more may wait than is told here, where some tags could not be asked.
    pub missed: Option<StoreError>,
}

impl Outbox {
    /// Of a store where either every tag answers or none does.
    pub const fn whole(waiting: Vec<OutboxEvent>) -> Self {
        Self { waiting, missed: None }
    }
}

/// What the flag board says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionIndex {
    /// The record's version at this moment.
    Version(CommitId),
    /// There is no such record.
    Absent,
    /// This store keeps no board (others write to it too): read the record.
    NotKept,
}

/// Which way an index is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the smallest member up.
    Rising,
    /// From the largest member down.
    Falling,
}

/// Why a store did not do what it was asked. Drivers' own error types end here.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or did not answer in time; asking again may help.
    #[error("the store is away: {0}")]
    Away(String),
    /// No room is left; reads go on.
    #[error("the store is full: {0}")]
    Full(String),
    /// What it holds is damaged, or not ours.
    #[error("the store cannot be trusted: {0}")]
    Damaged(String),
}

/// A database that the gateway can stand on.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads records of one partition, in the order of `names`, as one moment shows them.
    async fn get(&self, partition: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError>;

    /// Whether a record is not, or no longer, as it was seen (`None`: it was not there): less than
    /// reading it, for who asks again and again. True may be wrong, false is not.
    async fn has_changed(&self, partition: Partition, name: &str, seen: Option<CommitId>) -> Result<bool, StoreError> {
        let found = self.get(partition, &[name.to_owned()]).await?.pop().flatten();
        Ok(found.map(|record| record.version) != seen)
    }

    /// Clauses 1 to 3, and 9.
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError>;

    /// Clause 9 of what was read: `Committed` where these records, as they were read, would survive
    /// as a confirmed commit does; `Conflict` where they are others by now. Where whatever can be
    /// read is as durable as it will ever be, there is nothing to ask.
    async fn confirm(&self, partition: Partition, read: &[(String, Expect)]) -> Result<CommitOutcome, StoreError> {
        let _ = (partition, read);
        Ok(CommitOutcome::Committed)
    }

    /// Keys of records whose alarm is at or before `now`, at most `limit`, and nobody else's for
    /// `lease_ms` milliseconds after `now`.
    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, StoreError>;

    /// Waiting events, at most `limit`. An error only where no tag has anything to tell.
    async fn outbox(&self, limit: usize) -> Result<Outbox, StoreError>;

    /// Forgets a tag's waiting events up to and including `seq`.
    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError>;

    /// The same for several tags at once.
    async fn trim_outboxes(&self, taken: &BTreeMap<u8, u64>) -> Result<(), StoreError> {
        for (tag, seq) in taken {
            self.trim_outbox(*tag, *seq).await?;
        }
        Ok(())
    }

    /// A page of an index: entries strictly beyond `after` in that order, at most `limit`.
    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexEntry>, StoreError>;

    /// A record's version without waiting, where the store keeps a board. To be asked only of
    /// records that every `Put` puts on the board.
    fn version_index(&self, key: &RecordKey) -> VersionIndex;

    /// Returns when a commit may have left events or alarms, at the latest after 250 ms.
    async fn woken(&self);

    /// Removes what expired before `now`; the number of records removed. A store whose server
    /// does this by itself answers 0.
    async fn sweep(&self, now: u64) -> Result<usize, StoreError>;

    /// The time by the clock of the store's server, milliseconds since 1970, where it has one: all
    /// nodes go by it. None: each process has the store for itself, with its own machine's clock.
    async fn clock(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    /// Whether it would take a commit now.
    async fn ping(&self) -> Result<(), StoreError>;
}

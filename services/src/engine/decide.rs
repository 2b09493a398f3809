//! The one loop: load, decide, commit by compare-and-swap, again on a conflict.
//! It knows neither what is decided nor why: every change of a record passes here.

use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;

use super::{Engine, Error, encode};
use countersign_domain::event::{Event, EventKind};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;
use countersign_store::{
    Batch, CommitId, CommitOutcome, Expect, IndexEntry, Partition, Put, Record, RecordKey, StoreError, VersionIndex,
};

/// Conflicts after which the store is said to be in contention.
const MAX_ATTEMPTS: u32 = 64;

/// How long one writer waits for those before it.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(5);

/// A commit is asked for again within seconds.
const MARKER_LIFE: Duration = Duration::from_secs(3600);

/// A record to write, not sealed yet.
#[derive(Default)]
pub(crate) struct PlainRecord {
    pub name: String,
    pub bytes: Vec<u8>,
    pub alarm: Option<Moment>,
    pub expires: Option<Moment>,
}

/// What must not be lost with one server any more before a decision is told.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Confirm {
    /// Nothing, and what is remembered is good enough: it is no answer, only what has to be known
    /// before there is one, and it is decided again then.
    Unanswered,
    /// Nothing: nobody waits for it. What time or the gateway itself did, it does again.
    Nothing,
    /// What was read: it may be an act that nobody was told of, since it was not confirmed, and
    /// is told of no sooner by what follows from it.
    Read,
    /// What is written.
    Written,
}

/// What a rule wants saved, and what it wants told after that.
pub(crate) struct Change<T> {
    pub put: Vec<PlainRecord>,
    pub delete: Vec<String>,
    /// index, member, content
    pub enter: Vec<(String, String, Vec<u8>)>,
    pub remove: Vec<(String, String)>,
    pub trim: Vec<(String, String)>,
    pub events: Vec<Event>,
    pub confirm: Confirm,
    pub outcome: Result<T, Refusal>,
}

impl<T> Change<T> {
    /// Nothing to save.
    pub fn nothing(outcome: Result<T, Refusal>) -> Self {
        let (put, delete, enter, remove, trim, events) = Default::default();
        Self { put, delete, enter, remove, trim, events, confirm: Confirm::Read, outcome }
    }

    pub(super) fn saves(&self) -> bool {
        let Self { put, delete, enter, remove, trim, events, .. } = self;
        !(put.is_empty()
            && delete.is_empty()
            && enter.is_empty()
            && remove.is_empty()
            && trim.is_empty()
            && events.is_empty())
    }

    /// Whether it may stand on memories that may be wrong: a commit would find out, and what is no
    /// answer yet is decided again.
    fn may_be_cached(&self) -> bool {
        self.saves() || self.confirm == Confirm::Unanswered
    }

    /// The same change, told otherwise.
    pub fn map<U>(self, told: impl FnOnce(T) -> U) -> Change<U> {
        let Self { put, delete, enter, remove, trim, events, confirm, outcome } = self;
        Change { put, delete, enter, remove, trim, events, confirm, outcome: outcome.map(told) }
    }

    /// The same change, with its refusal as something to tell.
    pub fn told<U>(self, told: impl FnOnce(Result<T, Refusal>) -> U) -> Change<U> {
        let Self { put, delete, enter, remove, trim, events, confirm, outcome } = self;
        Change { put, delete, enter, remove, trim, events, confirm, outcome: Ok(told(outcome)) }
    }
}

/// The records that a decision reads: all in one partition, as one moment shows them.
pub(crate) struct Reads {
    pub partition: Partition,
    pub names: Vec<String>,
}

/// A record as it was read and opened.
#[derive(Clone)]
pub(crate) struct OpenedRecord {
    pub version: CommitId,
    bytes: Bytes,
}

impl Deref for OpenedRecord {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Records as this node remembers them.
struct CachedRecords {
    records: Vec<Option<OpenedRecord>>,
    /// The store's board confirms each. Else only a commit can, which expects them so.
    earliest: bool,
}

/// A commit that is to be made: what it does, and what it leaves of what is remembered here.
struct Made {
    batch: Batch,
    left: Vec<(String, Option<OpenedRecord>)>,
}

/// A decision that was saved: its outcome, and the version of what it put.
pub(crate) struct Saved<T> {
    pub outcome: Result<T, Refusal>,
    /// None where nothing had to be saved.
    pub version: Option<CommitId>,
}

impl Engine {
    /// Loads what `reads` names, lets `rule` decide, and commits. The rule runs again on a
    /// conflict; its refusal is returned only after what it counted is saved.
    ///
    /// What this node remembers is decided on first: the commit expects each record as it was
    /// remembered, so a wrong memory is a conflict. A decision that saves nothing is proved by no
    /// commit, so it is made again on what the store has.
    pub(crate) async fn decide<T>(
        &self,
        reads: &Reads,
        rule: impl Fn(&[Option<OpenedRecord>], Moment) -> Result<Change<T>, Error>,
    ) -> Result<Saved<T>, Error> {
        let _first = match reads.names.first() {
            Some(name) => Some(self.keyed_locks.pass_for(name).await?),
            None => None,
        };
        let mut cached = self.cached(reads);
        for round in 0..MAX_ATTEMPTS {
            let CachedRecords { records, earliest } = match cached.take() {
                Some(cached) => cached,
                None => CachedRecords { records: self.read(reads).await?, earliest: true },
            };
            let change = match rule(&records, self.now()) {
                Ok(change) if earliest || change.may_be_cached() => change,
                Err(error) if earliest => return Err(error),
                _ => continue,
            };
            if change.events.iter().any(|event| !event.kind().is_in_stream()) {
                return Err(Error::Damaged("an event that is kept nowhere was to be saved".into()));
            }
            let (saves, confirm) = (change.saves(), change.confirm);
            if confirm == Confirm::Read || confirm == Confirm::Written && !saves {
                let read = expectations(reads, &records);
                if self.store.confirm(reads.partition, &read).await? == CommitOutcome::Conflict {
                    continue;
                }
            }
            if !saves {
                return Ok(Saved { outcome: change.outcome, version: None });
            }
            let id = CommitId(self.draw());
            let kinds: Vec<EventKind> = change.events.iter().map(Event::kind).collect();
            let (Made { batch, left }, outcome) = self.make(id, reads, &records, change);
            match self.commit(batch).await? {
                CommitOutcome::Committed => {
                    for kind in kinds {
                        metrics::counter!("countersign_events_total", "type" => kind.as_str()).increment(1);
                    }
                    left.iter().for_each(|(name, opened)| self.cache(name, opened.as_ref()));
                    return Ok(Saved { outcome, version: Some(id) });
                }
                CommitOutcome::Conflict => tokio::time::sleep(Duration::from_micros(u64::from(round) * 200)).await,
            }
        }
        Err(Error::Away("too many writers of one record".into()))
    }

    /// Reads and opens records; what the flag board confirms is not read again.
    pub(crate) async fn read(&self, reads: &Reads) -> Result<Vec<Option<OpenedRecord>>, Error> {
        if let Some(CachedRecords { records, earliest: true }) = self.cached(reads) {
            return Ok(records);
        }
        let found = self.store.get(reads.partition, &reads.names).await?;
        let mut records = Vec::with_capacity(found.len());
        for (name, record) in reads.names.iter().zip(found) {
            let open = |record: Record| {
                let Record { version, bytes } = record;
                self.open_record(name, version, &bytes).map(|plain| OpenedRecord { version, bytes: plain.into() })
            };
            let opened = record.map(open).transpose()?;
            self.cache(name, opened.as_ref());
            records.push(opened);
        }
        Ok(records)
    }

    /// Reads what somebody is told by it: nothing that might still be forgotten, as `confirm` says.
    pub(crate) async fn read_to_tell(&self, reads: &Reads) -> Result<Vec<Option<OpenedRecord>>, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let records = self.read(reads).await?;
            match self.store.confirm(reads.partition, &expectations(reads, &records)).await? {
                CommitOutcome::Committed => return Ok(records),
                CommitOutcome::Conflict => {}
            }
        }
        Err(Error::Away("too many writers of what is read".into()))
    }

    /// How a record was seen last, where it is of a kind that is worth remembering.
    fn cache(&self, name: &str, opened: Option<&OpenedRecord>) {
        match opened {
            _ if !(self.kinds.is_cached)(name) => {}
            Some(opened) => self.opened.insert(name.to_owned(), opened.clone()),
            None => drop(self.opened.remove(name)),
        }
    }

    /// All of what is to be read, where this node need not ask. What is on no board is hardly ever
    /// there (a reply of an earlier request, a link that ended), so it is taken to be absent where
    /// it is not remembered.
    fn cached(&self, reads: &Reads) -> Option<CachedRecords> {
        let mut earliest = true;
        let mut one = |name: &String| {
            if !(self.kinds.is_indexed)(name) {
                earliest = false;
                return Some(self.opened.get(name));
            }
            match self.store.version_index(&RecordKey { partition: reads.partition, name: name.clone() }) {
                VersionIndex::Absent => Some(None),
                VersionIndex::NotKept => {
                    earliest = false;
                    self.opened.get(name).map(Some)
                }
                VersionIndex::Version(version) => {
                    self.opened.get(name).filter(|kept| kept.version == version).map(Some)
                }
            }
        };
        let records = reads.names.iter().map(&mut one).collect::<Option<Vec<_>>>()?;
        Some(CachedRecords { records, earliest })
    }

    /// Expects every record that was read to be as it was read, and seals what is put.
    fn make<T>(
        &self,
        id: CommitId,
        reads: &Reads,
        records: &[Option<OpenedRecord>],
        change: Change<T>,
    ) -> (Made, Result<T, Refusal>) {
        let mut batch = Batch::new(id, reads.partition);
        batch.confirm = change.confirm == Confirm::Written;
        batch.expect = expectations(reads, records);
        let mut left = Vec::new();
        if change.put.is_empty() {
            batch.put.push(self.marker(id));
        }
        for PlainRecord { name, bytes, alarm, expires } in change.put {
            let (sealed, version_index) = (self.seal_record(&name, id, &bytes), (self.kinds.is_indexed)(&name));
            left.push((name.clone(), Some(OpenedRecord { version: id, bytes: bytes.into() })));
            let (alarm, expires) = (alarm.map(|m| m.0), expires.map(|m| m.0));
            batch.put.push(Put { bytes: sealed, version_index, name, alarm, expires });
        }
        left.extend(change.delete.iter().map(|name| (name.clone(), None)));
        batch.delete = change.delete;
        let enter = change.enter.into_iter();
        let entry = |(index, member, plain): (String, _, Vec<u8>)| IndexEntry {
            bytes: self.seal_at(&index, &plain),
            index,
            member,
        };
        batch.enter = enter.map(entry).collect();
        batch.remove = change.remove;
        batch.trim = change.trim;
        batch.events = change.events.iter().map(|event| self.seal_at("outbox", &encode(event))).collect();
        (Made { batch, left }, change.outcome)
    }

    /// The record of a commit that writes no other: by it the store recognises the commit when it is asked again.
    fn marker(&self, id: CommitId) -> Put {
        let name = format!("marker/{:032x}", u128::from_be_bytes(id.0));
        let expires = Some(self.now().plus(MARKER_LIFE).0);
        Put { bytes: self.seal_record(&name, id, &[]), version_index: false, name, alarm: None, expires }
    }

    /// Commits; after an answer that may have been lost, asks again with the same id, which the
    /// store recognises.
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, Error> {
        let mut wait = Duration::from_millis(50);
        for _ in 0..2 {
            match self.store.commit(batch.clone()).await {
                Err(StoreError::Away(why)) => {
                    tracing::warn!(why, "the store did not answer a commit; asking again");
                    tokio::time::sleep(wait).await;
                    wait *= 4;
                }
                other => return Ok(other?),
            }
        }
        Ok(self.store.commit(batch).await?)
    }
}

/// That each record is as it was read.
fn expectations(reads: &Reads, records: &[Option<OpenedRecord>]) -> Vec<(String, Expect)> {
    let expect = |record: &Option<OpenedRecord>| record.as_ref().map_or(Expect::Absent, |r| Expect::Version(r.version));
    reads.names.iter().cloned().zip(records.iter().map(expect)).collect()
}

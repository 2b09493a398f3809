//! The one loop: load, decide, commit by compare-and-swap, again on a conflict.
//! It knows neither what is decided nor why: every change of a record passes here.

use std::time::Duration;

use crate::domain::event::{Actor, Event, EventKind};
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;
use crate::store::{Batch, Board, CommitId, Entry, Expect, Key, Outcome, Partition, Put, StoreError};

use super::names::on_board;
use super::{Error, Gateway, encode};

/// Conflicts after which the store is said to be in contention.
const MOST_ROUNDS: u32 = 64;

/// How long one writer waits for those before it.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A record to write, not sealed yet.
#[derive(Default)]
pub(super) struct Plain {
    pub name: String,
    pub bytes: Vec<u8>,
    pub alarm: Option<Moment>,
    pub expires: Option<Moment>,
}

/// What must not be lost with one server any more before a decision is told.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Confirm {
    /// Nothing: nobody waits for it. What time or the gateway itself did, it does again.
    Nothing,
    /// What was read: it may be an act that nobody was told of, since it was not confirmed, and
    /// is told of no sooner by what follows from it.
    Read,
    /// What is written.
    Written,
}

/// What a rule wants saved, and what it wants told after that.
pub(super) struct Change<T> {
    pub put: Vec<Plain>,
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

    /// Whatever somebody did that is told of is confirmed.
    fn to_confirm(&self) -> Confirm {
        match self.events.iter().any(|event| event.actor != Actor::Time) {
            true => Confirm::Written,
            false => self.confirm,
        }
    }

    /// What it puts that the board will confirm, opened as it is.
    fn kept(&self) -> Vec<(String, Vec<u8>)> {
        let on_board = self.put.iter().filter(|plain| on_board(&plain.name));
        on_board.map(|plain| (plain.name.clone(), plain.bytes.clone())).collect()
    }

    /// The same change, told otherwise.
    pub fn map<U>(self, told: impl FnOnce(T) -> U) -> Change<U> {
        let Self { put, delete, enter, remove, trim, events, confirm, outcome } = self;
        Change { put, delete, enter, remove, trim, events, confirm, outcome: outcome.map(told) }
    }
}

/// The records that a decision reads: all in one partition, as one moment shows them.
pub(super) struct Reads {
    pub partition: Partition,
    pub names: Vec<String>,
}

/// A record as it was read and opened.
pub(super) type Opened = Option<Vec<u8>>;

/// A decision that was saved: its outcome, and the version of what it put.
pub(super) struct Saved<T> {
    pub outcome: Result<T, Refusal>,
    /// None where nothing had to be saved.
    pub version: Option<CommitId>,
}

impl Gateway {
    /// Loads what `reads` names, lets `rule` decide, and commits. The rule runs again on a
    /// conflict; its refusal is returned only after what it counted is saved.
    pub(super) async fn decide<T>(
        &self,
        reads: &Reads,
        rule: impl Fn(&[Opened], Moment) -> Result<Change<T>, Error>,
    ) -> Result<Saved<T>, Error> {
        let turnstile = self.turnstile(reads);
        let waited = tokio::time::timeout(LONGEST_WAIT, turnstile.lock()).await;
        let _first = waited.map_err(|_| Error::Away("too many writers wait before this one".into()))?;
        for round in 0..MOST_ROUNDS {
            let (opened, versions) = self.read(reads).await?;
            let change = rule(&opened, self.now())?;
            let (saves, confirm) = (!change.put.is_empty() || !change.delete.is_empty(), change.to_confirm());
            if confirm == Confirm::Read || confirm == Confirm::Written && !saves {
                let read = expectations(reads, &versions);
                if self.store.confirm(reads.partition, &read).await? == Outcome::Conflict {
                    continue;
                }
            }
            if !saves {
                return Ok(Saved { outcome: change.outcome, version: None });
            }
            let id = CommitId(self.draw());
            let kept: Vec<(String, Vec<u8>)> = change.kept();
            let kinds: Vec<EventKind> = change.events.iter().map(|event| event.kind).collect();
            let (batch, outcome) = self.batch(id, reads, &versions, change);
            match self.commit(batch).await? {
                Outcome::Committed => {
                    for kind in kinds {
                        metrics::counter!("countersign_events_total", "type" => kind.as_str()).increment(1);
                    }
                    kept.into_iter().for_each(|(name, bytes)| self.opened.insert(name, (id, bytes)));
                    return Ok(Saved { outcome, version: Some(id) });
                }
                Outcome::Conflict => tokio::time::sleep(Duration::from_micros(u64::from(round) * 200)).await,
            }
        }
        Err(Error::Away("too many writers of one record".into()))
    }

    fn turnstile(&self, reads: &Reads) -> &tokio::sync::Mutex<()> {
        let first = reads.names.first().map_or("", String::as_str);
        let sum = first.bytes().fold(0u8, |sum, b| sum.wrapping_mul(31).wrapping_add(b));
        &self.turnstiles[usize::from(sum)]
    }

    /// Reads and opens records; what the flag board confirms is not read again.
    pub(super) async fn read(&self, reads: &Reads) -> Result<(Vec<Opened>, Vec<Option<CommitId>>), Error> {
        if let Some(known) = self.known(reads) {
            return Ok(known);
        }
        let records = self.store.get(reads.partition, &reads.names).await?;
        let mut opened = Vec::with_capacity(records.len());
        let mut versions = Vec::with_capacity(records.len());
        for (name, record) in reads.names.iter().zip(records) {
            versions.push(record.as_ref().map(|r| r.version));
            let plain = record.map(|r| Ok::<_, Error>((r.version, self.open_record(name, r.version, &r.bytes)?)));
            let plain = plain.transpose()?;
            if let Some((version, bytes)) = plain.as_ref().filter(|_| on_board(name)) {
                let key = Key { partition: reads.partition, name: name.clone() };
                if self.store.board(&key) == Board::Version(*version) {
                    self.opened.insert(key.name, (*version, bytes.clone()));
                }
            }
            opened.push(plain.map(|(_, bytes)| bytes));
        }
        Ok((opened, versions))
    }

    /// Reads what somebody is told by it: nothing that might still be forgotten, as `confirm` says.
    pub(super) async fn read_to_tell(&self, reads: &Reads) -> Result<Vec<Opened>, Error> {
        for _ in 0..MOST_ROUNDS {
            let (opened, versions) = self.read(reads).await?;
            match self.store.confirm(reads.partition, &expectations(reads, &versions)).await? {
                Outcome::Committed => return Ok(opened),
                Outcome::Conflict => {}
            }
        }
        Err(Error::Away("too many writers of what is read".into()))
    }

    /// All of what is to be read, where each is on the board and was opened here before.
    fn known(&self, reads: &Reads) -> Option<(Vec<Opened>, Vec<Option<CommitId>>)> {
        let one = |name: &String| {
            if !on_board(name) {
                return None;
            }
            match self.store.board(&Key { partition: reads.partition, name: name.clone() }) {
                Board::Absent => Some((None, None)),
                Board::NotKept => None,
                Board::Version(version) => {
                    let (kept, bytes) = self.opened.get(name)?;
                    (kept == version).then_some((Some(bytes), Some(version)))
                }
            }
        };
        reads.names.iter().map(one).collect::<Option<Vec<_>>>().map(|all| all.into_iter().unzip())
    }

    /// Expects every record that was read to be as it was read, and seals what is put.
    fn batch<T>(
        &self,
        id: CommitId,
        reads: &Reads,
        versions: &[Option<CommitId>],
        change: Change<T>,
    ) -> (Batch, Result<T, Refusal>) {
        let mut batch = Batch::new(id, reads.partition);
        batch.confirm = change.to_confirm() == Confirm::Written;
        batch.expect = expectations(reads, versions);
        batch.put = change
            .put
            .into_iter()
            .map(|plain| Put {
                bytes: self.seal_record(&plain.name, id, &plain.bytes),
                board: on_board(&plain.name),
                name: plain.name,
                alarm: plain.alarm.map(|m| m.0),
                expires: plain.expires.map(|m| m.0),
            })
            .collect();
        batch.delete = change.delete;
        batch.enter = change
            .enter
            .into_iter()
            .map(|(index, member, plain)| Entry { bytes: self.seal_at(&index, &plain), index, member })
            .collect();
        batch.remove = change.remove;
        batch.trim = change.trim;
        batch.events = change.events.iter().map(|event| self.seal_at("outbox", &encode(event))).collect();
        (batch, change.outcome)
    }

    /// Commits; after an answer that may have been lost, asks again with the same id, which the
    /// store recognises.
    async fn commit(&self, batch: Batch) -> Result<Outcome, Error> {
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
fn expectations(reads: &Reads, versions: &[Option<CommitId>]) -> Vec<(String, Expect)> {
    let expect = |version: &Option<CommitId>| version.map_or(Expect::Absent, Expect::Version);
    reads.names.iter().cloned().zip(versions.iter().map(expect)).collect()
}

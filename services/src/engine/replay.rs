//! Answering the same request the same way: `Idempotency-Key`, and a message that a bot tells
//! twice. The first reply lies in the commit of its effect, sealed for the one who got it.

use super::decide::{Change, Confirm, OpenedRecord, PlainRecord};
use super::{DAY, Engine, Error};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;
use countersign_store::Partition;

/// An outcome, or the reply that an earlier request got.
#[derive(Debug)]
pub enum Execution<T> {
    /// It happened now.
    Executed(T),
    /// It had happened: the reply as it was.
    Replayed(Vec<u8>),
}

/// Where a reply is remembered and how it reads.
pub struct IdempotencyRecord<'a, T> {
    pub(crate) place: ReplyKey,
    pub(crate) render: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync),
    extra_writes: Option<ExtraWrites<'a, T>>,
}

/// What is saved along with a reply, in the same commit.
pub(crate) struct ExtraWrites<'a, T> {
    /// What has to be read for it: records that lie where the reply does.
    pub reads: Vec<String>,
    /// What is put, given these and the outcome.
    pub puts: &'a Puts<'a, T>,
}

type Puts<'a, T> = dyn Fn(&[Option<OpenedRecord>], &T, Moment) -> Result<Vec<PlainRecord>, Error> + Send + Sync + 'a;

/// Where a reply is remembered.
#[derive(Clone)]
pub struct ReplyKey {
    pub(super) name: String,
    pub(super) key: [u8; 32],
    /// Nobody ran before with this key.
    pub(super) is_new: bool,
    pub(super) reservation: Option<(Partition, String)>,
}

impl<'a, T> IdempotencyRecord<'a, T> {
    /// Remembers at `place` what `render` makes.
    pub fn new(place: ReplyKey, render: &'a (dyn Fn(&T) -> Vec<u8> + Send + Sync)) -> Self {
        Self { place, render, extra_writes: None }
    }

    /// Saves this with it.
    pub(crate) fn extra_writes(self, extra_writes: ExtraWrites<'a, T>) -> Self {
        Self { extra_writes: Some(extra_writes), ..self }
    }

    /// The names of the records that a decision must read: what was remembered stands last.
    pub(crate) fn names(&self) -> Vec<String> {
        let more = self.extra_writes.iter().flat_map(|extra_writes| extra_writes.reads.clone());
        more.chain([self.place.name.clone()]).collect()
    }

    /// The name of what was remembered.
    pub(crate) fn name(&self) -> String {
        self.place.name.clone()
    }

    /// What tells this request from others, and is no secret.
    pub(crate) fn mark(&self) -> &str {
        &self.place.name
    }

    /// The earlier reply, or that its request is still running. A reply of a day ago counts no
    /// more, whether or not the store has swept it.
    pub(crate) fn earlier(&self, kept: &Option<OpenedRecord>, now: Moment) -> Result<Option<Vec<u8>>, Error> {
        if let Some(sealed) = kept {
            let opened = Engine::open_for(&self.place.key, sealed)?;
            let (at, reply) = opened.split_first_chunk().ok_or_else(|| Error::Damaged("a kept reply".into()))?;
            if now < Moment(u64::from_be_bytes(*at)).plus(DAY) {
                return Ok(Some(reply.to_vec()));
            }
        }
        if self.place.is_new { Ok(None) } else { Err(Refusal::IdempotencyRunning.into()) }
    }

    /// The record that keeps the reply for a day.
    pub(crate) fn keep(&self, engine: &Engine, outcome: &T, now: Moment) -> PlainRecord {
        let mut reply = now.0.to_be_bytes().to_vec();
        reply.extend((self.render)(outcome));
        let bytes = engine.seal_for(&self.place.key, &reply);
        PlainRecord { name: self.place.name.clone(), bytes, expires: Some(now.plus(DAY)), ..PlainRecord::default() }
    }

    /// Adds what is saved along with an outcome. `records` are all that the decision has read. What
    /// was told to others must not be forgotten with one server.
    pub(crate) fn add(
        &self,
        change: &mut Change<Execution<T>>,
        records: &[Option<OpenedRecord>],
        now: Moment,
    ) -> Result<(), Error> {
        let (Some(extra_writes), Ok(Execution::Executed(outcome))) = (&self.extra_writes, &change.outcome) else {
            return Ok(());
        };
        let last = records.len() - 1;
        let more = (extra_writes.puts)(&records[last - extra_writes.reads.len()..last], outcome, now)?;
        if !more.is_empty() {
            change.confirm = Confirm::Written;
            change.put.extend(more);
        }
        Ok(())
    }
}

pub(crate) fn executed<T>(told: Execution<T>) -> Result<T, Error> {
    match told {
        Execution::Executed(value) => Ok(value),
        Execution::Replayed(_) => unreachable!("nothing was to be remembered"),
    }
}

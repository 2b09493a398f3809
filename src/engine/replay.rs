//! Answering the same request the same way: `Idempotency-Key`, and a message that a bot tells
//! twice. The first reply lies in the commit of its effect, sealed for the one who got it.
//!
//! A key is reserved before its request runs, so that the same key with another body is refused
//! wherever that body would lead.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decide::{Change, Confirm, OpenedRecord, PlainRecord, Reads};
use super::{DAY, Engine, Error, decode, encode};
use crate::domain::refusal::Refusal;
use crate::domain::secret::Tag;
use crate::domain::time::Moment;

/// After so long a request that has no reply is taken to have died.
const RUNNING: Duration = Duration::from_secs(60);

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
    name: String,
    key: [u8; 32],
    /// Nobody ran before with this key.
    is_new: bool,
    reservation: Option<(crate::store::Partition, String)>,
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reservation {
    body: Tag,
    /// When the key came first: it counts for a day from then, however often it is replayed.
    at: Moment,
    /// When its request began to run last.
    since: Moment,
}

impl Engine {
    /// Reserves an idempotency key for a caller's request.
    pub async fn reserve(&self, caller: &Tag, key: &str, body: &[u8]) -> Result<ReplyKey, Error> {
        let tag = self.keys.replay.tag(&[b"key", caller.as_bytes(), key.as_bytes()]);
        let body = self.keys.replay.tag(&[b"body", body]);
        let (partition, name) = (self.partition_of(&[b"replay", tag.as_bytes()]), format!("r/{}", tag.name()));
        let reads = Reads { partition, names: vec![name.clone()] };
        let saved = self
            .decide(&reads, |records, now| {
                let found = records[0].as_ref().map(|bytes| decode::<Reservation>(&name, bytes)).transpose()?;
                let found = found.filter(|r| now < r.at.plus(DAY));
                if found.as_ref().is_some_and(|r| r.body != body) {
                    return Ok(Change::nothing(Err(Refusal::IdempotencyMismatch)));
                }
                if found.as_ref().is_some_and(|r| now < r.since.plus(RUNNING)) {
                    return Ok(Change::nothing(Ok(false)));
                }
                let at = found.map_or(now, |r| r.at);
                let bytes = encode(&Reservation { body, at, since: now });
                let put =
                    PlainRecord { name: name.clone(), bytes, expires: Some(at.plus(DAY)), ..PlainRecord::default() };
                Ok(Change { put: vec![put], ..Change::nothing(Ok(true)) })
            })
            .await?;
        let is_new = saved.outcome?;
        let secret = self.keys.replay.tag(&[b"reply", caller.as_bytes(), key.as_bytes()]);
        Ok(ReplyKey {
            name: format!("y/{}", tag.name()),
            key: *secret.as_bytes(),
            is_new,
            reservation: Some((partition, name)),
        })
    }

    /// A refused request used nothing up: its key may come again.
    pub async fn release(&self, place: &ReplyKey) {
        let (Some((partition, name)), true) = (&place.reservation, place.is_new) else { return };
        let reads = Reads { partition: *partition, names: vec![name.clone()] };
        let gone = self
            .decide(&reads, |_, now| {
                // A put of nothing that is already past its time: the sweep takes it.
                let mut change = Change { confirm: Confirm::Nothing, ..Change::nothing(Ok(())) };
                change.put.push(PlainRecord {
                    name: name.clone(),
                    bytes: encode(&Reservation {
                        body: self.keys.replay.tag(&[b"released"]),
                        at: Moment(0),
                        since: Moment(0),
                    }),
                    expires: Some(now),
                    ..PlainRecord::default()
                });
                Ok(change)
            })
            .await;
        if let Err(error) = gone {
            tracing::warn!(%error, "an idempotency key could not be released; it frees itself in a minute");
        }
    }

    /// Where the reply to a message that a bot passed on is remembered.
    pub fn message_place(&self, interaction: &[u8; 16], message: &str) -> ReplyKey {
        self.place_of(b"message", interaction, message)
    }

    /// Where it is remembered what became of a message that came to an address.
    pub(crate) fn received_place(&self, address: &Tag, message: &str) -> ReplyKey {
        self.place_of(b"received", address.as_bytes(), message)
    }

    /// Where the reply to what has a name of its own among others of its kind is remembered.
    pub(crate) fn place_of(&self, kind: &[u8], of: &[u8], own: &str) -> ReplyKey {
        let tag = self.keys.replay.tag(&[kind, of, own.as_bytes()]);
        let secret = self.keys.replay.tag(&[&[kind, b" reply"].concat(), of, own.as_bytes()]);
        ReplyKey { name: format!("m/{}", tag.name()), key: *secret.as_bytes(), is_new: true, reservation: None }
    }
}

pub(crate) fn executed<T>(told: Execution<T>) -> Result<T, Error> {
    match told {
        Execution::Executed(value) => Ok(value),
        Execution::Replayed(_) => unreachable!("nothing was to be remembered"),
    }
}

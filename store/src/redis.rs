//! The Redis store: a server, a cluster or a primary with replicas, that several gateways may share.
//!
//! A commit is one call of a function that Redis runs alone, so one round trip and all or nothing.
//! This file turns the port's questions into commands and answers back. `commit.lua` runs inside Redis; the
//! names of keys are `keys`, what tells an emptied store is `marks`, the choice of a server is `server`, and the
//! confirmation by replicas is `confirm`. The servers' `appendonly` and `appendfsync` decide how durable a commit is.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use ::redis::{Cmd, Value, cmd};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use tokio::sync::Notify;

use self::{
    answers::{array, bytes, list_and_rest, record, unread},
    confirm::ReplicaConfirmation,
    keys::KeyNames,
    server::RedisServers,
};
use super::{
    Batch, CommitId, CommitOutcome, Expect, IndexEntry, Order, Outbox, OutboxEvent, Partition, Record, RecordKey,
    Store, StoreError, VersionIndex,
};

mod answers;
mod confirm;
mod fitness;
mod keys;
mod marks;
mod place;
mod server;
mod server_connection;

pub use self::place::RedisAddress;

/// `woken` returns after this long: other gateways' commits are not heard, they are looked for.
const WOKEN_WITHIN: Duration = Duration::from_millis(100);

/// Where Redis is, and which part of it.
#[derive(Clone)]
pub struct RedisOptions {
    /// One server, a cluster, or a primary that Sentinels know.
    pub place: RedisAddress,
    /// What every key begins with, so that installations may share a server. No braces.
    pub prefix: String,
    /// How many replicas must have what is to be confirmed; 0: that is as any other commit.
    pub confirm_replicas: u32,
}

impl RedisOptions {
    /// A place, with the usual prefix, where no replica is waited for.
    pub fn new(place: RedisAddress) -> Self {
        Self { place, prefix: "cs".to_owned(), confirm_replicas: 0 }
    }
}

/// Whether replicas must have what primaries answer.
#[derive(Clone, Copy)]
enum ReplicaCheck {
    /// Clause 9 holds of the answers.
    Required,
    /// The answers may be lost with their primary.
    Skipped,
}

/// A store on Redis.
pub struct Redis {
    server: RedisServers,
    keys: KeyNames,
    /// What says of each tag that it was not emptied.
    mark: String,
    /// Where replicas are waited for.
    confirmation: Option<ReplicaConfirmation>,
    woken: Notify,
    /// Which primary, and of its tags which, the next sweep begins with, so that a full one does
    /// not starve those behind it.
    next_connection: AtomicUsize,
}

impl Redis {
    /// Connects, examines the servers, loads the function library, and begins the store where
    /// there is none.
    ///
    /// # Errors
    /// `Away` where a server cannot be reached; `Damaged`, saying what to set, where one would
    /// forget, and where part of the store was emptied.
    pub async fn connect(options: &RedisOptions) -> Result<Self, StoreError> {
        if options.prefix.contains(['{', '}']) {
            return Err(StoreError::Damaged("the prefix of the Redis keys must not contain braces".to_owned()));
        }
        let server = RedisServers::connect(&options.place).await?;
        let keys = KeyNames::new(&options.prefix);
        let mark = marks::found(&server, &keys).await?;
        let confirmation = NonZeroU32::new(options.confirm_replicas).map(ReplicaConfirmation::by);
        if let Some(confirmation) = &confirmation {
            confirmation.examine(&server).await?;
        }
        server.begin();
        let (woken, next_connection) = (Notify::new(), AtomicUsize::new(0));
        Ok(Self { server, keys, mark, confirmation, woken, next_connection })
    }

    /// Commands that were sent since it connected.
    pub fn round_trips(&self) -> u64 {
        self.server.round_trips()
    }

    /// Asks one primary after another, each time from another one on, with the tags that it holds
    /// and how many answers are wanted still; `heard` gives the answers of one, and how many of its
    /// tags have moved away. Who does not answer is passed over and told: it is an error only where
    /// nobody has anything to say.
    async fn swept<T>(
        &self,
        limit: usize,
        check: ReplicaCheck,
        call: impl Fn(&[u8], usize) -> Cmd,
        heard: impl Fn(&[u8], Vec<Value>) -> Result<Vec<T>, StoreError>,
    ) -> Result<(Vec<T>, Option<StoreError>), StoreError> {
        let mut primaries = self.server.primaries().await?;
        let next_connection = self.next_connection.fetch_add(1, Ordering::Relaxed);
        let first = next_connection % primaries.len().max(1);
        primaries.rotate_left(first);
        let (mut found, mut trouble, mut moved) = (Vec::new(), server::unheld(&primaries), None);
        for mut primary in primaries {
            if found.len() >= limit {
                break;
            }
            let first = next_connection % primary.tags.len();
            primary.tags.rotate_left(first);
            let question = call(&primary.tags, limit - found.len());
            let mut answer = self.server.ask_one(&primary, &question).await.and_then(list_and_rest);
            if let (Some(confirmation), ReplicaCheck::Required, Ok((said, _))) = (&self.confirmation, check, &answer)
                && !said.is_empty()
            {
                let nothing = self.call_of(&Batch::new(CommitId([0; 16]), Partition(primary.tags[0] << 2)));
                answer = confirmation.read(&self.server, &primary, &question, &nothing).await.and_then(list_and_rest);
            }
            match answer.and_then(|(said, away)| Ok((heard(&primary.tags, said)?, away))) {
                Ok((said, away)) => {
                    found.extend(said);
                    if away != Value::Int(0) {
                        self.server.look_later();
                        moved = Some(StoreError::Away("a slot is on its way to another primary".to_owned()));
                    }
                }
                Err(error) => trouble = Some(error),
            }
        }
        match trouble {
            Some(error) if found.is_empty() => Err(error),
            trouble => Ok((found, trouble.or(moved))),
        }
    }

    /// The call of a batch: `commit.lua` says what stands where.
    fn call_of(&self, batch: &Batch) -> Cmd {
        let Batch { id, partition, expect, put, delete, enter, remove, trim, events, confirm: _ } = batch;
        let indexes = || {
            let entered = enter.iter().map(|entry| &entry.index);
            entered.chain(remove.iter().chain(trim).map(|(index, _)| index))
        };
        let mut call = cmd("FCALL");
        call.arg("countersign_1_commit");
        call.arg(3 + expect.len() + put.len() + delete.len() + 2 * indexes().count());
        let tag = partition.tag();
        call.arg(self.keys.mark(tag)).arg(self.keys.outbox(tag)).arg(self.keys.alarms(tag));
        let named = expect.iter().map(|(name, _)| name).chain(put.iter().map(|put| &put.name)).chain(delete);
        for name in named {
            call.arg(self.keys.record(*partition, name));
        }
        for index in indexes() {
            call.arg(&self.keys.index(*partition, index));
        }
        call.arg(&self.mark).arg(&id.0[..]);
        call.arg(&[expect.len(), put.len(), delete.len(), enter.len(), remove.len(), trim.len()]);
        for (_, expect) in expect {
            match expect {
                Expect::Absent => call.arg(""),
                Expect::Version(version) => call.arg(&version.0[..]),
            };
        }
        for put in put {
            call.arg(&put.bytes[..])
                .arg(moment(put.alarm))
                .arg(moment(put.expires))
                .arg(keys::alarm(*partition, &put.name));
        }
        for name in delete {
            call.arg(keys::alarm(*partition, name));
        }
        for entry in enter {
            call.arg(&entry.member).arg(&entry.bytes[..]);
        }
        for (_, member) in remove.iter().chain(trim) {
            call.arg(member);
        }
        for event in events {
            call.arg(&event[..]);
        }
        call
    }
}

#[async_trait]
impl Store for Redis {
    async fn get(&self, partition: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError> {
        let tag = partition.tag();
        if let [name] = names {
            // Unlike MGET it says so where the key holds something that is not a record.
            let found = self.server.ask(tag, cmd("GET").arg(self.keys.record(partition, name))).await?;
            if let Some(found) = record(found)? {
                return Ok(vec![Some(found)]);
            }
        }
        // The mark is read with them, for an absence counts only where it stands.
        let mut question = cmd("MGET");
        for name in names {
            question.arg(self.keys.record(partition, name));
        }
        let mut found = array(self.server.ask(tag, question.arg(self.keys.mark(tag))).await?)?;
        if found.pop().is_none_or(|mark| mark != Value::BulkString(self.mark.clone().into_bytes())) {
            return Err(StoreError::Damaged("the mark of this store is gone: what lay there was removed".to_owned()));
        }
        if found.len() != names.len() {
            return Err(unread("another number of records"));
        }
        found.into_iter().map(record).collect()
    }

    async fn has_changed(&self, partition: Partition, name: &str, seen: Option<CommitId>) -> Result<bool, StoreError> {
        let mut question = cmd("GETRANGE");
        question.arg(self.keys.record(partition, name)).arg(0).arg(size_of::<CommitId>() - 1);
        let found = bytes(self.server.ask(partition.tag(), &question).await?)?;
        // Nothing where there is no record. Whether that may be, who then reads it is told.
        Ok(found != seen.map_or(Bytes::new(), |version| Bytes::copy_from_slice(&version.0)))
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError> {
        let (tag, call) = (batch.partition.tag(), self.call_of(&batch));
        let answer = match &self.confirmation {
            Some(confirmation) if batch.confirm => confirmation.ask(&self.server, tag, &call).await?,
            _ => self.server.ask(tag, &call).await?,
        };
        match answer {
            Value::Int(0) => Ok(CommitOutcome::Conflict),
            Value::Int(1) => {
                if let Some(confirmation) = &self.confirmation {
                    confirmation.committed(&batch);
                }
                if !batch.events.is_empty() || batch.put.iter().any(|put| put.alarm.is_some()) {
                    // Who waits now, and one who was just about to.
                    self.woken.notify_waiters();
                    self.woken.notify_one();
                }
                Ok(CommitOutcome::Committed)
            }
            _ => Err(unread("not an outcome")),
        }
    }

    async fn confirm(&self, partition: Partition, read: &[(String, Expect)]) -> Result<CommitOutcome, StoreError> {
        let Some(confirmation) = &self.confirmation else { return Ok(CommitOutcome::Committed) };
        if confirmation.knows(read) {
            return Ok(CommitOutcome::Committed);
        }
        // A commit of nothing, whose id nothing will ever have.
        let nothing = Batch { expect: read.to_vec(), ..Batch::new(CommitId([0; 16]), partition) };
        match confirmation.ask(&self.server, partition.tag(), &self.call_of(&nothing)).await? {
            Value::Int(0) => Ok(CommitOutcome::Conflict),
            Value::Int(1) => {
                confirmation.know(read);
                Ok(CommitOutcome::Committed)
            }
            _ => Err(unread("not an outcome")),
        }
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, StoreError> {
        let call = |tags: &[u8], limit| {
            let mut call = cmd("FCALL");
            call.arg("countersign_1_due").arg(0).arg(now).arg(now.saturating_add(lease_ms)).arg(limit);
            call.arg(self.keys.bases(tags));
            call
        };
        let alarm = |alarm| keys::alarmed(&bytes(alarm)?).ok_or_else(|| unread("not an alarm"));
        // Who is passed over keeps its alarms: they are only late.
        let (keys, _) =
            self.swept(limit, ReplicaCheck::Skipped, call, |_, said| said.into_iter().map(alarm).collect()).await?;
        Ok(keys)
    }

    async fn outbox(&self, limit: usize) -> Result<Outbox, StoreError> {
        let call = |tags: &[u8], limit| {
            let mut call = cmd("FCALL_RO");
            call.arg("countersign_1_outbox").arg(0).arg(limit);
            call.arg(self.keys.bases(tags));
            call
        };
        let heard = |tags: &[u8], said: Vec<Value>| {
            let mut said = said.into_iter();
            let mut waiting = Vec::with_capacity(said.len() / 3);
            while let (Some(Value::Int(place)), Some(id), Some(event)) = (said.next(), said.next(), said.next()) {
                let tag = usize::try_from(place).ok().and_then(|place| tags.get(place)).copied();
                let (Some(tag), Some(seq)) = (tag, keys::seq(&bytes(id)?)) else {
                    return Err(unread("not an event"));
                };
                waiting.push(OutboxEvent { tag, seq, bytes: bytes(event)? });
            }
            Ok(waiting)
        };
        let (waiting, missed) = self.swept(limit, ReplicaCheck::Required, call, heard).await?;
        Ok(Outbox { waiting, missed })
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        let call = cmd("XTRIM").arg(self.keys.outbox(tag)).arg("MINID").arg(keys::beyond(seq)).clone();
        self.server.ask(tag, &call).await.map(drop)
    }

    async fn trim_outboxes(&self, taken: &BTreeMap<u8, u64>) -> Result<(), StoreError> {
        let each = stream::iter(taken.iter().map(Ok));
        each.try_for_each_concurrent(None, |(tag, seq)| self.trim_outbox(*tag, *seq)).await
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexEntry>, StoreError> {
        let mut call = cmd("FCALL_RO");
        let tag = partition.tag();
        call.arg("countersign_1_list").arg(3).arg(self.keys.mark(tag)).arg(&self.keys.index(partition, index));
        call.arg(&self.mark).arg(match order {
            Order::Rising => "rising",
            Order::Falling => "falling",
        });
        call.arg(limit).arg(after);
        let mut found = array(self.server.ask(tag, &call).await?)?.into_iter();
        let mut entries = Vec::with_capacity(found.len() / 2);
        while let (Some(member), Some(content)) = (found.next(), found.next()) {
            let member = String::from_utf8(bytes(member)?.into()).map_err(|_| unread("not a member"))?;
            entries.push(IndexEntry { index: index.to_owned(), member, bytes: bytes(content)? });
        }
        Ok(entries)
    }

    fn version_index(&self, _: &RecordKey) -> VersionIndex {
        VersionIndex::NotKept
    }

    async fn woken(&self) {
        // Either way it returns: the time is only a bound.
        let _ = tokio::time::timeout(WOKEN_WITHIN, self.woken.notified()).await;
    }

    async fn sweep(&self, _: u64) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn clock(&self) -> Result<Option<u64>, StoreError> {
        // Of several servers the one that keeps the system's records.
        let mut told = array(self.server.ask(0, &cmd("TIME")).await?)?.into_iter();
        let mut number = || match told.next() {
            Some(Value::BulkString(text)) => std::str::from_utf8(&text).ok().and_then(|text| text.parse::<u64>().ok()),
            _ => None,
        };
        let (seconds, micros) = (number(), number());
        let ms = |(seconds, micros): (u64, u64)| seconds.saturating_mul(1000).saturating_add(micros / 1000);
        seconds.zip(micros).map(ms).map(Some).ok_or_else(|| unread("not a time"))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        for primary in self.server.primaries().await? {
            let mut call = cmd("FCALL");
            call.arg("countersign_1_ping").arg(0).arg(&self.mark).arg(self.keys.bases(&primary.tags));
            self.server.ask_one(&primary, &call).await?;
        }
        Ok(())
    }
}

/// A moment as a function takes it; beyond 2^53 ms numbers have gaps there, and nobody waits that long.
fn moment(at: Option<u64>) -> String {
    at.map(|at| at.min(1 << 53).to_string()).unwrap_or_default()
}

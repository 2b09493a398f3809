//! The Redis store: one server that several gateways may share.
//!
//! A commit is one call of a function that Redis runs alone, so one round trip and all or nothing.
//! This file turns the port's questions into commands and answers back; what runs inside Redis is
//! `commit.lua`, the names of keys are `keys`, and connections and their errors are `server`. How
//! durable an answered commit is, the server's `appendonly` and `appendfsync` decide.

use std::{
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use ::redis::{Cmd, Value, cmd};
use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;

use self::{
    keys::Keys,
    server::{Server, unread},
};
use super::{
    Batch, Board, CommitId, Entry, Expect, Key, Order, Outcome, Partition, Record, Store, StoreError, TAGS, Waiting,
};

mod keys;
mod server;

/// `woken` returns after this long: other gateways' commits are not heard, they are looked for.
const WOKEN_WITHIN: Duration = Duration::from_millis(100);

/// Which server, and which part of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// `redis://[user:password@]host[:port][/db]`, or `rediss://` with TLS.
    pub url: String,
    /// What every key begins with, so that installations may share a server. No braces.
    pub prefix: String,
}

impl Options {
    /// A server, with the usual prefix.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: "cs".to_owned() }
    }
}

/// A store on one Redis server.
pub struct Redis {
    server: Server,
    keys: Keys,
    woken: Notify,
    /// Which tag the next sweep begins with, so that a full one does not starve those behind it.
    turn: AtomicU8,
}

impl Redis {
    /// Connects, examines the server and loads the function library.
    ///
    /// # Errors
    /// `Away` where it cannot be reached; `Damaged`, saying what to set, where it would forget.
    pub async fn connect(options: &Options) -> Result<Self, StoreError> {
        if options.prefix.contains(['{', '}']) {
            return Err(StoreError::Damaged("the prefix of the Redis keys must not contain braces".to_owned()));
        }
        let server = Server::connect(&options.url).await?;
        Ok(Self { server, keys: Keys::new(&options.prefix), woken: Notify::new(), turn: AtomicU8::new(0) })
    }

    /// Round trips since it connected.
    pub fn round_trips(&self) -> u64 {
        self.server.round_trips()
    }

    /// All tags, each time from another one on.
    fn tags(&self) -> impl Iterator<Item = u8> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..TAGS).map(move |tag| tag.wrapping_add(first) % TAGS)
    }

    /// The call of a batch: `commit.lua` says what stands where.
    fn call_of(&self, batch: &Batch) -> Cmd {
        let Batch { id, partition, expect, put, delete, enter, remove, trim, events } = batch;
        let indexes = || {
            let entered = enter.iter().map(|entry| &entry.index);
            entered.chain(remove.iter().chain(trim).map(|(index, _)| index))
        };
        let mut call = cmd("FCALL");
        call.arg("countersign_1_commit");
        call.arg(2 + expect.len() + put.len() + delete.len() + 2 * indexes().count());
        call.arg(self.keys.outbox(partition.tag())).arg(self.keys.alarms(partition.tag()));
        let named = expect.iter().map(|(name, _)| name).chain(put.iter().map(|put| &put.name)).chain(delete);
        for name in named {
            call.arg(self.keys.record(*partition, name));
        }
        for index in indexes() {
            call.arg(&self.keys.index(*partition, index));
        }
        call.arg(&id.0[..]);
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
        match names {
            [] => return Ok(Vec::new()),
            // Unlike MGET it says so where the key holds something that is not a record.
            [name] => {
                let found = self.server.ask(cmd("GET").arg(self.keys.record(partition, name))).await?;
                return Ok(vec![record(found)?]);
            }
            _ => {}
        }
        let mut question = cmd("MGET");
        for name in names {
            question.arg(self.keys.record(partition, name));
        }
        let found = array(self.server.ask(&question).await?)?;
        if found.len() != names.len() {
            return Err(unread("another number of records"));
        }
        found.into_iter().map(record).collect()
    }

    async fn commit(&self, batch: Batch) -> Result<Outcome, StoreError> {
        match self.server.call(&self.call_of(&batch)).await? {
            Value::Int(0) => Ok(Outcome::Conflict),
            Value::Int(1) => {
                if !batch.events.is_empty() || batch.put.iter().any(|put| put.alarm.is_some()) {
                    // Who waits now, and one who was just about to.
                    self.woken.notify_waiters();
                    self.woken.notify_one();
                }
                Ok(Outcome::Committed)
            }
            _ => Err(unread("not an outcome")),
        }
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<Key>, StoreError> {
        let mut call = cmd("FCALL");
        call.arg("countersign_1_due").arg(0).arg(now).arg(now.saturating_add(lease_ms)).arg(limit);
        for tag in self.tags() {
            call.arg(self.keys.base(tag));
        }
        let alarms = array(self.server.call(&call).await?)?;
        alarms.into_iter().map(|alarm| keys::alarmed(&bytes(alarm)?).ok_or_else(|| unread("not an alarm"))).collect()
    }

    async fn outbox(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        let tags: Vec<u8> = self.tags().collect();
        let mut call = cmd("FCALL_RO");
        call.arg("countersign_1_outbox").arg(0).arg(limit);
        for tag in &tags {
            call.arg(self.keys.base(*tag));
        }
        let mut found = array(self.server.call(&call).await?)?.into_iter();
        let mut waiting = Vec::with_capacity(found.len() / 3);
        while let (Some(Value::Int(place)), Some(id), Some(event)) = (found.next(), found.next(), found.next()) {
            let tag = usize::try_from(place).ok().and_then(|place| tags.get(place)).copied();
            let (Some(tag), Some(seq)) = (tag, keys::seq(&bytes(id)?)) else {
                return Err(unread("not an event"));
            };
            waiting.push(Waiting { tag, seq, bytes: bytes(event)? });
        }
        Ok(waiting)
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        self.server.ask(cmd("XTRIM").arg(self.keys.outbox(tag)).arg("MINID").arg(keys::beyond(seq))).await.map(drop)
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut call = cmd("FCALL_RO");
        call.arg("countersign_1_list").arg(2).arg(&self.keys.index(partition, index));
        call.arg(match order {
            Order::Rising => "rising",
            Order::Falling => "falling",
        });
        call.arg(limit).arg(after);
        let mut found = array(self.server.call(&call).await?)?.into_iter();
        let mut entries = Vec::with_capacity(found.len() / 2);
        while let (Some(member), Some(content)) = (found.next(), found.next()) {
            let member = String::from_utf8(bytes(member)?.into()).map_err(|_| unread("not a member"))?;
            entries.push(Entry { index: index.to_owned(), member, bytes: bytes(content)? });
        }
        Ok(entries)
    }

    fn board(&self, _: &Key) -> Board {
        Board::NotKept
    }

    async fn woken(&self) {
        // Either way it returns: the time is only a bound.
        let _ = tokio::time::timeout(WOKEN_WITHIN, self.woken.notified()).await;
    }

    async fn sweep(&self, _: u64) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn clock(&self) -> Result<Option<u64>, StoreError> {
        let mut told = array(self.server.ask(&cmd("TIME")).await?)?.into_iter();
        let mut number = || match told.next() {
            Some(Value::BulkString(text)) => std::str::from_utf8(&text).ok().and_then(|text| text.parse::<u64>().ok()),
            _ => None,
        };
        let (seconds, micros) = (number(), number());
        let ms = |(seconds, micros): (u64, u64)| seconds.saturating_mul(1000).saturating_add(micros / 1000);
        seconds.zip(micros).map(ms).map(Some).ok_or_else(|| unread("not a time"))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.server.call(cmd("FCALL").arg("countersign_1_ping").arg(0)).await.map(drop)
    }
}

/// A moment as a function takes it; beyond 2^53 ms numbers have gaps there, and nobody waits that long.
fn moment(at: Option<u64>) -> String {
    at.map(|at| at.min(1 << 53).to_string()).unwrap_or_default()
}

fn record(value: Value) -> Result<Option<Record>, StoreError> {
    if matches!(value, Value::Nil) {
        return Ok(None);
    }
    let whole = bytes(value)?;
    let Some(version) = whole.first_chunk() else {
        return Err(unread("a record without a version"));
    };
    Ok(Some(Record { version: CommitId(*version), bytes: whole.slice(version.len()..) }))
}

fn array(value: Value) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(unread("not a list")),
    }
}

fn bytes(value: Value) -> Result<Bytes, StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(Bytes::from(bytes)),
        _ => Err(unread("not bytes")),
    }
}

//! What replicas confirm: a commit and the `WAIT` for it, both on one connection that nobody else
//! uses meanwhile, and which versions of records are known to stand.
//!
//! `WAIT` speaks only of what its own connection wrote, and returns at once inside `MULTI` or a
//! function; so it follows the call, outside of everything, in the same pipeline. It knows no key.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quick_cache::sync::Cache;
use redis::{
    Cmd, ConnectionInfo, ErrorKind, RedisError, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cmd, pipe,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use super::{
    answers::{NextStep, sorted, unread},
    place::{TIMEOUT, connect},
    server::{Primary, RedisServers},
    server_connection::library,
};
use crate::{Batch, CommitId, Expect, StoreError};

/// Replicas have so long to confirm. Whoever waits may ask again.
const WITHIN: Duration = Duration::from_millis(500);

/// Commits that wait for the replicas of one primary at the same time, each on its own connection.
const AT_ONCE: usize = 32;

/// Between two tries while a slot is on its way.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct ReplicaConfirmation {
    replicas: NonZeroU32,
    /// By the address of their primary.
    pools: Mutex<HashMap<String, Arc<Pool>>>,
    /// Versions that were confirmed, and those that differ from one that was by nothing that has to be.
    confirmed: Cache<CommitId, ()>,
}

/// Connections to one primary.
struct Pool {
    room: Semaphore,
    idle: Mutex<Vec<MultiplexedConnection>>,
}

impl Pool {
    fn take(&self) -> Option<MultiplexedConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Nothing is under way on it, so the next one may have it.
    fn give(&self, connection: MultiplexedConnection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl ReplicaConfirmation {
    pub(super) fn by(replicas: NonZeroU32) -> Self {
        Self { replicas, pools: Mutex::default(), confirmed: Cache::new(100_000) }
    }

    /// Says what about the primaries stands in the way of confirming. Nothing of it is a reason not
    /// to start: a replica may come later, and what may be read may be read.
    pub(super) async fn examine(&self, server: &RedisServers) -> Result<(), StoreError> {
        for primary in server.primaries().await? {
            let info = match server.ask_one(&primary, cmd("INFO").arg("replication")).await? {
                Value::BulkString(info) => String::from_utf8_lossy(&info).into_owned(),
                Value::VerbatimString { text, .. } => text,
                _ => return Err(unread("not what it says of its replicas")),
            };
            // Where CONFIG is not allowed, what it would say is taken to be good.
            let setting = async |name: &str| {
                let said = server.ask_one(&primary, cmd("CONFIG").arg("GET").arg(name)).await.ok()?;
                redis::from_redis_value::<(String, u32)>(said).ok().map(|(_, value)| value)
            };
            let needed = setting("min-replicas-to-write").await;
            let lag = setting("min-replicas-max-lag").await;
            for danger in dangers(&info, self.replicas.get(), needed, lag) {
                tracing::warn!(first_tag = primary.tags.first(), "Redis: {danger}");
            }
        }
        Ok(())
    }

    /// A call of the library that writes, answered once enough replicas have what it wrote. A
    /// conflict, answered 0, wrote nothing and is not waited for.
    pub(super) async fn ask(&self, server: &RedisServers, tag: u8, call: &Cmd) -> Result<Value, StoreError> {
        let until = Instant::now() + TIMEOUT;
        let mut asking: Option<ConnectionInfo> = None;
        loop {
            let at = match &asking {
                Some(taker) => taker.clone(),
                None => server.primary_of(tag).await?,
            };
            server.count();
            let error = match self.ask_at(&at, &[call], asking.is_some(), until).await {
                Ok((answer, confirmed)) => return self.judged(answer, confirmed),
                Err(error) => error,
            };
            asking = match NextStep::after(&error) {
                NextStep::Give | NextStep::Load => return Err(sorted(error)),
                _ if Instant::now() >= until => return Err(sorted(error)),
                NextStep::Ask { host, port } => Some(server.named(&host, port, &at)),
                NextStep::Wait => {
                    sleep(PAUSE).await;
                    None
                }
                NextStep::Look if server.look_again().await? => None,
                NextStep::Look => return Err(sorted(error)),
                NextStep::Leave => {
                    server.leave(tag);
                    return Err(sorted(error));
                }
            };
        }
    }

    /// A question to one primary, answered once enough replicas have everything that the answer tells. `write` is
    /// a call of the library that changes nothing: `WAIT` counts from there, and the answer was given before.
    pub(super) async fn read(
        &self,
        server: &RedisServers,
        primary: &Primary,
        question: &Cmd,
        write: &Cmd,
    ) -> Result<Value, StoreError> {
        server.count();
        match self.ask_at(primary.address(), &[question, write], false, Instant::now() + TIMEOUT).await {
            Ok((answer, confirmed)) => self.judged(answer, confirmed),
            Err(error) => {
                server.look_later();
                Err(sorted(error))
            }
        }
    }

    /// Calls and `WAIT` at one server, on a connection of their own: the answer to the first call, and how many
    /// replicas have what they wrote.
    async fn ask_at(
        &self,
        at: &ConnectionInfo,
        calls: &[&Cmd],
        asking: bool,
        until: Instant,
    ) -> Result<(Value, i64), RedisError> {
        let pool = self.pool(at);
        let late = |_| RedisError::from((ErrorKind::Client, "too many commits wait for replicas"));
        let _room = timeout_at(until, pool.room.acquire()).await.map_err(late)?;
        if let Some(idle) = pool.take() {
            match self.ask_on(idle, &pool, calls, asking).await {
                // It may have broken long ago, and the others that lay idle with it.
                Err(error) if NextStep::after(&error) == NextStep::Leave => pool.clear(),
                answer => return answer,
            }
        }
        self.ask_on(connect(at).await?, &pool, calls, asking).await
    }

    /// The same on this connection, which then is the next one's, unless it broke.
    async fn ask_on(
        &self,
        mut connection: MultiplexedConnection,
        pool: &Pool,
        calls: &[&Cmd],
        asking: bool,
    ) -> Result<(Value, i64), RedisError> {
        let mut answer = self.in_one_write(&mut connection, calls, asking).await;
        if answer.as_ref().is_err_and(|error| NextStep::after(error) == NextStep::Load) {
            connection.req_packed_command(&library()).await?.extract_error()?;
            answer = self.in_one_write(&mut connection, calls, asking).await;
        }
        if !answer.as_ref().is_err_and(|error| NextStep::after(error) == NextStep::Leave) {
            pool.give(connection);
        }
        answer
    }

    /// The calls and the `WAIT` in one write.
    async fn in_one_write(
        &self,
        connection: &mut MultiplexedConnection,
        calls: &[&Cmd],
        asking: bool,
    ) -> Result<(Value, i64), RedisError> {
        let mut all = pipe();
        if asking {
            all.cmd("ASKING");
        }
        for call in calls {
            all.add_command((*call).clone());
        }
        all.cmd("WAIT").arg(self.replicas.get()).arg(u64::try_from(WITHIN.as_millis()).unwrap_or(u64::MAX));
        let answers = connection.req_packed_commands(&all, 0, all.len()).await?;
        let mut answers = answers.into_iter().skip(usize::from(asking)).map(Value::extract_error);
        let mut next = || answers.next().unwrap_or(Ok(Value::Nil));
        let first = next()?;
        for _ in 1..calls.len() {
            next()?;
        }
        Ok((first, redis::from_redis_value(next()?)?))
    }

    fn judged(&self, answer: Value, confirmed: i64) -> Result<Value, StoreError> {
        if answer == Value::Int(0) || confirmed >= i64::from(self.replicas.get()) {
            return Ok(answer);
        }
        metrics::counter!("countersign_store_unconfirmed_total").increment(1);
        Err(StoreError::Away(format!("{confirmed} of {} replicas confirmed within {WITHIN:?}", self.replicas)))
    }

    fn pool(&self, at: &ConnectionInfo) -> Arc<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Pool { room: Semaphore::new(AT_ONCE), idle: Mutex::default() });
        Arc::clone(pools.entry(at.addr().to_string()).or_insert_with(new))
    }

    /// A commit was answered `Committed`. One that did not have to be confirmed left what stood standing.
    pub(super) fn committed(&self, batch: &Batch) {
        if batch.confirm || self.knows(&batch.expect) {
            self.confirmed.insert(batch.id, ());
        }
    }

    /// Whether all of these are known to stand.
    pub(super) fn knows(&self, read: &[(String, Expect)]) -> bool {
        versions(read).all(|version| self.confirmed.get(&version).is_some())
    }

    /// All of these were confirmed.
    pub(super) fn know(&self, read: &[(String, Expect)]) {
        versions(read).for_each(|version| self.confirmed.insert(version, ()));
    }
}

fn versions(read: &[(String, Expect)]) -> impl Iterator<Item = CommitId> {
    read.iter().filter_map(|(_, expect)| match expect {
        Expect::Absent => None,
        Expect::Version(version) => Some(*version),
    })
}

/// What about a primary stands in the way of confirming, by its `INFO replication` and its
/// settings `min-replicas-to-write` and `min-replicas-max-lag` (None: it does not tell).
fn dangers(info: &str, wanted: u32, needed: Option<u32>, lag: Option<u32>) -> Vec<String> {
    let said = info.lines().find_map(|line| line.strip_prefix("connected_slaves:"));
    let replicas: u32 = said.and_then(|said| said.trim().parse().ok()).unwrap_or(0);
    let mut dangers = Vec::new();
    if replicas < wanted {
        dangers.push(format!(
            "it has {replicas} replicas, and {wanted} are to confirm (store.confirm_replicas): \
             until they are there, what has to be confirmed is answered 503"
        ));
    }
    if needed == Some(0) || lag == Some(0) {
        dangers.push(
            "a primary that was cut off from its replicas goes on taking what needs no confirmation, and a failover \
             forgets it: set `min-replicas-to-write 1` and `min-replicas-max-lag 10`"
                .to_owned(),
        );
    }
    dangers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_replicas_and_a_possible_split_brain_are_told() {
        let info = |replicas| format!("# Replication\r\nrole:master\r\nconnected_slaves:{replicas}\r\n");
        assert!(dangers(&info(2), 2, Some(1), Some(10)).is_empty());
        assert!(dangers(&info(2), 1, None, None).is_empty());
        assert!(dangers(&info(0), 1, Some(1), Some(10))[0].contains("0 replicas, and 1"));
        assert!(dangers("", 1, None, None)[0].contains("0 replicas"));
        for (needed, lag) in [(Some(0), Some(10)), (Some(1), Some(0))] {
            assert!(dangers(&info(1), 1, needed, lag)[0].contains("min-replicas-to-write 1"));
        }
    }
}

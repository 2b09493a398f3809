//! The connection to one server: it comes back by itself, never waits for long, loads the
//! function library, and refuses a server that would forget what it was given.
//!
//! Every error of the driver ends here. It knows no key.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use redis::{
    Client, Cmd, ErrorKind, RedisError, Value,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cmd,
};

use crate::store::StoreError;

const LIBRARY: &str = include_str!("commit.lua");

/// No answer is waited for longer than this, nor a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// Requests that one connection may have under way.
const PIPELINE: usize = 1024;

pub(super) struct Server {
    connection: ConnectionManager,
    round_trips: AtomicU64,
}

impl Server {
    pub(super) async fn connect(url: &str) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(|error| StoreError::Away(format!("the Redis URL: {error}")))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500))
            .set_pipeline_buffer_size(PIPELINE);
        let connection = ConnectionManager::new_with_config(client, config).await.map_err(sorted)?;
        let server = Self { connection, round_trips: AtomicU64::new(0) };
        server.examine().await?;
        server.load().await?;
        server.round_trips.store(0, Ordering::Relaxed);
        Ok(server)
    }

    pub(super) fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::Relaxed)
    }

    /// One command, one round trip.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, StoreError> {
        self.send(command).await?.map_err(sorted)
    }

    /// One call of the library; a server that does not have it (emptied, or just promoted) gets it once.
    pub(super) async fn call(&self, command: &Cmd) -> Result<Value, StoreError> {
        match self.send(command).await? {
            Err(error) if error.detail().is_some_and(|text| text.contains("Function not found")) => {
                self.load().await?;
                self.ask(command).await
            }
            answer => answer.map_err(sorted),
        }
    }

    /// The driver's own limit begins when it is connected; this one holds for all of it.
    async fn send(&self, command: &Cmd) -> Result<Result<Value, RedisError>, StoreError> {
        let mut connection = self.connection.clone();
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        tokio::time::timeout(PATIENCE, command.query_async(&mut connection))
            .await
            .map_err(|_| StoreError::Away(format!("no answer within {PATIENCE:?}")))
    }

    async fn load(&self) -> Result<(), StoreError> {
        self.ask(cmd("FUNCTION").arg("LOAD").arg("REPLACE").arg(LIBRARY)).await.map(drop)
    }

    /// What a server must be like, by its own words.
    async fn examine(&self) -> Result<(), StoreError> {
        let info = self.text(&cmd("INFO")).await?;
        let says = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or("");
        let major = says("redis_version").split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
        if major < 7 {
            return Err(refused(&format!(
                "it is version {:?}: functions need Redis 7 or newer",
                says("redis_version")
            )));
        }
        if !matches!(says("redis_mode"), "standalone" | "") {
            return Err(refused(&format!("it runs in {} mode: give a single server", says("redis_mode"))));
        }
        if says("role") == "slave" {
            return Err(StoreError::Away("the Redis server is a replica: give its primary".to_owned()));
        }
        let policy = says("maxmemory_policy");
        if policy != "noeviction" {
            return Err(refused(&format!(
                "its maxmemory-policy is {policy:?}, so it may drop lockouts and flags: set `maxmemory-policy noeviction`"
            )));
        }
        if says("aof_enabled") == "0" {
            self.warn_of_forgetting().await;
        }
        Ok(())
    }

    async fn warn_of_forgetting(&self) {
        // Where CONFIG is not allowed, the warning about the log stands alone.
        let saves = match self.ask(cmd("CONFIG").arg("GET").arg("save")).await {
            Ok(Value::Array(pair)) => !matches!(pair.last(), Some(Value::BulkString(save)) if save.is_empty()),
            _ => true,
        };
        if saves {
            tracing::warn!(
                "Redis keeps no append-only file: a crash forgets what came after its last snapshot (set `appendonly yes`)"
            );
        } else {
            tracing::warn!("Redis persists nothing: a restart forgets everything (set `appendonly yes`)");
        }
    }

    async fn text(&self, command: &Cmd) -> Result<String, StoreError> {
        redis::from_redis_value(self.ask(command).await?).map_err(|error| unread(&error.to_string()))
    }
}

/// An answer that is not what the question asks for.
pub(super) fn unread(what: &str) -> StoreError {
    StoreError::Damaged(format!("Redis answered what cannot be read: {what}"))
}

fn refused(why: &str) -> StoreError {
    StoreError::Damaged(format!("this Redis server cannot be used: {why}"))
}

fn sorted(error: RedisError) -> StoreError {
    let text = error.to_string();
    match (error.code(), error.kind()) {
        // MISCONF: it cannot write its snapshot, in practice for want of room.
        (Some("OOM" | "MISCONF"), _) => StoreError::Full(text),
        (Some("WRONGTYPE" | "DAMAGED"), _) | (_, ErrorKind::Parse | ErrorKind::UnexpectedReturnType) => {
            StoreError::Damaged(text)
        }
        _ => StoreError::Away(text),
    }
}

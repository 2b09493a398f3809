//! A connection to one server, which was examined and has the library when it is made, and is
//! never repaired: after a break somebody else may be primary.

use std::sync::atomic::{AtomicBool, Ordering};

use redis::{
    Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cmd, pipe,
};
use tokio::time::{Instant, timeout_at};

use super::{
    answers::{sorted, unread},
    fitness,
    place::{TIMEOUT, connect, host},
};
use crate::StoreError;

const LIBRARY: &str = include_str!("commit.lua");

pub(super) struct ServerConnection {
    pub(super) at: ConnectionInfo,
    /// Or why there is none.
    connection: Result<MultiplexedConnection, String>,
    broken: AtomicBool,
}

impl ServerConnection {
    /// Connects, examines the server and loads the library. `mode`: what the server has to be.
    pub(super) async fn open(at: ConnectionInfo, mode: &str, warn: bool) -> Result<Self, StoreError> {
        let mut connection = connect(&at).await.map_err(sorted)?;
        let info: String = asked(&mut connection, cmd("INFO")).await?;
        fitness::judged(&info, mode)?;
        if warn {
            // Where CONFIG is not allowed, what it would say is taken to be good.
            let save: Result<(String, String), _> =
                asked(&mut connection, cmd("CONFIG").arg("GET").arg("save").clone()).await;
            let saves = !save.is_ok_and(|(_, save)| save.is_empty());
            let tls = !matches!(at.addr(), ConnectionAddr::Tcp(..));
            let password = at.redis_settings().password().is_some();
            for danger in fitness::dangers(&info, host(&at), tls, password, saves) {
                tracing::warn!(server = %at.addr(), "Redis: {danger}");
            }
        }
        let server_connection = Self { at, connection: Ok(connection), broken: AtomicBool::new(false) };
        match server_connection.load(Instant::now() + TIMEOUT).await.map_err(sorted) {
            // A full one is of use still, if it has the library, and otherwise says so.
            Ok(()) | Err(StoreError::Full(_)) => Ok(server_connection),
            Err(error) => Err(error),
        }
    }

    /// A server that cannot be reached now.
    pub(super) fn closed(at: ConnectionInfo, why: String) -> Self {
        Self { at, connection: Err(why), broken: AtomicBool::new(true) }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Not to be used again.
    pub(super) fn leave(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// One command, one round trip.
    pub(super) async fn send(&self, command: &Cmd, until: Instant) -> Result<Value, RedisError> {
        let mut connection = self.connection()?;
        let answer =
            timeout_at(until, connection.req_packed_command(command)).await.unwrap_or_else(|_| Err(silent()))?;
        answer.extract_error()
    }

    /// The same for a slot that is on its way to this server. `ASKING` counts for one command, so
    /// the two must not be parted.
    pub(super) async fn send_asking(&self, command: &Cmd, until: Instant) -> Result<Value, RedisError> {
        let mut connection = self.connection()?;
        let mut both = pipe();
        both.cmd("ASKING").add_command(command.clone());
        let mut answers =
            timeout_at(until, connection.req_packed_commands(&both, 0, 2)).await.unwrap_or_else(|_| Err(silent()))?;
        answers.pop().unwrap_or(Value::Nil).extract_error()
    }

    pub(super) async fn load(&self, until: Instant) -> Result<(), RedisError> {
        self.send(&library(), until).await.map(drop)
    }

    fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let away = |why: &String| RedisError::from((ErrorKind::Io, "the server cannot be used now", why.clone()));
        self.connection.as_ref().map_err(away).cloned()
    }
}

/// What loads the library.
pub(super) fn library() -> Cmd {
    cmd("FUNCTION").arg("LOAD").arg("REPLACE").arg(LIBRARY).clone()
}

fn silent() -> RedisError {
    RedisError::from((ErrorKind::Io, "no answer in time"))
}

async fn asked<T: redis::FromRedisValue>(
    connection: &mut MultiplexedConnection,
    question: Cmd,
) -> Result<T, StoreError> {
    let answer: Value = question.query_async(connection).await.map_err(sorted)?;
    redis::from_redis_value(answer).map_err(|error| unread(&error.to_string()))
}

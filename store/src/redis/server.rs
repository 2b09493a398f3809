//! Which server holds what, and how a command gets there: it follows slots that move and
//! primaries that die, loads the library where it is missing, and waits for none of it long.
//!
//! What was known is replaced, never mended: whoever finds a primary dead, demoted or without a
//! slot looks again, one at a time for all who wait, and gets a new map. It knows no key.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use redis::{Cmd, ConnectionInfo, RedisError, Value};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    answers::{NextStep, sorted},
    keys,
    place::{Finder, Layout, RedisAddress, TIMEOUT, host},
    server_connection::ServerConnection,
};
use crate::{StoreError, TAGS};

/// Between two looks at where the primaries are, and between two tries of one call.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct RedisServers {
    finder: Finder,
    map: RwLock<Arc<Map>>,
    /// Whoever looks again, and when somebody last did.
    looking: Mutex<Instant>,
    round_trips: AtomicU64,
}

/// Where everything lay when somebody looked.
struct Map {
    primaries: Vec<Primary>,
    /// Nodes of the cluster that may be asked where everything lies now.
    others: Vec<ConnectionInfo>,
    /// Something lies elsewhere by now, so the next sweep looks again.
    stale: AtomicBool,
}

/// A primary, and the tags that it holds.
#[derive(Clone)]
pub(super) struct Primary {
    server_connection: Arc<ServerConnection>,
    pub(super) tags: Vec<u8>,
}

impl Primary {
    /// Its address.
    pub(super) fn address(&self) -> &ConnectionInfo {
        &self.server_connection.at
    }
}

impl Map {
    fn of(&self, tag: u8) -> Option<&Arc<ServerConnection>> {
        self.primaries.iter().find(|primary| primary.tags.contains(&tag)).map(|primary| &primary.server_connection)
    }

    fn at(&self, at: &ConnectionInfo) -> Option<&Arc<ServerConnection>> {
        self.primaries
            .iter()
            .map(|primary| &primary.server_connection)
            .find(|server_connection| server_connection.at.addr() == at.addr())
    }

    fn is_sound(&self) -> bool {
        !self.stale.load(Ordering::Relaxed)
            && self.primaries.iter().all(|primary| !primary.server_connection.is_broken())
    }
}

impl RedisServers {
    /// Finds all primaries, and connects to them.
    pub(super) async fn connect(place: &RedisAddress) -> Result<Self, StoreError> {
        let finder = Finder::new(place)?;
        let map = looked(&finder, None).await?;
        if let Some(tag) = (0..TAGS).find(|tag| map.of(*tag).is_none()) {
            return Err(nobody(tag));
        }
        let looking = Mutex::new(Instant::now());
        Ok(Self { finder, map: RwLock::new(Arc::new(map)), looking, round_trips: AtomicU64::new(0) })
    }

    /// Commands that were sent since `begin`; looking for primaries is not counted.
    pub(super) fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::Relaxed)
    }

    /// Counts from here on.
    pub(super) fn begin(&self) {
        self.round_trips.store(0, Ordering::Relaxed);
    }

    /// How the primary that holds a tag is reached at this moment: address, user, password, TLS.
    /// It is for connections of one's own; whoever finds one broken, moved or read-only says so
    /// by `leave` and asks again.
    pub(super) async fn primary_of(&self, tag: u8) -> Result<ConnectionInfo, StoreError> {
        let map = self.map();
        if map.of(tag).is_none_or(|server_connection| server_connection.is_broken()) {
            self.look(&map, Instant::now() + TIMEOUT).await?;
        }
        self.map()
            .of(tag)
            .filter(|server_connection| !server_connection.is_broken())
            .map(|server_connection| server_connection.at.clone())
            .ok_or_else(|| nobody(tag))
    }

    /// Who was said to hold a tag does not, or is gone: whoever comes next looks again.
    pub(super) fn leave(&self, tag: u8) {
        if let Some(server_connection) = self.map().of(tag) {
            server_connection.leave();
        }
    }

    /// A tag lies elsewhere than was thought: looks again where. False where it cannot have moved.
    pub(super) async fn look_again(&self) -> Result<bool, StoreError> {
        self.look(&self.map(), Instant::now() + TIMEOUT).await?;
        Ok(self.finder.may_move())
    }

    /// The server that a slot is on its way to, as one that was asked named it.
    pub(super) fn named(&self, name: &str, port: u16, by: &ConnectionInfo) -> ConnectionInfo {
        self.finder.at(if name.is_empty() { host(by) } else { name }, port)
    }

    /// A command was sent on a connection of one's own.
    pub(super) fn count(&self) {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    /// One command at the primary that holds a tag: one round trip, unless something has moved.
    pub(super) async fn ask(&self, tag: u8, command: &Cmd) -> Result<Value, StoreError> {
        let until = Instant::now() + TIMEOUT;
        let mut has_looked = false;
        loop {
            let map = self.map();
            let why = match map.of(tag).filter(|server_connection| !server_connection.is_broken()) {
                None => nobody(tag),
                Some(server_connection) => match self.ask_at(server_connection, command, until).await {
                    Ok(answer) => return Ok(answer),
                    Err((NextStep::Look | NextStep::Leave, error)) => sorted(error),
                    Err((_, error)) => return Err(sorted(error)),
                },
            };
            // Where nobody can take over, one new connection is all that can be tried.
            let hopeless = has_looked && !self.finder.may_move();
            if hopeless || Instant::now() >= until {
                return Err(why);
            }
            let looked = self.look(&map, until).await;
            if !self.finder.may_move() {
                looked?;
            }
            has_looked = true;
        }
    }

    /// All primaries that hold anything, each to be asked with `ask_one`.
    pub(super) async fn primaries(&self) -> Result<Vec<Primary>, StoreError> {
        let map = self.map();
        if !map.is_sound() {
            let looked = self.look(&map, Instant::now() + TIMEOUT).await;
            if !self.finder.may_move() {
                looked?;
            }
        }
        Ok(self.map().primaries.iter().filter(|primary| !primary.tags.is_empty()).cloned().collect())
    }

    /// One command at one primary. Where it turns out to be none, it is not waited for another.
    pub(super) async fn ask_one(&self, primary: &Primary, command: &Cmd) -> Result<Value, StoreError> {
        self.ask_at(&primary.server_connection, command, Instant::now() + TIMEOUT).await.map_err(|(course, error)| {
            if course != NextStep::Give {
                self.look_later();
            }
            sorted(error)
        })
    }

    /// Something lies elsewhere by now: whoever asks for all primaries next looks again.
    pub(super) fn look_later(&self) {
        self.map().stale.store(true, Ordering::Relaxed);
    }

    /// One command at one server, or at the one that takes over its slot; ends with an answer, or
    /// with what is to be done now.
    async fn ask_at(
        &self,
        server_connection: &Arc<ServerConnection>,
        command: &Cmd,
        until: Instant,
    ) -> Result<Value, (NextStep, RedisError)> {
        let mut asking: Option<Arc<ServerConnection>> = None;
        loop {
            let at = asking.as_ref().unwrap_or(server_connection);
            self.round_trips.fetch_add(1, Ordering::Relaxed);
            let answer = match &asking {
                Some(taker) => taker.send_asking(command, until).await,
                None => server_connection.send(command, until).await,
            };
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let course = NextStep::after(&error);
            if course == NextStep::Leave {
                at.leave();
            }
            match course {
                NextStep::Give | NextStep::Look | NextStep::Leave => return Err((course, error)),
                _ if Instant::now() >= until => return Err((NextStep::Give, error)),
                NextStep::Load => {
                    self.round_trips.fetch_add(1, Ordering::Relaxed);
                    at.load(until).await.map_err(|error| (NextStep::Give, error))?;
                }
                NextStep::Ask { host, port } => match self.taker(&host, port, server_connection).await {
                    Ok(taker) => asking = Some(taker),
                    Err(_) => sleep_until(until.min(Instant::now() + PAUSE)).await,
                },
                NextStep::Wait => {
                    asking = None;
                    sleep_until(until.min(Instant::now() + PAUSE)).await;
                }
            }
        }
    }

    /// The server that a slot is on its way to; it may hold nothing yet.
    async fn taker(&self, name: &str, port: u16, from: &ServerConnection) -> Result<Arc<ServerConnection>, StoreError> {
        let at = self.named(name, port, &from.at);
        if let Some(server_connection) = self.map().at(&at).filter(|server_connection| !server_connection.is_broken()) {
            return Ok(Arc::clone(server_connection));
        }
        let server_connection = Arc::new(ServerConnection::open(at, self.finder.mode(), true).await?);
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        let mut primaries = map.primaries.clone();
        primaries.push(Primary { server_connection: Arc::clone(&server_connection), tags: Vec::new() });
        *map = Arc::new(Map { primaries, others: map.others.clone(), stale: AtomicBool::new(true) });
        Ok(server_connection)
    }

    /// Looks again where the primaries are, unless somebody has since `map` was true.
    async fn look(&self, map: &Arc<Map>, until: Instant) -> Result<(), StoreError> {
        let late = |_| StoreError::Away("it was not found out in time who is primary".to_owned());
        let mut last = timeout_at(until, self.looking.lock()).await.map_err(late)?;
        let now = self.map();
        if !Arc::ptr_eq(&now, map) {
            return Ok(());
        }
        sleep_until(until.min(*last + PAUSE)).await;
        let found = timeout_at(until, looked(&self.finder, Some(&now))).await;
        *last = Instant::now();
        let found = Arc::new(found.map_err(late)??);
        *self.map.write().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }

    fn map(&self) -> Arc<Map> {
        Arc::clone(&self.map.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Asks who is primary, keeps the connections that are sound, and makes the others. At first all
/// must be there and fit; later one that is not is no reason to leave the others.
async fn looked(finder: &Finder, before: Option<&Map>) -> Result<Map, StoreError> {
    let known = before.map_or(&[][..], |map| &map.others);
    let Layout { primaries, others } = finder.find(known).await?;
    let opened = primaries.into_iter().map(async |(at, tags)| {
        let server_connection = before.and_then(|map| map.at(&at));
        if let Some(server_connection) = server_connection.filter(|server_connection| !server_connection.is_broken()) {
            return Ok(Primary { server_connection: Arc::clone(server_connection), tags });
        }
        let server_connection =
            match ServerConnection::open(at.clone(), finder.mode(), server_connection.is_none()).await {
                Err(why) if before.is_some() && finder.may_move() => ServerConnection::closed(at, why.to_string()),
                opened => opened?,
            };
        Ok(Primary { server_connection: Arc::new(server_connection), tags })
    });
    let primaries = join_all(opened).await.into_iter().collect::<Result<_, StoreError>>()?;
    Ok(Map { primaries, others, stale: AtomicBool::new(false) })
}

/// Why not every tag can be asked of these primaries, where one is held by none of them.
pub(super) fn unheld(primaries: &[Primary]) -> Option<StoreError> {
    (0..TAGS).find(|tag| !primaries.iter().any(|primary| primary.tags.contains(tag))).map(nobody)
}

fn nobody(tag: u8) -> StoreError {
    StoreError::Away(format!("nobody is known who holds slot {} and can be reached", keys::slot(tag)))
}

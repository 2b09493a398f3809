//! What a connection is about: how many of its requests are under way, since when it waits and for whom. By that
//! it is ended when it is idle, slow or old.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicIsize, AtomicU32, AtomicU64, AtomicUsize};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection_limits::ConnectionLimits;

/// A connection that was asked to end may finish what it has begun, and say so for this long.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Requests that began in four spans of time, one after the other, and have not ended.
const SPANS: u64 = 4;

/// What a connection is about.
pub(crate) struct Life {
    born: Instant,
    limits: Arc<ConnectionLimits>,
    /// When a request last began or ended: milliseconds of its life.
    since: AtomicU64,
    under_way: [AtomicU32; SPANS as usize],
    streams: AtomicU32,
    /// Replies that are owed, less the bodies that must come first.
    owed: AtomicIsize,
    /// Bytes that came in since a request last began.
    unasked: AtomicUsize,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) gone: CancellationToken,
    /// Its room among all connections.
    _room: OwnedSemaphorePermit,
}

impl Life {
    /// A connection that begins now.
    pub fn new(limits: &Arc<ConnectionLimits>, gone: CancellationToken, room: OwnedSemaphorePermit) -> Self {
        Self {
            born: Instant::now(),
            limits: limits.clone(),
            since: AtomicU64::new(0),
            under_way: Default::default(),
            streams: AtomicU32::new(0),
            owed: AtomicIsize::new(0),
            unasked: AtomicUsize::new(0),
            places: Arc::new(Semaphore::new(limits.requests as usize)),
            gone,
            _room: room,
        }
    }

    /// Ends it, whatever is under way.
    pub fn end(&self) {
        self.gone.cancel();
    }

    /// Whether it waits for its client, and nobody for the gateway.
    pub fn only_waits(&self) -> bool {
        self.owed.load(Relaxed) <= 0 && self.streams.load(Relaxed) == 0 && !self.gone.is_cancelled()
    }

    /// Since when nothing has begun or ended.
    pub fn since(&self) -> Instant {
        self.born + Duration::from_millis(self.since.load(Relaxed))
    }

    /// So many bytes came in; false where they are too many for no request.
    pub fn read(&self, bytes: usize) -> bool {
        self.unasked.fetch_add(bytes, Relaxed) + bytes <= self.limits.unasked
    }

    fn is_idle(&self) -> bool {
        self.streams.load(Relaxed) == 0 && self.under_way.iter().all(|span| span.load(Relaxed) == 0)
    }

    /// Its age in milliseconds.
    fn age(&self) -> u64 {
        self.born.elapsed().as_millis() as u64
    }

    /// The span of time that it is in at that age.
    fn span(&self, age: u64) -> u64 {
        age / (self.limits.request.as_millis() as u64 / 2).max(1)
    }

    fn touch(&self) {
        self.since.store(self.age(), Relaxed);
    }

    /// Returns when it has been idle, or has lived, or has waited for its client, too long.
    pub async fn over(&self) {
        loop {
            let (idle, limits) = (self.is_idle(), &self.limits);
            let why = if idle && self.since().elapsed() >= limits.idle {
                "idle"
            } else if self.waits_too_long() {
                "slow"
            } else if self.streams.load(Relaxed) == 0 && self.born.elapsed() >= limits.age {
                "old"
            } else {
                let rest = if idle { limits.idle.saturating_sub(self.since().elapsed()) } else { limits.idle };
                tokio::time::sleep(rest.min(limits.request / 2).max(Duration::from_millis(1))).await;
                continue;
            };
            return metrics::counter!("countersign_connections_cut_total", "why" => why).increment(1);
        }
    }

    /// Whether a request that began three spans of time ago waits for its client still.
    fn waits_too_long(&self) -> bool {
        self.only_waits() && self.under_way[((self.span(self.age()) + 1) % SPANS) as usize].load(Relaxed) > 0
    }

    /// Returns when nothing was under way for a while, or when its client has let half the time of a
    /// drain pass without ending what it began.
    pub async fn left(&self) {
        let (asked, quiet) = (Instant::now(), LAST_WORDS.min(self.limits.idle));
        let is_quiet = || self.is_idle() && self.since().elapsed() >= quiet;
        let is_late = || self.only_waits() && asked.elapsed() >= self.limits.drain / 2;
        tokio::time::sleep(quiet).await;
        while !(is_quiet() || is_late()) {
            tokio::time::sleep(quiet / 4).await;
        }
    }
}

/// A request that has begun and not ended.
pub(crate) struct Begun {
    pub(crate) life: Arc<Life>,
    span: usize,
}

impl Begun {
    /// A request begins now.
    pub fn now(life: Arc<Life>) -> Self {
        let age = life.age();
        let span = (life.span(age) % SPANS) as usize;
        life.under_way[span].fetch_add(1, Relaxed);
        life.unasked.store(0, Relaxed);
        life.since.store(age, Relaxed);
        Self { life, span }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.life.touch();
        self.life.under_way[self.span].fetch_sub(1, Relaxed);
    }
}

/// A reply that the gateway owes.
pub(crate) struct Owed(Arc<Life>);

impl Owed {
    /// A reply is owed from now on.
    pub fn now(life: Arc<Life>) -> Self {
        life.owed.fetch_add(1, Relaxed);
        Self(life)
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.owed.fetch_sub(1, Relaxed);
    }
}

/// A body that must come before its reply can be owed.
pub(crate) struct AwaitedBody(Arc<Life>);

impl AwaitedBody {
    /// A body is waited for from now on.
    pub fn now(life: Arc<Life>) -> Self {
        life.owed.fetch_sub(1, Relaxed);
        Self(life)
    }
}

impl Drop for AwaitedBody {
    fn drop(&mut self) {
        self.0.owed.fetch_add(1, Relaxed);
    }
}

/// An event stream, which may last.
pub(crate) struct Streaming(Arc<Life>);

impl Streaming {
    /// A stream lasts from now on.
    pub fn now(life: Arc<Life>) -> Self {
        life.streams.fetch_add(1, Relaxed);
        Self(life)
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.touch();
        self.0.streams.fetch_sub(1, Relaxed);
    }
}

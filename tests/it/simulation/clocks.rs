//! Time in a simulated world: the true one, which the runtime moves and which may jump as when
//! nothing happens for hours; and each node's own, which is a little off and sometimes set anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use countersign::ambient::Clock;
use tokio::time::Instant;

use crate::world::BEGINNING;

/// The true time.
pub struct Time {
    began: Instant,
    jumped: AtomicU64,
    furthest: AtomicI64,
    /// How often a node's clock was set.
    pub set: AtomicU64,
}

impl Time {
    /// It begins.
    pub fn new() -> Self {
        let (jumped, furthest, set) = (AtomicU64::new(0), AtomicI64::new(0), AtomicU64::new(0));
        Self { began: Instant::now(), jumped, furthest, set }
    }

    /// Milliseconds since the beginning of the world.
    fn passed(&self) -> u64 {
        let ran = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        ran + self.jumped.load(Ordering::SeqCst)
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> u64 {
        BEGINNING + self.passed()
    }

    /// So much passes in which nothing happens.
    pub fn jump(&self, span: Duration) {
        self.jumped.fetch_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// The latest moment that any node can take it for: one whose clock was set back goes on from
    /// where it stood.
    pub fn latest(&self) -> u64 {
        self.now().saturating_add_signed(self.furthest.load(Ordering::SeqCst))
    }
}

/// A node's clock.
pub struct NodeClock {
    time: Arc<Time>,
    off: AtomicI64,
}

impl NodeClock {
    /// So many milliseconds off.
    pub fn new(time: Arc<Time>, off: i64) -> Self {
        Self { time, off: AtomicI64::new(off) }
    }

    /// Sets it anew.
    pub fn set(&self, off: i64) {
        self.off.store(off, Ordering::SeqCst);
        self.time.set.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> u64 {
        let off = self.off.load(Ordering::SeqCst);
        self.time.furthest.fetch_max(off, Ordering::SeqCst);
        self.time.now().saturating_add_signed(off)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.time.passed())
    }
}

//! The two things that a pure program lacks: what time it is, and chance.
//!
//! Everything else takes both as arguments; `clippy.toml` bans the ambient calls elsewhere.
//! Tests use the fixed versions, which are as real as the system's: they ship with the gateway.

#![allow(clippy::disallowed_methods, reason = "the one place that may ask the system")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use zeroize::Zeroize;

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01 UTC.
    fn now(&self) -> u64;
    /// Time since some fixed moment; never steps back.
    fn elapsed(&self) -> Duration;
}

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct FixedClock {
    /// Milliseconds that have passed, counted from 1970.
    passed: AtomicU64,
    /// How far the wall was set away from that.
    step: AtomicI64,
}

impl FixedClock {
    /// A clock that stands at `now` milliseconds.
    pub fn at(now: u64) -> Self {
        Self { passed: AtomicU64::new(now), step: AtomicI64::new(0) }
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.passed.fetch_add(by, Ordering::SeqCst);
    }

    /// Begins anew at any moment, also an earlier one.
    pub fn set(&self, now: u64) {
        self.step.store(0, Ordering::SeqCst);
        self.passed.store(now, Ordering::SeqCst);
    }

    /// Sets the wall forward or back by so many milliseconds; no time passes.
    pub fn step(&self, by: i64) {
        self.step.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> u64 {
        self.passed.load(Ordering::SeqCst).saturating_add_signed(self.step.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst))
    }
}

/// The operating system's generator, drawn in pages: one small draw costs as much as a page.
pub struct SystemEntropy {
    page: Mutex<Page>,
}

struct Page {
    bytes: [u8; 4096],
    used: usize,
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self { page: Mutex::new(Page { bytes: [0; 4096], used: 4096 }) }
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > 512 {
            return system_fill(bytes);
        }
        let mut page = self.page.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if page.used + bytes.len() > page.bytes.len() {
            system_fill(&mut page.bytes);
            page.used = 0;
        }
        let from = page.used;
        page.used += bytes.len();
        let drawn = &mut page.bytes[from..from + bytes.len()];
        bytes.copy_from_slice(drawn);
        drawn.zeroize(); // what was given out cannot be read here again
    }
}

fn system_fill(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the system's generator does not fail once it has started");
}

/// Bytes that follow from a seed: a test that fails can be run again.
pub struct SeededEntropy {
    state: AtomicU64,
}

impl SeededEntropy {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64: every state gives another word.
            let mut z =
                self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst).wrapping_add(0x9E37_79B9_7F4A_7C15);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
    }
}

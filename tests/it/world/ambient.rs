//! The tests' time and chance: a clock that moves only when told to, and bytes that follow from a seed.
//!
//! A test that fails can be run again, and goes the same way.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use countersign::ambient::{Clock, Entropy};

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct FixedClock {
    /// Milliseconds that have passed, counted from 1970.
    passed: AtomicU64,
    /// The distance that the wall clock was set away from that.
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

//! The two things that a pure program lacks: what time it is, and chance.
//!
//! Everything else takes both as arguments; `clippy.toml` bans the ambient calls elsewhere.

#![allow(clippy::disallowed_methods, reason = "the one place that may ask the system")]

use std::sync::Mutex;
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

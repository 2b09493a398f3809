//! What happened in a simulated world, line by line: the last of it is shown with a failure, and
//! all of it goes into one number that is the same whenever the same seed is run.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// Lines that are shown with a failure.
const SHOWN: usize = 120;

/// The trace of a run.
pub struct Trace {
    inside: Mutex<Inside>,
    began: tokio::time::Instant,
}

struct Inside {
    last: VecDeque<String>,
    lines: u64,
    hash: u64,
}

impl Trace {
    /// An empty one.
    pub fn new() -> Self {
        let inside = Inside { last: VecDeque::new(), lines: 0, hash: 0xcbf2_9ce4_8422_2325 };
        Self { inside: Mutex::new(inside), began: tokio::time::Instant::now() }
    }

    /// Something happened now.
    pub fn say(&self, what: std::fmt::Arguments<'_>) {
        self.note(what, true);
    }

    /// Something that happens all the time: it counts, and is not shown.
    pub fn hush(&self, what: std::fmt::Arguments<'_>) {
        self.note(what, false);
    }

    fn note(&self, what: std::fmt::Arguments<'_>, shown: bool) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{:>9} ms  {what}", self.began.elapsed().as_millis());
        for byte in line.bytes() {
            inside.hash = (inside.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3); // FNV-1a
        }
        inside.lines += 1;
        if shown {
            inside.last.push_back(line);
        }
        if inside.last.len() > SHOWN {
            inside.last.pop_front();
        }
    }

    /// How many lines there were, and the number that they come to.
    pub fn sum(&self) -> (u64, u64) {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        (inside.lines, inside.hash)
    }

    /// The last lines.
    pub fn end(&self) -> String {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.last.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    }
}

/// A record's name, short enough to be read in a line.
pub fn short(name: &str) -> String {
    match name.split_once('/') {
        Some((kind, rest)) if rest.len() > 12 && rest.is_ascii() => format!("{kind}/…{}", &rest[rest.len() - 10..]),
        _ => name.to_owned(),
    }
}

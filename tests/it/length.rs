//! How far a test goes: a short form in every run, the long one under `./scripts/test --long`,
//! which shows progress and ends with the figures that the long forms found.

use std::{fmt::Display, io::Write, time::Duration};

use countersign::ambient::{Entropy, SystemEntropy};
use tokio::time::Instant;

/// A long form says how far it is as often as this.
const EVERY: Duration = Duration::from_secs(10);

/// Whether the long forms were asked for.
pub fn is_long() -> bool {
    std::env::var_os("TEST_LONG").is_some()
}

/// Of two sizes the one that was asked for.
pub fn size(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}

/// So many rounds, the short or the long number; the long ones say how far they are.
pub fn rounds(what: &'static str, short: usize, long: usize) -> impl Iterator<Item = usize> {
    let all = size(short, long);
    let mut progress = Progress::of(what, all);
    (0..all).inspect(move |done| progress.at(*done))
}

/// A line on the terminal now and then, in the long form only: a test's output is otherwise kept back.
pub struct Progress {
    what: &'static str,
    all: usize,
    began: Instant,
    said: Instant,
}

impl Progress {
    /// Nothing of `all` is done yet.
    pub fn of(what: &'static str, all: usize) -> Self {
        let now = Instant::now();
        Self { what, all, began: now, said: now }
    }

    /// So much is done.
    pub fn at(&mut self, done: usize) {
        if is_long() && self.said.elapsed() > EVERY {
            self.said = Instant::now();
            say(format_args!("… {}: {done} of {}, {} s", self.what, self.all, self.began.elapsed().as_secs()));
        }
    }
}

/// A figure that a long form found, for the list at the end of the run.
pub fn figure(id: &str, found: impl Display) {
    if !is_long() {
        return eprintln!("{id}: {found}");
    }
    say(format_args!("{id}: {found}"));
    if let Some(path) = std::env::var_os("TEST_FIGURES") {
        let file = std::fs::File::options().create(true).append(true).open(path);
        // One write, so that figures of tests that run at the same time do not mix.
        file.and_then(|mut file| file.write_all(format!("{id}: {found}\n").as_bytes())).expect("the list of figures");
    }
}

/// Given by TEST_SEED to run one again; said, so that a failure can be.
pub fn seed() -> u64 {
    let given = std::env::var("TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let mut bytes = [0; 8];
        SystemEntropy::default().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    eprintln!("TEST_SEED={seed}");
    seed
}

/// Past what a test's output is captured by.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

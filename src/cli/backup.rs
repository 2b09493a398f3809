//! `backup` and `restore` at a terminal: what is found out goes to stdout, progress to stderr.
//! What they do is `app`'s.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ambient::{Clock, SystemClock};
use crate::app;
use crate::config::Config;

/// Copies the store; prints the copy's manifest.
pub(super) fn make(config: &Config, file: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::begin();
    let made = app::backup::make(config, file, &mut |what, done, all| progress.at(what, done, all))?;
    progress.end();
    println!("{made}");
    Ok(())
}

/// Puts a backup back.
pub(super) async fn restore(config: Config, file: PathBuf, trails: Vec<PathBuf>) -> anyhow::Result<()> {
    let mut progress = Progress::begin();
    let mut say = |line: &str| println!("{line}");
    let told = |what: &str, done: u64, all: u64| progress.at(what, done, all);
    Box::pin(app::backup::restore(&config, &file, &trails, &mut { told }, &mut say)).await // a whole gateway lies in it
}

/// A line that is drawn again on a terminal, and a new one every few seconds elsewhere.
struct Progress {
    clock: SystemClock,
    terminal: bool,
    said: Option<Duration>,
}

impl Progress {
    fn begin() -> Self {
        Self { clock: SystemClock::default(), terminal: std::io::stderr().is_terminal(), said: None }
    }

    fn at(&mut self, what: &str, done: u64, all: u64) {
        let every = if self.terminal { Duration::from_millis(100) } else { Duration::from_secs(5) };
        let now = self.clock.elapsed();
        if done < all && self.said.is_some_and(|said| now < said + every) {
            return;
        }
        self.said = Some(now);
        let percent = (done * 100).checked_div(all).unwrap_or(100);
        let line = format!("{what} {} of {} MiB, {percent} %", done >> 20, all >> 20);
        let (before, after) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        let _ = write!(std::io::stderr(), "{before}{line}{after}"); // who does not listen is not told
        if self.terminal && done >= all {
            self.end();
        }
    }

    fn end(&mut self) {
        if self.terminal && self.said.take().is_some() {
            let _ = writeln!(std::io::stderr());
        }
    }
}

//! The mark of time in the store: a gateway goes on from it when it starts, and saves it again and again, so
//! that a clock that is set back while nothing runs lengthens nothing.

use std::time::Duration;

use super::Maintenance;
use crate::engine::decide::Confirm;
use crate::engine::{Effects, Error, KeyOf, SYSTEM, Slot, StoredRecord};
use crate::names::CLOCK;
use countersign_domain::time::Moment;
use countersign_domain::time::clock::{ClockMark, ClockReadings, STEP, Woke};

impl Maintenance {
    /// Goes on from the mark that the store keeps. With `believe` a clock that was set back is
    /// taken as it is.
    pub(crate) async fn wake(&self, believe: bool) -> Result<StartClock, Error> {
        self.ask_referee().await?;
        let Some(mark) = self.engine.record(&clock_key()).await? else { return Ok(StartClock::Good) };
        let woke = self.engine.time.with(|reading| {
            let elapsed = self.engine.clock.elapsed();
            let wall = reading.referee.map_or(Duration::from_millis(self.engine.clock.now()), |began| began + elapsed);
            let wall = Moment(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
            let (clock_readings, woke) = ClockReadings::wake(mark, wall, elapsed);
            let believed = believe && matches!(woke, Woke::Behind(_));
            reading.clock_readings = if believed { clock_readings.believe(wall) } else { clock_readings };
            reading.kept = reading.clock_readings;
            woke
        });
        match woke {
            Woke::Behind(by) if believe => {
                tracing::warn!(seconds = by.as_secs(), "the clock was set back, and is believed");
                return Ok(StartClock::SetBack(by));
            }
            Woke::Behind(by) => tracing::error!(
                seconds = by.as_secs(),
                "the clock was set back: time goes on from the store's mark. Where the mark is what was wrong, \
                 start with --trust-clock"
            ),
            Woke::Ahead(by) => tracing::warn!(
                seconds = by.as_secs(),
                "more than a day is gone since the store's mark, or the clock is wrong: lockouts go on where they stood"
            ),
            Woke::InTime => {}
        }
        Ok(StartClock::Good)
    }

    /// Saves the mark, and says where the clock stepped since the last time. The background loop
    /// does the same; tests call it when they stepped their clock.
    pub async fn keep_time(&self) -> Result<(), Error> {
        self.ask_referee().await?;
        self.engine.see_epoch().await?;
        let clock_readings = self.engine.clock_readings();
        let before = self.engine.time.with(|reading| std::mem::replace(&mut reading.kept, clock_readings));
        let (leapt, ahead) = (clock_readings.leapt_since(before), clock_readings.ahead());
        if leapt > STEP {
            tracing::warn!(seconds = leapt.as_secs(), "the clock stepped forward: flags follow it, lockouts do not");
        }
        if ahead > STEP && ahead > before.ahead() + STEP {
            tracing::error!(seconds = ahead.as_secs(), "the clock stepped back: time goes on as if it had not");
        }
        metrics::gauge!("countersign_clock_ahead_seconds").set(ahead.as_secs_f64());
        self.save_mark(false).await
    }

    /// Saves where time stands. Another node's later mark stays, unless what it says is not believed.
    pub(crate) async fn save_mark(&self, anew: bool) -> Result<(), Error> {
        let save = |slot: &mut Slot<ClockMark>, effects: &mut Effects, _| {
            let mut mark = self.engine.clock_readings().mark();
            if let Some(kept) = slot.get().filter(|_| !anew) {
                mark = ClockMark { now: mark.now.max(kept.now), earliest: mark.earliest.max(kept.earliest) };
            }
            slot.put(mark);
            effects.confirm(Confirm::Read);
            Ok(())
        };
        self.engine.transact(&clock_key(), save).await
    }

    /// Keeps time for ever.
    pub async fn keep_time_forever(&self) {
        loop {
            if let Err(error) = self.keep_time().await {
                tracing::error!(%error, "the time cannot be kept in the store");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Sets the wall by the store's server, where it has a clock.
    async fn ask_referee(&self) -> Result<(), Error> {
        let Some(now) = self.engine.store.clock().await? else { return Ok(()) };
        let elapsed = self.engine.clock.elapsed();
        let own = Moment(self.engine.clock.now());
        let by = own.since(Moment(now)).max(Moment(now).since(own));
        let first = self.engine.time.with(|reading| {
            let first = reading.referee.is_none();
            reading.referee = Some(Duration::from_millis(now).saturating_sub(elapsed));
            if first {
                reading.clock_readings = ClockReadings::begin(Moment(now), elapsed);
            }
            first
        });
        if first && by > STEP {
            tracing::warn!(seconds = by.as_secs(), "this machine's clock is not the store's: the store's is taken");
        }
        Ok(())
    }
}

/// How often the mark is saved.
pub const EVERY: Duration = Duration::from_secs(5);

/// How a gateway found the clock when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartClock {
    /// In time, or its being ahead is of no consequence but to lockouts.
    Good,
    /// Set back by so much, and believed: what was proved by the clock before must not count.
    SetBack(Duration),
}

impl StoredRecord for ClockMark {}

/// The record of where time stands.
fn clock_key() -> KeyOf<ClockMark> {
    KeyOf::new(SYSTEM, CLOCK)
}

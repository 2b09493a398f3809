//! What a gateway takes for the time, given what two clocks read: the wall's, which people and
//! machines set, and one that only measures spans. Neither clock is asked here.
//!
//! Two lines of time follow. *Now* never runs back and never lags: flags, links and tokens end by
//! it, so that no step of a clock lengthens them. *Sure* counts only time that has surely passed:
//! lockouts end by it, so that no step of a clock frees anybody.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// A step that is said aloud.
pub const STEP: Duration = Duration::from_secs(5);

/// Time between two lives of a gateway that counts as passed. Of a longer one nobody can say
/// whether it was a long night or a clock that was set wrong.
const NIGHT: Duration = Duration::from_secs(24 * 60 * 60);

/// While now is ahead of the wall, one part in so many is taken off each span, until they meet.
const SLEW: u32 = 1000;

/// Where both lines stood when it was last saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockMark {
    /// No moment after it was handed out long before it was saved.
    pub now: Moment,
    /// What had surely passed.
    pub earliest: Moment,
}

/// How the wall looked when a gateway woke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woke {
    /// As it should.
    InTime,
    /// So much before the mark: now goes on from the mark.
    Behind(Duration),
    /// So much after it that it is not taken as passed: lockouts stand where they stood.
    Ahead(Duration),
}

/// Both lines, as they stood when the clocks were last read.
#[derive(Clone, Copy, Debug)]
pub struct ClockReadings {
    now: Duration,
    earliest: Duration,
    wall: Duration,
    read_at: Duration,
}

impl ClockReadings {
    /// Both lines begin at the wall's time; `elapsed` measures spans from any fixed moment.
    pub fn begin(wall: Moment, elapsed: Duration) -> Self {
        let wall = Duration::from_millis(wall.0);
        Self { now: wall, earliest: wall, wall, read_at: elapsed }
    }

    /// Goes on from a mark.
    pub fn wake(mark: ClockMark, wall: Moment, elapsed: Duration) -> (Self, Woke) {
        let (behind, gone) = (mark.now.since(wall), wall.since(mark.now));
        let woke = match (behind > STEP, gone > NIGHT) {
            (true, _) => Woke::Behind(behind),
            (_, true) => Woke::Ahead(gone),
            _ => Woke::InTime,
        };
        let earliest = if gone > NIGHT { mark.earliest } else { mark.earliest.plus(gone) };
        let begun = Self::begin(wall, elapsed);
        let (now, earliest) = (Duration::from_millis(mark.now.max(wall).0), Duration::from_millis(earliest.0));
        (Self { now, earliest, ..begun }, woke)
    }

    /// The same moment by a wall that is believed whatever now was.
    pub fn believe(self, wall: Moment) -> Self {
        Self { now: Duration::from_millis(wall.0), ..self }
    }

    /// The lines as they stand when the clocks read this.
    pub fn read(self, wall: Moment, elapsed: Duration) -> Self {
        let wall = Duration::from_millis(wall.0);
        let Some(passed) = elapsed.checked_sub(self.read_at) else {
            // A clock that measures spans does not run back: this is another one.
            return Self { now: wall, earliest: wall, wall, read_at: elapsed };
        };
        let straight = self.now.saturating_add(passed);
        let ahead = straight.saturating_sub(wall);
        let now = straight.saturating_sub(ahead.min(passed / SLEW)).max(wall);
        Self { now, earliest: self.earliest.saturating_add(passed), wall, read_at: elapsed }
    }

    /// What ends flags, links and tokens.
    pub fn now(self) -> Moment {
        moment(self.now)
    }

    /// What ends lockouts.
    pub fn earliest(self) -> Moment {
        moment(self.earliest)
    }

    /// To be saved.
    pub fn mark(self) -> ClockMark {
        ClockMark { now: self.now(), earliest: self.earliest() }
    }

    /// How far now is ahead of the wall.
    pub fn ahead(self) -> Duration {
        self.now.saturating_sub(self.wall)
    }

    /// How far now ran ahead of what has surely passed since an earlier reading.
    pub fn leapt_since(self, earlier: Self) -> Duration {
        let lag = |clock_readings: Self| {
            clock_readings.now.as_millis().cast_signed() - clock_readings.earliest.as_millis().cast_signed()
        };
        Duration::from_millis(u64::try_from(lag(self) - lag(earlier)).unwrap_or(0))
    }
}

fn moment(since: Duration) -> Moment {
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;
    const HOUR: u64 = 3_600 * SECOND;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_step_back_stops_neither_line_and_a_step_forward_moves_only_one() {
        let clock_readings = ClockReadings::begin(Moment(10 * HOUR), at(0));
        let back = clock_readings.read(Moment(9 * HOUR), at(10));
        assert_eq!(back.now(), Moment(10 * HOUR + 9_990)); // ten seconds less what it gives back to the wall
        assert_eq!(back.earliest(), Moment(10 * HOUR + 10 * SECOND));
        let forward = clock_readings.read(Moment(20 * HOUR), at(10));
        assert_eq!((forward.now(), forward.earliest()), (Moment(20 * HOUR), Moment(10 * HOUR + 10 * SECOND)));
        assert_eq!(forward.leapt_since(clock_readings), Duration::from_millis(10 * HOUR - 10 * SECOND));
    }

    #[test]
    fn a_small_lead_is_given_back_without_ever_running_back() {
        let mut clock_readings = ClockReadings::begin(Moment(HOUR + 2 * SECOND), at(0));
        for second in 1..=2_000 {
            let next = clock_readings.read(Moment(HOUR + second * SECOND), at(second));
            assert!(next.now() >= clock_readings.now());
            clock_readings = next;
        }
        assert_eq!(clock_readings.now(), Moment(HOUR + 2_000 * SECOND));
    }

    #[test]
    fn a_gateway_wakes_at_its_mark_or_after_it() {
        let mark = ClockMark { now: Moment(10 * HOUR), earliest: Moment(8 * HOUR) };
        let (clock_readings, woke) = ClockReadings::wake(mark, Moment(10 * HOUR + 60 * SECOND), at(5));
        assert_eq!(woke, Woke::InTime);
        assert_eq!(
            clock_readings.mark(),
            ClockMark { now: Moment(10 * HOUR + 60 * SECOND), earliest: Moment(8 * HOUR + 60 * SECOND) }
        );
        let (clock_readings, woke) = ClockReadings::wake(mark, Moment(3 * HOUR), at(5));
        assert_eq!((clock_readings.mark(), woke), (mark, Woke::Behind(at(7 * 3_600))));
        let (clock_readings, woke) = ClockReadings::wake(mark, Moment(100 * HOUR), at(5));
        assert_eq!(woke, Woke::Ahead(at(90 * 3_600)));
        assert_eq!(clock_readings.mark(), ClockMark { now: Moment(100 * HOUR), ..mark });
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        let mut clock_readings = ClockReadings::begin(Moment(u64::MAX), at(0));
        clock_readings = clock_readings.read(Moment(0), Duration::MAX);
        assert_eq!(clock_readings.now(), Moment(u64::MAX));
        let (clock_readings, _) =
            ClockReadings::wake(ClockMark { now: Moment(u64::MAX), earliest: Moment(u64::MAX) }, Moment(0), at(0));
        assert_eq!(clock_readings.read(Moment(u64::MAX), at(1)).earliest(), Moment(u64::MAX));
    }
}

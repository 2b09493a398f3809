//! The gateway's time: reads the two clocks into the two lines of `domain::clock`, and keeps a
//! mark of them in the store, so that a clock that is set back while nothing runs lengthens nothing.
//!
//! Where the store's server has a clock of its own, that one is the wall for all nodes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Engine;
use countersign_ambient::Clock;
use countersign_domain::time::Moment;
use countersign_domain::time::clock::ClockReadings;

/// The gateway's reading of the clocks.
pub(crate) struct GatewayTime(Mutex<LastReading>);

#[derive(Clone, Copy)]
pub(crate) struct LastReading {
    pub(crate) clock_readings: ClockReadings,
    /// As they stood when the mark was last saved.
    pub(crate) kept: ClockReadings,
    /// The server's time at the beginning of the clock that measures spans, where it is the wall.
    pub(crate) referee: Option<Duration>,
}

impl GatewayTime {
    /// Begins at what the clock says now.
    pub fn begin(clock: &dyn Clock) -> Self {
        let clock_readings = ClockReadings::begin(Moment(clock.now()), clock.elapsed());
        Self(Mutex::new(LastReading { clock_readings, kept: clock_readings, referee: None }))
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut LastReading) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Engine {
    /// What time it is. Never runs back, never lags: flags, links and tokens end by it.
    pub fn now(&self) -> Moment {
        self.clock_readings().now()
    }

    /// What has surely passed: lockouts end by it.
    pub fn earliest(&self) -> Moment {
        self.clock_readings().earliest()
    }

    /// What time it is and what has surely passed, by one reading of the clocks.
    pub fn now_and_earliest(&self) -> (Moment, Moment) {
        let clock_readings = self.clock_readings();
        (clock_readings.now(), clock_readings.earliest())
    }

    /// How far now is ahead of the wall's clock, which was set back.
    pub fn ahead(&self) -> Duration {
        self.clock_readings().ahead()
    }

    pub(crate) fn clock_readings(&self) -> ClockReadings {
        let clock = &self.clock;
        self.time.with(|reading| {
            // Read under the lock, or one reading would overtake another.
            let elapsed = clock.elapsed();
            let wall = match reading.referee {
                Some(began) => Moment(u64::try_from((began + elapsed).as_millis()).unwrap_or(u64::MAX)),
                None => Moment(clock.now()),
            };
            reading.clock_readings = reading.clock_readings.read(wall, elapsed);
            reading.clock_readings
        })
    }
}

//! Moments and spans. The domain never asks what time it is: every rule is told.
//! Sums stop at both ends of time, so no deadline can wrap around to the past.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub mod backoff;
pub mod clock;
pub mod epoch;
pub mod lease;

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// This moment and `minutes` more.
    pub fn plus_minutes(self, minutes: u64) -> Self {
        Self(self.0.saturating_add(minutes.saturating_mul(60_000)))
    }

    /// This moment and `span` more.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// This moment less `span`, not before 1970.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; nothing when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This moment of one line of time as another shows it, where the same instant is `here` on the
    /// first and `there` on the second.
    pub fn shown(self, here: Self, there: Self) -> Self {
        Self(self.0.saturating_add(there.0.saturating_sub(here.0)).saturating_sub(here.0.saturating_sub(there.0)))
    }

    /// Whole seconds since 1970, rounded down (NumericDate of RFC 7519 §2).
    pub fn unix_seconds(self) -> u64 {
        self.0 / 1000
    }
}

impl FromStr for Moment {
    type Err = jiff::Error;

    /// RFC 3339; what is before 1970 is 1970.
    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        let at: jiff::Timestamp = text.parse()?;
        Ok(Self(u64::try_from(at.as_millisecond()).unwrap_or(0)))
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = i64::try_from(self.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        match at {
            Some(at) => write!(f, "{at:.3}"),
            None => f.write_str("9999-12-31T23:59:59.999Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_rfc_3339() {
        assert_eq!(Moment(1_700_000_000_123).to_string(), "2023-11-14T22:13:20.123Z");
        assert_eq!(Moment(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn sums_stop_at_the_end_of_time() {
        assert_eq!(Moment(u64::MAX).plus_minutes(u64::MAX), Moment(u64::MAX));
        assert_eq!(Moment(5).since(Moment(7)), Duration::ZERO);
    }
}

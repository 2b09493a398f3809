//! Waits between attempts: each twice as long as the one before, and scattered.
//! How often something is tried, and when it is given up, others say.

use std::time::Duration;

/// How long to wait between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first attempt, before it is scattered.
    pub first: Duration,
    /// Doubling ends here.
    pub doubled_to: Duration,
    /// No wait is longer.
    pub max: Duration,
}

impl Backoff {
    /// How long to wait after so many attempts, a quarter more or less by `jitter`.
    pub fn wait(self, attempts: u32, jitter: u8) -> Duration {
        let whole = self.first.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(self.doubled_to);
        (whole * 3 / 4 + whole * u32::from(jitter) / 510).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_are_scattered_and_end() {
        let seconds = Duration::from_secs;
        let backoff = Backoff { first: seconds(1), doubled_to: seconds(60), max: seconds(60) };
        for (attempts, whole) in [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (1000, 60)] {
            assert_eq!(backoff.wait(attempts, 0), seconds(whole) * 3 / 4);
            assert_eq!(backoff.wait(attempts, 255), (seconds(whole) * 5 / 4).min(seconds(60)));
        }
    }
}

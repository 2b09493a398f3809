//! Claims of jobs: one node at a time has the right to do a job, until its lease ends.
//! A claim that nobody settled lapses with its lease, and the job is due again.

use std::time::Duration;

use super::Moment;

/// How long a claim lasts that is not renewed.
pub const LEASE: Duration = Duration::from_secs(10);

/// An attempt without an answer after so long has lost the answer. Shorter than the lease, so that nobody
/// else tries meanwhile.
pub const TIMEOUT: Duration = Duration::from_secs(7);

/// The time of a claim, by its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease(pub Moment);

impl Lease {
    /// Of a claim that is made or renewed now.
    pub fn begin(now: Moment) -> Self {
        Self(now.plus(LEASE))
    }

    /// Whether the claim has lapsed.
    pub fn is_over(self, now: Moment) -> bool {
        self.0 <= now
    }

    /// Whether somebody has the claim. An end that lies further ahead than a lease was written before the clock
    /// was set back: nobody has it.
    pub fn is_held(self, now: Moment) -> bool {
        !self.is_over(now) && self.0 <= now.plus(LEASE)
    }

    /// Whether so much of it is left.
    pub fn leaves(self, span: Duration, now: Moment) -> bool {
        now.plus(span) <= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lease_holds_until_its_end() {
        let now = Moment(1_000_000);
        let lease = Lease::begin(now);
        let end = now.plus(LEASE);
        for (at, is_held, is_over) in [
            (now, true, false),
            (Moment(end.0 - 1), true, false),
            (end, false, true),
            (Moment(now.0 - 1), false, false),
        ] {
            assert_eq!((lease.is_held(at), lease.is_over(at)), (is_held, is_over), "{at}");
        }
        assert!(lease.leaves(TIMEOUT, now.plus(LEASE - TIMEOUT)));
        assert!(!lease.leaves(TIMEOUT, now.plus(LEASE - TIMEOUT + Duration::from_millis(1))));
    }
}

//! Whether it is any use to hand a message to a channel now. After failures in a row nobody is sent
//! ahead any more; from time to time one message goes and finds out, and one that arrives opens the
//! way for all.
//!
//! What failed is counted by each node for itself. That a channel is down is said in its team's
//! record, where every node sees it: each finds out with one message at a time.

use std::time::Duration;

use super::attempt::{AttemptResult, Trying};
use crate::accounts::channel::Health;
use crate::time::Moment;
use crate::time::backoff::Backoff;
use crate::time::lease::Lease;

/// Failures in a row, of whichever messages.
const MAX_FAILURES: u32 = 5;

/// The waits before one message finds out.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_secs(5), doubled_to: Duration::from_secs(80), max: Duration::from_secs(60) };

/// What one node decides is known to all after so long.
const KNOWN_TO_ALL: Duration = Duration::from_secs(1);

/// How a channel stands, as one node has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitBreaker {
    /// Messages go.
    Closed {
        /// Failures since the last message that left.
        failures: u32,
    },
    /// Nothing goes before that moment.
    Open {
        /// Messages that found out in vain.
        probes: u32,
        /// When the next one goes.
        next: Moment,
        /// Since when it stands so.
        since: Moment,
    },
    /// One message is finding out.
    Probing {
        /// Messages that found out in vain before.
        probes: u32,
        /// Nobody waits for it longer.
        until: Moment,
        /// Since when.
        since: Moment,
    },
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl CircuitBreaker {
    /// How long nothing may go; none: a message may go now. `down` is what the team's record says.
    pub fn is_shut(&self, down: bool, now: Moment) -> Option<Duration> {
        let (next, since) = match *self {
            Self::Closed { .. } => return None,
            Self::Open { next, since, .. } => (next, since),
            Self::Probing { until, since, .. } => (until, since),
        };
        // Another node's message has arrived.
        if !down && now.since(since) >= KNOWN_TO_ALL {
            return None;
        }
        (next > now).then(|| next.since(now))
    }

    /// A message goes. On a channel that is down it finds out for the others.
    pub fn lets_go(&mut self, down: bool, now: Moment) {
        let probes = match *self {
            Self::Open { probes, .. } | Self::Probing { probes, .. } => probes,
            Self::Closed { .. } => 0,
        };
        match (down, *self) {
            (true, _) => *self = Self::Probing { probes, until: Lease::begin(now).0, since: now },
            (false, Self::Closed { .. }) => {}
            (false, _) => *self = Self::default(),
        }
    }

    /// A message ended so, after these tries before it (none: it was a trial); what that says of the
    /// channel. `jitter` spreads those that wait.
    pub fn hear(&mut self, how: AttemptResult, trying: Option<Trying>, now: Moment, jitter: u8) -> Option<Health> {
        let open = |probes| Self::Open { probes, next: now.plus(BACKOFF.wait(probes + 1, jitter)), since: now };
        let told = how.health(trying);
        if how == AttemptResult::Sent {
            *self = Self::default();
            return told;
        }
        let why = match how {
            AttemptResult::Later(why) | AttemptResult::Barred(why) => why,
            AttemptResult::Lost => crate::messaging::attempt::NO_ANSWER,
            // It answered, and nothing was learnt: the next message finds out.
            _ => {
                if let Self::Probing { probes, since, .. } = *self {
                    *self = Self::Open { probes, next: now, since };
                }
                return told;
            }
        };
        match *self {
            Self::Closed { failures } if told.is_some() || failures + 1 >= MAX_FAILURES => {
                *self = open(0);
                Some(told.unwrap_or(Health::Down(why)))
            }
            Self::Closed { failures } => {
                *self = Self::Closed { failures: failures + 1 };
                None
            }
            Self::Open { .. } => told, // it went before nobody might
            Self::Probing { probes, .. } => {
                *self = open(probes + 1);
                told
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: Option<Health> = Some(Health::Down("503"));

    fn at(seconds: u64) -> Moment {
        Moment(1_000_000 + seconds * 1000)
    }

    fn first() -> Option<Trying> {
        Some(Trying { tries: 1, lost: 0, next: at(0), since: at(0), slot: None })
    }

    fn fail(circuit_breaker: &mut CircuitBreaker, second: u64) -> Option<Health> {
        circuit_breaker.hear(AttemptResult::Later("503"), first(), at(second), 0)
    }

    fn opened() -> CircuitBreaker {
        let mut circuit_breaker = CircuitBreaker::default();
        let told: Vec<_> = (0..MAX_FAILURES).map(|_| fail(&mut circuit_breaker, 0)).collect();
        assert_eq!(told, [None, None, None, None, DOWN]);
        circuit_breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_that_arrives_in_between_does_not_count() {
        let mut circuit_breaker = CircuitBreaker::default();
        for _ in 1..MAX_FAILURES {
            assert_eq!(fail(&mut circuit_breaker, 0), None);
        }
        assert_eq!(circuit_breaker.hear(AttemptResult::Sent, first(), at(1), 0), Some(Health::Up));
        assert_eq!(fail(&mut circuit_breaker, 2), None);
        assert_eq!(circuit_breaker.is_shut(false, at(2)), None);
        opened();
        // A number that nobody has says nothing of the channel.
        let mut circuit_breaker = CircuitBreaker::default();
        for _ in 0..100 {
            assert_eq!(circuit_breaker.hear(AttemptResult::Refused("bad-address"), first(), at(0), 0), None);
        }
        assert_eq!(circuit_breaker, CircuitBreaker::default());
        assert_eq!(circuit_breaker.hear(AttemptResult::Barred("401"), first(), at(0), 0), Some(Health::Down("401")));
        assert!(circuit_breaker.is_shut(true, at(1)).is_some());
    }

    #[test]
    fn one_message_at_a_time_finds_out_and_closes_it() {
        let mut circuit_breaker = opened();
        assert!(circuit_breaker.is_shut(true, at(3)).is_some());
        assert_eq!(circuit_breaker.is_shut(true, at(5)), None);
        circuit_breaker.lets_go(true, at(5));
        assert!(circuit_breaker.is_shut(true, at(5)).is_some(), "the others wait for it");
        assert_eq!(fail(&mut circuit_breaker, 6), None);
        assert!(
            circuit_breaker.is_shut(true, at(6 + 7)).is_some() && circuit_breaker.is_shut(true, at(6 + 8)).is_none()
        );
        circuit_breaker.lets_go(true, at(14));
        assert_eq!(circuit_breaker.hear(AttemptResult::Sent, first(), at(15), 0), Some(Health::Up));
        assert_eq!(circuit_breaker.is_shut(false, at(15)), None);
    }

    #[test]
    fn one_that_never_came_back_is_not_waited_for() {
        let mut circuit_breaker = opened();
        circuit_breaker.lets_go(true, at(5));
        assert!(circuit_breaker.is_shut(true, at(14)).is_some());
        assert_eq!(circuit_breaker.is_shut(true, at(15)), None);
    }

    #[test]
    fn a_crowd_that_fails_at_once_makes_nobody_wait_longer() {
        let mut circuit_breaker = opened();
        for _ in 0..64 {
            fail(&mut circuit_breaker, 0);
        }
        assert_eq!(circuit_breaker.is_shut(true, at(5)), None);
        for probe in 0..20 {
            circuit_breaker.lets_go(true, at(100 * probe));
            circuit_breaker.hear(AttemptResult::Lost, first(), at(100 * probe), 255);
            assert!(circuit_breaker.is_shut(true, at(100 * probe)) <= Some(BACKOFF.max));
        }
    }

    #[test]
    fn what_another_node_found_out_counts() {
        let mut circuit_breaker = CircuitBreaker::default();
        assert_eq!(circuit_breaker.is_shut(true, at(0)), None, "a node that does not know it yet finds out at once");
        circuit_breaker.lets_go(true, at(0));
        assert!(circuit_breaker.is_shut(true, at(1)).is_some());
        let mut circuit_breaker = opened();
        assert!(circuit_breaker.is_shut(false, at(0)).is_some(), "that it is down is not known to all yet");
        assert_eq!(circuit_breaker.is_shut(false, at(2)), None);
        circuit_breaker.lets_go(false, at(2));
        assert_eq!(circuit_breaker, CircuitBreaker::default());
    }

    #[test]
    fn an_answer_that_is_none_lets_the_next_find_out() {
        let mut circuit_breaker = opened();
        circuit_breaker.lets_go(true, at(5));
        assert_eq!(circuit_breaker.hear(AttemptResult::Refused("bad-address"), first(), at(5), 0), None);
        assert_eq!(circuit_breaker.is_shut(true, at(5)), None);
    }
}

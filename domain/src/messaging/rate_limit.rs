//! How fast an account may send: its limit is cut into moments, one for each message, which are
//! given out in order. Who comes too early is told when its turn is, and waits; nothing is refused.
//!
//! The record is one for all nodes: what one has taken no other gets.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// Moments farther away are given to nobody: what is queued longer would be worth nothing.
const FARTHEST: Duration = Duration::from_secs(3600);

/// A node takes as many moments at once as pass in a quarter of a second, so that a fast account
/// does not cost one commit more for each message.
const BLOCKS_A_MINUTE: u32 = 240;

/// The slowest account's block is one message's, which is a minute's.
const MAX_BLOCK: Duration = Duration::from_millis(MINUTE);

/// A moment that has passed for longer is not used any more: what was not sent then is not sent at once now.
const STALE: Duration = Duration::from_secs(1);

/// How far an account's moments are given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    next: Moment,
}

/// Moments that a node has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenSlots {
    per_minute: NonZeroU32,
    first: Moment,
    used: u32,
    size: u32,
}

impl RateLimit {
    /// Takes the next moments of an account that may send so many a minute.
    ///
    /// # Errors
    ///
    /// How long nobody gets one: so many are waiting already.
    pub fn take(&mut self, per_minute: NonZeroU32, now: Moment) -> Result<TakenSlots, Duration> {
        let ahead = self.next.since(now);
        // So far nothing is ever given out, whatever the limit was: the clock was set back.
        let first = if ahead > FARTHEST + MAX_BLOCK { now } else { self.next.max(now) };
        if ahead > FARTHEST && first != now {
            return Err(ahead.saturating_sub(FARTHEST));
        }
        let size = (per_minute.get() / BLOCKS_A_MINUTE).max(1);
        let slots = TakenSlots { per_minute, first, used: 0, size };
        self.next = slots.moment(size);
        Ok(slots)
    }
}

impl TakenSlots {
    fn moment(&self, number: u32) -> Moment {
        let after = (u64::from(number) * MINUTE).div_ceil(u64::from(self.per_minute.get()));
        self.first.plus(Duration::from_millis(after))
    }

    /// The next one of these, where the limit still is what it was and one is left.
    pub fn next(&mut self, per_minute: NonZeroU32, now: Moment) -> Option<Moment> {
        while self.used < self.size && self.per_minute == per_minute {
            let slot = self.moment(self.used);
            self.used += 1;
            if now.since(slot) <= STALE {
                return Some(slot);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(per_minute: u32) -> NonZeroU32 {
        NonZeroU32::new(per_minute).unwrap()
    }

    /// When each of so many messages leaves that all come now.
    fn turns(rate_limit: &mut RateLimit, per_minute: u32, now: Moment, count: usize) -> Vec<u64> {
        let mut slots: Option<TakenSlots> = None;
        let mut turns = Vec::new();
        while turns.len() < count {
            match slots.as_mut().and_then(|slots| slots.next(limit(per_minute), now)) {
                Some(context) => turns.push(context.0 - now.0),
                None => slots = Some(rate_limit.take(limit(per_minute), now).unwrap()),
            }
        }
        turns
    }

    #[test]
    fn each_message_has_a_turn_and_no_minute_has_more_than_it_may() {
        let now = Moment(1_000_000_000);
        assert_eq!(turns(&mut RateLimit::default(), 30, now, 4), [0, 2_000, 4_000, 6_000]);
        for per_minute in [1, 7, 60, 599, 1_800, 4_800, 60_000] {
            let turns = turns(&mut RateLimit::default(), per_minute, now, 10_000.min(60 * per_minute as usize));
            for web_chat in turns.windows(per_minute as usize + 1) {
                assert!(web_chat[per_minute as usize] - web_chat[0] >= MINUTE, "{per_minute}");
            }
        }
    }

    #[test]
    fn two_nodes_get_different_turns() {
        let (mut rate_limit, now) = (RateLimit::default(), Moment(1_000_000_000));
        let mut one = rate_limit.take(limit(4_800), now).unwrap();
        let mut other = rate_limit.take(limit(4_800), now).unwrap();
        let mut all = Vec::new();
        while let Some(context) = one.next(limit(4_800), now).or_else(|| other.next(limit(4_800), now)) {
            all.push(context);
        }
        assert_eq!(all.len(), 40);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn what_was_not_sent_is_not_made_up_for() {
        let mut rate_limit = RateLimit::default();
        let mut slots = rate_limit.take(limit(4_800), Moment(1_000_000)).unwrap();
        assert_eq!(slots.next(limit(4_800), Moment(1_000_000)), Some(Moment(1_000_000)));
        assert_eq!(slots.next(limit(4_800), Moment(9_000_000)), None);
        assert_eq!(turns(&mut rate_limit, 60, Moment(9_000_000), 2), [0, 1_000]);
    }

    #[test]
    fn another_limit_holds_at_once() {
        let mut slots = RateLimit::default().take(limit(4_800), Moment(1_000_000)).unwrap();
        assert_eq!(slots.next(limit(60), Moment(1_000_000)), None);
    }

    /// A clock that is set back, and a queue that is longer than anybody waits.
    #[test]
    fn nobody_waits_for_a_moment_that_is_too_far_away() {
        let mut rate_limit = RateLimit { next: Moment(100_000_000_000) };
        assert_eq!(rate_limit.take(limit(60), Moment(1_000_000)).unwrap().first, Moment(1_000_000));
        let ahead = |more| RateLimit { next: Moment(1_000_000).plus(FARTHEST + more) };
        assert_eq!(ahead(MAX_BLOCK).take(limit(60), Moment(1_000_000)), Err(MAX_BLOCK));
        let mut rate_limit = ahead(MAX_BLOCK + Duration::from_millis(1));
        assert_eq!(rate_limit.take(limit(60), Moment(1_000_000)).unwrap().first, Moment(1_000_000));
    }
}

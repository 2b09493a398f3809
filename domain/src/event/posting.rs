//! Signed POSTs to addresses that teams name: what an answer means, and when the next try is.
//! Who is posted to, and what, others say; nothing here sends anything.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Moment;
use crate::time::backoff::Backoff;

/// What is not taken is tried for so long.
pub const MAX_RETRY_TIME: Duration = Duration::from_secs(24 * 3600);

/// The waits between two tries: at most two hours, a quarter more or less.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(5),
    doubled_to: Duration::from_secs(2 * 3600),
    max: Duration::from_secs(2 * 3600 * 5 / 4),
};

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostOutcome {
    /// With a status of 200 to 299.
    Taken,
    /// With 410: nothing more is wanted there.
    Gone,
    /// Otherwise.
    Failed(PostFailure),
}

/// A try that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostFailure {
    /// Why.
    pub why: Why,
    /// For how long the receiver asks to be left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
}

/// Why a try was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The receiver said so, by that status. One of 300 to 399 is not followed.
    Status(u16),
    /// The address is none that may be spoken to.
    Forbidden,
    /// There was no connection.
    Unreached,
    /// There was no answer.
    Unanswered,
    /// It was not tried: the receiver takes nothing at all, and its time is over.
    Untried,
    /// The receiver wants nothing more.
    Gone,
}

impl Why {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status(300..=399) => "redirect",
            Self::Status(_) => "status",
            Self::Forbidden => "forbidden-address",
            Self::Unreached => "no-connection",
            Self::Unanswered => "no-answer",
            Self::Untried => "not-tried",
            Self::Gone => "gone",
        }
    }

    /// What the receiver answered with, where it did.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status),
            Self::Gone => Some(410),
            Self::Forbidden | Self::Unreached | Self::Unanswered | Self::Untried => None,
        }
    }
}

impl PostOutcome {
    /// What a status says, with the wait that came with it.
    pub fn of(status: u16, after: Option<Duration>) -> Self {
        match status {
            200..=299 => Self::Taken,
            410 => Self::Gone,
            _ => Self::Failed(PostFailure { why: Why::Status(status), after }),
        }
    }

    /// A try that came to no answer.
    pub fn without(why: Why) -> Self {
        Self::Failed(PostFailure { why, after: None })
    }
}

/// How long to wait after so many tries: 5, 10, 20 … seconds and at most two hours, a quarter more or
/// less, and no less than the receiver asks for.
pub fn wait(tries: u32, asked: Option<Duration>, jitter: u8) -> Duration {
    BACKOFF.wait(tries, jitter).max(asked.unwrap_or_default()).min(MAX_RETRY_TIME)
}

/// Until when something waits, where it still does. What lies further ahead than anybody waits was
/// written before the clock was set back: it is past.
pub fn awaited(until: Moment, now: Moment) -> Option<Moment> {
    (until > now && until <= now.plus(MAX_RETRY_TIME)).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_every_wait_is_past() {
        let now = Moment(1_000_000_000);
        for (until, waits) in [
            (now, false),
            (Moment(0), false),
            (now.plus(Duration::from_millis(1)), true),
            (now.plus(MAX_RETRY_TIME), true),
            (now.plus(MAX_RETRY_TIME + Duration::from_millis(1)), false),
            (Moment(u64::MAX), false),
        ] {
            assert_eq!(awaited(until, now), waits.then_some(until), "{until}");
        }
    }

    #[test]
    fn waits_grow_to_two_hours_and_scatter_by_a_quarter() {
        let seconds = |tries, jitter| wait(tries, None, jitter).as_secs_f64();
        assert!((seconds(1, 0) - 3.75).abs() < 0.01 && (seconds(1, 255) - 6.25).abs() < 0.01);
        assert!((seconds(4, 0) - 30.0).abs() < 0.01);
        assert!((seconds(4_000, 0) - 5_400.0).abs() < 0.01 && (seconds(4_000, 255) - 9_000.0).abs() < 0.01);
    }

    #[test]
    fn a_receiver_may_ask_for_longer_and_not_for_ever() {
        assert_eq!(wait(1, Some(Duration::from_secs(90)), 0), Duration::from_secs(90));
        assert_eq!(wait(1, Some(Duration::MAX), 0), MAX_RETRY_TIME);
    }

    #[test]
    fn only_two_hundreds_are_taken() {
        for (status, expected) in
            [(200, PostOutcome::Taken), (204, PostOutcome::Taken), (299, PostOutcome::Taken), (410, PostOutcome::Gone)]
        {
            assert_eq!(PostOutcome::of(status, None), expected);
        }
        for (status, word) in [(302, "redirect"), (404, "status"), (503, "status")] {
            let PostOutcome::Failed(PostFailure { why, .. }) = PostOutcome::of(status, None) else {
                panic!("{status}")
            };
            assert_eq!((why.as_str(), why.status()), (word, Some(status)));
        }
    }
}

//! How a try to hand over a message ended, and when it is tried again.
//! What follows for the message, the rules say.

use std::time::Duration;

use super::sending::Trying;
use crate::accounts::channel::Health;
use crate::time::Moment;

/// The longest wait between two tries.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// Tries on a way that has another behind it: half a minute, by the waits between them.
pub(crate) const TRIES_BEFORE_THE_NEXT: u32 = 5;

/// Times that the same message may be sent without knowing whether it arrived.
pub(crate) const MAX_LOST: u32 = 3;

/// The platform says nothing at all.
pub const NO_ANSWER: &str = "no-answer";

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// The platform has it.
    Sent,
    /// The platform says when to come back.
    After(Duration),
    /// It may work later.
    Later(&'static str),
    /// It may have arrived; nobody knows.
    Lost,
    /// Not by this way.
    Refused(&'static str),
    /// The platform takes nothing from this account any more.
    Barred(&'static str),
    /// It was not tried: by the account's limit its turn comes at that moment.
    Deferred(Moment),
    /// It was not tried: nothing goes over the channel for so long.
    Shut(Duration),
}

impl AttemptResult {
    /// What it says of the channel, after the tries before it; a trial has none. One message that finds
    /// nobody says nothing of the next; a platform that was asked so often and never took it does.
    pub fn health(self, trying: Option<Trying>) -> Option<Health> {
        let (tries, lost) = trying.map_or((1, 0), |trying| (trying.tries, trying.lost));
        match self {
            Self::Sent => Some(Health::Up),
            Self::Barred(why) => Some(Health::Down(why)),
            Self::Later(why) if tries >= TRIES_BEFORE_THE_NEXT => Some(Health::Down(why)),
            Self::Lost if lost + 1 >= MAX_LOST => Some(Health::Down(NO_ANSWER)),
            Self::After(_) | Self::Later(_) | Self::Lost | Self::Refused(_) => None,
            Self::Deferred(_) | Self::Shut(_) => None,
        }
    }
}

/// 1, 2, 4, 8 … seconds and at most a minute, a quarter more or less.
pub fn backoff(tries: u32, jitter: u8) -> Duration {
    let whole = Duration::from_secs(1 << tries.saturating_sub(1).min(6)).min(MAX_WAIT);
    (whole * 3 / 4 + whole * u32::from(jitter) / 510).min(MAX_WAIT)
}

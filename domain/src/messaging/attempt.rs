//! How a try to hand over a message ended, and when it is tried again.
//! What follows for the message, the rules say.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::accounts::channel::Health;
use crate::time::Moment;
use crate::time::backoff::Backoff;
use crate::time::lease::Lease;

/// The longest wait between two tries.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// The waits between tries that say nothing of the next.
pub const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), doubled_to: MAX_WAIT, max: MAX_WAIT };

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

/// How a message has been tried on its present way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trying {
    /// Tries that were begun, the one under way included.
    pub tries: u32,
    /// Of these, how many may have arrived without an answer.
    pub lost: u32,
    /// When it is due: for who claimed it, the end of the claim.
    pub next: Moment,
    /// When it was first to leave.
    pub since: Moment,
    /// Its turn in what the account may send, where it has waited for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Moment>,
}

impl Trying {
    /// Due now, and never tried.
    pub fn new(now: Moment) -> Self {
        Self { tries: 0, lost: 0, next: now, since: now, slot: None }
    }

    /// Due now, and claimed by whoever commits this.
    pub fn claimed(now: Moment) -> Self {
        let mut trying = Self::new(now);
        trying.claim(now);
        trying
    }

    /// Claims the next try, where it is due; whoever commits this has it.
    pub fn claim(&mut self, now: Moment) -> bool {
        let is_due = Lease(self.next).is_over(now);
        if is_due {
            self.tries += 1;
            self.renew(now);
        }
        is_due
    }

    /// The claim of the try under way begins anew.
    pub fn renew(&mut self, now: Moment) {
        self.next = Lease::begin(now).0;
    }

    /// It was not tried after all, and is due then.
    fn held(self, next: Moment, slot: Option<Moment>) -> Self {
        Self { tries: self.tries.saturating_sub(1), next, slot, ..self }
    }

    /// It is tried once more.
    pub fn after(self, how: AttemptResult, now: Moment, jitter: u8) -> Self {
        match how {
            AttemptResult::Deferred(at) => self.held(at, Some(at)),
            AttemptResult::Shut(wait) => {
                let wait = wait.clamp(Duration::from_secs(1), MAX_WAIT) + Duration::from_millis(4) * jitter.into();
                self.held(now.plus(wait), None)
            }
            AttemptResult::After(wait) => Self { next: now.plus(wait.max(Duration::from_secs(1))), slot: None, ..self },
            how => {
                let lost = self.lost + u32::from(how == AttemptResult::Lost);
                Self { lost, next: now.plus(BACKOFF.wait(self.tries, jitter)), slot: None, ..self }
            }
        }
    }
}

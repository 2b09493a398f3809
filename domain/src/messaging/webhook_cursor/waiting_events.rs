//! Events that wait for one another: those of one interaction are told in their order. Who is told, and when
//! it is tried again, the course says.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::event::EventKind;
use crate::event::posting::{MAX_RETRY_TIME, Why};
use crate::time::Moment;

/// Events of one interaction, or of the team itself, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventQueue {
    /// The first is told before the others.
    pub events: VecDeque<WaitingEvent>,
    /// Tries of the first so far.
    pub tries: u32,
    /// It is not tried before.
    pub next: Moment,
    /// Why the first was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// An event that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingEvent {
    /// Its number in the team's stream.
    pub number: u64,
    /// When it happened.
    pub at: Moment,
    /// What it is.
    pub kind: EventKind,
}

impl EventQueue {
    /// The first was told, or is given up: the next one is due.
    pub fn pop(&mut self, now: Moment) {
        self.events.pop_front();
        (self.tries, self.why, self.next) = (0, None, now);
    }
}

/// Whether it is not tried any more once it is not taken.
pub(super) fn is_over(event: WaitingEvent, now: Moment) -> bool {
    now.since(event.at) >= MAX_RETRY_TIME
}

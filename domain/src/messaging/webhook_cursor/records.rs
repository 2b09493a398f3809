//! Letters: what is kept of events that were delivered or given up. They lie in two indexes; a course
//! counts them, so that the oldest go before there are too many.

use serde::{Deserialize, Serialize};

use super::{WaitingEvent, WebhookCursor};
use crate::event::posting::Why;
use crate::time::Moment;

/// Letters that are kept of each kind, and how many more before the oldest go.
const KEPT_RECORDS: u32 = 1_000;
const SLACK: u32 = 200;

/// What is kept of an event that was delivered or given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryRecord {
    /// The event.
    pub event: WaitingEvent,
    /// How often it was tried.
    pub tries: u32,
    /// When it was delivered or given up.
    pub ended_at: Moment,
    /// Why it was given up; nothing where it was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

impl WebhookCursor {
    /// How many letters are to go: of what was delivered, and of what was given up.
    pub fn surplus(&self) -> [u32; 2] {
        [self.delivered, self.dead].map(|kept| if kept > KEPT_RECORDS + SLACK { kept - KEPT_RECORDS } else { 0 })
    }

    /// So many letters of each kind have gone.
    pub fn forget(&mut self, [delivered, dead]: [u32; 2]) {
        self.delivered = self.delivered.saturating_sub(delivered);
        self.dead = self.dead.saturating_sub(dead);
    }

    pub(super) fn count(&mut self, records: &[DeliveryRecord]) {
        for record in records {
            match record.why {
                None => self.delivered += 1,
                Some(_) => self.dead += 1,
            }
        }
    }
}

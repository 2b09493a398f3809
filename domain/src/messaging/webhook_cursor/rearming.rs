//! A course whose moments were set by a clock that was ahead and is set back: nothing of it waits any
//! longer. What is told, and in which order, stays.

use super::WebhookCursor;
use crate::time::Moment;

impl WebhookCursor {
    /// Nobody has it for himself, and what waits is due.
    pub fn wake(&mut self, now: Moment) {
        self.claims = self.claims.wrapping_add(1);
        (self.held, self.rest_until) = (None, self.rest_until.min(now));
        for line in self.lines.values_mut() {
            line.next = line.next.min(now);
        }
    }
}

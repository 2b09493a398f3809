//! Secrets that were replaced: each signs beside the new one for as long as was said.
//! Their owners say what they sign.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::time::Moment;

/// Secrets that sign at one time: rotated more often than that, the oldest goes.
const MAX_SECRETS: usize = 4;

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retiring {
    /// It.
    pub secret: Secret,
    /// Until when it signs beside the new one.
    pub until: Moment,
}

/// A secret was replaced by another: for so long it signs beside it, and with those before it.
pub fn replaced(retiring: &mut Vec<Retiring>, before: Secret, overlap_minutes: u64, now: Moment) {
    retiring.insert(0, Retiring { secret: before, until: now.plus_minutes(overlap_minutes) });
    retiring.retain(|old| now < old.until);
    retiring.truncate(MAX_SECRETS - 1);
}

/// Until when one of those signs still.
pub(crate) fn overlap_until(retiring: &[Retiring], now: Moment) -> Option<Moment> {
    retiring.iter().map(|old| old.until).filter(|until| now < *until).max()
}

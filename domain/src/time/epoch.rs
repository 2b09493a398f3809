//! Epochs of a store: a new one begins where a backup was put back, a loss was accepted, or the
//! clock was set back on purpose. What was proved in an earlier epoch may have been taken back
//! since, and nobody remembers it: so it does not count.
//!
//! Nothing is rewritten. A record says in which epoch it was last acted on, and is judged by that.

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// An epoch of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// 0, 1, 2, …
    pub number: u32,
    /// When it began; nothing for the first. Words given before it may have been spent.
    pub since: Option<Moment>,
    /// Why, in words.
    pub why: String,
}

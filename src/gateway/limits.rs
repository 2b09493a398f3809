//! What limits guessing and sending: counts over all conversations of a customer, a team, a country or a channel.

use std::sync::Arc;

use super::channel_limits::Passages;
use super::channels::Channels;
use super::conversion_guard::Counts;
use super::engine::Engine;
use super::send_budget::Blocks;

/// Customers' failure limits, send budgets, conversion guards, and the rates and circuits of channels.
pub struct Limits {
    pub(super) engine: Arc<Engine>,
    pub(super) channels: Arc<Channels>,
    pub(super) passages: Arc<Passages>,
    pub(super) budgets: Blocks,
    pub(super) conversion_guard: Counts,
}

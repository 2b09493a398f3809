//! What limits guessing and sending: counts over all conversations of a customer, a team, a country or a channel.
//! The rules of each count are the domain's.

use std::sync::Arc;

use self::channel_limits::ChannelLimits;
use self::conversion_guard::ConversionCounts;
use self::send_budget::Blocks;
use crate::engine::Engine;
use crate::teams::channels::Channels;

pub mod channel_limits;
pub mod conversion_guard;
pub mod failure_limits;
pub mod send_budget;

/// Customers' failure limits, send budgets, conversion guards, and the rates and circuits of channels.
pub struct Limits {
    pub(crate) engine: Arc<Engine>,
    pub(crate) channels: Arc<Channels>,
    pub(crate) channel_limits: Arc<ChannelLimits>,
    pub(crate) budgets: Blocks,
    pub(crate) conversion_guard: ConversionCounts,
}

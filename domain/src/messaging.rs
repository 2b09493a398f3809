//! Messages on their way, and what limits them.
//! When one goes, the rules say.

pub mod attempt;
pub mod circuit_breaker;
pub mod conversion_guard;
pub mod outbox;
pub mod rate_limit;
pub mod send_budget;
pub mod sending;
pub mod web_chat;
pub mod webhook_cursor;
pub mod wording;

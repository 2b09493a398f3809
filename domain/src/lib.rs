//! The rules: who is in a conversation, what proves it, and until when.
//!
//! Pure computing. Time, chance and settings are arguments; nothing here reads a clock, draws a
//! number, opens a file or knows how it is called or stored.

pub mod accounts;
pub mod base;
pub mod conversation;
pub mod customer;
pub mod event;
pub mod messaging;
pub mod proof;
pub mod providers;
pub mod refusal;
pub mod rules;
pub mod secret;
pub mod settings;
pub mod team;
pub mod time;

/// What is as it begins is not written down: records stay small, and older ones read the same.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

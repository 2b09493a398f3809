//! The rules: who is in a conversation, what proves it, and until when.
//!
//! Pure computing. Time, chance and settings are arguments; nothing here reads a clock, draws a
//! number, opens a file or knows how it is called or stored.

pub mod address;
pub mod answers;
pub mod assertion;
pub mod attempt;
pub mod binding;
pub mod challenge;
pub mod channel;
pub mod circuit_breaker;
mod claims;
pub mod clock;
pub mod confirmation;
pub mod conversion_guard;
pub mod country;
pub mod customer;
pub mod destination;
pub mod directory;
pub mod entry;
pub mod epoch;
pub mod event;
pub mod failure_limit;
pub mod flag;
pub mod id;
pub mod identity;
pub mod insight;
pub mod interaction;
pub mod keys;
pub mod line;
pub mod link;
pub mod lockout;
pub mod login;
pub mod matching;
pub mod medium;
pub mod method;
pub mod mrz;
pub mod oidc;
pub mod own_address;
pub mod page_proof;
pub mod password;
pub mod posting;
pub mod precondition;
pub mod prepared_questions;
pub mod provider;
pub mod provider_questions;
pub mod question_rule;
pub mod questions;
pub mod rate_limit;
pub mod redaction;
pub mod refusal;
pub mod role;
pub mod rules;
pub mod screen;
pub mod secret;
pub mod send_budget;
pub mod sending;
pub mod session;
pub mod settings;
pub mod signing;
pub mod team;
pub mod time;
pub mod token;
pub mod totp;
pub mod turn;
pub mod typed;
pub mod user;
pub mod validation;
pub mod way;
pub mod webhook;
pub mod webhook_cursor;
pub mod window;
pub mod wording;

/// What is as it begins is not written down: records stay small, and older ones read the same.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

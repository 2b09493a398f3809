//! Attacks on codes and PINs, each under its id. `known` says where each is tried, and which wait for
//! a channel or a page.
//!
//! Where the attack catalogue and the contract differ, the contract holds, and the test says so.

mod budgets;
mod errors;
mod failure_limit;
mod insiders;
mod kept;
mod known;
mod lifts;
mod texts;

//! A conversation: its interaction and address, and the context in which a rule runs on them.
//! The rules say what a transaction may do.

pub mod address;
pub mod context;
pub mod destination;
pub mod failure_limit;
pub mod interaction;
pub mod prepared_questions;

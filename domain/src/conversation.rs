//! A conversation: its interaction and address, and the transaction that a rule takes on them.
//! What a transaction may do, the rules say.

pub mod address;
pub mod context;
pub mod destination;
pub mod failure_limit;
pub mod interaction;
pub mod prepared_questions;

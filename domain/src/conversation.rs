//! A conversation: its interaction and address, and the turn that a rule takes on them.
//! What a turn may do, the rules say.

pub mod address;
pub mod destination;
pub mod failure_limit;
pub mod interaction;
pub mod prepared_questions;
pub mod turn;

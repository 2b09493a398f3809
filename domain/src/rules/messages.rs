//! Messages that leave: over which way, when they are tried again, and what platforms report of them.
//! No rule here knows what a message is about beyond its kind.

pub mod receive_receipt;
pub mod send;
pub mod ways;

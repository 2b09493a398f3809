//! Countersign: a gateway that lets a conversation prove who is in it.

pub mod store;

//! Countersign: a gateway that lets a conversation prove who is in it.

pub mod ambient;
pub mod domain;
pub mod gateway;
pub mod store;

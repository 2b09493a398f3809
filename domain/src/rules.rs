//! The rules of an interaction, one file for each thing that somebody may do. A rule changes
//! the `Context` and returns what to tell; it has no clock, no chance and no I/O of its own.

pub mod challenges;
pub mod chat;
pub mod flag;
pub mod links;
pub mod messages;
pub mod pages;

//! The rules of an interaction, one file for each thing that somebody may do. A rule takes a
//! `Context` and returns the `Decision` to save; it has no clock, no chance and no I/O of its own.

pub mod challenges;
pub mod chat;
pub mod flag;
pub mod links;
pub mod messages;
pub mod pages;

//! The rules of an interaction, one file for each thing that somebody may do. A rule takes a
//! `Context` and returns the `Decision` to save; it has no clock, no chance and no I/O of its own.

mod accept;
pub mod answer;
pub mod ask;
pub mod attend;
mod begin;
pub mod bind;
pub mod binding;
mod confirm;
pub mod continue_link;
pub mod elsewhere;
pub mod enter;
pub mod finish;
pub mod hear;
pub mod hosted;
pub mod invite;
pub mod issue;
pub mod linked;
pub mod maintain;
pub mod on_page;
pub mod open;
pub mod page;
pub mod photo;
pub mod postback;
pub mod receive;
pub mod receive_receipt;
pub mod send;
pub mod show;
pub mod ways;

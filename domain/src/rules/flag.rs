//! How a flag is raised and kept: a conversation opens, a proof is accepted and bound, and what time and people
//! end is ended.

pub(crate) mod accept;
pub(crate) mod begin;
pub mod binding;
pub mod maintain;
pub mod open;
pub mod show;

//! Conversations and what belongs to one: participants, links, invitations, challenges, events.
//! Bots and agents ask for these.

pub mod activity;
pub mod challenges;
pub mod events;
pub mod history;
pub mod interactions;
pub mod invitations;
pub mod login_links;
pub mod people;

//! Teams and what belongs to one: settings, keys, accounts, customers, webhooks.
//! Admins ask for these, and some of them agents.

pub mod accounts;
pub mod admin;
pub mod authtickets;
pub mod channels;
pub mod chats;
pub mod customers;
pub mod directories;
pub mod insights;
pub mod keys;
pub mod lockouts;
pub mod providers;
pub mod screens;
pub mod users;
pub mod webhooks;

//! Accounts that teams have elsewhere: on chat platforms, with directories, with providers.
//! How one is used is nothing of the domain.

pub mod channel;
pub mod directory;
pub mod provider;

//! What others than API callers bring or show: platforms, providers, web chats, portals' pages.
//! Each is proved in its own way, or proves nothing.

pub mod identity;
pub mod inbound;
pub mod status;
pub mod web_chats;

//! A web chat's window: what lies in its transcript, and the two words that let a browser in. An
//! invitation is the back end's, good for minutes and for one browser; a session is what it is
//! changed for, and names the website that the window stands in.
//!
//! Whether that website may hold the window is asked anew for each request, by whoever takes it.

mod transcript;
mod words;

pub use transcript::{ChatEntry, EntryContent, Transcript, link_number};
pub use words::{ChatInvitation, ChatSession, StatusToken};

/// The text that replaces an answer in a transcript. It does not tell how
/// long that was.
pub const DOTS: &str = "••••••";

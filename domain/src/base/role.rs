//! The role of a participant in a conversation.
//! What follows from it, the rules say.

use serde::{Deserialize, Serialize};

/// A person's part in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParticipantRole {
    /// The one who chats.
    Primary,
    /// Another who must prove themselves.
    Cosigner,
}

crate::named! {
    /// The rights of a caller. Each role includes those before it.
    #[derive(PartialOrd, Ord)]
    pub enum Role {
        /// A team's interactions.
        Bot = "bot",
        /// Also codes and PINs that may be shown.
        Agent = "agent",
        /// Also the team's settings and keys.
        Admin = "admin",
        /// Everything.
        Owner = "owner",
    }
}

impl Role {
    /// Whether bans are theirs to lift, besides locks.
    pub fn lifts_bans(self) -> bool {
        self >= Self::Admin
    }
}

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

/// The rights of a caller. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A team's interactions.
    Bot,
    /// Also codes and PINs that may be shown.
    Agent,
    /// Also the team's settings and keys.
    Admin,
    /// Everything.
    Owner,
}

impl Role {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether bans are theirs to lift, besides locks.
    pub fn lifts_bans(self) -> bool {
        self >= Self::Admin
    }
}

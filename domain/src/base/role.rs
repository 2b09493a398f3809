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

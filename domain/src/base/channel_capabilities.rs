//! What a team's channel is, as far as rules go by it: text messages, a platform that wants the person
//! to have written first, conversations that are groups. Which platform it is, nothing here knows.

use std::time::Duration;

use super::id::{ChannelName, Conversation};

/// A channel that messages can go over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelCapabilities {
    /// As the team calls it.
    pub channel: ChannelName,
    /// Its messages are text messages: phones look for codes in them, and each part is paid for.
    pub is_text_message: bool,
    /// For so long after the person's last words she may be written to freely; none: always.
    pub free_reply_period: Option<Duration>,
    /// Its messages can be taken back out of the chat.
    pub takes_back: bool,
    /// How ids of conversations begin that are groups.
    pub groups: Vec<String>,
}

impl ChannelCapabilities {
    /// Whether a conversation is a group's, as far as its id tells.
    pub fn is_group(&self, conversation: &Conversation) -> bool {
        self.groups.iter().any(|beginning| conversation.as_str().starts_with(beginning))
    }
}

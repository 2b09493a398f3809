//! Ways to a person, as settings call them.
//! Where one ends for a participant, `sending` says.

use serde::{Deserialize, Serialize};

/// A way to a person, as settings call it. `sms` and `email` are the team's channels of those
/// names; `chat` is the interaction's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Into the conversation itself.
    Chat,
    /// To her phone.
    Sms,
    /// To her mail address.
    Email,
    /// To the team's own sender, which a webhook leads to: it knows how to reach the address.
    Event,
}

impl Way {
    /// The wish for it alone.
    pub fn as_wish(self) -> DeliverTo {
        match self {
            Self::Chat => DeliverTo::Chat,
            Self::Sms => DeliverTo::Sms,
            Self::Email => DeliverTo::Email,
            Self::Event => DeliverTo::Event,
        }
    }

    /// All of them.
    pub const ALL: [Self; 4] = [Self::Chat, Self::Sms, Self::Email, Self::Event];

    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Event => "event",
        }
    }
}

/// Who is to be given a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliverTo {
    /// The first of the team's order that can be reached.
    #[default]
    Auto,
    /// The conversation itself.
    Chat,
    /// The participant's phone.
    Sms,
    /// The participant's mail address.
    Email,
    /// The team's own sender.
    Event,
    /// The agent, who tells it by phone: nothing is sent.
    Agent,
}

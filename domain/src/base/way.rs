//! Ways to a person, as settings call them.
//! Where one ends for a participant, `sending` says.

use serde::{Deserialize, Serialize};

crate::named! {
    /// A way to a person, as settings call it. `sms` and `email` are the team's channels of those
    /// names; `chat` is the interaction's own.
    pub enum Way {
        /// Into the conversation itself.
        Chat = "chat",
        /// To her phone.
        Sms = "sms",
        /// To her mail address.
        Email = "email",
        /// To the team's own sender, which a webhook leads to: it knows how to reach the address.
        Event = "event",
    }
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

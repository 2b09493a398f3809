//! Messages that the gateway sends itself: what each says, by which way it goes, and how far it
//! came. They lie in the interaction's own record, so none can outlive what it is about.
//!
//! Neither text nor address is kept here: both are read when the message leaves, so that nobody
//! gets what was meant for the person before.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attempt::Trying;
use crate::base::id::{InteractionId, InvalidName, ParticipantId};
use crate::base::way::Way;
use crate::is_default;
use crate::time::Moment;

/// A platform that has not answered a message after so long has lost the answer. Longer than the lease,
/// which is renewed meanwhile: to ask again sooner would be to send twice.
pub const MAX_ANSWER: Duration = Duration::from_secs(30);

/// What kind of message it is: a team's own sender is given codes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A code.
    Code,
    /// A link.
    Link,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum What {
    /// A challenge's code, of that issue and no other.
    Code {
        /// The challenge's number within the interaction.
        challenge: u16,
        /// A resend makes another.
        issue: u32,
    },
    /// A link.
    Link {
        /// Its number within the interaction.
        link: u16,
        /// What its secret follows from, with a key outside the store. Gone when it is sent.
        seed: Option<[u8; 16]>,
    },
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// Its number within the interaction.
    pub number: u32,
    /// Whom it is for.
    pub participant: ParticipantId,
    /// What it says.
    pub what: What,
    /// By which way it goes.
    pub way: Way,
    /// By which it goes where this one fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Way>,
    /// The platform's id of it, while that matters: what becomes of it is told under it, and by it a code
    /// that is over is taken out of its chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<String>,
    /// Until when the conversation may be written to freely, as it was when the message was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freely_until: Option<Moment>,
    /// Ways that led nowhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fallen: u32,
    /// How far it came.
    pub state: DeliveryState,
}

/// How far a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum DeliveryState {
    /// It waits, or somebody is sending it.
    Queued(Trying),
    /// The platform has it.
    Sent,
    /// The person has it, as the platform says.
    Delivered,
    /// No way led to the person.
    Failed,
}

impl DeliveryState {
    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl Sending {
    /// When somebody must look at it.
    pub fn due(&self) -> Option<Moment> {
        match self.state {
            DeliveryState::Queued(trying) => Some(trying.next),
            DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Failed => None,
        }
    }

    /// Whether this is the first try on a way that nothing has been paid for yet.
    pub fn is_unpaid(&self) -> bool {
        self.fallen > 0 && matches!(self.state, DeliveryState::Queued(Trying { tries: 1, .. }))
    }

    /// It will not be sent again: what could make its text goes.
    pub(crate) fn forget(&mut self) {
        if let What::Link { seed, .. } = &mut self.what {
            *seed = None;
        }
    }

    /// Its id for the platform: the same however often it is tried, another by another way.
    pub fn message_id(&self, interaction: InteractionId) -> String {
        MessageId { interaction, number: self.number, way: self.way }.to_string()
    }
}

/// Our id of a message, `INTERACTION.mNUMBER-WAY`. Platforms give it back with what became of it: so it
/// is found without anything being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId {
    /// The interaction that it is about.
    pub interaction: InteractionId,
    /// Its number within it.
    pub number: u32,
    /// By which way it went.
    pub way: Way,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.m{}-{}", self.interaction, self.number, self.way.as_str())
    }
}

impl FromStr for MessageId {
    type Err = InvalidName;

    /// Only the canonical spelling.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName("a message's id is an interaction's, .m, a number, - and a way");
        let (interaction, rest) = text.split_once(".m").ok_or_else(wrong)?;
        let (number, way) = rest.split_once('-').ok_or_else(wrong)?;
        let way = Way::ALL.into_iter().find(|known| known.as_str() == way).ok_or_else(wrong)?;
        let id = Self { interaction: interaction.parse()?, number: number.parse().map_err(|_| wrong())?, way };
        if id.to_string() == text { Ok(id) } else { Err(wrong()) }
    }
}

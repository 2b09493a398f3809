//! Data of events about interactions and their participants.
//! A flag's own are here too; what a link or a challenge tells, `links` and `challenges` say.

use serde::{Deserialize, Serialize};

use crate::base::binding::Binding;
use crate::base::id::{ChannelName, IntentName};
use crate::base::method::Method;
use crate::base::role::ParticipantRole;
use crate::event::value::words;
use crate::proof::flag::Reason;
use crate::time::Moment;

/// Why an interaction closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// A caller closed it.
    Closed,
    /// Nothing happened in it for too long.
    Idle,
}

words! { CloseReason }

event_data! {
    /// An event that tells nothing more.
    pub struct EmptyEventData {}

    /// An interaction as it was opened.
    pub struct InteractionOpenedData {
        /// The channel that it is held on.
        channel: ChannelName,
        /// How many participants it began with.
        participants: usize,
    }

    /// How an interaction closed.
    pub struct InteractionClosedData {
        /// Whether a caller closed it, or it was idle for too long.
        reason: CloseReason,
    }

    /// A new participant.
    pub struct ParticipantAddedData {
        /// The participant's part in the conversation.
        role: ParticipantRole,
    }

    /// How a participant came in.
    pub struct ParticipantEnteredData {
        /// The method that the participant proved for it; `null` where the invitation was enough.
        method: Option<Method>,
        /// Whether it was the participant's first entry.
        first: bool,
    }

    /// A proof that counts.
    pub struct AuthenticatedData {
        /// The methods that the participant has proved themselves by.
        methods: Vec<Method>,
        /// The customer's pseudonym; `null` where nobody knows which customer it is.
        pseudonym: Option<String>,
        /// The binding of the proof to the chat.
        binding: Binding,
        /// When the authentication ends.
        expires_at: Moment,
        /// When the participant was asked for the proof.
        asked_at?: Moment,
        /// The intent that the proof was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked.
        state?: String,
    }

    /// The end of an authentication that comes soon.
    pub struct ExpiringData {
        /// When the authentication ends.
        expires_at: Option<Moment>,
    }

    /// The end of an authentication.
    pub struct ExpiredData {
        /// Why it ended.
        reason: Reason,
    }

    /// An intent that a bot may go on with.
    pub struct IntentResumedData {
        /// The intent that the proof was asked for.
        intent: IntentName,
        /// The bot's own text from when it asked.
        state?: String,
    }
}

//! Data of events about messages to customers: by which way, never where to.
//! Messages of a conversation name their link or challenge; those of the customer login name an account.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::base::id::{ChallengeId, ChannelName, LinkId};
use crate::base::way::Way;
use crate::event::value::words;
use crate::time::Moment;

/// The purpose of a message of the customer login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountMessagePurpose {
    /// A code to log in with, instead of a password.
    LoginOtp,
    /// A code besides a password.
    TwoFactor,
    /// A link to another password.
    PasswordReset,
}

words! { AccountMessagePurpose }

event_data! {
    /// A link that has left the gateway.
    pub struct LinkSentData {
        /// The link's id, where it is of a conversation.
        link?: LinkId,
        /// The purpose of the link, where it is of the customer login.
        purpose?: AccountMessagePurpose,
        /// The channel that it was sent over.
        channel: ChannelName,
        /// The customer's pseudonym, where the link is of the customer login; `null` where it is unknown.
        pseudonym?: Option<String>,
    }

    /// A link that has arrived.
    pub struct LinkDeliveredData {
        /// The link's id.
        link: LinkId,
        /// The channel that it was sent over.
        channel: ChannelName,
    }

    /// A link that could not be sent by one way.
    pub struct LinkDeliveryFailedData {
        /// The link's id, where it is of a conversation.
        link?: LinkId,
        /// The purpose of the link, where it is of the customer login.
        purpose?: AccountMessagePurpose,
        /// The channel that it should have been sent over.
        channel?: ChannelName,
        /// Why it could not be sent, in a word.
        reason: Cow<'static, str>,
        /// The way that is tried next; `null` where there is none.
        next: Option<Way>,
        /// The customer's pseudonym, where the link is of the customer login; `null` where it is unknown.
        pseudonym?: Option<String>,
    }

    /// A code that has left the gateway.
    pub struct CodeSentData {
        /// The challenge's id, where the code is of a conversation.
        challenge?: ChallengeId,
        /// The purpose of the code, where it is of the customer login.
        purpose?: AccountMessagePurpose,
        /// The channel that it was sent over.
        channel: ChannelName,
        /// The customer's pseudonym, where the code is of the customer login; `null` where it is unknown.
        pseudonym?: Option<String>,
    }

    /// A code that has arrived.
    pub struct CodeDeliveredData {
        /// The challenge's id.
        challenge: ChallengeId,
        /// The channel that it was sent over.
        channel: ChannelName,
    }

    /// A code that could not be sent by one way.
    pub struct CodeDeliveryFailedData {
        /// The challenge's id, where the code is of a conversation.
        challenge?: ChallengeId,
        /// The purpose of the code, where it is of the customer login.
        purpose?: AccountMessagePurpose,
        /// The channel that it should have been sent over.
        channel?: ChannelName,
        /// Why it could not be sent, in a word.
        reason: Cow<'static, str>,
        /// The way that is tried next; `null` where there is none.
        next: Option<Way>,
        /// The customer's pseudonym, where the code is of the customer login; `null` where it is unknown.
        pseudonym?: Option<String>,
    }

    /// A country that codes are sent to.
    pub struct SendingEventData {
        /// The country, by ISO 3166 alpha-2; a calling code such as `+881` where no country is known.
        country: String,
        /// Until when nothing is sent there; `null` where codes are sent again.
        until: Option<Moment>,
    }

    /// A channel.
    pub struct ChannelEventData {
        /// The channel's name.
        channel: ChannelName,
    }

    /// A channel that takes no messages.
    pub struct ChannelDownData {
        /// The channel's name.
        channel: ChannelName,
        /// Why nothing leaves over it, in a word.
        reason: Cow<'static, str>,
    }
}

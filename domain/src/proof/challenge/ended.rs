//! What is kept of a challenge that ended: how, and nothing that could answer it. What a late
//! answer is told of that stands in `rules::challenges::answer`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::page;
use crate::base::id::{InteractionId, ParticipantId};
use crate::base::method::Method;
use crate::secret::Tag;
use crate::secret::keys::Keys;
use crate::secret::token::Token;
use crate::time::Moment;

/// For so long an ended one is told apart from one that never was.
const TOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// A challenge that ended; kept for a day so that a late answer is told why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedChallenge {
    /// Its number within the interaction.
    pub number: u16,
    /// To whom it was put.
    pub participant: ParticipantId,
    /// What it asked for.
    pub method: Method,
    /// What its page's address follows from: a late visitor is told why, too.
    pub nonce: [u8; 16],
    /// Wrong answers that it would still have taken.
    pub tries_left: u32,
    /// Until when it would have been answered.
    pub expires_at: Option<Moment>,
    /// When it was put.
    pub started_at: Moment,
    /// Of the done address of the answer that was accepted on its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Tag>,
    /// The browser that finished there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_by: Option<Tag>,
    /// How it ended.
    pub end: ChallengeEnd,
    /// When.
    pub ended_at: Moment,
}

crate::named! {
    /// The way in which a challenge ended.
    pub enum ChallengeEnd {
        /// It was answered rightly.
        Passed = "passed",
        /// It was answered wrongly too often.
        Exhausted = "exhausted",
        /// A lock or a ban of its method fell.
        Locked = "locked",
        /// Its time was over.
        Expired = "expired",
        /// A caller took it back.
        Cancelled = "cancelled",
        /// A newer one took its place.
        Superseded = "superseded",
        /// The interaction closed.
        Closed = "closed",
        /// The participant was signed out.
        SignedOut = "signed_out",
        /// Another person took the participant's place.
        Reassigned = "reassigned",
        /// "This wasn't me".
        Reported = "reported",
        /// Nobody decided on what was shown, too often.
        Undecided = "undecided",
        /// It was answered, and the browser did not come back from its done page.
        NotReturned = "not_returned",
        /// It was answered, and another browser than the one that started came back.
        OtherBrowser = "other_browser",
        /// It was answered, and the code that shows whose chat it is did not come back.
        Unconfirmed = "unconfirmed",
    }
}

impl EndedChallenge {
    /// Whether anybody is still told of it, swept or not.
    pub fn is_told_at(&self, now: Moment) -> bool {
        now < self.ended_at.plus(TOLD)
    }

    /// The token that its page had.
    pub fn page_token(&self, interaction: InteractionId, keys: &Keys) -> Token {
        page(interaction, self.number, &self.nonce, keys)
    }
}

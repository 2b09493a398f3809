//! Data of events about login links and invitations, and about proofs that wait for their browser.
//! A link's token and handle never stand in it.

use std::borrow::Cow;

use crate::base::id::{ChallengeId, IntentName, LinkId};
use crate::base::method::Method;
use crate::event::step::Step;
use crate::proof::link::LinkPurpose;

event_data! {
    /// A login link or an invitation.
    pub struct LinkEventData {
        /// The link's id; it opens nothing.
        link: LinkId,
        /// Why the link was made.
        purpose: LinkPurpose,
        /// The intent that the link was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
    }

    /// A proof on a page: of a link, or of a challenge.
    pub struct PageProofData {
        /// The link's id, where the proof is a login.
        link?: LinkId,
        /// Why the link was made.
        purpose?: LinkPurpose,
        /// The challenge's id, where the proof is an answer.
        challenge?: ChallengeId,
        /// The method of the challenge.
        method?: Method,
        /// The intent that the proof was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
        /// Of a confirmation that ended before its time: why, such as `started_again`, `signed_out` or `restored`.
        reason?: Cow<'static, str>,
    }

    /// A wrong confirmation code.
    pub struct ConfirmationWrongData {
        /// How many more codes are taken.
        tries_left: u32,
    }

    /// A search that found several customers.
    pub struct DirectoryAmbiguousData {
        /// The link of the login that was not accepted for it.
        link?: LinkId,
        /// Why the link was made.
        purpose?: LinkPurpose,
        /// The intent that the link was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
    }
}

/// A search that was about no link.
pub const NO_LINK: DirectoryAmbiguousData =
    DirectoryAmbiguousData { link: None, purpose: None, intent: None, state: None };

impl LinkEventData {
    /// The step that it counts as: one of an invitation, another of a login link.
    pub(in crate::event) fn step(&self, invitation: Step, login: Step) -> Option<Step> {
        Some(if self.purpose == LinkPurpose::Entry { invitation } else { login })
    }
}

impl PageProofData {
    /// Of nothing that is known any more.
    pub const UNKNOWN: Self =
        Self { link: None, purpose: None, challenge: None, method: None, intent: None, state: None, reason: None };

    /// The same, with why its confirmation ended before its time.
    pub fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(Cow::Borrowed(reason)), ..self }
    }
}

impl From<LinkEventData> for PageProofData {
    fn from(data: LinkEventData) -> Self {
        let LinkEventData { link, purpose, intent, state } = data;
        Self { link: Some(link), purpose: Some(purpose), intent, state, ..Self::UNKNOWN }
    }
}

impl From<LinkEventData> for DirectoryAmbiguousData {
    fn from(data: LinkEventData) -> Self {
        let LinkEventData { link, purpose, intent, state } = data;
        Self { link: Some(link), purpose: Some(purpose), intent, state }
    }
}

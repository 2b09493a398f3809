//! Data of events about challenges: codes, PINs, questions and documents.
//! Only one of them holds a code, and it is told to the webhook that sends it, and kept nowhere.

use std::borrow::Cow;

use super::links::PageProofData;
use super::messages::AccountMessagePurpose;
use crate::base::id::{ChallengeId, CustomerId, IntentName};
use crate::base::method::Method;
use crate::proof::challenge::ChallengeEnd;
use crate::providers::identity::{CheckStage, Flaw};
use crate::secret::Secret;
use crate::time::Moment;

event_data! {
    /// A challenge.
    pub struct ChallengeEventData {
        /// The challenge's id.
        challenge: ChallengeId,
        /// The method that is asked for.
        method: Method,
        /// The intent that it was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
    }

    /// A code or PIN that was shown to an agent.
    pub struct ChallengeRevealedData {
        /// The challenge's id.
        challenge: ChallengeId,
        /// The method that is asked for.
        method: Method,
        /// The intent that it was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
        /// When the customer opened the challenge's page; `null` where they have not.
        arrived_at: Option<Moment>,
    }

    /// A wrong answer.
    pub struct ChallengeWrongData {
        /// The challenge's id.
        challenge: ChallengeId,
        /// The method that is asked for.
        method: Method,
        /// The intent that it was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
        /// Of a document: the check that it failed.
        stage?: CheckStage,
        /// Of a document: what is wrong with its pictures.
        reasons?: Vec<Flaw>,
        /// How many more answers are taken; of a document, at the stage that failed.
        tries_left: u32,
    }

    /// A challenge that ended without a right answer.
    pub struct ChallengeEndedData {
        /// The challenge's id.
        challenge: ChallengeId,
        /// The method that is asked for.
        method: Method,
        /// The intent that it was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
        /// How it ended.
        reason: ChallengeEnd,
    }

    /// An answer that nobody could judge.
    pub struct ChallengeUndecidedData {
        /// The challenge's id.
        challenge: ChallengeId,
        /// The method that is asked for.
        method: Method,
        /// The intent that it was asked for.
        intent?: IntentName,
        /// The bot's own text from when it asked; the audit trail leaves it out.
        state?: String,
        /// Why, in a word, such as `timeout`.
        reason: Cow<'static, str>,
    }

    /// A code that the team is to send itself.
    pub struct CodeRequestedData {
        /// The challenge's id, where the code is for a conversation.
        challenge?: ChallengeId,
        /// The customer's id, where the code is for the customer login; `null` where it is unknown.
        customer?: Option<CustomerId>,
        /// The purpose of the code, where it is for the customer login.
        purpose?: AccountMessagePurpose,
        /// The code.
        code: Secret,
        /// The phone number or mail address that it is to be sent to.
        to: Secret,
        /// When the code stops working; `null` where it never does.
        expires_at: Option<Moment>,
    }
}

impl ChallengeEventData {
    /// The same, with how the challenge ended.
    pub fn ended(self, reason: ChallengeEnd) -> ChallengeEndedData {
        let Self { challenge, method, intent, state } = self;
        ChallengeEndedData { challenge, method, intent, state, reason }
    }

    /// The same, with why nobody could judge the answer.
    pub fn undecided(self, reason: &'static str) -> ChallengeUndecidedData {
        let Self { challenge, method, intent, state } = self;
        ChallengeUndecidedData { challenge, method, intent, state, reason: Cow::Borrowed(reason) }
    }

    /// The same, with when the customer opened its page.
    pub fn revealed(self, arrived_at: Option<Moment>) -> ChallengeRevealedData {
        let Self { challenge, method, intent, state } = self;
        ChallengeRevealedData { challenge, method, intent, state, arrived_at }
    }

    /// The same, with how many more answers are taken.
    pub fn wrong(self, tries_left: u32) -> ChallengeWrongData {
        let Self { challenge, method, intent, state } = self;
        ChallengeWrongData { challenge, method, intent, state, stage: None, reasons: None, tries_left }
    }
}

impl ChallengeWrongData {
    /// The same of a document: the check that it failed, and what is wrong with its pictures.
    pub fn at(self, stage: CheckStage, reasons: Vec<Flaw>) -> Self {
        Self { stage: Some(stage), reasons: Some(reasons), ..self }
    }
}

impl From<ChallengeEventData> for PageProofData {
    fn from(data: ChallengeEventData) -> Self {
        let ChallengeEventData { challenge, method, intent, state } = data;
        Self { challenge: Some(challenge), method: Some(method), intent, state, ..Self::UNKNOWN }
    }
}

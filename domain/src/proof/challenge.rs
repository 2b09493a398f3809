//! Challenges: a code, a PIN or another check that is put to a participant. One is live per
//! participant; of an ended one is kept for a day how it ended, and nothing that could answer it.
//!
//! `rules` says who may start, answer, see or cancel one; `secret::typed` says what a typed text means.

use serde::{Deserialize, Serialize};

use super::flag::Customer;
use super::methods::check::{AnswerSource, JudgeInputs, Judgement, PossibleAnswer};
use super::methods::{ExpectedAnswer, Prompt};
use super::page_proof::PageProof;
use crate::base::actor::Actor;
use crate::base::id::{IntentName, InteractionId, ParticipantId};
use crate::base::method::Method;
use crate::base::way::DeliverTo;
use crate::providers::provider_questions::AnswerVerdict;
use crate::refusal::Refusal;
use crate::secret::keys::Keys;
use crate::secret::token::{Token, TokenKind};
use crate::secret::{MacKey, Secret, base64url};
use crate::time::Moment;

mod ended;

pub use ended::{ChallengeEnd, EndedChallenge};

/// A challenge that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Its number within the interaction.
    pub number: u16,
    /// To whom it is put.
    pub participant: ParticipantId,
    /// What its code and its page's address follow from, with keys outside the store.
    pub nonce: [u8; 16],
    /// What would be right.
    pub check: ExpectedAnswer,
    /// When it was put.
    pub started_at: Moment,
    /// By whom: an agent who set the PIN knows it.
    pub started_by: Actor,
    /// The end; none where the team says "never", or where only the conversation ends it.
    pub expires_at: Option<Moment>,
    /// Wrong answers that it still takes.
    pub tries_left: u32,
    /// Who was to be given the code, as it was asked for.
    pub deliver_to: DeliverTo,
    /// Since when the person is at its page: Continue was pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Moment>,
    /// Who opened its page, and what was accepted there.
    pub page: PageProof,
    /// Who had the gateway show the answer to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revealed_to: Vec<Actor>,
    /// What the bot wants to do afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<IntentName>,
    /// The bot's own words, given back with success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Challenge {
    /// Whether it is live at `now`: an accepted answer is waited for past the challenge's own end.
    pub fn is_live(&self, now: Moment) -> bool {
        self.deadline().is_none_or(|end| now < end)
    }

    /// When time alone changes something: the end of the step that an accepted answer is at, else its own end.
    pub fn deadline(&self) -> Option<Moment> {
        self.page.pending.as_ref().map_or(self.expires_at, |pending| pending.expires_at)
    }

    /// The method that it proves.
    pub fn method(&self) -> Method {
        self.check.check().method()
    }

    /// The prompt: what it asks for.
    pub fn prompt(&self) -> Prompt<'_> {
        self.check.check().prompt()
    }

    /// Whose facts it asks for, where anybody's.
    pub fn customer(&self) -> Option<&Customer> {
        self.check.check().customer()
    }

    /// Until when the verdict on what was handed in is waited for.
    pub fn judged_until(&self) -> Option<Moment> {
        self.check.check().judged_until()
    }

    /// Nobody waits for that verdict any more, where its time is over. Whether it was.
    pub fn give_up_late(&mut self, now: Moment) -> bool {
        self.check.check_mut().give_up_late(now)
    }

    /// Whether nobody judged what was handed in too often to go on.
    pub fn is_given_up(&self) -> bool {
        self.check.check().is_given_up()
    }

    /// Which of its codes is the live one, where it has codes.
    pub fn issue(&self) -> Option<u32> {
        self.check.check().issue()
    }

    /// When another code may be asked for, where it has codes.
    pub fn resend_at(&self) -> Option<Moment> {
        self.check.check().resend_at()
    }

    /// The right answer, for the one who must be told. Of questions nobody knows it, and of a document nothing
    /// is that can be typed.
    pub fn answer(&self, interaction: InteractionId, key: &MacKey) -> Secret {
        let (number, participant, nonce) = (self.number, &self.participant, &self.nonce);
        self.check.check().answer(&AnswerSource { interaction, number, participant, nonce, key })
    }

    /// Whether that is the answer. Only after `admit`.
    ///
    /// # Errors
    ///
    /// As the check's own.
    pub fn judge(
        &mut self,
        said: &PossibleAnswer,
        interaction: InteractionId,
        key: &MacKey,
        now: Moment,
        verdicts: &[AnswerVerdict],
    ) -> Result<Judgement, Refusal> {
        let (number, participant, nonce) = (self.number, &self.participant, &self.nonce);
        let source = AnswerSource { interaction, number, participant, nonce, key };
        self.check.check_mut().judge(said, &JudgeInputs { source, now, verdicts })
    }

    /// Whether a provider judges what is typed.
    pub fn is_judged_elsewhere(&self) -> bool {
        self.prompt().questions().is_some_and(|questions| questions.judge.is_some())
    }

    /// Whether what is typed in the chat may answer it. Every line there is would be the answer to a single
    /// question, and nothing would be left to talk with.
    pub fn is_answered_in_chat(&self) -> bool {
        self.prompt().questions().is_none_or(|questions| questions.put.len() != 1)
    }

    /// The token of its page. It follows from the challenge, so that its address can be told again.
    pub fn page_token(&self, interaction: InteractionId, keys: &Keys) -> Token {
        page(interaction, self.number, &self.nonce, keys)
    }

    /// What shows its page's window to be opened by the chat that it was put in: text of base64url. Whoever has
    /// the page's address alone cannot make it.
    pub fn opener_secret(&self, interaction: InteractionId, keys: &Keys) -> String {
        base64url(self.page_token(interaction, keys).opener(&keys.handle).expose())
    }

    /// What is kept of it once it has ended.
    pub fn ended(&self, end: ChallengeEnd, ended_at: Moment) -> EndedChallenge {
        EndedChallenge {
            number: self.number,
            participant: self.participant.clone(),
            method: self.method(),
            nonce: self.nonce,
            tries_left: self.tries_left,
            expires_at: self.expires_at,
            started_at: self.started_at,
            answered: self.page.answered,
            finished_by: self.page.finished_by,
            end,
            ended_at,
        }
    }
}

fn page(interaction: InteractionId, number: u16, nonce: &[u8; 16], keys: &Keys) -> Token {
    let made = keys.handle.tag(&[b"challenge", interaction.as_bytes(), &number.to_be_bytes(), nonce]);
    Token { kind: TokenKind::Challenge, secret: made.first_half(), interaction, number }
}

#[cfg(test)]
mod tests;

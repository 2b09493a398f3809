//! Challenges: a code, a PIN or another check that is put to a participant. One is live per
//! participant; of an ended one is kept for a day how it ended, and nothing that could answer it.
//!
//! Who may start, answer, see or cancel one stands in `rules`; what a typed text means, in `typed`.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::page_proof::PageProof;
use super::questions::Questions;
use crate::base::id::{CustomerId, IntentName, InteractionId, ParticipantId};
use crate::base::method::Method;
use crate::base::way::DeliverTo;
use crate::event::Actor;
use crate::providers::identity::IdDocument;
use crate::providers::provider_questions::Judge;
use crate::secret::keys::Keys;
use crate::secret::token::{Token, TokenKind};
use crate::secret::typed::{Digits, one_time_code};
use crate::secret::{MacKey, Secret, base64url};
use crate::settings::Minutes;
use crate::time::Moment;

mod ended;
mod said;

pub use ended::{ChallengeEnd, EndedChallenge};
pub use said::{PossibleAnswer, TypedText};

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

/// What would be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExpectedAnswer {
    /// A one-time code.
    Otp(Otp),
    /// A number agreed with the agent.
    Pin(Pin),
    /// Questions, answered as a whole.
    Questions(Box<Questions>),
    /// A document that is to be shown.
    Document(Box<IdDocument>),
}

/// A one-time code. It is kept nowhere: it follows from the challenge and a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otp {
    /// How many digits it has.
    pub length: u8,
    /// Which code of this challenge: sending again makes the next one, and the one before is dead.
    pub issue: u32,
    /// How long each issue lives, as it was set when the challenge was put.
    pub lifetime: Minutes,
    /// When another may be asked for.
    pub resend_at: Moment,
}

/// A PIN: 4 to 20 digits that an agent and a customer agreed on. It may be a number of her papers,
/// so it does not print, and goes with its challenge.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pin(Secret);

impl Pin {
    /// Only digits, and neither too few nor too many of them.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (4..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(Secret::new(text.as_bytes().to_vec())))
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose().ct_eq(other.0.expose()).into()
    }
}

impl Eq for Pin {}

impl ExpectedAnswer {
    /// The method that it proves.
    pub fn method(&self) -> Method {
        match self {
            Self::Otp(_) => Method::Otp,
            Self::Pin(_) => Method::Pin,
            Self::Questions(_) => Method::Kba,
            Self::Document(document) => document.method(),
        }
    }
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

    /// Whose facts it asks for, where anybody's.
    pub fn record(&self) -> Option<&CustomerId> {
        match &self.check {
            ExpectedAnswer::Questions(questions) => questions.customer.as_ref()?.record.as_ref(),
            ExpectedAnswer::Otp(_) | ExpectedAnswer::Pin(_) | ExpectedAnswer::Document(_) => None,
        }
    }

    /// Until when the verdict on what was handed in is waited for.
    pub fn judged_until(&self) -> Option<Moment> {
        match &self.check {
            ExpectedAnswer::Document(document) => document.checking.as_ref().map(|checking| checking.until),
            ExpectedAnswer::Questions(questions) => questions.judge.as_ref().and_then(Judge::until),
            ExpectedAnswer::Otp(_) | ExpectedAnswer::Pin(_) => None,
        }
    }

    /// Nobody waits for that verdict any more, where its time is over. Whether it was.
    pub fn give_up_late(&mut self, now: Moment) -> bool {
        match &mut self.check {
            ExpectedAnswer::Document(document) => document.give_up_late(now),
            ExpectedAnswer::Questions(questions) => {
                questions.judge.as_mut().is_some_and(|judge| judge.give_up_late(now))
            }
            ExpectedAnswer::Otp(_) | ExpectedAnswer::Pin(_) => false,
        }
    }

    /// Whether nobody judged what was handed in too often to go on.
    pub fn is_given_up(&self) -> bool {
        match &self.check {
            ExpectedAnswer::Document(document) => document.is_given_up(),
            ExpectedAnswer::Questions(questions) => questions.judge.as_ref().is_some_and(Judge::is_given_up),
            ExpectedAnswer::Otp(_) | ExpectedAnswer::Pin(_) => false,
        }
    }

    /// The method that it proves.
    pub fn method(&self) -> Method {
        self.check.method()
    }

    /// Which of its codes is the live one, where it has codes.
    pub fn issue(&self) -> Option<u32> {
        match &self.check {
            ExpectedAnswer::Otp(otp) => Some(otp.issue),
            ExpectedAnswer::Pin(_) | ExpectedAnswer::Questions(_) | ExpectedAnswer::Document(_) => None,
        }
    }

    /// What would be right, for the one who must be told or compare. Of questions nobody knows it, and of a
    /// document nothing is that can be typed.
    pub fn answer(&self, interaction: InteractionId, key: &MacKey) -> Secret {
        match &self.check {
            ExpectedAnswer::Pin(Pin(digits)) => digits.clone(),
            ExpectedAnswer::Questions(_) | ExpectedAnswer::Document(_) => Secret::new(Vec::new()),
            ExpectedAnswer::Otp(otp) => {
                let (participant, number) = (self.participant.as_str().as_bytes(), self.number.to_be_bytes());
                let issue = otp.issue.to_be_bytes();
                one_time_code(otp.length, |round| {
                    key.tag(&[interaction.as_bytes(), participant, &number, &issue, &self.nonce, &[round]])
                })
            }
        }
    }

    /// Whether what is typed in the chat may answer it. Every line there is would be the answer to a single
    /// question, and nothing would be left to talk with.
    pub fn is_answered_in_chat(&self) -> bool {
        !matches!(&self.check, ExpectedAnswer::Questions(questions) if questions.put.len() == 1)
    }

    /// Whether a provider judges what is typed.
    pub fn is_judged_elsewhere(&self) -> bool {
        matches!(&self.check, ExpectedAnswer::Questions(questions) if questions.judge.is_some())
    }

    /// What a text would be as an answer; nothing where it is conversation.
    pub fn candidate(&self, text: &str) -> Option<Digits> {
        let lengths = self.lengths()?;
        Digits::parse(text).filter(|digits| lengths.contains(&digits.len()))
    }

    /// How many digits an answer has; none where it is no number.
    pub fn lengths(&self) -> Option<RangeInclusive<usize>> {
        match &self.check {
            ExpectedAnswer::Otp(otp) => Some(usize::from(otp.length)..=usize::from(otp.length)),
            ExpectedAnswer::Pin(_) => Some(4..=20),
            ExpectedAnswer::Questions(_) | ExpectedAnswer::Document(_) => None,
        }
    }

    /// Compares in a time that does not tell where the difference is.
    pub fn is(&self, said: &Digits, interaction: InteractionId, key: &MacKey) -> bool {
        self.answer(interaction, key).expose().ct_eq(said.expose()).into()
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
    let mut secret = [0; 16];
    secret.copy_from_slice(&made.as_bytes()[..16]);
    Token { kind: TokenKind::Challenge, secret, interaction, number }
}

#[cfg(test)]
mod tests;

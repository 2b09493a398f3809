//! A check that was put to a participant: what it asks for, whether an answer to it is right, and how far a
//! provider's judgement of it has come.
//!
//! It counts nothing, and it knows no conversation: the rules admit before they let it judge.

use subtle::ConstantTimeEq as _;

use super::Prompt;
use crate::base::id::{InteractionId, ParticipantId};
use crate::base::method::Method;
use crate::proof::flag::Customer;
use crate::providers::answers::Answers;
use crate::providers::identity::IdDocument;
use crate::providers::provider_questions::{AnswerVerdict, Judge, ProviderTask};
use crate::refusal::Refusal;
use crate::secret::typed::Digits;
use crate::secret::{MacKey, Secret};
use crate::settings::Settings;
use crate::time::Moment;

/// A check that was put to a participant.
pub trait Check {
    /// The method that it proves.
    fn method(&self) -> Method;

    /// The prompt: what it asks for.
    fn prompt(&self) -> Prompt<'_>;

    /// Whether it is the answer, compared in a time that does not tell where the difference is. Only after `admit`.
    ///
    /// # Errors
    ///
    /// `Judging` while a provider has not judged the attempt before; `Full` after as many attempts as are counted.
    fn judge(&mut self, said: &PossibleAnswer, inputs: &JudgeInputs<'_>) -> Result<Judgement, Refusal>;

    /// The right answer as it is typed; empty where the gateway does not know it.
    fn answer(&self, _source: &AnswerSource<'_>) -> Secret {
        Secret::new(Vec::new())
    }

    /// Which of its codes is the live one, where it has codes.
    fn issue(&self) -> Option<u32> {
        None
    }

    /// When another code may be asked for, where it has codes.
    fn resend_at(&self) -> Option<Moment> {
        None
    }

    /// Makes the next code; when that ends.
    ///
    /// # Errors
    ///
    /// `NoChannel` where it has no codes; `SendBudget` where it is too early; `Full` after as many as are counted.
    fn renew(&mut self, _settings: &Settings, _now: Moment) -> Result<Option<Moment>, Refusal> {
        Err(Refusal::NoChannel)
    }

    /// Whose facts it asks for, where anybody's.
    fn customer(&self) -> Option<&Customer> {
        None
    }

    /// The provider's judgement of typed answers, where a provider judges them.
    fn judge_elsewhere(&mut self) -> Option<&mut Judge> {
        None
    }

    /// The document, as far as its check has come.
    fn document_mut(&mut self) -> Option<&mut IdDocument> {
        None
    }

    /// Until when the verdict on what was handed in is waited for.
    fn judged_until(&self) -> Option<Moment> {
        None
    }

    /// Stops waiting for that verdict, where its time is over. Whether it was.
    fn give_up_late(&mut self, _now: Moment) -> bool {
        false
    }

    /// Whether nobody judged what was handed in too often to go on.
    fn is_given_up(&self) -> bool {
        false
    }
}

/// A text that was typed.
#[derive(Clone, Copy)]
pub enum TypedText<'a> {
    /// In one piece.
    Text(&'a str),
    /// An answer for each question.
    Set(&'a [String]),
}

/// A text in the form of an answer.
pub enum PossibleAnswer {
    /// To a code or a PIN.
    Digits(Digits),
    /// To a set of questions.
    Answers(Answers),
}

impl PossibleAnswer {
    /// Whether it is that number, compared in a time that does not tell where the difference is.
    pub(super) fn is(&self, number: &Secret) -> Judgement {
        let is_right = matches!(self, Self::Digits(digits) if digits.expose().ct_eq(number.expose()).into());
        Judgement::of(is_right)
    }
}

/// The judgement of an answer by a check.
#[derive(Debug)]
pub enum Judgement {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// A provider must be asked first. The attempt is saved with that.
    Ask(Box<ProviderTask>),
}

impl Judgement {
    /// Of an answer that was compared.
    pub(super) fn of(is_right: bool) -> Self {
        if is_right { Self::Right } else { Self::Wrong }
    }
}

/// The values that a challenge's right answer follows from, besides its check.
pub struct AnswerSource<'a> {
    /// The challenge's interaction.
    pub interaction: InteractionId,
    /// Its number within the interaction.
    pub number: u16,
    /// To whom it is put.
    pub participant: &'a ParticipantId,
    /// Drawn for it.
    pub nonce: &'a [u8; 16],
    /// A key outside the store.
    pub key: &'a MacKey,
}

/// The inputs that an answer is judged with.
pub struct JudgeInputs<'a> {
    /// The values that the right answer follows from.
    pub source: AnswerSource<'a>,
    /// The moment.
    pub now: Moment,
    /// The providers' verdicts on answers in this transaction.
    pub verdicts: &'a [AnswerVerdict],
}

//! PINs: numbers that a customer and an agent agreed on. The agent gives one with the challenge or the invitation.
//! Nothing is sent of it, and it goes with its challenge.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::check::{AnswerSource, Check, JudgeInputs, Judgement, PossibleAnswer};
use super::{AnswerForm, Availability, ExpectedAnswer, Prompt, ProofMethod, StartInputs, StartedCheck};
use crate::base::method::Method;
use crate::refusal::Refusal;
use crate::secret::Secret;

/// The method `pin`.
#[derive(Debug)]
pub struct AgreedPin;

impl ProofMethod for AgreedPin {
    fn method(&self) -> Method {
        Method::Pin
    }

    fn form(&self) -> AnswerForm {
        AnswerForm::AgreedNumber
    }

    /// A PIN has no tries of its own: the method's lockout ends it.
    fn start(&self, inputs: &StartInputs<'_>) -> Result<StartedCheck, Refusal> {
        let check = ExpectedAnswer::Pin(inputs.agreed.ok_or(Refusal::PinRequired)?.clone());
        Ok(StartedCheck { check, expires_at: None, tries_left: inputs.settings.lockout.threshold })
    }

    fn must_be_available(&self, known: &Availability<'_>) -> Result<(), Refusal> {
        if known.is_agreed { Ok(()) } else { Err(Refusal::PinRequired) }
    }
}

/// A PIN: 4 to 20 digits that an agent and a customer agreed on. It may be a number of her papers,
/// so it does not print, and goes with its challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pin(Secret);

impl Pin {
    /// How many digits one has.
    pub const DIGITS: RangeInclusive<usize> = 4..=20;

    /// Only digits, and neither too few nor too many of them.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = Self::DIGITS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(Secret::new(text.as_bytes().to_vec())))
    }
}

impl Check for Pin {
    fn method(&self) -> Method {
        Method::Pin
    }

    fn prompt(&self) -> Prompt<'_> {
        Prompt::AgreedNumber
    }

    fn judge(&mut self, said: &PossibleAnswer, inputs: &JudgeInputs<'_>) -> Result<Judgement, Refusal> {
        Ok(said.is(&self.answer(&inputs.source)))
    }

    fn answer(&self, _source: &AnswerSource<'_>) -> Secret {
        self.0.clone()
    }
}

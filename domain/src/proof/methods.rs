//! Methods of proof: a file for each, and their table. A method says in which form it asks, how its check starts,
//! what could be an answer, and whether one is right.
//!
//! The rules say who may be asked, what a wrong answer costs, and what a right one raises. A login is no challenge:
//! it has links, and it is not in the table.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use self::check::{Check, PossibleAnswer, TypedText};
use self::document::ShownDocument;
use self::one_time_code::{IssuedCode, OneTimeCode};
use self::pin::{AgreedPin, Pin};
use self::questions::{KnownAnswers, Questions};
use super::lockout::Budget;
use crate::base::id::ProviderName;
use crate::base::method::{Guarded, Method};
use crate::providers::identity::IdDocument;
use crate::refusal::Refusal;
use crate::secret::typed::Digits;
use crate::settings::{Lockout, OtpRules, Settings};
use crate::time::Moment;

pub mod check;
pub mod document;
pub mod one_time_code;
pub mod pin;
pub mod questions;

/// Every method that a challenge can ask for.
pub const METHODS: &[&dyn ProofMethod] =
    &[&OneTimeCode, &AgreedPin, &KnownAnswers, &ShownDocument { selfie: false }, &ShownDocument { selfie: true }];

/// A check that waits for its answer, as a challenge keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExpectedAnswer {
    /// A one-time code.
    Otp(IssuedCode),
    /// A number agreed with the agent.
    Pin(Pin),
    /// Questions, answered as a whole.
    Questions(Box<Questions>),
    /// A document that is to be shown.
    Document(Box<IdDocument>),
}

impl ExpectedAnswer {
    /// The check, whichever its method.
    pub fn check(&self) -> &dyn Check {
        match self {
            Self::Otp(otp) => otp,
            Self::Pin(pin) => pin,
            Self::Questions(questions) => &**questions,
            Self::Document(document) => &**document,
        }
    }

    /// The same, to be changed.
    pub fn check_mut(&mut self) -> &mut dyn Check {
        match self {
            Self::Otp(otp) => otp,
            Self::Pin(pin) => pin,
            Self::Questions(questions) => &mut **questions,
            Self::Document(document) => &mut **document,
        }
    }
}

/// The form in which a method asks and is answered. Pages, consoles and rules go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerForm {
    /// A number that the gateway makes, and sends or shows to an agent.
    Code,
    /// A number that customer and agent agreed on.
    AgreedNumber,
    /// Questions that are prepared before, and answered as a whole.
    Questions,
    /// Pictures, on a page.
    Document,
}

impl AnswerForm {
    /// Whether the answer is a single number.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Code | Self::AgreedNumber)
    }
}

/// A method of proof.
pub trait ProofMethod: fmt::Debug + Sync {
    /// Its name.
    fn method(&self) -> Method;

    /// The form in which it asks.
    fn form(&self) -> AnswerForm;

    /// A check for a participant who may be asked.
    ///
    /// # Errors
    ///
    /// `MethodMissing` where the team lacks what the method needs; `PinRequired` where nothing was agreed on;
    /// `AnotherPerson` where the questions were prepared for somebody else.
    fn start(&self, inputs: &StartInputs<'_>) -> Result<StartedCheck, Refusal>;

    /// Whether a participant can be asked later, when they come in by an invitation.
    ///
    /// # Errors
    ///
    /// As `start`.
    fn must_be_available(&self, _known: &Availability<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether teams with these settings ask for it at all, as far as settings say that.
    fn is_enabled(&self, _settings: &Settings) -> bool {
        true
    }

    /// The settings of the codes that it makes; none where the form is not `Code`.
    fn code_rules<'s>(&self, _settings: &'s Settings) -> Option<&'s OtpRules> {
        None
    }

    /// The lockout that failed answers lead to.
    fn lockout(&self, settings: &Settings) -> Lockout {
        settings.lockout.clone()
    }

    /// How many digits an answer has, where it is a number.
    fn digits(&self, settings: &Settings) -> Option<RangeInclusive<usize>> {
        match self.form() {
            AnswerForm::Code => self.code_rules(settings).map(|rules| exactly(rules.length)),
            AnswerForm::AgreedNumber => Some(Pin::DIGITS),
            AnswerForm::Questions | AnswerForm::Document => None,
        }
    }

    /// Whether a text has the form of an answer, though nobody waits for one: it came late.
    fn hides(&self, text: &str, settings: &Settings) -> bool {
        match self.form() {
            AnswerForm::Code | AnswerForm::AgreedNumber => {
                self.digits(settings).is_some_and(|digits| number(text, &digits).is_some())
            }
            AnswerForm::Questions => questions::has_lines(text),
            AnswerForm::Document => false,
        }
    }
}

/// The request that a check puts to a person.
pub enum Prompt<'a> {
    /// A code of so many digits.
    Code(u8),
    /// The number that was agreed on.
    AgreedNumber,
    /// All of these questions.
    Questions(&'a Questions),
    /// Pictures of this document.
    Document(&'a IdDocument),
}

impl<'a> Prompt<'a> {
    /// The document, where one is asked for.
    pub fn document(self) -> Option<&'a IdDocument> {
        match self {
            Self::Document(document) => Some(document),
            Self::Code(_) | Self::AgreedNumber | Self::Questions(_) => None,
        }
    }

    /// The questions, where questions are asked.
    pub fn questions(self) -> Option<&'a Questions> {
        match self {
            Self::Questions(questions) => Some(questions),
            Self::Code(_) | Self::AgreedNumber | Self::Document(_) => None,
        }
    }

    /// How many digits an answer has, where it is a number.
    pub fn digits(&self) -> Option<RangeInclusive<usize>> {
        match self {
            Self::Code(length) => Some(exactly(*length)),
            Self::AgreedNumber => Some(Pin::DIGITS),
            Self::Questions(_) | Self::Document(_) => None,
        }
    }

    /// The answer that it would be; none where it is conversation, which is never counted.
    pub fn candidate(&self, typed: TypedText<'_>) -> Option<PossibleAnswer> {
        match (self, typed) {
            (Self::Questions(questions), TypedText::Text(text)) => questions.read(text).map(PossibleAnswer::Answers),
            (Self::Questions(questions), TypedText::Set(set)) => questions.take(set).map(PossibleAnswer::Answers),
            (_, TypedText::Text(text)) => number(text, &self.digits()?).map(PossibleAnswer::Digits),
            (_, TypedText::Set(_)) => None,
        }
    }
}

/// The inputs that a check starts from.
pub struct StartInputs<'a> {
    /// The team's effective settings.
    pub settings: &'a Settings,
    /// The moment.
    pub now: Moment,
    /// The number that customer and agent agreed on.
    pub agreed: Option<&'a Pin>,
    /// Questions that were prepared for the participant, or why there are none.
    pub questions: Result<&'a Questions, Refusal>,
    /// The provider that judges documents; none where the team asks for none.
    pub provider: Option<&'a ProviderName>,
    /// The participant's guess budget, where anything was counted.
    pub budget: Option<&'a Budget>,
}

/// A check as it starts.
pub struct StartedCheck {
    /// The check that waits for the right answer.
    pub check: ExpectedAnswer,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
    /// Wrong answers that it takes.
    pub tries_left: u32,
}

/// The facts that say whether a method can be asked for later.
pub struct Availability<'a> {
    /// The team's effective settings.
    pub settings: &'a Settings,
    /// Whether customer and agent agreed on a number.
    pub is_agreed: bool,
    /// The provider that puts questions; none where the gateway does.
    pub asker: Option<&'a ProviderName>,
    /// The provider that judges documents; none where the team asks for none.
    pub provider: Option<&'a ProviderName>,
}

/// The entry of the table for a method; none for a login.
pub fn find(method: Method) -> Option<&'static dyn ProofMethod> {
    METHODS.iter().copied().find(|known| known.method() == method)
}

/// The form in which a method asks; none for a login.
pub fn form(method: Method) -> Option<AnswerForm> {
    find(method).map(ProofMethod::form)
}

/// The settings of the codes that a method makes; none where it makes none.
pub fn code_rules(method: Method, settings: &Settings) -> Option<&OtpRules> {
    find(method)?.code_rules(settings)
}

/// The lockout that failed answers lead to.
pub fn lockout(what: Guarded, settings: &Settings) -> Lockout {
    let guarded = METHODS.iter().find(|known| known.method().guarded() == what);
    guarded.map_or_else(|| settings.lockout.clone(), |known| known.lockout(settings))
}

fn exactly(length: u8) -> RangeInclusive<usize> {
    usize::from(length)..=usize::from(length)
}

/// A text that is nothing but a number of so many digits.
fn number(text: &str, lengths: &RangeInclusive<usize>) -> Option<Digits> {
    Digits::parse(text).filter(|digits| lengths.contains(&digits.len()))
}

#[cfg(test)]
mod tests;

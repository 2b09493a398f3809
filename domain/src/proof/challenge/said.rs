//! What was typed for an answer, read as the challenge that waits for it would have it. Whether it is
//! right is compared here; what follows from that, `rules::answer` says.

use super::{Challenge, ExpectedAnswer};
use crate::base::id::InteractionId;
use crate::providers::answers::Answers;
use crate::secret::MacKey;
use crate::secret::typed::Digits;

/// What was typed.
#[derive(Clone, Copy)]
pub enum TypedText<'a> {
    /// In one piece.
    Text(&'a str),
    /// An answer for each question.
    Set(&'a [String]),
}

/// What could be an answer.
pub enum PossibleAnswer {
    /// To a code or a PIN.
    Digits(Digits),
    /// To a set of questions.
    Answers(Answers),
}

impl Challenge {
    /// What that would be as an answer; nothing where it is conversation.
    pub fn said(&self, typed: TypedText<'_>) -> Option<PossibleAnswer> {
        match (&self.check, typed) {
            (ExpectedAnswer::Questions(questions), TypedText::Text(text)) => {
                questions.read(text).map(PossibleAnswer::Answers)
            }
            (ExpectedAnswer::Questions(questions), TypedText::Set(set)) => {
                questions.take(set).map(PossibleAnswer::Answers)
            }
            (_, TypedText::Text(text)) => self.candidate(text).map(PossibleAnswer::Digits),
            (_, TypedText::Set(_)) => None,
        }
    }

    /// Compares in a time that does not tell where the difference is.
    pub fn is_right(&self, said: &PossibleAnswer, interaction: InteractionId, key: &MacKey) -> bool {
        match (&self.check, said) {
            (ExpectedAnswer::Questions(questions), PossibleAnswer::Answers(answers)) => questions.are(answers, key),
            (ExpectedAnswer::Questions(_), _) | (_, PossibleAnswer::Answers(_)) => false,
            (_, PossibleAnswer::Digits(digits)) => self.is(digits, interaction, key),
        }
    }
}

//! What was typed for an answer, read as the challenge that waits for it would have it. Whether it is
//! right is compared here; what follows from that, `rules::answer` says.

use super::{Challenge, Check};
use crate::base::id::InteractionId;
use crate::providers::answers::Answers;
use crate::secret::MacKey;
use crate::secret::typed::Digits;

/// What was typed.
#[derive(Clone, Copy)]
pub enum Typed<'a> {
    /// In one piece.
    Text(&'a str),
    /// An answer for each question.
    Set(&'a [String]),
}

/// What could be an answer.
pub enum Said {
    /// To a code or a PIN.
    Digits(Digits),
    /// To a set of questions.
    Answers(Answers),
}

impl Challenge {
    /// What that would be as an answer; nothing where it is conversation.
    pub fn said(&self, typed: Typed<'_>) -> Option<Said> {
        match (&self.check, typed) {
            (Check::Questions(questions), Typed::Text(text)) => questions.read(text).map(Said::Answers),
            (Check::Questions(questions), Typed::Set(set)) => questions.take(set).map(Said::Answers),
            (_, Typed::Text(text)) => self.candidate(text).map(Said::Digits),
            (_, Typed::Set(_)) => None,
        }
    }

    /// Compares in a time that does not tell where the difference is.
    pub fn is_right(&self, said: &Said, interaction: InteractionId, key: &MacKey) -> bool {
        match (&self.check, said) {
            (Check::Questions(questions), Said::Answers(answers)) => questions.are(answers, key),
            (Check::Questions(_), _) | (_, Said::Answers(_)) => false,
            (_, Said::Digits(digits)) => self.is(digits, interaction, key),
        }
    }
}

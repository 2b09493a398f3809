//! Questions that only the customer should know the answers to: which are put to whom, and whether a
//! set of answers is right. Whoever nobody knows is asked the same way, and nothing she says is right.
//!
//! Right answers are kept as keyed fingerprints alone. Where facts come from, and what a set of answers
//! leads to, others say.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::flag::Customer;
use crate::customer::matching::As;
use crate::providers::answers::Answers;
use crate::providers::provider_questions::Judge;
use crate::providers::question_rule::{MAX_ANSWER, spelled};
use crate::secret::{MacKey, Tag};

/// A question as it is put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its words.
    pub text: String,
    /// All that can be answered; whatever is typed where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    #[serde(rename = "as")]
    pub(crate) how: As,
    /// A keyed fingerprint of what would be right.
    pub(crate) right: Tag,
}

/// A set of questions: it is answered as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// In the order in which they are put.
    pub put: Vec<Question>,
    /// So many answers must be right.
    pub(crate) must_match: usize,
    /// What the fingerprints follow from besides a key.
    pub(crate) nonce: [u8; 16],
    /// Whose facts they are; nobody's where nobody knows her.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// The provider that has put them and judges the answers; then no fingerprint is any answer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Judge>,
}

impl Questions {
    /// A text that answers all of them: a line for each. Everything else is conversation.
    pub fn read(&self, text: &str) -> Option<Answers> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        let lines: Vec<String> = lines.take(self.put.len() + 1).collect();
        self.take(&lines)
    }

    /// Answers that came apart: one to each of the questions.
    pub fn take(&self, answers: &[String]) -> Option<Answers> {
        let said = |text: &String| text.len() <= MAX_ANSWER && !text.trim().is_empty();
        (answers.len() == self.put.len() && answers.iter().all(said)).then(|| Answers(answers.to_vec()))
    }

    /// Whether enough of them are right. All are compared, in a time that does not tell which were.
    pub fn are(&self, answers: &Answers, key: &MacKey) -> bool {
        let pairs = (0u8..).zip(self.put.iter().zip(&answers.0));
        let right = pairs.map(|(at, (question, text))| {
            let said = fingerprint(key, &self.nonce, at, &spelled(question.how, text));
            usize::from(said.as_bytes().ct_eq(question.right.as_bytes()).unwrap_u8())
        });
        right.sum::<usize>() >= self.must_match
    }
}

pub(crate) fn fingerprint(key: &MacKey, nonce: &[u8; 16], at: u8, answer: &str) -> Tag {
    key.tag(&[b"answer", nonce, &[at], answer.as_bytes()])
}

#[cfg(test)]
mod tests;

//! Questions that only the customer should know the answers to: which are put to whom, and whether a
//! set of answers is right. Somebody whom nobody knows is asked the same way, and nothing she says is right.
//!
//! Right answers are kept as keyed fingerprints alone; of questions that a provider puts, the provider says what is
//! right. Where facts come from, and what a set of answers leads to, others say.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::check::{Check, JudgeInputs, Judgement, PossibleAnswer};
use super::{AnswerForm, Availability, ExpectedAnswer, Prompt, ProofMethod, StartInputs, StartedCheck};
use crate::base::id::ChallengeId;
use crate::base::method::Method;
use crate::customer::matching::As;
use crate::proof::flag::Customer;
use crate::providers::answers::Answers;
use crate::providers::identity::CheckId;
use crate::providers::provider_questions::{Judge, ProviderTask};
use crate::providers::question_rule::{MAX_ANSWER, spelled};
use crate::refusal::Refusal;
use crate::secret::{MacKey, Tag};
use crate::settings::Settings;
use crate::time::Moment;

/// The method `kba`.
#[derive(Debug)]
pub struct KnownAnswers;

impl ProofMethod for KnownAnswers {
    fn method(&self) -> Method {
        Method::Kba
    }

    fn form(&self) -> AnswerForm {
        AnswerForm::Questions
    }

    /// A set has no tries of its own: the method's lockout ends it.
    fn start(&self, inputs: &StartInputs<'_>) -> Result<StartedCheck, Refusal> {
        let questions = inputs.questions.clone()?.clone();
        let expires_at = Some(inputs.now.plus_minutes(inputs.settings.kba.expires_minutes));
        let check = ExpectedAnswer::Questions(Box::new(questions));
        Ok(StartedCheck { check, expires_at, tries_left: inputs.settings.lockout.threshold })
    }

    fn must_be_available(&self, known: &Availability<'_>) -> Result<(), Refusal> {
        let is_there = known.settings.kba.is_there(known.asker.is_some());
        if is_there { Ok(()) } else { Err(Refusal::MethodMissing) }
    }

    fn is_enabled(&self, settings: &Settings) -> bool {
        settings.kba.enabled
    }
}

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
    /// The value that the fingerprints follow from besides a key.
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

impl Check for Questions {
    fn method(&self) -> Method {
        Method::Kba
    }

    fn prompt(&self) -> Prompt<'_> {
        Prompt::Questions(self)
    }

    fn judge(&mut self, said: &PossibleAnswer, inputs: &JudgeInputs<'_>) -> Result<Judgement, Refusal> {
        let PossibleAnswer::Answers(answers) = said else { return Ok(Judgement::Wrong) };
        let source = &inputs.source;
        let Some(judge) = &mut self.judge else { return Ok(Judgement::of(self.are(answers, source.key))) };
        let challenge = ChallengeId { interaction: source.interaction, number: source.number };
        if let Some(attempt) = judge.waits_for() {
            let check = CheckId { challenge, attempt };
            let verdict = inputs.verdicts.iter().find(|verdict| verdict.check == check).ok_or(Refusal::Judging)?;
            // Of somebody without a record nothing is right, whatever the provider says.
            return Ok(Judgement::of(verdict.passed && self.customer.is_some()));
        }
        let attempt = judge.begin(inputs.now).ok_or(Refusal::Full)?;
        let (provider, set, check) = (judge.provider.clone(), judge.set.clone(), CheckId { challenge, attempt });
        Ok(Judgement::Ask(Box::new(ProviderTask { check, provider, set, answers: answers.clone() })))
    }

    fn customer(&self) -> Option<&Customer> {
        self.customer.as_ref()
    }

    fn judge_elsewhere(&mut self) -> Option<&mut Judge> {
        self.judge.as_mut()
    }

    fn judged_until(&self) -> Option<Moment> {
        self.judge.as_ref().and_then(Judge::until)
    }

    fn give_up_late(&mut self, now: Moment) -> bool {
        self.judge.as_mut().is_some_and(|judge| judge.give_up_late(now))
    }

    fn is_given_up(&self) -> bool {
        self.judge.as_ref().is_some_and(Judge::is_given_up)
    }
}

/// Whether a text has several lines, as the answers to a set of questions have.
pub(crate) fn has_lines(text: &str) -> bool {
    text.lines().filter(|line| !line.trim().is_empty()).nth(1).is_some()
}

pub(crate) fn fingerprint(key: &MacKey, nonce: &[u8; 16], at: u8, answer: &str) -> Tag {
    key.tag(&[b"answer", nonce, &[at], answer.as_bytes()])
}

#[cfg(test)]
mod tests;

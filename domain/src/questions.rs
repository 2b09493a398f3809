//! Questions that only the customer should know the answers to: which are put to whom, and whether a
//! set of answers is right. Whoever nobody knows is asked the same way, and nothing she says is right.
//!
//! Right answers are kept as keyed fingerprints alone. Where facts come from, and what a set of answers
//! leads to, others say.

use serde::{Deserialize, Deserializer, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::customer::{Record, is_field};
use super::failure_limit::CustomerTag;
use super::flag::Customer;
use super::id::{CustomerId, ParticipantId, ProviderName, TeamName, plain_text};
use super::interaction::Participant;
use super::matching::As;
use super::secret::{Keys, MacKey, Tag};
use super::settings::KbaRules;

mod elsewhere;

pub use elsewhere::{Judge, ProviderTask, Set, Verdict};

/// Bytes of an answer.
pub const MAX_ANSWER: usize = 200;

/// A set has at most so many questions.
pub const MAX_QUESTIONS: usize = 10;

/// A question has at most so many answers to choose from.
const MAX_CHOICES: usize = 12;

/// One entry of `kba.ask`: a fact's name, or how it is asked for besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Which of a record's facts.
    pub fact: String,
    /// The words; made of the fact's name where the team gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// How an answer is compared.
    #[serde(rename = "as")]
    pub how: As,
    /// All that can be answered, the same for everybody; whatever is typed where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            fact: String,
            question: Option<String>,
            #[serde(rename = "as")]
            how: Option<As>,
            #[serde(default)]
            choices: Vec<String>,
        }
        let rule = match serde_json::Value::deserialize(d)? {
            serde_json::Value::String(fact) => Self::named(&fact),
            whole => {
                let Whole { fact, question, how, choices } =
                    serde_json::from_value(whole).map_err(serde::de::Error::custom)?;
                Self { fact, question, how: how.unwrap_or(As::CaseFolded), choices }
            }
        };
        rule.checked().map_err(serde::de::Error::custom)
    }
}

impl Rule {
    /// A fact that is asked for by its name, whatever the case of the answer's letters.
    pub fn named(fact: &str) -> Self {
        Self { fact: fact.to_owned(), question: None, how: As::CaseFolded, choices: Vec::new() }
    }

    fn checked(self) -> Result<Self, &'static str> {
        let good = |text: &String| plain_text(text, MAX_ANSWER);
        if !is_field(&self.fact) {
            return Err("no fact is called so");
        }
        if !self.question.iter().all(good) {
            return Err("a question has 1 to 200 bytes");
        }
        let spelled: Vec<_> = self.choices.iter().map(|choice| spelled(self.how, choice)).collect();
        let twice = (1..spelled.len()).any(|at| spelled[..at].contains(&spelled[at]));
        if self.choices.len() == 1 || self.choices.len() > MAX_CHOICES || twice || !self.choices.iter().all(good) {
            return Err("choices are none, or 2 to 12 different texts of 1 to 200 bytes");
        }
        Ok(self)
    }

    fn words(&self) -> String {
        if let Some(words) = &self.question {
            return words.clone();
        }
        let mut name = self.fact.replace(['_', '-', '.'], " ");
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        name
    }
}

/// The one spelling of an answer; nothing where it is none of its kind.
fn spelled(how: As, text: &str) -> String {
    let single: Vec<&str> = text.split_whitespace().collect();
    how.spelled(&single.join(" ")).unwrap_or_default()
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
    how: As,
    /// A keyed fingerprint of what would be right.
    right: Tag,
}

/// A set of questions: it is answered as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// In the order in which they are put.
    pub put: Vec<Question>,
    /// So many answers must be right.
    must_match: usize,
    /// What the fingerprints follow from besides a key.
    nonce: [u8; 16],
    /// Whose facts they are; nobody's where nobody knows her.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// The provider that has put them and judges the answers; then no fingerprint is any answer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Judge>,
}

/// Answers to a set of questions, in its order. They do not print.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Answers(Vec<String>);

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

fn fingerprint(key: &MacKey, nonce: &[u8; 16], at: u8, answer: &str) -> Tag {
    key.tag(&[b"answer", nonce, &[at], answer.as_bytes()])
}

/// Questions that wait to be put, and to whom.
#[derive(Clone, Debug)]
pub struct Prepared {
    participant: ParticipantId,
    who: Option<CustomerTag>,
    /// Which.
    pub questions: Questions,
}

/// What questions are made of.
pub struct Asking<'a> {
    /// The gateway's keys.
    pub keys: &'a Keys,
    /// Whose customer.
    pub team: &'a TeamName,
    /// How many are put, and how many must be right.
    pub rules: &'a KbaRules,
    /// What may be asked.
    pub pool: &'a [Rule],
    /// Fresh.
    pub nonce: [u8; 16],
}

impl Asking<'_> {
    /// What is put to a participant, of what her record says. The same person is asked the same each time,
    /// so that asking again is no way to easier questions; so is one whom nobody knows. None where there is
    /// less to ask for than the team wants.
    pub fn of(&self, participant: &Participant, record: Option<&Record>) -> Option<Prepared> {
        let count = self.rules.questions;
        if self.pool.len() < count {
            return None;
        }
        let person = self.person(participant, record);
        let known = |rule: &Rule| {
            let value = record.and_then(|record| record.facts.get(&rule.fact));
            value.map(|value| spelled(rule.how, value)).filter(|value| !value.is_empty())
        };
        let rank = |rule: &Rule| {
            let parts = [self.team.as_str(), &person, &rule.fact];
            let [team, person, fact] = parts.map(str::as_bytes);
            self.keys.pseudonym.tag(&[b"question", team, person, fact]).name()
        };
        let mut pool: Vec<(bool, String, &Rule, Option<String>)> = Vec::new();
        for rule in self.pool {
            let value = known(rule);
            pool.push((value.is_none(), rank(rule), rule, value));
        }
        pool.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let question = |(at, (_, _, rule, value)): (u8, &(bool, String, &Rule, Option<String>))| Question {
            text: rule.words(),
            choices: rule.choices.clone(),
            how: rule.how,
            right: match value {
                Some(value) => fingerprint(&self.keys.code, &self.nonce, at, value),
                None => self.nothing(at),
            },
        };
        let put = (0u8..).zip(pool.iter().take(count)).map(question).collect();
        Some(self.prepared(participant, record, put, None))
    }

    /// What a provider puts to a participant. Of whom no record is known it is asked the same.
    pub fn put_by(
        &self,
        provider: &ProviderName,
        set: Set,
        participant: &Participant,
        record: Option<&Record>,
    ) -> Prepared {
        let question = |(at, (text, choices)): (u8, (String, Vec<String>))| Question {
            text,
            choices,
            how: As::CaseFolded,
            right: self.nothing(at),
        };
        let put = (0u8..).zip(set.put).map(question).collect();
        self.prepared(participant, record, put, Some(Judge::of(provider.clone(), set.name)))
    }

    /// Who is asked, by a name that says nothing of her and stays the same.
    pub fn person(&self, participant: &Participant, record: Option<&Record>) -> String {
        let record = record.map(|record| CustomerTag::of_id(self.keys, self.team, &record.id));
        let person = record.or_else(|| CustomerTag::of(self.keys, self.team, participant));
        person.map_or_else(|| participant.id.to_string(), |person| person.as_str().to_owned())
    }

    /// The fingerprint of no answer.
    fn nothing(&self, at: u8) -> Tag {
        self.keys.code.tag(&[b"no answer", &self.nonce, &[at]])
    }

    fn prepared(
        &self,
        participant: &Participant,
        record: Option<&Record>,
        put: Vec<Question>,
        judge: Option<Judge>,
    ) -> Prepared {
        let customer = record.map(|record| Customer {
            id: participant.known_as().unwrap_or(&record.id).clone(),
            name: record.name.clone(),
            record: Some(record.id.clone()),
        });
        let who = CustomerTag::of(self.keys, self.team, participant);
        let questions = Questions { put, must_match: self.rules.must_match, nonce: self.nonce, customer, judge };
        Prepared { participant: participant.id.clone(), who, questions }
    }
}

impl Prepared {
    /// Whose facts they ask that participant for, where anybody's.
    pub fn record(&self, participant: &ParticipantId) -> Option<&CustomerId> {
        let customer = self.questions.customer.as_ref().filter(|_| self.participant == *participant)?;
        customer.record.as_ref()
    }

    /// Whether the participant still is who they were prepared for.
    pub fn is_for(&self, participant: &Participant, keys: &Keys, team: &TeamName) -> bool {
        self.participant == participant.id && self.who == CustomerTag::of(keys, team, participant)
    }
}

#[cfg(test)]
mod tests;

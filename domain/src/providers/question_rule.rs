//! How a fact of a customer is asked for: one entry of the setting `kba.ask`.
//! Which facts are asked, and what is right, `questions` says.

use serde::{Deserialize, Deserializer, Serialize};

use crate::base::id::plain_text;
use crate::customer::is_field;
use crate::customer::matching::As;

/// Bytes of an answer.
pub const MAX_ANSWER: usize = 200;

/// A set has at most so many questions.
pub const MAX_QUESTIONS: usize = 10;

/// A question has at most so many answers to choose from.
pub(crate) const MAX_CHOICES: usize = 12;

/// One entry of `kba.ask`: a fact's name, or how it is asked for besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuestionRule {
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

impl<'de> Deserialize<'de> for QuestionRule {
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

impl QuestionRule {
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

    pub(crate) fn words(&self) -> String {
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
pub(crate) fn spelled(how: As, text: &str) -> String {
    let single: Vec<&str> = text.split_whitespace().collect();
    how.spelled(&single.join(" ")).unwrap_or_default()
}

//! Questions that a provider puts and judges: which set of its own is out, and which attempt at it waits for
//! its verdict. What is right is known there alone.
//!
//! An attempt is saved before anybody is asked, and there is one at a time: whatever comes back, or does not,
//! no more verdicts are told than the lockout allows. How a provider is asked is nothing of this.

use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::identity::{CheckId, MAX_UNDECIDED, TIMEOUT};
use super::question_rule::{MAX_ANSWER, MAX_CHOICES, MAX_QUESTIONS};
use crate::base::id::{ProviderName, plain_text};
use crate::is_default;
use crate::time::Moment;

/// Questions as a provider puts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The provider's own name for them.
    pub name: String,
    /// Words, and all that can be answered; whatever is typed where there is nothing.
    pub put: Vec<(String, Vec<String>)>,
}

impl Set {
    /// Whether they can be shown: a team's own questions are bounded in the same way.
    pub fn can_be_put(&self) -> bool {
        let good = |text: &String| plain_text(text, MAX_ANSWER);
        let twice = |all: &[String]| (1..all.len()).any(|at| all[..at].contains(&all[at]));
        let chosen = |all: &[String]| all.len() != 1 && all.len() <= MAX_CHOICES && !twice(all) && all.iter().all(good);
        let count = (1..=MAX_QUESTIONS).contains(&self.put.len());
        count && good(&self.name) && self.put.iter().all(|(text, choices)| good(text) && chosen(choices))
    }
}

/// Who judges a set, and how far that has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judge {
    /// Who.
    pub provider: ProviderName,
    /// What the provider calls the set.
    pub set: String,
    /// How often answers were handed in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempts: u16,
    /// How many of these came to nothing, and counted for nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub undecided: u16,
    /// What is being judged now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checking: Option<Checking>,
}

/// An attempt that waits for its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checking {
    attempt: u16,
    /// After that nobody waits for its verdict any more.
    until: Moment,
}

/// What a provider is to be asked before anything follows. It prints no answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderTask {
    /// The attempt.
    pub check: CheckId,
    /// Who is asked.
    pub provider: ProviderName,
    /// About which of its sets.
    pub set: String,
    /// What was answered.
    pub answers: Answers,
}

/// What a provider said of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerVerdict {
    /// Which.
    pub check: CheckId,
    /// Whether enough of it was right.
    pub passed: bool,
}

impl Judge {
    /// Of a fresh set.
    pub fn of(provider: ProviderName, set: String) -> Self {
        Self { provider, set, attempts: 0, undecided: 0, checking: None }
    }

    /// The attempt that waits for its verdict.
    pub fn waits_for(&self) -> Option<u16> {
        self.checking.as_ref().map(|checking| checking.attempt)
    }

    /// Until when that is waited for.
    pub fn until(&self) -> Option<Moment> {
        self.checking.as_ref().map(|checking| checking.until)
    }

    /// One more attempt; none where there were as many as can be counted.
    pub fn begin(&mut self, now: Moment) -> Option<u16> {
        self.attempts = self.attempts.checked_add(1)?;
        self.checking = Some(Checking { attempt: self.attempts, until: now.plus(TIMEOUT) });
        Some(self.attempts)
    }

    /// Its verdict is there.
    pub fn end(&mut self) {
        self.checking = None;
    }

    /// What is being judged comes to nothing.
    pub fn give_up(&mut self) {
        if self.checking.take().is_some() {
            self.undecided = self.undecided.saturating_add(1);
        }
    }

    /// The same where its time is over. Whether it was.
    pub fn give_up_late(&mut self, now: Moment) -> bool {
        let late = self.until().is_some_and(|until| until <= now);
        if late {
            self.give_up();
        }
        late
    }

    /// Whether it came to nothing too often to go on.
    pub fn is_given_up(&self) -> bool {
        self.undecided >= MAX_UNDECIDED
    }
}

impl Answers {
    /// As they were typed: for the provider that judges them, and nobody else.
    pub fn expose(&self) -> &[String] {
        &self.0
    }
}

crate::secret::hidden!(Answers);

#[cfg(test)]
mod tests {
    use super::*;

    fn set(put: &[(&str, &[&str])]) -> Set {
        let text = |text: &&str| (*text).to_owned();
        let put = put.iter().map(|(words, choices)| (text(words), choices.iter().map(text).collect())).collect();
        Set { name: "set-1".to_owned(), put }
    }

    #[test]
    fn what_a_provider_puts_is_bounded_as_ones_own_questions_are() {
        assert!(set(&[("Which bank?", &["A", "B"]), ("Which street?", &[])]).can_be_put());
        for wrong in [
            set(&[]),
            set(&[("", &[])]),
            set(&[("Which?", &["A"])]),
            set(&[("Which?", &["A", "A"])]),
            set(&[("Which\u{7}?", &[])]),
            set(&[("Which?", [].as_slice()); 11]),
            Set { name: "x".repeat(201), ..set(&[("Which?", &[])]) },
        ] {
            assert!(!wrong.can_be_put(), "{wrong:?}");
        }
    }

    #[test]
    fn what_nobody_judges_in_time_comes_to_nothing() {
        let mut judge = Judge::of("house".parse().expect("a name"), "set-1".to_owned());
        assert_eq!(judge.begin(Moment(0)), Some(1));
        assert!(!judge.give_up_late(Moment(59_999)) && judge.waits_for() == Some(1));
        assert!(judge.give_up_late(Moment(60_000)) && judge.waits_for().is_none());
        assert_eq!((judge.undecided, judge.begin(Moment(60_000))), (1, Some(2)));
        assert_eq!(format!("{:?}", Answers(vec!["secret".to_owned()])), "Answers(…)");
    }
}

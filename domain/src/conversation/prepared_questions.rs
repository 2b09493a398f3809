//! Questions that are prepared for a participant, of facts or by a provider, before a rule puts them.
//! What a set is, and what answers it, `questions` says.

use super::failure_limit::CustomerTag;
use super::interaction::Participant;
use crate::base::id::{CustomerId, ParticipantId, ProviderName, TeamName};
use crate::customer::StoredCustomer;
use crate::customer::matching::As;
use crate::proof::flag::Customer;
use crate::proof::methods::questions::{Question, Questions, fingerprint};
use crate::providers::provider_questions::{Judge, Set};
use crate::providers::question_rule::{QuestionRule, spelled};
use crate::secret::Tag;
use crate::secret::keys::Keys;
use crate::settings::KbaRules;

/// Questions that wait to be put, and to whom.
#[derive(Clone, Debug)]
pub struct Prepared {
    participant: ParticipantId,
    who: Option<CustomerTag>,
    /// Which.
    pub questions: Questions,
}

/// What questions are made of.
pub struct QuestionInputs<'a> {
    /// The gateway's keys.
    pub keys: &'a Keys,
    /// Whose customer.
    pub team: &'a TeamName,
    /// How many are put, and how many must be right.
    pub rules: &'a KbaRules,
    /// What may be asked.
    pub pool: &'a [QuestionRule],
    /// Fresh.
    pub nonce: [u8; 16],
}

impl QuestionInputs<'_> {
    /// What is put to a participant, of what her record says. The same person is asked the same each time,
    /// so that asking again is no way to easier questions; so is one whom nobody knows. None where there is
    /// less to ask for than the team wants.
    pub fn of(&self, participant: &Participant, record: Option<&StoredCustomer>) -> Option<Prepared> {
        let count = self.rules.questions;
        if self.pool.len() < count {
            return None;
        }
        let person = self.person(participant, record);
        let known = |rule: &QuestionRule| {
            let value = record.and_then(|record| record.facts.get(&rule.fact));
            value.map(|value| spelled(rule.how, value)).filter(|value| !value.is_empty())
        };
        let rank = |rule: &QuestionRule| {
            let parts = [self.team.as_str(), &person, &rule.fact];
            let [team, person, fact] = parts.map(str::as_bytes);
            self.keys.pseudonym.tag(&[b"question", team, person, fact]).name()
        };
        let mut pool: Vec<(bool, String, &QuestionRule, Option<String>)> = Vec::new();
        for rule in self.pool {
            let value = known(rule);
            pool.push((value.is_none(), rank(rule), rule, value));
        }
        pool.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let question = |(at, (_, _, rule, value)): (u8, &(bool, String, &QuestionRule, Option<String>))| Question {
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
        record: Option<&StoredCustomer>,
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
    pub fn person(&self, participant: &Participant, record: Option<&StoredCustomer>) -> String {
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
        record: Option<&StoredCustomer>,
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

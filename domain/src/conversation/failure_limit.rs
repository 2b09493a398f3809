//! The customer's failure limit: so many wrong answers in a row over all of one customer's addresses, and
//! she is banned until an admin says otherwise. It stands above the budgets of addresses, which
//! stop a guesser long before; it stops one who has very many addresses.
//!
//! A customer's record lies in a partition of its own, so no commit of an interaction can change
//! it. A rule therefore says what it *needs* of failure limits before what it decided may be saved; it is
//! run again once that is so. How records are read and written is `gateway::failure_limits`'.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::interaction::Participant;
use crate::base::id::TeamName;
use crate::event::Event;
use crate::proof::lockout::Redo;
pub use crate::secret::customer_tag::CustomerTag;
use crate::secret::keys::Keys;
use crate::time::Moment;

/// Wrong answers in a row that ban.
pub const MAX_FAILURES: u32 = 100;

/// Failures that are older than this, and fewer than the failure limit, are forgotten.
const MEMORY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Answers that are remembered to have been counted.
const MAX_COUNTED_ANSWERS: usize = 16;

impl CustomerTag {
    /// Of a participant: the customer's id, else the phone, else the mail address; nothing where
    /// nobody knows any of them.
    pub fn of(keys: &Keys, team: &TeamName, participant: &Participant) -> Option<Self> {
        let (kind, own) = match participant.known_as() {
            Some(id) => ("customer", id.to_string()),
            None => ("address", participant.person.address()?),
        };
        Some(Self::made(keys, team, kind, &own))
    }
}

/// What is kept of a customer's wrong answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerFailureLimit {
    /// Since the last right one.
    failures: u32,
    /// When the newest was.
    last: Moment,
    /// The newest answers that were counted and have a name: one that is told again counts once.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    counted: VecDeque<String>,
}

impl CustomerFailureLimit {
    /// Wrong answers in a row, as far as they count at `now`.
    pub fn failures(&self, now: Moment) -> u32 {
        let forgotten = !self.bans() && now >= self.last.plus(MEMORY);
        if forgotten { 0 } else { self.failures }
    }

    /// Counts a wrong answer; `name` is the answer's own, where it has one.
    pub fn count(&mut self, name: Option<&str>, now: Moment) {
        if name.is_some_and(|name| self.counted.iter().any(|one| one == name)) {
            return;
        }
        self.failures = self.failures(now).saturating_add(1);
        self.last = self.last.max(now);
        if let Some(name) = name {
            self.counted.push_front(name.to_owned());
            self.counted.truncate(MAX_COUNTED_ANSWERS);
        }
    }

    /// Takes back one that was counted and was not judged after all.
    pub fn take_back(&mut self, name: Option<&str>) {
        let known = name.is_none_or(|name| self.counted.iter().any(|one| one == name));
        if known {
            self.failures = self.failures.saturating_sub(1);
            self.counted.retain(|one| Some(one.as_str()) != name);
        }
    }

    /// A right answer clears what does not ban.
    pub fn clear(&mut self) {
        if !self.bans() {
            *self = Self::default();
        }
    }

    /// Whether it bans: no right answer clears it, and no time.
    pub fn bans(&self) -> bool {
        self.failures >= MAX_FAILURES
    }

    /// An admin lifts it.
    pub fn lift(&mut self) {
        *self = Self::default();
    }

    /// Does again what was done in another life of the store. Locks are no failure limit's.
    pub fn again(&mut self, redo: Redo, now: Moment) {
        match redo {
            Redo::Banned => {
                self.failures = self.failures.max(MAX_FAILURES);
                self.last = self.last.max(now);
            }
            Redo::Unbanned => self.lift(),
            Redo::Locked(_) | Redo::Paused(_) | Redo::Unlocked => {}
        }
    }

    /// Nothing to remember.
    pub fn is_clear(&self) -> bool {
        self.failures == 0
    }

    /// When it may be forgotten; never where it bans.
    pub fn forgotten_at(&self) -> Option<Moment> {
        (!self.bans()).then(|| self.last.plus(MEMORY))
    }
}

/// What a decision needs of failure limits before it may be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// To know how it stands.
    Look(CustomerTag),
    /// That this answer is counted.
    Count(CustomerTag),
    /// That a right answer clears it. One that has come to ban meanwhile stays: whoever guesses at
    /// many addresses at once must not have the last wrong answers forgiven by a right one.
    Clear(CustomerTag),
    /// That an admin lifts it, ban and all. Where it bans that is told by the commit that lifts it: else one could
    /// be lifted and no trail say so, and a restore would ban again.
    Lift(CustomerTag, Box<Event>),
}

impl Need {
    /// Whose failure limit it is.
    pub fn customer(&self) -> &CustomerTag {
        match self {
            Self::Look(customer) | Self::Count(customer) | Self::Clear(customer) | Self::Lift(customer, _) => customer,
        }
    }

    /// Whether it may be met before anybody knows that the decision is made on how things are: who
    /// looks changes nothing, and what was counted and not judged is given back. An answer that has a
    /// name may have been counted before, and what was forgiven is gone.
    pub fn can_be_undone(&self, answer_has_a_name: bool) -> bool {
        match self {
            Self::Look(_) => true,
            Self::Count(_) => !answer_has_a_name,
            Self::Clear(_) | Self::Lift(..) => false,
        }
    }
}

/// Failure limits as a rule may know them.
#[derive(Clone, Debug, Default)]
pub struct CustomerFailureLimits(BTreeMap<CustomerTag, KnownFailures>);

/// One of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownFailures {
    /// Wrong answers in a row, this one among them where it is counted.
    pub failures: u32,
    /// This transaction's answer is among them.
    pub counted: bool,
}

impl KnownFailures {
    /// Whether the customer was banned before this answer.
    pub fn bans(self) -> bool {
        self.failures >= MAX_FAILURES + u32::from(self.counted)
    }

    /// Whether this answer is the one that bans.
    pub fn trips(self) -> bool {
        self.counted && self.failures >= MAX_FAILURES
    }
}

impl CustomerFailureLimits {
    /// What is known of a customer.
    pub fn of(&self, customer: &CustomerTag) -> Option<KnownFailures> {
        self.0.get(customer).copied()
    }

    /// Whether nothing is known of any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// From now on it is known so.
    pub fn know(&mut self, customer: CustomerTag, known: KnownFailures) {
        self.0.insert(customer, known);
    }

    /// Customers of whom this transaction's answer was counted.
    pub fn counted(&self) -> impl Iterator<Item = &CustomerTag> {
        self.0.iter().filter(|(_, known)| known.counted).map(|(customer, _)| customer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn a_hundred_in_a_row_ban_and_stay() {
        let mut failure_limit = CustomerFailureLimit::default();
        (0..MAX_FAILURES).for_each(|_| failure_limit.count(None, Moment(5)));
        assert_eq!(failure_limit.failures(Moment(5).plus(DAY * 4000)), MAX_FAILURES, "a ban ends by no clock");
        assert_eq!(failure_limit.forgotten_at(), None);
        let known = KnownFailures { failures: MAX_FAILURES, counted: true };
        assert!(known.trips() && !known.bans());
        assert!(
            KnownFailures { counted: false, ..known }.bans()
                && KnownFailures { failures: MAX_FAILURES + 1, ..known }.bans()
        );
    }

    #[test]
    fn a_right_answer_clears_what_does_not_ban_and_an_admin_lifts_what_does() {
        let (mut failure_limit, now) = (CustomerFailureLimit::default(), Moment(5));
        (1..MAX_FAILURES).for_each(|_| failure_limit.count(None, now));
        let mut almost = failure_limit.clone();
        almost.clear();
        assert!(almost.is_clear());
        failure_limit.count(None, now);
        failure_limit.clear();
        assert_eq!(failure_limit.failures(now), MAX_FAILURES, "the hundredth came first");
        failure_limit.lift();
        assert!(failure_limit.is_clear());
    }

    #[test]
    fn an_answer_that_is_told_twice_counts_once() {
        let mut failure_limit = CustomerFailureLimit::default();
        failure_limit.count(Some("a"), Moment(5));
        failure_limit.count(Some("a"), Moment(6));
        assert_eq!(failure_limit.failures(Moment(6)), 1);
        failure_limit.take_back(Some("b"));
        assert_eq!(failure_limit.failures(Moment(6)), 1, "what was not counted is not taken back");
        failure_limit.take_back(Some("a"));
        assert!(failure_limit.is_clear());
    }

    #[test]
    fn a_ban_of_another_life_bans_until_it_is_lifted() {
        let mut failure_limit = CustomerFailureLimit::default();
        failure_limit.count(None, Moment(5));
        failure_limit.again(Redo::Locked(Moment(9)), Moment(6));
        assert_eq!(failure_limit.failures(Moment(6)), 1);
        failure_limit.again(Redo::Banned, Moment(6));
        assert!(KnownFailures { failures: failure_limit.failures(Moment(7)), ..KnownFailures::default() }.bans());
        failure_limit.again(Redo::Unlocked, Moment(8));
        assert_eq!(failure_limit.forgotten_at(), None, "lifting a lock lifts no ban");
        failure_limit.again(Redo::Unbanned, Moment(8));
        assert!(failure_limit.is_clear());
        assert_eq!(CustomerTag::told("../acme"), None);
    }

    #[test]
    fn fewer_are_forgotten_after_a_year() {
        let mut failure_limit = CustomerFailureLimit::default();
        (1..MAX_FAILURES).for_each(|_| failure_limit.count(None, Moment(5)));
        assert_eq!(failure_limit.failures(Moment(5).plus(DAY * 364)), MAX_FAILURES - 1);
        assert_eq!(failure_limit.failures(Moment(5).plus(DAY * 365)), 0);
        failure_limit.count(None, Moment(5).plus(DAY * 365));
        assert_eq!(failure_limit.failures(Moment(5).plus(DAY * 365)), 1);
    }
}

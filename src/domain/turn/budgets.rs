//! Guess budgets within a turn: who is admitted, what a failed answer leads to, and what a right
//! one clears. The numbers are `lockout`'s and `ceiling`'s; here they meet participants.

use serde_json::{Map, Value, json};

use super::{Turn, object};
use crate::domain::address::Address;
use crate::domain::ceiling::{CustomerTag, Need};
use crate::domain::challenge::{Challenge, ChallengeEnd};
use crate::domain::event::EventKind;
use crate::domain::identity::Stage;
use crate::domain::lockout::{Admitted, Budget, Consequence};
use crate::domain::method::Guarded;
use crate::domain::refusal::Refusal;

impl Turn<'_> {
    /// The one door to raising a flag.
    pub fn admit(&self, at: usize, what: Guarded) -> Result<Admitted, Refusal> {
        if self.is_at_ceiling(at) {
            return Err(Refusal::Banned);
        }
        let name = self.budget_name(at, what);
        self.address
            .budgets
            .get(&name)
            .map_or_else(|| Budget::default().admit(self.around.sure), |b| b.admit(self.around.sure))
            .map_err(|refusal| match refusal {
                Refusal::Locked(until) => Refusal::Locked(self.around.shown(until)),
                other => other,
            })
    }

    /// The customer's ceiling must be known before anything of hers is compared or sent.
    pub fn look_up(&mut self, at: usize) {
        for customer in self.customers(at) {
            if self.ceilings.of(&customer).is_none() {
                self.need(Need::Look(customer));
            }
        }
    }

    /// Counts a failed answer and announces what it led to. A lock or a ban ends the challenges that
    /// it guards.
    pub fn fail(&mut self, at: usize, what: Guarded) -> Consequence {
        let trips = self.count_at_ceiling(at);
        let (rule, now) = (self.around.settings.lockout_of(what), self.around.sure);
        self.count(at, what, trips, |budget| budget.fail(&rule, now))
    }

    /// The same of an attempt to show a document. Pictures that were not clear are no guess, so they do not
    /// count at the customer's ceiling.
    pub fn fail_at(&mut self, at: usize, stage: Stage) -> Consequence {
        if stage == Stage::Authentication {
            return self.fail(at, Guarded::PhotoId);
        }
        let (rule, now) = (self.around.settings.lockout_of(Guarded::PhotoId), self.around.sure);
        let threshold = self.around.settings.photo_id.quality_threshold;
        self.count(at, Guarded::PhotoId, false, |budget| budget.fail_quality(threshold, &rule, now))
    }

    /// Nobody failed, and yet nothing more is taken for as long as a lock lasts.
    pub(super) fn pause(&mut self, at: usize, what: Guarded) {
        let until = self.around.sure.plus_minutes(self.around.settings.lockout_of(what).duration_minutes);
        let name = self.budget_name(at, what);
        self.address.budgets.entry(name).or_default().pause(until);
    }

    /// How many failed attempts a stage still takes.
    pub fn tries_left(&self, at: usize, stage: Stage) -> u32 {
        let budget = self.address.budgets.get(&self.budget_name(at, Guarded::PhotoId));
        let settings = self.around.settings;
        let (threshold, failures) = match stage {
            Stage::Quality => (settings.photo_id.quality_threshold, budget.map_or(0, |b| b.quality_failures)),
            Stage::Authentication => {
                (settings.lockout_of(Guarded::PhotoId).threshold, budget.map_or(0, |b| b.failures))
            }
        };
        threshold.saturating_sub(failures).max(1)
    }

    /// The same after one more has failed.
    pub fn tries_left_after(&self, at: usize, stage: Stage) -> u32 {
        self.tries_left(at, stage) - 1
    }

    fn count(
        &mut self,
        at: usize,
        what: Guarded,
        trips: bool,
        failed: impl FnOnce(&mut Budget) -> Consequence,
    ) -> Consequence {
        let name = self.budget_name(at, what);
        let budget = self.address.budgets.entry(name.clone()).or_default();
        let mut consequence = failed(budget);
        if trips {
            budget.banned = true;
            consequence = Consequence::Banned;
        }
        let mut data = self.budget_data(at, what);
        let id = Some(self.interaction.participants[at].id.clone());
        match consequence {
            Consequence::Counted => return consequence,
            Consequence::Locked(until) => {
                data.insert("until".into(), self.around.shown(until).to_string().into());
                self.tell(EventKind::Locked, id, data);
            }
            Consequence::Banned => {
                data.insert("reason".into(), if trips { "ceiling" } else { "lockouts" }.into());
                if trips {
                    data.extend(self.ceiling_data(at));
                }
                self.tell(EventKind::Banned, id, data);
            }
        }
        for other in 0..self.interaction.participants.len() {
            let challenge = self.interaction.participants[other].challenge.as_ref();
            let guarded = challenge.is_some_and(|c| c.method().guarded() == what);
            if guarded && self.budget_name(other, what) == name {
                self.end_challenge(other, ChallengeEnd::Locked);
            }
        }
        consequence
    }

    /// True where this answer reaches the customer's ceiling.
    fn count_at_ceiling(&mut self, at: usize) -> bool {
        let mut trips = false;
        for customer in self.customers(at) {
            match self.ceilings.of(&customer) {
                Some(known) if known.counted => {
                    if !self.counted.contains(&customer) {
                        self.counted.push(customer);
                    }
                    trips |= known.trips();
                }
                _ => self.need(Need::Count(customer)),
            }
        }
        trips
    }

    /// A right answer: the method's failures are forgotten.
    pub fn succeed(&mut self, at: usize, what: Guarded) {
        let name = self.budget_name(at, what);
        if let Some(budget) = self.address.budgets.get_mut(&name) {
            budget.succeed();
            if budget.is_clear() {
                self.address.budgets.remove(&name);
            }
        }
    }

    /// A right answer: nothing is counted at the customer's ceiling any more.
    pub fn clear_ceiling(&mut self, at: usize) {
        for customer in self.counted_at_ceiling(at) {
            self.need(Need::Clear(customer));
        }
    }

    /// An admin's word: the customer is not banned over all of her addresses any more.
    pub fn lift_ceiling(&mut self, at: usize) {
        for customer in self.counted_at_ceiling(at) {
            self.need(Need::Lift(customer));
        }
    }

    /// The customer, where anything is known to be counted at her ceiling.
    fn counted_at_ceiling(&self, at: usize) -> Vec<CustomerTag> {
        let counted = |customer: &CustomerTag| self.ceilings.of(customer).is_some_and(|known| known.failures > 0);
        self.customers(at).into_iter().filter(counted).collect()
    }

    /// Whether this turn has lifted the customer's ban over all of her addresses.
    pub fn ceiling_was_cleared(&self, at: usize) -> bool {
        self.customers(at).iter().any(|customer| self.ceilings.of(customer).is_some_and(|known| known.cleared))
    }

    /// Whether the customer is banned over all of her addresses, as far as that is known.
    pub fn is_at_ceiling(&self, at: usize) -> bool {
        let bans = |customer: &CustomerTag| self.ceilings.of(customer).is_some_and(|known| known.bans());
        !self.ceilings.is_empty() && self.customers(at).iter().any(bans)
    }

    /// Whose ceiling, by a pseudonym: told so that a ban can be done again after a restore.
    pub fn ceiling_data(&self, at: usize) -> Map<String, Value> {
        let (named, all) =
            (|customer: &CustomerTag| ("ceiling".to_owned(), customer.as_str().into()), self.customers(at));
        let trips = |customer: &&CustomerTag| self.ceilings.of(customer).is_some_and(|known| known.trips());
        all.iter().find(trips).or(all.first()).map(named).into_iter().collect()
    }

    /// Who the participant is, as ceilings know her: as she is called, and while she is asked for what a record
    /// says, as that record's, too. Else every name that leads to one record were a ceiling of its own.
    fn customers(&self, at: usize) -> Vec<CustomerTag> {
        let (keys, team, participant) = (self.around.keys, &self.interaction.team, &self.interaction.participants[at]);
        let asked = participant.challenge.as_ref().and_then(Challenge::record);
        let record = asked.map(|id| CustomerTag::of_id(keys, team, id));
        let mut all: Vec<CustomerTag> = CustomerTag::of(keys, team, participant).into_iter().collect();
        all.extend(record.filter(|record| !all.contains(record)));
        all
    }

    /// Whatever is done to a ceiling tells how it stands, so that nobody need look before.
    fn need(&mut self, need: Need) {
        let known =
            |other: &Need| *other == need || matches!(&need, Need::Look(customer) if other.customer() == customer);
        if !self.needs.iter().any(known) {
            self.needs.retain(|other| *other != Need::Look(need.customer().clone()));
            self.needs.push(need);
        }
    }

    /// The name of a participant's guess budget.
    pub fn budget_name(&self, at: usize, what: Guarded) -> String {
        let keys = self.around.keys;
        Address::budget_name(what, &self.interaction.participants[at], |own| {
            keys.pseudonym.tag(&[own.as_bytes()]).name()
        })
    }

    /// Which budget, told so that it can be found again where its interaction is not known any
    /// more: by method, address and name, all of them without a person's own.
    pub fn budget_data(&self, at: usize, what: Guarded) -> Map<String, Value> {
        let facts = &self.interaction;
        let address = self.around.keys.address_tag(&facts.team, &facts.channel, &facts.conversation);
        object(json!({"method": what.as_str(), "address": address.name(), "budget": self.budget_name(at, what)}))
    }
}

//! Guess budgets within a transaction: who is admitted, what a failed answer leads to, and what a right
//! one clears. The numbers are `lockout`'s and `failure_limit`'s; here they meet participants.

use super::{Context, challenge_data};
use crate::base::id::ParticipantId;
use crate::base::method::Guarded;
use crate::conversation::address::Address;
use crate::conversation::failure_limit::{CustomerTag, Need};
use crate::event::data::lockouts::LockoutEventData;
use crate::event::{Actor, EventData};
use crate::proof::challenge::ChallengeEnd;
use crate::proof::link;
use crate::proof::lockout::{Admitted, Budget, Consequence};
use crate::proof::methods::{document, lockout};
use crate::providers::identity::CheckStage;
use crate::refusal::Refusal;
use crate::time::Moment;

/// New links are held back for so many minutes after one was reported.
const REPORT_MINUTES: u64 = 60;

impl Context<'_> {
    /// The one door to raising a flag.
    pub fn admit(&self, at: usize, what: Guarded) -> Result<Admitted, Refusal> {
        if self.is_at_failure_limit(at) {
            return Err(Refusal::Banned);
        }
        let name = self.budget_name(at, what);
        self.address
            .budgets
            .get(&name)
            .map_or_else(|| Budget::default().admit(self.environment.earliest), |b| b.admit(self.environment.earliest))
            .map_err(|refusal| match refusal {
                Refusal::Locked(until) => Refusal::Locked(self.environment.shown(until)),
                other => other,
            })
    }

    /// The customer's failure limit must be known before anything of hers is compared or sent.
    pub fn look_up(&mut self, at: usize) {
        for customer in self.customers(at) {
            if self.limits.of(&customer).is_none() {
                self.need(Need::Look(customer));
            }
        }
    }

    /// Counts a failed answer and announces what it led to. A lock or a ban ends the challenges that
    /// it guards.
    pub fn fail(&mut self, at: usize, what: Guarded) -> Consequence {
        let trips = self.count_at_failure_limit(at);
        let (rule, now) = (lockout(what, self.environment.settings), self.environment.earliest);
        self.count(at, what, &trips, |budget| budget.fail(&rule, now))
    }

    /// The same of a code that shows whose chat it is: it counts against the conversation, and never against the
    /// customer whose login waits.
    pub fn fail_in_conversation(&mut self, at: usize, what: Guarded) -> Consequence {
        let (rule, now) = (lockout(what, self.environment.settings), self.environment.earliest);
        self.count(at, what, &[], |budget| budget.fail(&rule, now))
    }

    /// The same of an attempt to show a document. Pictures that were not clear are no guess, so they do not
    /// count at the customer's failure limit.
    pub fn fail_at(&mut self, at: usize, stage: CheckStage) -> Consequence {
        if stage == CheckStage::Authentication {
            return self.fail(at, document::BUDGET);
        }
        let (rule, now) = (self.environment.settings.photo_id.lockout(), self.environment.earliest);
        let threshold = self.environment.settings.photo_id.quality_threshold;
        self.count(at, document::BUDGET, &[], |budget| budget.fail_quality(threshold, &rule, now))
    }

    /// An attempt came to nothing, and nobody is to blame for it. The last that a challenge takes ends it, and for
    /// as long as a lock lasts no other is put: else there were tries without end, a challenge after another.
    pub fn tell_undecided(&mut self, at: usize, why: &'static str, when: Moment, by: &Actor) {
        let participant = &self.interaction.participants[at];
        let Some(challenge) = &participant.challenge else { return };
        let (id, data) = (participant.id.clone(), challenge_data(self.interaction.id, challenge).undecided(why));
        let (over, guarded) = (challenge.is_given_up(), challenge.method().guarded());
        self.push(EventData::ChallengeUndecided(data), when, by.clone(), Some(id));
        if over {
            self.pause(at, guarded, when, by);
            self.end_challenge_at(at, ChallengeEnd::Undecided, when, by);
        }
    }

    /// Nobody failed, and yet nothing more is taken for as long as a lock lasts. It is told as the lock that it is
    /// to who is kept out; it counts towards no ban.
    fn pause(&mut self, at: usize, what: Guarded, when: Moment, by: &Actor) {
        let until = self.environment.earliest.plus_minutes(lockout(what, self.environment.settings).duration_minutes);
        let name = self.budget_name(at, what);
        self.address.budgets.entry(name).or_default().pause(until);
        let (id, until) = (self.interaction.participants[at].id.clone(), Some(self.environment.shown(until)));
        let data = self.budget_data(at, what).because(ChallengeEnd::Undecided.as_str());
        self.push(EventData::Locked(LockoutEventData { until, ..data }), when, by.clone(), Some(id));
    }

    /// Somebody said "This wasn't me": for an hour nobody here is sent another link in that person's name, or
    /// until an agent says otherwise.
    pub fn hold_links(&mut self, at: usize) {
        let (name, until) =
            (self.budget_name(at, link::BUDGET), self.environment.earliest.plus_minutes(REPORT_MINUTES));
        self.address.reported_until.insert(name, until);
    }

    /// Refuses new links while an earlier one's report holds them back.
    pub fn must_not_be_reported(&self, at: usize) -> Result<(), Refusal> {
        let until = self.address.reported_until.get(&self.budget_name(at, link::BUDGET));
        match until.filter(|until| self.environment.earliest < **until) {
            Some(until) => Err(Refusal::Reported(self.environment.shown(*until))),
            None => Ok(()),
        }
    }

    /// An agent's word: links may be sent again.
    pub fn release_links(&mut self, at: usize) {
        let (name, now) = (self.budget_name(at, link::BUDGET), self.environment.earliest);
        self.address.reported_until.retain(|held, until| *held != name && now < *until);
    }

    /// The participant's guess budget, where anything was counted.
    pub fn budget(&self, at: usize, what: Guarded) -> Option<&Budget> {
        self.address.budgets.get(&self.budget_name(at, what))
    }

    /// How many failed attempts a stage still takes after one more has failed.
    pub fn tries_left_after(&self, at: usize, stage: CheckStage) -> u32 {
        document::tries_left(self.environment.settings, self.budget(at, document::BUDGET), stage) - 1
    }

    fn count(
        &mut self,
        at: usize,
        what: Guarded,
        trips: &[CustomerTag],
        failed: impl FnOnce(&mut Budget) -> Consequence,
    ) -> Consequence {
        let name = self.budget_name(at, what);
        let budget = self.address.budgets.entry(name.clone()).or_default();
        let mut consequence = failed(budget);
        if !trips.is_empty() {
            budget.banned = true;
            consequence = Consequence::Banned;
        }
        let data = self.budget_data(at, what);
        let id = Some(self.interaction.participants[at].id.clone());
        match consequence {
            Consequence::Counted => return consequence,
            Consequence::Locked(until) => {
                let until = Some(self.environment.shown(until));
                self.tell(EventData::Locked(LockoutEventData { until, ..data }), id);
            }
            Consequence::Banned => self.tell_ban(id, data, trips),
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

    /// A ban fell at a budget, and at each failure limit that tripped with it. Each is told by itself: so it is found,
    /// lifted, and done again after a restore.
    fn tell_ban(&mut self, id: Option<ParticipantId>, data: LockoutEventData, trips: &[CustomerTag]) {
        let (first, others) = trips.split_first().map_or((None, trips), |(first, others)| (Some(first), others));
        let reason = if first.is_some() { "failure_limit" } else { "lockouts" };
        let data = LockoutEventData { failure_limit: first.cloned(), ..data.because(reason) };
        self.tell(EventData::Banned(data), id.clone());
        for other in others {
            let data = LockoutEventData::of_failure_limit(other.clone()).because(reason);
            self.tell(EventData::Banned(data), id.clone());
        }
    }

    /// Which failure limits of the customer this answer reaches.
    fn count_at_failure_limit(&mut self, at: usize) -> Vec<CustomerTag> {
        let mut trips = Vec::new();
        for customer in self.customers(at) {
            match self.limits.of(&customer) {
                Some(known) if known.counted => {
                    if !self.counted.contains(&customer) {
                        self.counted.push(customer.clone());
                    }
                    trips.extend(known.trips().then_some(customer));
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

    /// A right answer: nothing is counted at the customer's failure limit any more.
    pub fn clear_failure_limit(&mut self, at: usize) {
        for customer in self.counted_at_failure_limit(at) {
            self.need(Need::Clear(customer));
        }
    }

    /// An admin's word: the customer is not banned over all of her addresses any more, by whichever name she was.
    pub fn lift_failure_limits(&mut self, at: usize, reason: &str) {
        for customer in self.counted_at_failure_limit(at) {
            let data = LockoutEventData::of_failure_limit(customer.clone()).because(reason.to_owned());
            let (id, now, by) =
                (self.interaction.participants[at].id.clone(), self.environment.now, self.actor.clone());
            let told = self.event(EventData::Unbanned(data), now, by, Some(id));
            self.need(Need::Lift(customer, Box::new(told)));
        }
    }

    /// The customer, where anything is known to be counted at her failure limit.
    fn counted_at_failure_limit(&self, at: usize) -> Vec<CustomerTag> {
        let counted = |customer: &CustomerTag| self.limits.of(customer).is_some_and(|known| known.failures > 0);
        self.customers(at).into_iter().filter(counted).collect()
    }

    /// Whether the customer is banned over all of her addresses, as far as that is known.
    pub fn is_at_failure_limit(&self, at: usize) -> bool {
        let bans = |customer: &CustomerTag| self.limits.of(customer).is_some_and(|known| known.bans());
        !self.limits.is_empty() && self.customers(at).iter().any(bans)
    }

    /// Who the participant is, as failure limits know her: as she is called, and while she is asked for what a record
    /// says, or is to be, as that record's, too. Else every name that leads to one record were a failure limit of its own.
    fn customers(&self, at: usize) -> Vec<CustomerTag> {
        let (keys, team, participant) =
            (self.environment.keys, &self.interaction.team, &self.interaction.participants[at]);
        let asked = participant.challenge.as_ref().and_then(|challenge| challenge.customer()?.record.as_ref());
        let prepared = self.environment.questions.and_then(|prepared| prepared.record(&participant.id));
        let mut all: Vec<CustomerTag> = CustomerTag::of(keys, team, participant).into_iter().collect();
        for record in asked.into_iter().chain(prepared).map(|id| CustomerTag::of_id(keys, team, id)) {
            if !all.contains(&record) {
                all.push(record);
            }
        }
        all
    }

    /// Whatever is done to a failure limit tells how it stands, so that nobody need look before.
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
        let keys = self.environment.keys;
        Address::budget_name(what, &self.interaction.participants[at], |own| {
            keys.pseudonym.tag(&[own.as_bytes()]).name()
        })
    }

    /// Which budget, told so that it can be found again where its interaction is not known any more.
    fn budget_data(&self, at: usize, what: Guarded) -> LockoutEventData {
        LockoutEventData::of_budget(what, self.address_tag(), self.budget_name(at, what))
    }

    /// The address, by a name that says nothing of it.
    pub fn address_tag(&self) -> String {
        let facts = &self.interaction;
        self.environment.keys.address_tag(&facts.team, &facts.channel, &facts.conversation).name()
    }
}

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

/// Admits an answer to be judged: nothing else gives out what raising a flag takes.
pub fn admit(context: &Context<'_>, at: usize, what: Guarded) -> Result<Admitted, Refusal> {
    if is_at_failure_limit(context, at) {
        return Err(Refusal::Banned);
    }
    let name = budget_name(context, at, what);
    context
        .address
        .budgets
        .get(&name)
        .map_or_else(
            || Budget::default().admit(context.environment.earliest),
            |b| b.admit(context.environment.earliest),
        )
        .map_err(|refusal| match refusal {
            Refusal::Locked(until) => Refusal::Locked(context.environment.shown(until)),
            other => other,
        })
}

/// The customer's failure limit must be known before anything of hers is compared or sent.
pub fn look_up(context: &mut Context<'_>, at: usize) {
    for customer in customers(context, at) {
        if context.limits.of(&customer).is_none() {
            need(context, Need::Look(customer));
        }
    }
}

/// Counts a failed answer and announces what it led to. A lock or a ban ends the challenges that
/// it guards.
pub fn fail(context: &mut Context<'_>, at: usize, what: Guarded) -> Consequence {
    let trips = count_at_failure_limit(context, at);
    let (rule, now) = (lockout(what, context.environment.settings), context.environment.earliest);
    count(context, at, what, &trips, |budget| budget.fail(&rule, now))
}

/// The same of a code that shows whose chat it is: it counts against the conversation, and never against the
/// customer whose login waits.
pub fn fail_in_conversation(context: &mut Context<'_>, at: usize, what: Guarded) -> Consequence {
    let (rule, now) = (lockout(what, context.environment.settings), context.environment.earliest);
    count(context, at, what, &[], |budget| budget.fail(&rule, now))
}

/// The same of an attempt to show a document. Pictures that were not clear are no guess, so they do not
/// count at the customer's failure limit.
pub fn fail_at(context: &mut Context<'_>, at: usize, stage: CheckStage) -> Consequence {
    if stage == CheckStage::Authentication {
        return fail(context, at, document::BUDGET);
    }
    let (rule, now) = (context.environment.settings.photo_id.lockout(), context.environment.earliest);
    let threshold = context.environment.settings.photo_id.quality_threshold;
    count(context, at, document::BUDGET, &[], |budget| budget.fail_quality(threshold, &rule, now))
}

/// An attempt came to nothing, and nobody is to blame for it. The last that a challenge takes ends it, and for
/// as long as a lock lasts no other is put: else there were tries without end, a challenge after another.
pub fn tell_undecided(context: &mut Context<'_>, at: usize, why: &'static str, when: Moment, by: &Actor) {
    let participant = &context.interaction.participants[at];
    let Some(challenge) = &participant.challenge else { return };
    let (id, data) = (participant.id.clone(), challenge_data(context.interaction.id, challenge).undecided(why));
    let (over, guarded) = (challenge.is_given_up(), challenge.method().guarded());
    context.push(EventData::ChallengeUndecided(data), when, by.clone(), Some(id));
    if over {
        pause(context, at, guarded, when, by);
        context.end_challenge_at(at, ChallengeEnd::Undecided, when, by);
    }
}

/// Nobody failed, and yet nothing more is taken for as long as a lock lasts. It is told as the lock that it is
/// to who is kept out; it counts towards no ban.
fn pause(context: &mut Context<'_>, at: usize, what: Guarded, when: Moment, by: &Actor) {
    let until = context.environment.earliest.plus_minutes(lockout(what, context.environment.settings).duration_minutes);
    let name = budget_name(context, at, what);
    context.address.budgets.entry(name).or_default().pause(until);
    let (id, until) = (context.interaction.participants[at].id.clone(), Some(context.environment.shown(until)));
    let data = budget_data(context, at, what).because(ChallengeEnd::Undecided.as_str());
    context.push(EventData::Locked(LockoutEventData { until, ..data }), when, by.clone(), Some(id));
}

/// Somebody said "This wasn't me": for an hour nobody here is sent another link in that person's name, or
/// until an agent says otherwise.
pub fn hold_links(context: &mut Context<'_>, at: usize) {
    let (name, until) =
        (budget_name(context, at, link::BUDGET), context.environment.earliest.plus_minutes(REPORT_MINUTES));
    context.address.reported_until.insert(name, until);
}

/// Refuses new links while an earlier one's report holds them back.
pub fn must_not_be_reported(context: &Context<'_>, at: usize) -> Result<(), Refusal> {
    let until = context.address.reported_until.get(&budget_name(context, at, link::BUDGET));
    match until.filter(|until| context.environment.earliest < **until) {
        Some(until) => Err(Refusal::Reported(context.environment.shown(*until))),
        None => Ok(()),
    }
}

/// An agent's word: links may be sent again.
pub fn release_links(context: &mut Context<'_>, at: usize) {
    let (name, now) = (budget_name(context, at, link::BUDGET), context.environment.earliest);
    context.address.reported_until.retain(|held, until| *held != name && now < *until);
}

/// The participant's guess budget, where anything was counted.
pub fn budget<'a>(context: &'a Context<'_>, at: usize, what: Guarded) -> Option<&'a Budget> {
    context.address.budgets.get(&budget_name(context, at, what))
}

/// The number of failed attempts that a stage still takes after one more has failed.
pub fn tries_left_after(context: &Context<'_>, at: usize, stage: CheckStage) -> u32 {
    document::tries_left(context.environment.settings, budget(context, at, document::BUDGET), stage) - 1
}

fn count(
    context: &mut Context<'_>,
    at: usize,
    what: Guarded,
    trips: &[CustomerTag],
    failed: impl FnOnce(&mut Budget) -> Consequence,
) -> Consequence {
    let name = budget_name(context, at, what);
    let budget = context.address.budgets.entry(name.clone()).or_default();
    let mut consequence = failed(budget);
    if !trips.is_empty() {
        budget.banned = true;
        consequence = Consequence::Banned;
    }
    let data = budget_data(context, at, what);
    let id = Some(context.interaction.participants[at].id.clone());
    match consequence {
        Consequence::Counted => return consequence,
        Consequence::Locked(until) => {
            let until = Some(context.environment.shown(until));
            context.tell(EventData::Locked(LockoutEventData { until, ..data }), id);
        }
        Consequence::Banned => tell_ban(context, id, data, trips),
    }
    for other in 0..context.interaction.participants.len() {
        let challenge = context.interaction.participants[other].challenge.as_ref();
        let guarded = challenge.is_some_and(|c| c.method().guarded() == what);
        if guarded && budget_name(context, other, what) == name {
            context.end_challenge(other, ChallengeEnd::Locked);
        }
    }
    consequence
}

/// A ban fell at a budget, and at each failure limit that tripped with it. Each is told by itself: so it is found,
/// lifted, and done again after a restore.
fn tell_ban(context: &mut Context<'_>, id: Option<ParticipantId>, data: LockoutEventData, trips: &[CustomerTag]) {
    let (first, others) = trips.split_first().map_or((None, trips), |(first, others)| (Some(first), others));
    let reason = if first.is_some() { "failure_limit" } else { "lockouts" };
    let data = LockoutEventData { failure_limit: first.cloned(), ..data.because(reason) };
    context.tell(EventData::Banned(data), id.clone());
    for other in others {
        let data = LockoutEventData::of_failure_limit(other.clone()).because(reason);
        context.tell(EventData::Banned(data), id.clone());
    }
}

/// Which failure limits of the customer this answer reaches.
fn count_at_failure_limit(context: &mut Context<'_>, at: usize) -> Vec<CustomerTag> {
    let mut trips = Vec::new();
    for customer in customers(context, at) {
        match context.limits.of(&customer) {
            Some(known) if known.counted => {
                if !context.counted.contains(&customer) {
                    context.counted.push(customer.clone());
                }
                trips.extend(known.trips().then_some(customer));
            }
            _ => need(context, Need::Count(customer)),
        }
    }
    trips
}

/// A right answer: the method's failures are forgotten.
pub fn succeed(context: &mut Context<'_>, at: usize, what: Guarded) {
    let name = budget_name(context, at, what);
    if let Some(budget) = context.address.budgets.get_mut(&name) {
        budget.succeed();
        if budget.is_clear() {
            context.address.budgets.remove(&name);
        }
    }
}

/// A right answer: nothing is counted at the customer's failure limit any more.
pub fn clear_failure_limit(context: &mut Context<'_>, at: usize) {
    for customer in counted_at_failure_limit(context, at) {
        need(context, Need::Clear(customer));
    }
}

/// An admin's word: the customer is not banned over all of her addresses any more, by whichever name she was.
pub fn lift_failure_limits(context: &mut Context<'_>, at: usize, reason: &str) {
    for customer in counted_at_failure_limit(context, at) {
        let data = LockoutEventData::of_failure_limit(customer.clone()).because(reason.to_owned());
        let (id, now, by) =
            (context.interaction.participants[at].id.clone(), context.environment.now, context.actor.clone());
        let told = context.event(EventData::Unbanned(data), now, by, Some(id));
        need(context, Need::Lift(customer, Box::new(told)));
    }
}

/// The customer, where anything is known to be counted at her failure limit.
fn counted_at_failure_limit(context: &Context<'_>, at: usize) -> Vec<CustomerTag> {
    let counted = |customer: &CustomerTag| context.limits.of(customer).is_some_and(|known| known.failures > 0);
    customers(context, at).into_iter().filter(counted).collect()
}

/// Whether the customer is banned over all of her addresses, as far as that is known.
pub fn is_at_failure_limit(context: &Context<'_>, at: usize) -> bool {
    let bans = |customer: &CustomerTag| context.limits.of(customer).is_some_and(|known| known.bans());
    !context.limits.is_empty() && customers(context, at).iter().any(bans)
}

/// The participant's tags at failure limits: one of the name that she goes by, and one of the record whose facts she is
/// asked for, or is to be. Without the second every name that leads to a record would have a failure limit of its own.
fn customers(context: &Context<'_>, at: usize) -> Vec<CustomerTag> {
    let (keys, team, participant) =
        (context.environment.keys, &context.interaction.team, &context.interaction.participants[at]);
    let asked = participant.challenge.as_ref().and_then(|challenge| challenge.customer()?.record.as_ref());
    let prepared = context.environment.questions.and_then(|prepared| prepared.record(&participant.id));
    let mut all: Vec<CustomerTag> = CustomerTag::of(keys, team, participant).into_iter().collect();
    for record in asked.into_iter().chain(prepared).map(|id| CustomerTag::of_id(keys, team, id)) {
        if !all.contains(&record) {
            all.push(record);
        }
    }
    all
}

/// Every act on a failure limit tells how the limit stands, so that no look is needed before.
fn need(context: &mut Context<'_>, need: Need) {
    let known = |other: &Need| *other == need || matches!(&need, Need::Look(customer) if other.customer() == customer);
    if !context.needs.iter().any(known) {
        context.needs.retain(|other| *other != Need::Look(need.customer().clone()));
        context.needs.push(need);
    }
}

/// The name of a participant's guess budget.
pub fn budget_name(context: &Context<'_>, at: usize, what: Guarded) -> String {
    let keys = context.environment.keys;
    Address::budget_name(what, &context.interaction.participants[at], |own| {
        keys.pseudonym.tag(&[own.as_bytes()]).name()
    })
}

/// Which budget, told so that it can be found again where its interaction is not known any more.
fn budget_data(context: &Context<'_>, at: usize, what: Guarded) -> LockoutEventData {
    LockoutEventData::of_budget(what, address_tag(context), budget_name(context, at, what))
}

/// The address, by a name that says nothing of it.
pub fn address_tag(context: &Context<'_>) -> String {
    let facts = &context.interaction;
    context.environment.keys.address_tag(&facts.team, &facts.channel, &facts.conversation).name()
}

//! The smaller acts on an interaction: presence, sign-out, closing, people, unlocking, and the
//! mere passing of time.

use crate::base::id::ParticipantId;
use crate::base::method::Guarded;
use crate::base::role::ParticipantRole;
use crate::conversation::context::{Context, Decision, budgets};
use crate::conversation::interaction::{MAX_PARTICIPANTS, Participant, Person};
use crate::event::EventData;
use crate::event::data::conversations::{CloseReason, EmptyEventData, ParticipantAddedData};
use crate::event::data::links::PageProofData;
use crate::proof::challenge::ChallengeEnd;
use crate::proof::entry::Entry;
use crate::proof::flag::Reason;
use crate::proof::link;
use crate::proof::lockout::may_lift;
use crate::refusal::Refusal;

/// Time passes: the transaction's beginning has announced everything already.
pub fn tick(context: Context<'_>) -> Decision<()> {
    context.done(())
}

/// The clock that set its moments was ahead, and is set back: it is saved anew, whatever else follows.
pub fn wake(mut context: Context<'_>) -> Decision<()> {
    context.interaction.audit_marker = context.interaction.audit_marker.wrapping_add(1);
    context.done(())
}

/// Something was said that asks for nothing.
pub fn spoken(mut context: Context<'_>) -> Decision<()> {
    if let Err(refusal) = context.must_be_open() {
        return context.refuse(refusal);
    }
    context.touch();
    context.done(())
}

/// The person is there, or is not.
pub fn presence(mut context: Context<'_>, who: Option<&ParticipantId>, online: bool) -> Decision<()> {
    let at = match context.must_be_open().and_then(|()| context.find(who)) {
        Ok(at) => at,
        Err(refusal) => return context.refuse(refusal),
    };
    context.touch();
    let now = context.environment.now;
    let participant = context.participant(at);
    let left = participant.online.replace(online) != Some(online) && !online;
    participant.entry.said(online, now);
    let id = participant.id.clone();
    if left {
        context.tell(EventData::ParticipantOffline(EmptyEventData {}), Some(id));
    }
    context.done(())
}

/// The flag falls, an accepted proof that waits is void, what a browser proved at the door is forgotten, and a
/// challenge ends; a link that nobody has answered goes on.
pub fn sign_out(mut context: Context<'_>, who: Option<&ParticipantId>) -> Decision<()> {
    let at = match context.must_be_open().and_then(|()| context.find(who)) {
        Ok(at) => at,
        Err(refusal) => return context.refuse(refusal),
    };
    let waited = context.void_pending(at);
    let participant = context.participant(at);
    participant.entry.forget_proofs();
    let stood = participant.flag.raised_at_all();
    let id = participant.id.clone();
    context.end_challenge(at, ChallengeEnd::SignedOut);
    if waited {
        let data = PageProofData::UNKNOWN.because("signed_out");
        context.tell(EventData::ConfirmationExpired(data), Some(id.clone()));
    }
    if stood {
        context.participant(at).flag.lower(Reason::SignedOut);
        context.tell(EventData::SignedOut(EmptyEventData {}), Some(id));
    }
    context.done(())
}

/// The conversation ends. Closing a closed one changes nothing.
pub fn close(mut context: Context<'_>) -> Decision<()> {
    if context.must_be_open().is_ok() {
        let (now, actor) = (context.environment.now, context.actor.clone());
        context.close(now, CloseReason::Closed, &actor);
    }
    context.done(())
}

/// Another person joins.
pub fn add(mut context: Context<'_>, role: ParticipantRole, person: &Person) -> Decision<ParticipantId> {
    if let Err(refusal) = context.must_be_open() {
        return context.refuse(refusal);
    }
    if context.interaction.participants.len() >= MAX_PARTICIPANTS {
        return context.refuse(Refusal::Full);
    }
    context.interaction.participants_made += 1;
    let id = ParticipantId::nth(context.interaction.participants_made);
    context.interaction.participants.push(Participant::new(id.clone(), role, person.clone()));
    context.tell(EventData::ParticipantAdded(ParticipantAddedData { role }), Some(id.clone()));
    context.done(id)
}

/// Changes what is known of a person. Another name, address or customer is another person: the
/// flag, the links, the challenge and the login under way end; lockouts stay with the address.
pub fn reassign(mut context: Context<'_>, who: &ParticipantId, person: &Person) -> Decision<()> {
    let at = match context.must_be_open().and_then(|()| context.find(Some(who))) {
        Ok(at) => at,
        Err(refusal) => return context.refuse(refusal),
    };
    if context.interaction.participants[at].person == *person {
        return context.done(());
    }
    let participant = context.participant(at);
    participant.person = person.clone();
    (participant.subject, participant.record) = (None, None);
    participant.entry = Entry::default();
    participant.flag.lower(Reason::Reassigned);
    let links = std::mem::take(&mut participant.links);
    for link in links {
        context.end_link(link, crate::proof::link::LinkEnd::Superseded);
    }
    context.end_challenge(at, ChallengeEnd::Reassigned);
    context.tell(EventData::ParticipantReassigned(EmptyEventData {}), Some(who.clone()));
    context.done(())
}

/// Lifts a lock, or with `ban` also a ban, of one method or of all. A ban over all of the customer's
/// addresses is no method's: whoever may lift bans lifts it, too.
pub fn unlock(
    mut context: Context<'_>,
    who: &ParticipantId,
    only: Option<Guarded>,
    reason: &str,
    ban: bool,
) -> Decision<()> {
    let at = match context.find(Some(who)) {
        Ok(at) => at,
        Err(refusal) => return context.refuse(refusal),
    };
    budgets::look_up(&mut context, at);
    let budgets = Guarded::ALL.into_iter().filter(|what| only.is_none_or(|only| only == *what));
    let budgets: Vec<_> = budgets.map(|what| (what, budgets::budget_name(&context, at, what))).collect();
    let failure_limit = may_lift(budgets::is_at_failure_limit(&context, at), ban);
    let lifted = match failure_limit.and_then(|()| context.address.lift(budgets, ban, context.environment.earliest)) {
        Ok(lifted) => lifted,
        Err(refusal) => return context.refuse(refusal),
    };
    if only.is_none_or(|only| only == link::BUDGET) {
        budgets::release_links(&mut context, at);
    }
    if budgets::is_at_failure_limit(&context, at) {
        budgets::lift_failure_limits(&mut context, at, reason);
    }
    let address = budgets::address_tag(&context);
    for lifted in lifted {
        context.tell(lifted.told(&address, reason, None), Some(who.clone()));
    }
    context.done(())
}

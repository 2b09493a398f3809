//! The smaller acts on an interaction: presence, sign-out, closing, people, unlocking, and what was
//! said that asks for nothing.

use crate::base::id::ParticipantId;
use crate::base::method::Guarded;
use crate::base::role::ParticipantRole;
use crate::conversation::context::{Context, budgets};
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

/// The clock that set its moments was ahead, and is set back: it is saved anew, whatever else follows.
pub fn wake(context: &mut Context<'_>) -> Result<(), Refusal> {
    context.interaction.audit_marker = context.interaction.audit_marker.wrapping_add(1);
    Ok(())
}

/// Something was said that asks for nothing.
pub fn spoken(context: &mut Context<'_>) -> Result<(), Refusal> {
    context.must_be_open()?;
    context.touch();
    Ok(())
}

/// The person is there, or is not.
pub fn presence(context: &mut Context<'_>, who: Option<&ParticipantId>, online: bool) -> Result<(), Refusal> {
    context.must_be_open()?;
    let at = context.find(who)?;
    context.touch();
    let now = context.environment.now;
    let participant = context.participant(at);
    let left = participant.online.replace(online) != Some(online) && !online;
    participant.entry.said(online, now);
    let id = participant.id.clone();
    if left {
        context.tell(EventData::ParticipantOffline(EmptyEventData {}), Some(id));
    }
    Ok(())
}

/// The flag falls, an accepted proof that waits is void, what a browser proved at the door is forgotten, and a
/// challenge ends; a link that nobody has answered goes on.
pub fn sign_out(context: &mut Context<'_>, who: Option<&ParticipantId>) -> Result<(), Refusal> {
    context.must_be_open()?;
    let at = context.find(who)?;
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
    Ok(())
}

/// The conversation ends. Closing a closed one changes nothing.
pub fn close(context: &mut Context<'_>) -> Result<(), Refusal> {
    if context.must_be_open().is_ok() {
        let (now, actor) = (context.environment.now, context.actor.clone());
        context.close(now, CloseReason::Closed, &actor);
    }
    Ok(())
}

/// Another person joins.
pub fn add(context: &mut Context<'_>, role: ParticipantRole, person: &Person) -> Result<ParticipantId, Refusal> {
    context.must_be_open()?;
    if context.interaction.participants.len() >= MAX_PARTICIPANTS {
        return Err(Refusal::Full);
    }
    context.interaction.participants_made += 1;
    let id = ParticipantId::nth(context.interaction.participants_made);
    context.interaction.participants.push(Participant::new(id.clone(), role, person.clone()));
    context.tell(EventData::ParticipantAdded(ParticipantAddedData { role }), Some(id.clone()));
    Ok(id)
}

/// Changes what is known of a person. Another name, address or customer is another person: the
/// flag, the links, the challenge and the login under way end; lockouts stay with the address.
pub fn reassign(context: &mut Context<'_>, who: &ParticipantId, person: &Person) -> Result<(), Refusal> {
    context.must_be_open()?;
    let at = context.find(Some(who))?;
    if context.interaction.participants[at].person == *person {
        return Ok(());
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
    Ok(())
}

/// Lifts a lock, or with `ban` also a ban, of one method or of all. A ban over all of the customer's
/// addresses is no method's: whoever may lift bans lifts it, too.
pub fn unlock(
    context: &mut Context<'_>,
    who: &ParticipantId,
    only: Option<Guarded>,
    reason: &str,
    ban: bool,
) -> Result<(), Refusal> {
    let at = context.find(Some(who))?;
    budgets::look_up(context, at);
    let budgets = Guarded::ALL.into_iter().filter(|what| only.is_none_or(|only| only == *what));
    let budgets: Vec<_> = budgets.map(|what| (what, budgets::budget_name(context, at, what))).collect();
    may_lift(budgets::is_at_failure_limit(context, at), ban)?;
    let lifted = context.address.lift(budgets, ban, context.environment.earliest)?;
    if only.is_none_or(|only| only == link::BUDGET) {
        budgets::release_links(context, at);
    }
    if budgets::is_at_failure_limit(context, at) {
        budgets::lift_failure_limits(context, at, reason);
    }
    let address = budgets::address_tag(context);
    for lifted in lifted {
        context.tell(lifted.told(&address, reason, None), Some(who.clone()));
    }
    Ok(())
}

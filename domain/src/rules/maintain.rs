//! The smaller acts on an interaction: presence, sign-out, closing, people, unlocking, and the
//! mere passing of time.

use serde_json::{Map, json};

use crate::base::id::ParticipantId;
use crate::base::method::Guarded;
use crate::base::role::Role;
use crate::conversation::interaction::{MAX_PARTICIPANTS, Participant, Person};
use crate::conversation::turn::{Decision, Turn, object};
use crate::event::EventKind;
use crate::proof::challenge::ChallengeEnd;
use crate::proof::entry::Entry;
use crate::proof::flag::Reason;
use crate::proof::lockout::may_lift;
use crate::refusal::Refusal;

/// Time passes: the turn's beginning has announced everything already.
pub fn tick(turn: Turn<'_>) -> Decision<()> {
    turn.done(())
}

/// The clock that set its moments was ahead, and is set back: it is saved anew, whatever else follows.
pub fn wake(mut turn: Turn<'_>) -> Decision<()> {
    turn.interaction.acts = turn.interaction.acts.wrapping_add(1);
    turn.done(())
}

/// Something was said that asks for nothing.
pub fn spoken(mut turn: Turn<'_>) -> Decision<()> {
    if let Err(refusal) = turn.must_be_open() {
        return turn.refuse(refusal);
    }
    turn.touch();
    turn.done(())
}

/// The person is there, or is not.
pub fn presence(mut turn: Turn<'_>, who: Option<&ParticipantId>, online: bool) -> Decision<()> {
    let at = match turn.must_be_open().and_then(|()| turn.find(who)) {
        Ok(at) => at,
        Err(refusal) => return turn.refuse(refusal),
    };
    turn.touch();
    let now = turn.around.now;
    let participant = turn.participant(at);
    let left = participant.online.replace(online) != Some(online) && !online;
    participant.entry.said(online, now);
    let id = participant.id.clone();
    if left {
        turn.tell(EventKind::ParticipantOffline, Some(id), Map::new());
    }
    turn.done(())
}

/// The flag falls, an accepted proof that waits is void, what a browser proved at the door is forgotten, and a
/// challenge ends; a link that nobody has answered goes on.
pub fn sign_out(mut turn: Turn<'_>, who: Option<&ParticipantId>) -> Decision<()> {
    let at = match turn.must_be_open().and_then(|()| turn.find(who)) {
        Ok(at) => at,
        Err(refusal) => return turn.refuse(refusal),
    };
    let waited = turn.void_pending(at);
    let participant = turn.participant(at);
    participant.entry.forget_proofs();
    let stood = participant.flag.raised_at_all();
    let id = participant.id.clone();
    turn.end_challenge(at, ChallengeEnd::SignedOut);
    if waited {
        let data = object(json!({"reason": Reason::SignedOut}));
        turn.tell(EventKind::ConfirmationExpired, Some(id.clone()), data);
    }
    if stood {
        turn.participant(at).flag.lower(Reason::SignedOut);
        turn.tell(EventKind::SignedOut, Some(id), Map::new());
    }
    turn.done(())
}

/// The conversation ends. Closing a closed one changes nothing.
pub fn close(mut turn: Turn<'_>) -> Decision<()> {
    if turn.must_be_open().is_ok() {
        let (now, actor) = (turn.around.now, turn.actor.clone());
        turn.close(now, "closed", &actor);
    }
    turn.done(())
}

/// Another person joins.
pub fn add(mut turn: Turn<'_>, role: Role, person: &Person) -> Decision<ParticipantId> {
    if let Err(refusal) = turn.must_be_open() {
        return turn.refuse(refusal);
    }
    if turn.interaction.participants.len() >= MAX_PARTICIPANTS {
        return turn.refuse(Refusal::Full);
    }
    turn.interaction.participants_made += 1;
    let id = ParticipantId::nth(turn.interaction.participants_made);
    turn.interaction.participants.push(Participant::new(id.clone(), role, person.clone()));
    turn.tell(EventKind::ParticipantAdded, Some(id.clone()), object(json!({"role": role})));
    turn.done(id)
}

/// Changes what is known of a person. Another name, address or customer is another person: the
/// flag, the links, the challenge and the login under way end; lockouts stay with the address.
pub fn reassign(mut turn: Turn<'_>, who: &ParticipantId, person: &Person) -> Decision<()> {
    let at = match turn.must_be_open().and_then(|()| turn.find(Some(who))) {
        Ok(at) => at,
        Err(refusal) => return turn.refuse(refusal),
    };
    if turn.interaction.participants[at].person == *person {
        return turn.done(());
    }
    let participant = turn.participant(at);
    participant.person = person.clone();
    (participant.subject, participant.record) = (None, None);
    participant.entry = Entry::default();
    participant.flag.lower(Reason::Reassigned);
    let links = std::mem::take(&mut participant.links);
    for link in links {
        turn.end_link(link, crate::proof::link::LinkEnd::Superseded);
    }
    turn.end_challenge(at, ChallengeEnd::Reassigned);
    turn.tell(EventKind::ParticipantReassigned, Some(who.clone()), Map::new());
    turn.done(())
}

/// Lifts a lock, or with `ban` also a ban, of one method or of all. A ban over all of the customer's
/// addresses is no method's: whoever may lift bans lifts it, too.
pub fn unlock(mut turn: Turn<'_>, who: &ParticipantId, only: Option<Guarded>, reason: &str, ban: bool) -> Decision<()> {
    let at = match turn.find(Some(who)) {
        Ok(at) => at,
        Err(refusal) => return turn.refuse(refusal),
    };
    turn.look_up(at);
    let budgets = Guarded::ALL.into_iter().filter(|what| only.is_none_or(|only| only == *what));
    let budgets: Vec<_> = budgets.map(|what| (what, turn.budget_name(at, what))).collect();
    let failure_limit = may_lift(turn.is_at_failure_limit(at), ban);
    let lifted = match failure_limit.and_then(|()| turn.address.lift(budgets, ban, turn.around.earliest)) {
        Ok(lifted) => lifted,
        Err(refusal) => return turn.refuse(refusal),
    };
    if only.is_none_or(|only| only == Guarded::Login) {
        turn.release_links(at);
    }
    if turn.is_at_failure_limit(at) {
        turn.lift_failure_limits(at, reason);
    }
    let address = turn.address_tag();
    for lifted in lifted {
        turn.tell(lifted.kind, Some(who.clone()), lifted.data(&address, reason));
    }
    turn.done(())
}

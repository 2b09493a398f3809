//! Opening an interaction, and what a website's word (an identity token) does to one.
//! It also owns `raise`, the one place where a proof lifts a flag, and where `admit` is asked first.

use serde_json::{Map, Value, json};

use crate::base::binding::Binding;
use crate::base::id::{ChannelName, Conversation, InteractionId, ParticipantId, TeamName};
use crate::base::method::Guarded;
use crate::base::role::Role;
use crate::conversation::address::Address;
use crate::conversation::interaction::{Device, Interaction, Participant, Person, Status};
use crate::conversation::turn::{Around, Decision, Draws, Turn, object};
use crate::event::{Actor, EventKind};
use crate::proof::flag::{Bound, Customer, Proof, Raised, Reason};
use crate::proof::lockout::Admitted;
use crate::refusal::Refusal;
use crate::time::Moment;

/// What a bot says of a new conversation.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Whose.
    pub team: TeamName,
    /// Where.
    pub channel: ChannelName,
    /// The platform's id.
    pub conversation: Conversation,
    /// Who; exactly one is the primary.
    pub participants: Vec<(Role, Person)>,
    /// From where.
    pub device: Option<Device>,
}

/// A new interaction at an address that has none open.
pub fn open<'a>(
    id: InteractionId,
    opening: &Opening,
    address: Address,
    around: Around<'a>,
    actor: Actor,
    draws: Draws,
) -> Turn<'a> {
    let participants: Vec<Participant> = opening
        .participants
        .iter()
        .zip(1..)
        .map(|((role, person), n)| Participant::new(ParticipantId::nth(n), *role, person.clone()))
        .collect();
    let interaction = Interaction {
        id,
        team: opening.team.clone(),
        channel: opening.channel.clone(),
        conversation: opening.conversation.clone(),
        status: Status::Open,
        opened_at: around.now,
        idle_until: around.now.plus_minutes(around.settings.interaction_timeout_minutes),
        participants_made: u16::try_from(participants.len()).unwrap_or(u16::MAX),
        participants,
        links_made: 0,
        challenges_made: 0,
        acts: 0,
        messages: 0,
        sendings: Vec::new(),
        device: opening.device.clone(),
        epoch: around.epoch,
    };
    let address = Address { open: Some(id), ..address };
    let mut turn = Turn::begin(interaction, address, around, actor, draws);
    let data = object(json!({"channel": opening.channel, "participants": opening.participants.len()}));
    turn.tell(EventKind::InteractionOpened, None, data);
    turn
}

/// A website's word for the customer, with its name and until when it is remembered.
#[derive(Clone, Debug)]
pub struct Word {
    /// Of the identity token.
    pub name: String,
    /// From then on it is not good any more.
    pub ends_at: Moment,
    /// For so long it is remembered that it counted: longer than any is good.
    pub until: Moment,
    /// Who.
    pub proof: Proof,
}

/// Raises the primary's flag on the word of the website that runs the chat. A word that counted
/// here before raises nothing.
pub fn vouch(mut turn: Turn<'_>, word: &Word) -> Decision<()> {
    let now = turn.around.now;
    turn.address.vouched.retain(|_, until| now < *until);
    if turn.address.vouched.contains_key(&word.name) {
        return turn.done(());
    }
    // It was good when it came, which may be long ago: what was remembered of it then may be forgotten.
    if now >= word.ends_at {
        return turn.refuse(Refusal::BadAssertion("expired"));
    }
    if let Err(refusal) = turn.must_be_open() {
        return turn.refuse(refusal);
    }
    let at = match turn.find(None) {
        Ok(at) => at,
        Err(refusal) => return turn.refuse(refusal),
    };
    let bound = Bound::now(Binding::Token, now);
    if let Err(refusal) = raise(&mut turn, at, word.proof.clone(), bound, None) {
        return turn.refuse(refusal);
    }
    turn.address.vouched.insert(word.name.clone(), word.until);
    turn.touch();
    turn.done(())
}

/// What was asked for, where a flag goes up because somebody asked.
pub(super) struct Asked {
    /// When; what came from an older release does not say.
    pub at: Option<Moment>,
    /// What the bot needs to go on.
    pub resume: Map<String, Value>,
}

/// Admits, checks that no other customer is known, raises the flag and tells it: what every
/// path to a raised flag has in common.
pub(super) fn raise(
    turn: &mut Turn<'_>,
    at: usize,
    proof: Proof,
    bound: Bound,
    asked: Option<Asked>,
) -> Result<(), Refusal> {
    let Asked { at: asked_at, resume } = asked.unwrap_or(Asked { at: None, resume: Map::new() });
    let (admitted, gives_way) = may_raise(turn, at, &proof, bound.binding)?;
    for other in gives_way {
        give_way(turn, other);
    }
    let what = proof.method.guarded();
    let (settings, now, keys) = (turn.around.settings, turn.around.now, turn.around.keys);
    let team = turn.interaction.team.clone();
    let participant = turn.participant(at);
    // A browser is anybody's to whom the address was handed on: what it proves says nothing of who comes next.
    if let Some(proved) = proof.customer.as_ref().filter(|_| bound.binding != Binding::Browser) {
        participant.subject = Some(proved.id.clone());
        participant.record = proved.record.clone().or(participant.record.take());
    }
    participant.flag.raise(admitted, proof, bound, settings, now);
    let pseudonym = participant.known_as().map(|known| keys.customer_pseudonym(&team, known.as_str()));
    let (id, raised) = (participant.id.clone(), participant.flag.raised(now));
    let raised = raised.expect("it was raised with a timeout of at least a minute");
    let mut data = object(json!({
        "methods": raised.methods(),
        "pseudonym": pseudonym,
        "binding": raised.binding,
        "expires_at": raised.expires_at.to_string(),
    }));
    data.extend(asked_at.map(|at| ("asked_at".to_owned(), at.to_string().into())));
    data.extend(resume.clone());
    turn.succeed(at, what);
    turn.tell(EventKind::Authenticated, Some(id.clone()), data);
    if resume.contains_key("intent") {
        turn.tell(EventKind::IntentResumed, Some(id), resume);
    }
    Ok(())
}

/// Whether a proof may raise the participant's flag now; what admits it, and whose flags give way to it.
///
/// # Errors
///
/// `Closed`, `Locked`, `Banned`; `SubjectConflict` where the participant is another customer, or another
/// participant is this one; `NoMatchingRecord` where the team wants a login to fit a record.
pub(super) fn may_raise(
    turn: &Turn<'_>,
    at: usize,
    proof: &Proof,
    binding: Binding,
) -> Result<(Admitted, Vec<usize>), Refusal> {
    turn.must_be_open()?;
    let what = proof.method.guarded();
    let admitted = turn.admit(at, what)?;
    let participant = &turn.interaction.participants[at];
    if proof.customer.as_ref().is_some_and(|proved| participant.is_other_than(proved)) {
        return Err(Refusal::SubjectConflict);
    }
    let known = proof.customer.as_ref().is_some_and(|customer| customer.record.is_some());
    if what == Guarded::Login && !turn.around.settings.directory.matching.is_empty() && !known {
        return Err(Refusal::NoMatchingRecord); // whoever asked for it: the team knows no such customer
    }
    Ok((admitted, others_of(turn, at, proof, binding)?))
}

/// A proved customer is one participant of a conversation. Who is known by a browser alone gives way to the chat's
/// own proof; anybody else is a conflict.
fn others_of(turn: &Turn<'_>, at: usize, proof: &Proof, binding: Binding) -> Result<Vec<usize>, Refusal> {
    let Some(proved) = &proof.customer else { return Ok(Vec::new()) };
    let mut gives_way = Vec::new();
    for (other, participant) in turn.interaction.participants.iter().enumerate() {
        let Some(raised) = participant.flag.raised(turn.around.now).filter(|_| other != at) else { continue };
        if !stands_for(participant, raised, proved) {
            continue;
        }
        if raised.binding != Binding::Browser || binding == Binding::Browser {
            return Err(Refusal::SubjectConflict);
        }
        gives_way.push(other);
    }
    Ok(gives_way)
}

/// Whether a participant whose flag stands is that customer: by what raised it, else by what is known of them.
fn stands_for(participant: &Participant, raised: &Raised, proved: &Customer) -> bool {
    match &raised.customer {
        Some(known) => known.id == proved.id || known.record.is_some() && known.record == proved.record,
        None => {
            participant.known_as() == Some(&proved.id)
                || participant.record.is_some() && participant.record == proved.record
        }
    }
}

fn give_way(turn: &mut Turn<'_>, other: usize) {
    turn.void_pending(other);
    let participant = turn.participant(other);
    participant.flag.lower(Reason::Void);
    let id = participant.id.clone();
    turn.tell(EventKind::Expired, Some(id), object(json!({"reason": Reason::Void})));
}

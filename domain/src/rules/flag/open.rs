//! Opening an interaction, and what a website's word (an identity token) does to one.
//! It also owns `raise`, the one place where a proof lifts a flag, and where `admit` is asked first.

use crate::base::binding::Binding;
use crate::base::id::{ChannelName, Conversation, IntentName, InteractionId, ParticipantId, TeamName};
use crate::base::role::ParticipantRole;
use crate::conversation::address::Address;
use crate::conversation::context::{Context, Draws, Environment, budgets};
use crate::conversation::interaction::{Device, Interaction, InteractionStatus, Participant, Person};
use crate::event::data::conversations::{AuthenticatedData, ExpiredData, IntentResumedData, InteractionOpenedData};
use crate::event::{Actor, EventData};
use crate::proof::flag::{Bound, Customer, Proof, Raised, Reason};
use crate::proof::lockout::Admitted;
use crate::refusal::Refusal;
use crate::time::Moment;

/// What a bot says of a new conversation.
#[derive(Clone, Debug)]
pub struct NewInteraction {
    /// Whose.
    pub team: TeamName,
    /// Where.
    pub channel: ChannelName,
    /// The platform's id.
    pub conversation: Conversation,
    /// Who; exactly one is the primary.
    pub participants: Vec<(ParticipantRole, Person)>,
    /// From where.
    pub device: Option<Device>,
}

/// A new interaction at an address that has none open.
pub fn open<'a>(
    id: InteractionId,
    new_interaction: &NewInteraction,
    address: Address,
    environment: Environment<'a>,
    actor: Actor,
    draws: Draws,
) -> Context<'a> {
    let participants: Vec<Participant> = new_interaction
        .participants
        .iter()
        .zip(1..)
        .map(|((role, person), n)| Participant::new(ParticipantId::nth(n), *role, person.clone()))
        .collect();
    let interaction = Interaction {
        id,
        team: new_interaction.team.clone(),
        channel: new_interaction.channel.clone(),
        conversation: new_interaction.conversation.clone(),
        status: InteractionStatus::Open,
        opened_at: environment.now,
        idle_until: environment.now.plus_minutes(environment.settings.interaction_timeout_minutes),
        participants_made: u16::try_from(participants.len()).unwrap_or(u16::MAX),
        participants,
        links_made: 0,
        challenges_made: 0,
        audit_marker: 0,
        messages: 0,
        sendings: Vec::new(),
        device: new_interaction.device.clone(),
        epoch: environment.epoch,
    };
    let address = Address { open: Some(id), ..address };
    let mut context = Context::begin(interaction, address, environment, actor, draws);
    let (channel, participants) = (new_interaction.channel.clone(), new_interaction.participants.len());
    context.tell(EventData::InteractionOpened(InteractionOpenedData { channel, participants }), None);
    context
}

/// A website's word for the customer, with its name and until when it is remembered.
#[derive(Clone, Debug)]
pub struct VouchedIdentity {
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
pub fn vouch(context: &mut Context<'_>, vouched: &VouchedIdentity) -> Result<(), Refusal> {
    let now = context.environment.now;
    context.address.vouched.retain(|_, until| now < *until);
    if context.address.vouched.contains_key(&vouched.name) {
        return Ok(());
    }
    // It was good when it came, which may be long ago: what was remembered of it then may be forgotten.
    if now >= vouched.ends_at {
        return Err(Refusal::BadAssertion("expired"));
    }
    context.must_be_open()?;
    let at = context.find(None)?;
    let bound = Bound::now(Binding::Token, now);
    raise(context, at, vouched.proof.clone(), bound, None)?;
    context.address.vouched.insert(vouched.name.clone(), vouched.until);
    context.touch();
    Ok(())
}

/// What was asked for, where a flag goes up because somebody asked.
pub(crate) struct RaiseRequest {
    /// When; what came from an older release does not say.
    pub at: Option<Moment>,
    /// The intent that it was for, which the bot goes on with.
    pub intent: Option<IntentName>,
    /// The bot's own text.
    pub state: Option<String>,
}

/// Admits, checks that no other customer is known, raises the flag and tells it: what every
/// path to a raised flag has in common.
pub(crate) fn raise(
    context: &mut Context<'_>,
    at: usize,
    proof: Proof,
    bound: Bound,
    asked: Option<RaiseRequest>,
) -> Result<(), Refusal> {
    let RaiseRequest { at: asked_at, intent, state } =
        asked.unwrap_or(RaiseRequest { at: None, intent: None, state: None });
    let (admitted, gives_way) = may_raise(context, at, &proof, bound.binding)?;
    for other in gives_way {
        give_way(context, other);
    }
    let what = proof.method.guarded();
    let (settings, now, keys) = (context.environment.settings, context.environment.now, context.environment.keys);
    let team = context.interaction.team.clone();
    let participant = context.participant(at);
    // A browser is anybody's to whom the address was handed on: what it proves says nothing of who comes next.
    if let Some(proved) = proof.customer.as_ref().filter(|_| bound.binding != Binding::Browser) {
        participant.subject = Some(proved.id.clone());
        participant.record = proved.record.clone().or(participant.record.take());
    }
    participant.flag.raise(admitted, proof, bound, settings, now);
    let pseudonym = participant.known_as().map(|known| keys.customer_pseudonym(&team, known.as_str()));
    let (id, raised) = (participant.id.clone(), participant.flag.raised(now));
    let raised = raised.expect("it was raised with a timeout of at least a minute");
    let data = AuthenticatedData {
        methods: raised.methods().into_iter().collect(),
        pseudonym,
        binding: raised.binding,
        expires_at: raised.expires_at,
        asked_at,
        intent: intent.clone(),
        state: state.clone(),
    };
    budgets::succeed(context, at, what);
    context.tell(EventData::Authenticated(data), Some(id.clone()));
    if let Some(intent) = intent {
        context.tell(EventData::IntentResumed(IntentResumedData { intent, state }), Some(id));
    }
    Ok(())
}

/// Whether a proof may raise the participant's flag now; what admits it, and whose flags give way to it.
///
/// # Errors
///
/// `Closed`, `Locked`, `Banned`; `SubjectConflict` where the participant is another customer, or another
/// participant is this one; `NoMatchingRecord` where the team wants a login to fit a record.
pub(crate) fn may_raise(
    context: &Context<'_>,
    at: usize,
    proof: &Proof,
    binding: Binding,
) -> Result<(Admitted, Vec<usize>), Refusal> {
    context.must_be_open()?;
    let admitted = budgets::admit(context, at, proof.method.guarded())?;
    let participant = &context.interaction.participants[at];
    if proof.customer.as_ref().is_some_and(|proved| participant.is_other_than(proved)) {
        return Err(Refusal::SubjectConflict);
    }
    let known = proof.customer.as_ref().is_some_and(|customer| customer.record.is_some());
    if proof.method.is_login() && !context.environment.settings.directory.matching.is_empty() && !known {
        return Err(Refusal::NoMatchingRecord); // whoever asked for it: the team knows no such customer
    }
    Ok((admitted, others_of(context, at, proof, binding)?))
}

/// A proved customer is one participant of a conversation. Who is known by a browser alone gives way to the chat's
/// own proof; anybody else is a conflict.
fn others_of(context: &Context<'_>, at: usize, proof: &Proof, binding: Binding) -> Result<Vec<usize>, Refusal> {
    let Some(proved) = &proof.customer else { return Ok(Vec::new()) };
    let mut gives_way = Vec::new();
    for (other, participant) in context.interaction.participants.iter().enumerate() {
        let Some(raised) = participant.flag.raised(context.environment.now).filter(|_| other != at) else { continue };
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

fn give_way(context: &mut Context<'_>, other: usize) {
    context.void_pending(other);
    let participant = context.participant(other);
    participant.flag.lower(Reason::Void);
    let id = participant.id.clone();
    context.tell(EventData::Expired(ExpiredData { reason: Reason::Void }), Some(id));
}

//! Inviting a participant: a link to a page of ours that may be opened again until it ends or the
//! conversation does, and what must be known beforehand so that she can come in by it.
//! What happens when she opens it stands in `enter`.

use crate::base::id::ParticipantId;
use crate::base::validation;
use crate::base::validation::FieldError;
use crate::base::way::{DeliverTo, Way};
use crate::conversation::context::{Context, budgets, link_data};
use crate::conversation::destination::Destination;
use crate::conversation::interaction::Person;
use crate::event::EventData;
use crate::messaging::sending::{Kind, What};
use crate::proof::entry::{EntryStatus, Via, token};
use crate::proof::link::{Link, LinkPurpose};
use crate::proof::methods;
use crate::proof::methods::pin::Pin;
use crate::proof::methods::{AnswerForm, Availability, ProofMethod, code_rules};
use crate::proof::page_proof::PageProof;
use crate::refusal::Refusal;
use crate::rules::challenges::ask::can_be_told;
use crate::rules::links::enter::find;
use crate::rules::links::enter::payable_challenge;
use crate::rules::links::enter::put_challenge;
use crate::rules::links::enter::second_way;
use crate::rules::links::issue::supersede;
use crate::rules::messages::send::Ready;
use crate::secret::token::Token;
use crate::settings::{BindingRule, Minutes, OtpRules, SendWhen};

/// An interaction whose invitation never ends waits so long for the first act; it is the longest
/// that it may be idle.
const MAX_MINUTES: u64 = 10_080;

/// Who is invited, and how.
#[derive(Clone, Debug)]
pub struct InvitationRequest {
    /// Whom; the primary where nobody is named.
    pub participant: Option<ParticipantId>,
    /// Where the link goes.
    pub via: Via,
    /// The number that was agreed on.
    pub pin: Option<Pin>,
}

/// An invitation that was made.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The link as it is kept.
    pub link: Link,
    /// The token of its page.
    pub token: Token,
}

/// Makes an invitation; a live one of the same participant ends.
pub fn invite(context: &mut Context<'_>, request: &InvitationRequest) -> Result<Invited, Refusal> {
    let at = permitted(context, request)?;
    let ready = delivery(context, at, request)?;
    let (keys, settings, now, id) =
        (context.environment.keys, context.environment.settings, context.environment.now, context.interaction.id);
    context.interaction.links_made += 1;
    let number = context.interaction.links_made;
    let token = token(id, number, now, keys);
    let link = Link {
        number,
        participant: context.interaction.participants[at].id.clone(),
        purpose: LinkPurpose::Entry,
        tag: token.tag(&keys.link),
        issued_at: now,
        expires_at: settings.entry.ttl_minutes.after(now),
        intent: None,
        state: None,
        return_url: None,
        handle: None,
        invitation: None,
        page: PageProof::new(BindingRule::AdmitOnly, None),
    };
    supersede(context, at, LinkPurpose::Entry);
    let actor = context.actor.clone();
    let participant = context.participant(at);
    participant.links.push(link.clone());
    let entry = &mut participant.entry;
    entry.via = Some(request.via);
    entry.pin = request.pin.clone().or(entry.pin.take());
    entry.waiting = None;
    entry.invited_by = Some(actor);
    if !matches!(entry.status, EntryStatus::Admitted | EntryStatus::Offline) {
        entry.status = EntryStatus::Invited;
    }
    let who = participant.id.clone();
    context.tell(EventData::LinkIssued(link_data(id, &link)), Some(who));
    if let Some(ready) = ready {
        context.queue(ready, What::Link { link: number, seed: None });
    }
    beforehand(context, at)?;
    wait_for_the_first_act(context, &link);
    Ok(Invited { link, token })
}

/// What must be paid for before the invitation is made; nothing where the bot is to send it.
pub fn payable(context: &mut Context<'_>, request: &InvitationRequest) -> Option<Destination> {
    let at = permitted(context, request).ok()?;
    context.plan_to_send(at, request.via.as_way(), Kind::Link).ok().map(|(_, destination)| destination)
}

/// By which way it goes. Into a conversation that no channel leads to the bot brings it.
fn delivery(context: &Context<'_>, at: usize, request: &InvitationRequest) -> Result<Option<Ready>, Refusal> {
    match context.ready_to_send(at, request.via.as_way(), Kind::Link) {
        Err(Refusal::NoChannel | Refusal::NoAddress) if request.via == Via::Chat => Ok(None),
        ready => ready.map(Some),
    }
}

/// Idle time starts when she first acts: until then the conversation waits as long as the invitation.
fn wait_for_the_first_act(context: &mut Context<'_>, link: &Link) {
    let waits = match context.environment.settings.entry.ttl_minutes {
        Minutes::Never => context.environment.now.plus_minutes(MAX_MINUTES),
        Minutes::Of(_) => link.expires_at.unwrap_or(context.environment.now),
    };
    context.interaction.idle_until = context.interaction.idle_until.max(waits);
}

/// What is put to her before she comes: the PIN, so that agents can see it. A code that goes out with
/// the invitation is a message of its own, and an act of its own: `send_code`.
fn beforehand(context: &mut Context<'_>, at: usize) -> Result<(), Refusal> {
    let settings = context.environment.settings;
    let entry = &context.interaction.participants[at].entry;
    if !settings.entry.require_authentication || entry.entered_at.is_some() {
        return Ok(());
    }
    match methods::find(settings.entry.first) {
        Some(method) if method.form() == AnswerForm::AgreedNumber => put_challenge(context, at, method),
        _ => Ok(()),
    }
}

/// A code that goes out with an invitation.
struct CodeWithInvitation {
    /// Whose, by their place among the participants.
    at: usize,
    /// The method that makes it.
    method: &'static dyn ProofMethod,
}

/// The code that goes out with the invitation that was just made, where the team sends it so.
fn with_invitation(context: &Context<'_>, token: &Token) -> Option<CodeWithInvitation> {
    let (at, _) = find(context, token).ok()?;
    let settings = context.environment.settings;
    let method = methods::find(settings.entry.first)?;
    let is_first = context.interaction.participants[at].entry.entered_at.is_none();
    let is_sent = method.code_rules(settings)?.send_when == SendWhen::Invite;
    (is_first && settings.entry.require_authentication && is_sent).then_some(CodeWithInvitation { at, method })
}

/// Puts the code that goes out with an invitation. Where it cannot, it is put when she arrives.
pub fn send_code(context: &mut Context<'_>, token: &Token) -> Result<(), Refusal> {
    let Some(code) = with_invitation(context, token) else { return Ok(()) };
    let idle_until = context.interaction.idle_until;
    let put = put_challenge(context, code.at, code.method);
    context.interaction.idle_until = idle_until; // she has not acted yet
    put
}

/// What must be paid for it.
pub fn payable_code(context: &mut Context<'_>, token: &Token) -> Option<Destination> {
    let code = with_invitation(context, token)?;
    payable_challenge(context, code.at, code.method)
}

fn permitted(context: &Context<'_>, request: &InvitationRequest) -> Result<usize, Refusal> {
    context.must_be_open()?;
    let at = context.find(request.participant.as_ref())?;
    budgets::must_not_be_reported(context, at)?;
    let person = &context.interaction.participants[at].person;
    match request.via {
        Via::Sms if person.phone.is_none() => return Err(Refusal::NoAddress),
        Via::Email if person.email.is_none() => return Err(Refusal::NoAddress),
        _ => {}
    }
    // A PIN is put with the invitation: what would refuse that is asked for before anything changes.
    if context.interaction.links_made == u16::MAX || context.interaction.challenges_made == u16::MAX {
        return Err(Refusal::Full);
    }
    if !context.environment.settings.entry.require_authentication {
        return Ok(at);
    }
    can_be_proved(context, at, request)?;
    budgets::admit(context, at, context.environment.settings.entry.first.guarded())?; // a locked person is sent nothing
    Ok(at)
}

/// Whether the participant will be able to prove what the team asks for.
fn can_be_proved(context: &Context<'_>, at: usize, request: &InvitationRequest) -> Result<(), Refusal> {
    let (settings, participant) = (context.environment.settings, &context.interaction.participants[at]);
    let rules = &settings.entry;
    let known = Availability {
        settings,
        is_agreed: request.pin.is_some() || participant.entry.pin.is_some(),
        asker: context.environment.asker,
        provider: context.environment.provider,
    };
    let asked = || [Some(rules.first), rules.subsequent].into_iter().flatten();
    for method in asked() {
        match methods::find(method) {
            Some(method) => method.must_be_available(&known)?,
            None if settings.authentication_url.is_none() => return Err(Refusal::NoAuthenticationUrl),
            None => {}
        }
    }
    let person = &participant.person;
    if code_rules(rules.first, settings).is_some_and(|rules| rules.send_to_customer && rules.second_channel) {
        has_two_addresses(person)?;
    }
    asked()
        .filter_map(|method| code_rules(method, settings))
        .try_for_each(|rules| code_can_be_told(context, at, rules, request.via))
}

fn has_two_addresses(person: &Person) -> Result<(), Refusal> {
    let needs = |address: &Option<String>, kind| address.is_none().then(|| FieldError::at("/participant", kind));
    let missing = [needs(&person.phone, &validation::NO_PHONE), needs(&person.email, &validation::NO_EMAIL)];
    let missing: Vec<FieldError> = missing.into_iter().flatten().collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::SecondChannelRequired(missing)) }
}

/// Whether the code for coming in could be told to the participant, who is invited by that way.
fn code_can_be_told(context: &Context<'_>, at: usize, rules: &OtpRules, via: Via) -> Result<(), Refusal> {
    let to = match second_way(context, at, via).map(Way::as_wish) {
        _ if !rules.send_to_customer => DeliverTo::Agent,
        _ if !rules.second_channel => DeliverTo::Auto,
        Some(way) => way,
        None if rules.show_to_agents => DeliverTo::Agent,
        None => return Err(Refusal::NoChannel),
    };
    can_be_told(context, at, rules, to)
}

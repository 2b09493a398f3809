//! Coming in by an invitation: who presses Continue is let in, or is asked for what the team's policy
//! wants of her first. `domain::entry` says what that is.
//! A browser is known here by a fingerprint alone; that the form was its own is proved before.

use crate::base::binding::PageSource;
use crate::base::method::Method;
use crate::base::way;
use crate::base::way::DeliverTo;
use crate::conversation::context::{Context, budgets, link_data};
use crate::conversation::destination::Destination;
use crate::conversation::interaction::Participant;
use crate::event::EventData;
use crate::event::data::conversations::ParticipantEnteredData;
use crate::proof::challenge::Challenge;
use crate::proof::entry::{Entry, EntryProof, EntryStatus, Via, WaitingBrowser};
use crate::proof::flag::Proof;
use crate::proof::link::{Link, LinkPurpose};
use crate::proof::methods;
use crate::proof::methods::{AnswerForm, ProofMethod};
use crate::proof::page_proof::PageProof;
use crate::refusal::Refusal;
use crate::rules::challenges::ask;
use crate::rules::challenges::manage;
use crate::rules::challenges::manage::arrived;
use crate::rules::challenges::manage::begin_page;
use crate::rules::challenges::manage::sends_another;
use crate::rules::flag::begin::begin;
use crate::rules::flag::binding::PageWay;
use crate::rules::flag::binding::rule_for;
use crate::rules::links::continue_link::Continued;
use crate::rules::links::continue_link::ended;
use crate::rules::links::continue_link::open;
use crate::rules::links::issue::supersede;
use crate::secret::Tag;
use crate::secret::token::{Token, TokenKind};
use crate::time::Moment;

/// What an arrival led to.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// The browser is let in.
    Entered,
    /// A code, a PIN or another proof is asked for on the page.
    Asked,
    /// She is sent to the login page.
    Login(Box<Continued>),
}

/// The invitation that a token opens, and whose it is. It changes nothing.
pub fn find(context: &Context<'_>, token: &Token) -> Result<(usize, Link), Refusal> {
    if token.kind != TokenKind::Entry {
        return Err(Refusal::NotFound("invitation"));
    }
    let tag = token.tag(&context.environment.keys.link);
    for (at, participant) in context.interaction.participants.iter().enumerate() {
        if let Some(link) = participant.links.iter().find(|l| l.number == token.number && l.tag == tag) {
            return Ok((at, link.clone()));
        }
    }
    match context.ended_link(token.number) {
        Some(past) if past.link.tag == tag => Err(ended(&past.end)),
        _ => Err(Refusal::NotFound("invitation")),
    }
}

/// Continue was pressed on the opening screen.
pub fn arrive(context: &mut Context<'_>, token: &Token, browser: &Tag) -> Result<Arrived, Refusal> {
    let (at, link) = find(context, token)?;
    context.touch();
    let (rules, now) = (&context.environment.settings.entry, context.environment.now);
    let Some(method) = context.interaction.participants[at].entry.wanted(rules, browser, now) else {
        enter(context, at, None, *browser);
        return Ok(Arrived::Entered);
    };
    if let Some(proof) = shown(&context.interaction.participants[at], method, browser).cloned() {
        enter(context, at, Some(proof), *browser);
        return Ok(Arrived::Entered);
    }
    budgets::admit(context, at, method.guarded())?;
    budgets::must_not_be_reported(context, at)?;
    let arrived = match methods::find(method) {
        None => Arrived::Login(Box::new(send_to_login(context, at, &link, browser)?)),
        Some(asked) => {
            put_challenge(context, at, asked)?;
            begin_page(context, at, browser, None)?;
            arrived(context, at);
            Arrived::Asked
        }
    };
    let login = match &arrived {
        Arrived::Login(continued) => Some(continued.link.number),
        _ => None,
    };
    let entry = &mut context.participant(at).entry;
    if matches!(entry.status, EntryStatus::None | EntryStatus::Invited) {
        entry.status = EntryStatus::Waiting;
    }
    let invitation = link.number;
    entry.waiting = Some(WaitingBrowser { browser: *browser, method, invitation, link: login, proved: None });
    Ok(arrived)
}

/// The browser is let in.
fn enter(context: &mut Context<'_>, at: usize, proof: Option<EntryProof>, browser: Tag) {
    let now = context.environment.now;
    let participant = context.participant(at);
    let is_first = participant.entry.entered_at.is_none();
    let method = proof.as_ref().map(|proof| proof.method);
    participant.entry.admit(proof, browser, now);
    participant.online = Some(true);
    let id = participant.id.clone();
    context.tell(EventData::ParticipantEntered(ParticipantEnteredData { method, first: is_first }), Some(id));
}

/// What admits a browser at a door: which invitation, and what was proved there.
pub(crate) struct InvitationProof {
    /// The invitation's link.
    pub invitation: u16,
    /// What was proved.
    pub proof: Proof,
    /// When it was accepted.
    pub accepted_at: Moment,
}

/// The browser that pressed Continue at the door has finished what it was asked for there, and is let in; false
/// where the invitation is over, or another browser is at the door by now.
pub(crate) fn enter_by(context: &mut Context<'_>, at: usize, proof: InvitationProof, browser: &Tag) -> bool {
    let participant = &context.interaction.participants[at];
    let is_live = participant.links.iter().any(|link| link.number == proof.invitation);
    let waits = participant.entry.waiting.as_ref();
    let is_here = waits.is_some_and(|w| w.invitation == proof.invitation && w.browser == *browser);
    if !is_live || !is_here {
        return false;
    }
    let proof = EntryProof::of(&proof.proof, proof.accepted_at);
    enter(context, at, Some(proof), *browser);
    true
}

/// What this browser has proved since it was asked for it, elsewhere than by an answer on the page.
pub fn shown<'a>(participant: &'a Participant, method: Method, browser: &Tag) -> Option<&'a EntryProof> {
    let own = participant.entry.waiting.as_ref().filter(|waiting| waiting.browser == *browser)?;
    own.proved.as_ref().filter(|proof| proof.method == method)
}

/// The invitation that this browser was at when it was sent away to log in by that link, or to show a document:
/// where it goes back to. Another browser that has come by the done page is not shown where the door is.
pub fn entered_invitation<'a>(participant: &'a Participant, browser: &Tag) -> Option<&'a Link> {
    let waiting = participant.entry.waiting.as_ref().filter(|waiting| waiting.browser == *browser);
    let admitted = participant.entry.has_proved(browser);
    participant.links.iter().find(|link| {
        let is_here = waiting.is_some_and(|waiting| waiting.invitation == link.number);
        link.purpose == LinkPurpose::Entry && (is_here || admitted)
    })
}

/// The way to the login page, for this browser; the same one again is sent the same way until it has logged in.
fn send_to_login(context: &mut Context<'_>, at: usize, entry: &Link, browser: &Tag) -> Result<Continued, Refusal> {
    let (keys, settings, now, id) =
        (context.environment.keys, context.environment.settings, context.environment.now, context.interaction.id);
    if settings.authentication_url.is_none() {
        return Err(Refusal::NoAuthenticationUrl);
    }
    let participant = &context.interaction.participants[at];
    let own = |link: &&Link| link.invitation == Some(entry.number) && link.may_be_opened(now);
    if let Some(number) = participant.links.iter().find(own).map(|link| link.number) {
        let is_new = begin(context, at, PageSource::Link(number), browser, None)?;
        return Ok(open(context, at, number, is_new));
    }
    let rule = rule_for(context, at, PageWay::Door)?;
    if context.interaction.links_made == u16::MAX {
        return Err(Refusal::Full);
    }
    context.interaction.links_made += 1;
    let token = Token {
        kind: TokenKind::Link,
        secret: context.draws.take(),
        interaction: id,
        number: context.interaction.links_made,
    };
    let link = Link {
        number: token.number,
        purpose: LinkPurpose::EntryLogin,
        tag: token.tag(&keys.link),
        issued_at: now,
        expires_at: settings.link.ttl_minutes.after(now),
        handle: None,
        invitation: Some(entry.number),
        page: PageProof::new(rule, None),
        ..entry.clone()
    };
    supersede(context, at, LinkPurpose::EntryLogin);
    let participant = context.participant(at);
    participant.links.push(link.clone());
    let who = participant.id.clone();
    context.tell(EventData::LinkIssued(link_data(id, &link)), Some(who));
    begin(context, at, PageSource::Link(link.number), browser, None)?;
    Ok(open(context, at, link.number, true))
}

/// Puts the challenge that coming in takes, where it does not wait for its answer already.
pub(crate) fn put_challenge(
    context: &mut Context<'_>,
    at: usize,
    method: &'static dyn ProofMethod,
) -> Result<(), Refusal> {
    if is_asked(context, at, method) {
        return Ok(());
    }
    let rule = rule_for(context, at, PageWay::Door)?;
    let participant = context.participant(at);
    if let Some(live) = &participant.challenge
        && live.method() == method.method()
        && live.page.rule == rule
    {
        participant.entry.challenge = Some(live.number); // the bot has asked for the same
        return Ok(());
    }
    let request = request(context, at, method)?;
    let number = ask::ask(context, &request)?.number;
    let Entry { invited_by, challenge, .. } = &mut context.participant(at).entry;
    *challenge = Some(number);
    let invited_by = invited_by.clone();
    if let (Some(by), Some(challenge)) = (invited_by, context.participant(at).challenge.as_mut()) {
        challenge.started_by = by; // the one who agreed on the PIN, and not the one who is asked for it
    }
    Ok(())
}

/// What must be paid for before that challenge is put; nothing where no message goes.
pub(crate) fn payable_challenge(
    context: &mut Context<'_>,
    at: usize,
    method: &'static dyn ProofMethod,
) -> Option<Destination> {
    if is_asked(context, at, method) {
        return None;
    }
    let request = request(context, at, method).ok()?;
    ask::payable(context, &request)
}

/// What must be paid for when Continue is pressed.
pub fn payable(context: &mut Context<'_>, token: &Token, browser: &Tag) -> Option<Destination> {
    let (at, _) = find(context, token).ok()?;
    let (rules, now) = (&context.environment.settings.entry, context.environment.now);
    let method = methods::find(context.interaction.participants[at].entry.wanted(rules, browser, now)?)?;
    let number = asked_at_entry(&context.interaction.participants[at]).map(|challenge| challenge.number);
    match number {
        _ if method.form() != AnswerForm::Code => None,
        Some(number) if sends_another(context, at, browser) => manage::payable(context, number),
        _ => payable_challenge(context, at, method),
    }
}

/// Whether the challenge waits for its answer already.
fn is_asked(context: &Context<'_>, at: usize, method: &dyn ProofMethod) -> bool {
    asked_at_entry(&context.interaction.participants[at]).is_some_and(|challenge| challenge.method() == method.method())
}

fn request(
    context: &Context<'_>,
    at: usize,
    method: &'static dyn ProofMethod,
) -> Result<ask::ChallengeRequest, Refusal> {
    let participant = &context.interaction.participants[at];
    let agreed = match method.form() {
        AnswerForm::AgreedNumber => Some(participant.entry.pin.clone().ok_or(Refusal::PinRequired)?),
        AnswerForm::Code | AnswerForm::Questions | AnswerForm::Document => None,
    };
    let deliver_to = destination(context, at, method)?;
    let who = Some(participant.id.clone());
    let (intent, state, way) = (None, None, PageWay::Door);
    Ok(ask::ChallengeRequest { method, agreed, participant: who, deliver_to, intent, state, way })
}

/// Where the code for coming in goes: with a second channel, not where the invitation went.
fn destination(context: &Context<'_>, at: usize, method: &dyn ProofMethod) -> Result<DeliverTo, Refusal> {
    let participant = &context.interaction.participants[at];
    let Some(rules) = method.code_rules(context.environment.settings).filter(|rules| rules.send_to_customer) else {
        return Ok(DeliverTo::Agent);
    };
    if !rules.second_channel {
        return Ok(DeliverTo::Auto);
    }
    let via = participant.entry.via.unwrap_or(Via::Chat);
    let by_agent = rules.show_to_agents.then_some(DeliverTo::Agent);
    second_way(context, at, via).map(way::Way::as_wish).or(by_agent).ok_or(Refusal::NoAddress)
}

/// By which way the code goes where the invitation went by that one: to the other of phone and mail,
/// and after an invitation by chat by the first of the team's order that does not end in the chat.
pub(crate) fn second_way(context: &Context<'_>, at: usize, via: Via) -> Option<way::Way> {
    let (interaction, environment) = (&context.interaction, &context.environment);
    let end =
        |way: way::Way| Some((way.channel(interaction), way.address(interaction, &interaction.participants[at])?));
    let (ways, first) = match via {
        Via::Sms => (vec![way::Way::Email], way::Way::Sms),
        Via::Email => (vec![way::Way::Sms], way::Way::Email),
        Via::Chat => (environment.settings.delivery.ways(), way::Way::Chat),
    };
    let first = end(first);
    let leads = |way: &way::Way| {
        let there = end(*way);
        there != first && there.is_some() && environment.serves(*way, interaction)
    };
    ways.into_iter().find(leads)
}

/// The live challenge that an invitation's page asks for, where it was put for the sake of coming in.
pub fn asked_at_entry(participant: &Participant) -> Option<&Challenge> {
    participant.challenge.as_ref().filter(|challenge| participant.entry.challenge == Some(challenge.number))
}

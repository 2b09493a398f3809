//! Coming in by an invitation: who presses Continue is let in, or is asked for what the team's policy
//! wants of her first. `domain::entry` says what that is.
//! A browser is known here by a fingerprint alone; that the form was its own is proved before.

use serde_json::json;

use crate::domain::challenge::DeliverTo;
use crate::domain::entry::{Entry, EntryStatus, Via, Waiting};
use crate::domain::event::EventKind;
use crate::domain::interaction::Participant;
use crate::domain::link::{Link, Progress, Purpose};
use crate::domain::method::Method;
use crate::domain::refusal::Refusal;
use crate::domain::secret::Tag;
use crate::domain::sending::{Destination, Way};
use crate::domain::settings::BindingRule;
use crate::domain::token::{Token, TokenKind};
use crate::domain::turn::{Decision, Turn, link_data, object};

use super::ask::{self, Wanted, put};
use super::attend::arrived;
use super::continue_link::{Continued, ended};
use super::issue::supersede;
use super::page::asked_at_entry;

/// What an arrival led to.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// She is in; whether her browser has proved anything.
    Entered(bool),
    /// A code, a PIN or another proof is asked for on the page.
    Asked,
    /// She is sent to the login page.
    Login(Box<Continued>),
}

/// The invitation that a token opens, and whose it is. It changes nothing.
pub fn find(turn: &Turn<'_>, token: &Token) -> Result<(usize, Link), Refusal> {
    if token.kind != TokenKind::Entry {
        return Err(Refusal::NotFound("invitation"));
    }
    let tag = token.tag(&turn.around.keys.link);
    for (at, participant) in turn.interaction.participants.iter().enumerate() {
        if let Some(link) = participant.links.iter().find(|l| l.number == token.number && l.tag == tag) {
            return Ok((at, link.clone()));
        }
    }
    match turn.ended_link(token.number) {
        Some(past) if past.link.tag == tag => Err(ended(&past.end)),
        _ => Err(Refusal::NotFound("invitation")),
    }
}

/// Continue was pressed on the opening screen.
pub fn arrive(mut turn: Turn<'_>, token: &Token, browser: &Tag, name: &[u8]) -> Decision<Arrived> {
    let (at, link) = match find(&turn, token) {
        Ok(found) => found,
        Err(refusal) => return turn.refuse(refusal),
    };
    turn.touch();
    match step(&mut turn, at, &link, browser, name) {
        Ok(arrived) => turn.done(arrived),
        Err(refusal) => turn.refuse(refusal),
    }
}

fn step(turn: &mut Turn<'_>, at: usize, link: &Link, browser: &Tag, name: &[u8]) -> Result<Arrived, Refusal> {
    let (rules, now) = (&turn.around.settings.entry, turn.around.now);
    let Some(method) = turn.interaction.participants[at].entry.wanted(rules, browser, now) else {
        return Ok(Arrived::Entered(enter(turn, at, None, *browser)));
    };
    if has_logged_in(turn, at, method, browser) || has_shown(turn, at, method, browser) {
        return Ok(Arrived::Entered(enter(turn, at, Some(method), *browser)));
    }
    turn.admit(at, method.guarded())?;
    let arrived = match method {
        Method::Login => Arrived::Login(Box::new(send_to_login(turn, at, link, browser, name)?)),
        Method::Otp | Method::Pin | Method::Kba | Method::PhotoId | Method::PhotoIdSelfie => {
            put_challenge(turn, at, method)?;
            arrived(turn, at);
            Arrived::Asked
        }
    };
    let entry = &mut turn.participant(at).entry;
    if matches!(entry.status, EntryStatus::None | EntryStatus::Invited) {
        entry.status = EntryStatus::Waiting;
    }
    let link = match &arrived {
        Arrived::Login(continued) => Some(continued.link.number),
        _ => None,
    };
    entry.waiting = Some(Waiting { browser: *browser, method, link, proved: false });
    Ok(arrived)
}

/// She is in.
pub(super) fn enter(turn: &mut Turn<'_>, at: usize, method: Option<Method>, browser: Tag) -> bool {
    let now = turn.around.now;
    let participant = turn.participant(at);
    let is_first = participant.entry.entered_at.is_none();
    let proved = participant.entry.admit(method, browser, now);
    participant.online = Some(true);
    let id = participant.id.clone();
    let data = object(json!({"method": method, "first": is_first}));
    turn.tell(EventKind::ParticipantEntered, Some(id), data);
    proved
}

/// Whether this browser has logged in since it was sent to do so.
fn has_logged_in(turn: &Turn<'_>, at: usize, method: Method, browser: &Tag) -> bool {
    let participant = &turn.interaction.participants[at];
    let Some(link) = participant.entry.waiting.as_ref().filter(|w| w.browser == *browser).and_then(|w| w.link) else {
        return false;
    };
    let raised = participant.flag.raised(turn.around.now);
    method == Method::Login && raised.is_some_and(|raised| raised.by_link == Some(link))
}

/// Whether this browser has shown the document that was asked of it, and what that proved still stands.
pub fn has_shown(turn: &Turn<'_>, at: usize, method: Method, browser: &Tag) -> bool {
    let participant = &turn.interaction.participants[at];
    let own = participant.entry.waiting.as_ref().filter(|waiting| waiting.browser == *browser && waiting.proved);
    let raised = participant.flag.raised(turn.around.now);
    own.is_some_and(|waiting| waiting.method == method)
        && raised.is_some_and(|raised| raised.proofs.contains_key(&method))
}

/// The invitation that this browser was at when it was sent away to log in by that link: where it goes
/// back to. Another browser that has come by the done page is not shown where the door is.
pub fn left_for_login<'a>(participant: &'a Participant, login: u16, browser: &Tag) -> Option<&'a Link> {
    let waiting = participant.entry.waiting.as_ref()?;
    let is_own = waiting.link == Some(login) && waiting.browser == *browser;
    participant.links.iter().find(|link| is_own && link.purpose == Purpose::Entry)
}

/// The way to the login page, for this browser; the same one again is sent the same way.
fn send_to_login(
    turn: &mut Turn<'_>,
    at: usize,
    entry: &Link,
    browser: &Tag,
    name: &[u8],
) -> Result<Continued, Refusal> {
    let (keys, settings, now, id) = (turn.around.keys, turn.around.settings, turn.around.now, turn.interaction.id);
    if settings.authentication_url.is_none() {
        return Err(Refusal::NoAuthenticationUrl);
    }
    let participant = &turn.interaction.participants[at];
    let earlier = participant.entry.waiting.as_ref().filter(|waiting| waiting.browser == *browser);
    let number = earlier.and_then(|waiting| waiting.link);
    if let Some(link) = number.and_then(|number| participant.links.iter().find(|link| link.number == number)) {
        let handle = link.handle(id, name, &keys.handle);
        return Ok(Continued { link: link.clone(), handle });
    }
    if turn.interaction.links_made == u16::MAX {
        return Err(Refusal::Full);
    }
    // Sent to her own address, the invitation is hers. One that came through the chat might have been
    // forwarded from there, so the login has to come back to the chat, as any other does.
    let to_herself = matches!(participant.entry.via, Some(Via::Sms | Via::Email));
    let rule = match settings.link.binding {
        _ if to_herself => BindingRule::None,
        BindingRule::Opener => BindingRule::Code, // no window of the chat's has opened this page
        rule => rule,
    };
    turn.interaction.links_made += 1;
    let token = Token {
        kind: TokenKind::Link,
        secret: turn.draws.take(),
        interaction: id,
        number: turn.interaction.links_made,
    };
    let mut link = Link {
        number: token.number,
        purpose: Purpose::MidChat,
        tag: token.tag(&keys.link),
        issued_at: now,
        expires_at: settings.link.ttl_minutes.after(now),
        rule,
        ..entry.clone()
    };
    let handle = link.handle(id, name, &keys.handle);
    link.progress = Progress::Opened { handle: handle.tag(&keys.link), by_opener: false };
    supersede(turn, at, Purpose::MidChat);
    let participant = turn.participant(at);
    participant.links.push(link.clone());
    let who = participant.id.clone();
    for kind in [EventKind::LinkIssued, EventKind::LinkOpened] {
        turn.tell(kind, Some(who.clone()), link_data(id, &link));
    }
    Ok(Continued { link, handle })
}

/// Puts the challenge that coming in takes, where it does not wait for its answer already.
pub(super) fn put_challenge(turn: &mut Turn<'_>, at: usize, method: Method) -> Result<(), Refusal> {
    if is_asked(turn, at, method) {
        return Ok(());
    }
    let request = request(turn, at, method)?;
    let number = put(turn, &request)?.number;
    let Entry { invited_by, challenge, .. } = &mut turn.participant(at).entry;
    *challenge = Some(number);
    let invited_by = invited_by.clone();
    if let (Some(by), Some(challenge)) = (invited_by, turn.participant(at).challenge.as_mut()) {
        challenge.started_by = by; // the one who agreed on the PIN, and not the one who is asked for it
    }
    Ok(())
}

/// What must be paid for before that challenge is put; nothing where no message goes.
pub(super) fn payable_challenge(turn: &mut Turn<'_>, at: usize, method: Method) -> Option<Destination> {
    if is_asked(turn, at, method) {
        return None;
    }
    let request = request(turn, at, method).ok()?;
    ask::payable(turn, &request)
}

/// What must be paid for when Continue is pressed.
pub fn payable(turn: &mut Turn<'_>, token: &Token, browser: &Tag) -> Option<Destination> {
    let (at, _) = find(turn, token).ok()?;
    let (rules, now) = (&turn.around.settings.entry, turn.around.now);
    let method = turn.interaction.participants[at].entry.wanted(rules, browser, now)?;
    if method == Method::Otp { payable_challenge(turn, at, method) } else { None }
}

/// Whether the challenge waits for its answer already.
fn is_asked(turn: &Turn<'_>, at: usize, method: Method) -> bool {
    asked_at_entry(&turn.interaction.participants[at]).is_some_and(|challenge| challenge.method() == method)
}

fn request(turn: &Turn<'_>, at: usize, method: Method) -> Result<ask::Request, Refusal> {
    let participant = &turn.interaction.participants[at];
    let wanted = match method {
        Method::Pin => Wanted::Pin(participant.entry.pin.clone().ok_or(Refusal::PinRequired)?),
        Method::Kba => Wanted::Questions,
        Method::PhotoId | Method::PhotoIdSelfie => Wanted::Document { selfie: method == Method::PhotoIdSelfie },
        _ => Wanted::Otp,
    };
    let deliver_to = destination(turn, at, method)?;
    let who = Some(participant.id.clone());
    Ok(ask::Request { wanted, participant: who, deliver_to, intent: None, state: None })
}

/// Where the code for coming in goes: with a second channel, not where the invitation went.
fn destination(turn: &Turn<'_>, at: usize, method: Method) -> Result<DeliverTo, Refusal> {
    let (otp, participant) = (&turn.around.settings.otp, &turn.interaction.participants[at]);
    if method != Method::Otp || !otp.send_to_customer {
        return Ok(DeliverTo::Agent);
    }
    if !otp.second_channel {
        return Ok(DeliverTo::Auto);
    }
    let via = participant.entry.via.unwrap_or(Via::Chat);
    let by_agent = otp.show_to_agents.then_some(DeliverTo::Agent);
    second_way(turn, at, via).map(Way::as_wish).or(by_agent).ok_or(Refusal::NoAddress)
}

/// By which way the code goes where the invitation went by that one: to the other of phone and mail,
/// and after an invitation by chat by the first of the team's order that does not end in the chat.
pub(super) fn second_way(turn: &Turn<'_>, at: usize, via: Via) -> Option<Way> {
    let (interaction, around) = (&turn.interaction, &turn.around);
    let end = |way: Way| Some((way.channel(interaction), way.address(interaction, &interaction.participants[at])?));
    let (ways, first) = match via {
        Via::Sms => (vec![Way::Email], Way::Sms),
        Via::Email => (vec![Way::Sms], Way::Email),
        Via::Chat => (around.settings.delivery.ways(), Way::Chat),
    };
    let first = end(first);
    let leads = |way: &Way| {
        let there = end(*way);
        there != first && there.is_some() && around.serves(*way, interaction)
    };
    ways.into_iter().find(leads)
}

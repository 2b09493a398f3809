//! What else is done with a challenge: it is looked at, sent again, taken back, arrived at, and its
//! code shown to an agent. Answers are `answer`'s.

use serde_json::json;

use super::accept::{How, end};
use super::ask::{deliver, to_pay};
use super::begin::begin;
use crate::base::binding::Source;
use crate::base::id::ParticipantId;
use crate::base::method::Method;
use crate::conversation::destination::Destination;
use crate::conversation::turn::{Decision, Turn, challenge_data};
use crate::event::{Actor, EventKind};
use crate::proof::challenge::{Challenge, ChallengeEnd, Check, EndedChallenge};
use crate::refusal::Refusal;
use crate::secret::token::{Token, TokenKind};
use crate::secret::{Secret, Tag};
use crate::time::Moment;

/// A challenge as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It waits for its answer.
    Live(Box<Challenge>),
    /// It ended, within the last day.
    Ended(EndedChallenge),
}

impl Found {
    /// To whom it is put.
    pub fn participant(&self) -> &ParticipantId {
        match self {
            Self::Live(challenge) => &challenge.participant,
            Self::Ended(ended) => &ended.participant,
        }
    }

    /// The method that it proves.
    pub fn method(&self) -> Method {
        match self {
            Self::Live(challenge) => challenge.method(),
            Self::Ended(ended) => ended.method,
        }
    }
}

/// A code that is shown.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// The digits.
    pub code: Secret,
    /// Until when they are right.
    pub expires_at: Option<Moment>,
}

/// Finds the challenge of that number. It changes nothing.
pub fn find(turn: &Turn<'_>, number: u16) -> Result<Found, Refusal> {
    let mut live = turn.interaction.participants.iter().filter_map(|p| p.challenge.as_ref());
    match live.find(|challenge| challenge.number == number) {
        Some(challenge) => Ok(Found::Live(Box::new(challenge.clone()))),
        None => {
            let ended = turn.ended_challenge(number).filter(|ended| ended.is_told_at(turn.around.now));
            ended.cloned().map(Found::Ended).ok_or(Refusal::NotFound("challenge"))
        }
    }
}

/// Finds what a page's token opens. It changes nothing.
pub fn find_page(turn: &Turn<'_>, token: &Token) -> Result<Found, Refusal> {
    let (id, keys) = (turn.interaction.id, turn.around.keys);
    let found = find(turn, token.number)?;
    let page = match &found {
        Found::Live(challenge) => challenge.page_token(id, keys),
        Found::Ended(ended) => ended.page_token(id, keys),
    };
    let same = token.kind == TokenKind::Challenge && page.tag(&keys.link) == token.tag(&keys.link);
    if same { Ok(found) } else { Err(Refusal::NotFound("challenge")) }
}

/// Looks at a challenge; only what time has done is saved.
pub fn look(turn: Turn<'_>, number: u16) -> Decision<Found> {
    let found = find(&turn, number);
    turn.end(found)
}

/// Continue was pressed on the challenge's page: the person has arrived, in that browser. In another one the
/// proof begins anew.
pub fn arrive(mut turn: Turn<'_>, token: &Token, browser: &Tag, opener: Option<&str>) -> Decision<Found> {
    let challenge = match find_page(&turn, token) {
        Ok(Found::Live(challenge)) => *challenge,
        other => return turn.end(other),
    };
    let at = turn.find(Some(&challenge.participant)).expect("nobody leaves an interaction");
    let begun = turn.admit(at, challenge.method().guarded()).and_then(|_| begin_page(&mut turn, at, browser, opener));
    match begun {
        Ok(()) => {
            turn.touch();
            let challenge = arrived(&mut turn, at);
            turn.done(Found::Live(Box::new(challenge)))
        }
        Err(Refusal::LinkUsed) => {
            end(&mut turn, at, Source::Challenge(challenge.number), How::Void("starts"));
            turn.refuse(Refusal::LinkUsed)
        }
        Err(refusal) => turn.refuse(refusal),
    }
}

/// What must be paid for when Continue is pressed there; nothing where no code goes out.
pub fn payable_arrival(turn: &mut Turn<'_>, token: &Token, browser: &Tag) -> Option<Destination> {
    let Ok(Found::Live(challenge)) = find_page(turn, token) else { return None };
    let at = turn.find(Some(&challenge.participant)).ok()?;
    if sends_another(turn, at, browser) { payable(turn, challenge.number) } else { None }
}

/// Whether Continue in that browser has another code sent: the one before was for another browser's page.
pub(super) fn sends_another(turn: &Turn<'_>, at: usize, browser: &Tag) -> bool {
    turn.interaction.participants[at].challenge.as_ref().is_some_and(|challenge| {
        let page = &challenge.page;
        let is_new = !page.was_started_by(browser) || page.answered.is_some();
        matches!(challenge.check, Check::Otp(_)) && page.start.is_some() && is_new
    })
}

/// Continue was pressed for the participant's live challenge. In another browser than before the proof begins
/// anew: with another code, and with the tries that are left.
///
/// # Errors
///
/// As `begin`; `Judging` while a provider judges what the other browser has sent; `SendBudget` and the like where
/// no other code can be sent. The other browser then goes on.
pub(super) fn begin_page(turn: &mut Turn<'_>, at: usize, browser: &Tag, opener: Option<&str>) -> Result<(), Refusal> {
    let challenge = live(turn, at);
    let number = challenge.number;
    if challenge.judged_until().is_some() {
        // The browser that showed the document is where it was.
        return if challenge.page.was_started_by(browser) { Ok(()) } else { Err(Refusal::Judging) };
    }
    let sends = sends_another(turn, at, browser);
    let before = live(turn, at).page.clone();
    begin(turn, at, Source::Challenge(number), browser, opener)?;
    if sends && let Err(refusal) = sent_again(turn, number) {
        live(turn, at).page = before;
        return Err(refusal);
    }
    Ok(())
}

/// The person is at the page that asks for the participant's live challenge.
pub(super) fn arrived(turn: &mut Turn<'_>, at: usize) -> Challenge {
    let now = turn.around.now;
    let kept = live(turn, at);
    let first = kept.arrived.is_none();
    kept.arrived.get_or_insert(now);
    let challenge = kept.clone();
    if first {
        let data = challenge_data(turn.interaction.id, &challenge);
        turn.tell(EventKind::ChallengePresented, Some(challenge.participant.clone()), data);
    }
    challenge
}

/// Sends another code: the one before is dead, and what was guessed wrong goes on counting.
pub fn resend(mut turn: Turn<'_>, number: u16) -> Decision<Challenge> {
    match sent_again(&mut turn, number) {
        Ok(challenge) => turn.done(challenge),
        Err(refusal) => turn.refuse(refusal),
    }
}

/// What must be paid for before the next code goes out; nothing where none will.
pub fn payable(turn: &mut Turn<'_>, number: u16) -> Option<Destination> {
    let (at, next) = next_code(turn, number).ok()?;
    to_pay(turn, at, &next)
}

pub(super) fn sent_again(turn: &mut Turn<'_>, number: u16) -> Result<Challenge, Refusal> {
    let (at, next) = next_code(turn, number)?;
    let ready = deliver(turn, at, &next)?;
    turn.participant(at).challenge = Some(next.clone());
    turn.queue_code(ready, &next);
    turn.touch();
    Ok(next)
}

/// The challenge with its next code, which is not put yet.
fn next_code(turn: &mut Turn<'_>, number: u16) -> Result<(usize, Challenge), Refusal> {
    let Found::Live(challenge) = find(turn, number)? else { return Err(Refusal::CodeGone) };
    let at = turn.find(Some(&challenge.participant))?;
    turn.look_up(at);
    turn.admit(at, challenge.method().guarded())?; // a locked person is sent no code
    if challenge.page.is_answered() {
        return Err(Refusal::CodeGone);
    }
    let (now, budget) = (turn.around.now, &turn.around.settings.send_budget);
    let mut next = challenge;
    match &mut next.check {
        // Agreed, known, or shown, and never sent.
        Check::Pin(_) | Check::Questions(_) | Check::Document(_) => return Err(Refusal::NoChannel),
        Check::Otp(otp) if now < otp.resend_at => return Err(Refusal::SendBudget(otp.resend_at)),
        Check::Otp(otp) => {
            otp.issue = otp.issue.checked_add(1).ok_or(Refusal::Full)?;
            otp.resend_at = budget.resend_after(now);
            next.expires_at = otp.lifetime.after(now);
        }
    }
    next.revealed_to.clear(); // what was seen is dead
    Ok((at, *next))
}

/// Takes a challenge back. One that has ended stays as it ended.
pub fn cancel(mut turn: Turn<'_>, number: u16) -> Decision<()> {
    match find(&turn, number) {
        Err(refusal) => turn.refuse(refusal),
        Ok(Found::Ended(_)) => turn.done(()),
        Ok(Found::Live(challenge)) => {
            let at = turn.find(Some(&challenge.participant)).expect("nobody leaves an interaction");
            turn.end_challenge(at, ChallengeEnd::Cancelled);
            turn.touch();
            turn.done(())
        }
    }
}

/// Shows the answer to an agent: a code once its receiver is at its page, and where the team shows
/// codes at all; a PIN while its challenge lives. Whoever has seen it may not answer with it.
pub fn reveal(mut turn: Turn<'_>, number: u16, to: &Actor) -> Decision<Revealed> {
    let challenge = match find(&turn, number).and_then(|found| may_see(&turn, found)) {
        Ok(challenge) => challenge,
        Err(refusal) => return turn.refuse(refusal),
    };
    let at = turn.find(Some(&challenge.participant)).expect("nobody leaves an interaction");
    let kept = live(&mut turn, at);
    if !kept.revealed_to.contains(to) {
        kept.revealed_to.push(to.clone());
    }
    let mut data = challenge_data(turn.interaction.id, &challenge);
    data.insert("arrived_at".into(), json!(challenge.arrived.map(|at| at.to_string())));
    turn.tell_act(EventKind::ChallengeRevealed, Some(challenge.participant.clone()), data);
    let code = challenge.answer(turn.interaction.id, &turn.around.keys.code);
    turn.done(Revealed { code, expires_at: challenge.expires_at })
}

fn may_see(turn: &Turn<'_>, found: Found) -> Result<Challenge, Refusal> {
    let is_code = found.method() == Method::Otp;
    let can_be_seen = is_code || found.method() == Method::Pin;
    if !can_be_seen || is_code && !turn.around.settings.otp.show_to_agents {
        return Err(Refusal::NotShown);
    }
    match found {
        Found::Ended(_) => Err(Refusal::CodeGone),
        Found::Live(challenge) if is_code && challenge.arrived.is_none() => Err(Refusal::NotArrived),
        Found::Live(challenge) => Ok(*challenge),
    }
}

fn live<'t>(turn: &'t mut Turn<'_>, at: usize) -> &'t mut Challenge {
    turn.participant(at).challenge.as_mut().expect("find saw it there")
}

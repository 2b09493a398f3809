//! What people do on a code page besides going on: they answer, ask for another code, or disown it.
//! The page may be a challenge's or an invitation's; on the latter a right answer lets them in.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::challenge::{ChallengeEnd, Typed};
use crate::domain::event::{Actor, EventKind};
use crate::domain::flag::{Binding, Reason};
use crate::domain::link::LinkEnd;
use crate::domain::method::Method;
use crate::domain::refusal::Refusal;
use crate::domain::secret::Tag;
use crate::domain::sending::Destination;
use crate::domain::time::Moment;
use crate::domain::token::{Token, TokenKind};
use crate::domain::turn::{Decision, Turn, link_data, object};

use super::answer::{Answer, Outcome, judged};
use super::attend::{self, arrived, sent_again};
use super::enter::{enter, payable_challenge, put_challenge};
use super::page::{self, Page, asked_at_entry};

/// What an answer on a code page led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnPage {
    /// How the answer went.
    pub outcome: Outcome,
    /// Nothing is taken until then.
    pub locked_until: Option<Moment>,
    /// Whether it let somebody in, and with a proof.
    pub entered: Option<bool>,
}

/// An answer on a code page. On an invitation's, a right one lets the browser in.
pub fn answer(mut turn: Turn<'_>, token: &Token, typed: Typed<'_>, browser: &Tag) -> Decision<OnPage> {
    match answered(&mut turn, token, typed, browser) {
        Ok(told) => turn.done(told),
        Err(refusal) => turn.refuse(refusal),
    }
}

fn answered(turn: &mut Turn<'_>, token: &Token, typed: Typed<'_>, browser: &Tag) -> Result<OnPage, Refusal> {
    let over = OnPage { outcome: Outcome::Expired, locked_until: None, entered: None };
    let (at, challenge) = match page::find(turn, token)? {
        Page::Challenge(at, challenge) => (at, Some((challenge.number, challenge.method()))),
        Page::Entry(at, _) => {
            let asked = asked_at_entry(&turn.interaction.participants[at]);
            (at, asked.map(|challenge| (challenge.number, challenge.method())))
        }
        Page::Over(..) => (0, Some((token.number, Method::Otp))),
    };
    let Some((number, method)) = challenge else { return Ok(over) };
    // The page's browser is not shown to be the chat's.
    let said = Answer { typed, binding: Binding::None, by: &Actor::Person };
    let told = judged(turn, number, &said)?;
    let entry = token.kind == TokenKind::Entry && told.outcome == Outcome::Passed;
    let entered = entry.then(|| enter(turn, at, Some(method), *browser));
    Ok(OnPage { outcome: told.outcome, locked_until: told.locked_until, entered })
}

/// Another code is asked for on a code page. At the door one that is over gives way to a new one.
pub fn resend(mut turn: Turn<'_>, token: &Token) -> Decision<()> {
    match resent(&mut turn, token) {
        Ok(()) => turn.done(()),
        Err(refusal) => turn.refuse(refusal),
    }
}

/// What must be paid for before another code goes out.
pub fn payable(turn: &mut Turn<'_>, token: &Token) -> Option<Destination> {
    let at = match page::find(turn, token).ok()? {
        Page::Over(..) => return None,
        Page::Challenge(_, challenge) => return attend::payable(turn, challenge.number),
        Page::Entry(at, _) => at,
    };
    match asked_at_entry(&turn.interaction.participants[at]).map(|challenge| challenge.number) {
        Some(number) => attend::payable(turn, number),
        None => payable_challenge(turn, at, Method::Otp),
    }
}

fn resent(turn: &mut Turn<'_>, token: &Token) -> Result<(), Refusal> {
    let at = match page::find(turn, token)? {
        Page::Over(..) => return Err(Refusal::CodeGone),
        Page::Challenge(_, challenge) => return sent_again(turn, challenge.number).map(drop),
        Page::Entry(at, _) => at,
    };
    let participant = &turn.interaction.participants[at];
    if let Some(number) = asked_at_entry(participant).map(|challenge| challenge.number) {
        return sent_again(turn, number).map(drop);
    }
    let method = participant.entry.waiting.as_ref().map(|waiting| waiting.method);
    let method = method.filter(|method| matches!(method, Method::Otp | Method::Pin)).ok_or(Refusal::CodeGone)?;
    turn.touch();
    put_challenge(turn, at, method)?;
    arrived(turn, at);
    Ok(())
}

/// "This wasn't me": the page closes for everybody, and what it had let in falls.
pub fn report(mut turn: Turn<'_>, token: &Token) -> Decision<()> {
    let (at, link) = match page::find(&turn, token) {
        Ok(Page::Entry(at, link)) => (at, Some(*link)),
        Ok(Page::Challenge(at, _)) => (at, None),
        Ok(Page::Over(_, ChallengeEnd::Reported)) | Err(Refusal::LinkReported) => return turn.done(()),
        Ok(Page::Over(..)) => return turn.refuse(Refusal::CodeGone),
        Err(refusal) => return turn.refuse(refusal),
    };
    turn.end_challenge(at, ChallengeEnd::Reported);
    turn.touch();
    let Some(link) = link else { return turn.done(()) };
    let participant = turn.participant(at);
    participant.links.retain(|live| live.number != link.number);
    let let_in = std::mem::take(&mut participant.entry).method.is_some();
    let fell = let_in && participant.flag.lower(Reason::Reported);
    let id = participant.id.clone();
    let data = link_data(turn.interaction.id, &link);
    turn.tell(EventKind::LinkReported, Some(id.clone()), data);
    if fell {
        turn.tell(EventKind::Expired, Some(id), object(json!({"reason": Reason::Reported})));
    }
    turn.end_link(link, LinkEnd::Reported(None));
    turn.done(())
}

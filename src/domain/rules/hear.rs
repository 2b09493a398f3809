//! A text that the person typed in the chat: a confirmation code, the answer to a challenge, or
//! conversation.
//!
//! Counted before compared: a wrong answer's count is in the decision, and is saved before anybody
//! is told.

use serde::{Deserialize, Serialize};

use super::answer::{self, Outcome};
use super::confirm;
use super::elsewhere::{settle, weigh};
use crate::domain::challenge::{self, Challenge, Typed};
use crate::domain::confirmation::Candidate;
use crate::domain::event::Actor;
use crate::domain::flag::Binding;
use crate::domain::method::{Guarded, Method};
use crate::domain::refusal::Refusal;
use crate::domain::turn::{Decision, Turn};

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nobody waits for it: it belongs to the bot.
    Conversation,
    /// It was taken for an answer.
    Answer(Kind, Outcome),
}

/// What a text was an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A login that waits for its code.
    Confirmation,
    /// A one-time code.
    Otp,
    /// A PIN.
    Pin,
    /// Questions.
    Kba,
}

/// What a text would be to one who waits.
pub(super) enum Said {
    Confirmation(Candidate),
    Challenge(Method, challenge::Said),
}

impl Said {
    fn guarded(&self) -> Guarded {
        match self {
            Self::Confirmation(_) => Guarded::Login,
            Self::Challenge(method, _) => method.guarded(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Confirmation(_) => Kind::Confirmation,
            Self::Challenge(Method::Pin, _) => Kind::Pin,
            Self::Challenge(Method::Kba, _) => Kind::Kba,
            Self::Challenge(..) => Kind::Otp,
        }
    }

    fn is_right(&self, turn: &mut Turn<'_>, at: usize) -> Result<bool, Refusal> {
        match self {
            Self::Confirmation(said) => Ok(confirm::is_right(turn, at, said)),
            Self::Challenge(_, said) => weigh(turn, at, said),
        }
    }
}

/// Whose right answer it is. Only what nothing here can judge asks a provider, of one after the other; no
/// attempt ends before all of them are decided, so that each is judged once.
fn whose_right(turn: &mut Turn<'_>, said: &[(usize, Said)]) -> Result<Option<usize>, Refusal> {
    let elsewhere = |turn: &Turn<'_>, at: usize| {
        turn.interaction.participants[at].challenge.as_ref().is_some_and(Challenge::is_judged_elsewhere)
    };
    let (others, own): (Vec<usize>, Vec<usize>) = (0..said.len()).partition(|n| elsewhere(turn, said[*n].0));
    for n in own.into_iter().chain(others) {
        if said[n].1.is_right(turn, said[n].0)? {
            return Ok(Some(n));
        }
    }
    Ok(None)
}

/// Hears a text. Only the conversation's own sender can answer anything, and who had a code
/// revealed cannot bring it.
pub fn hear(mut turn: Turn<'_>, text: &str, from_own_sender: bool, by: &Actor) -> Decision<Heard> {
    if let Err(refusal) = turn.must_be_open() {
        return turn.refuse(refusal);
    }
    let waiting = if from_own_sender { waiting(&turn, text) } else { Vec::new() };
    let revealed = |at: usize| turn.interaction.participants[at].challenge.as_ref().map(|c| &c.revealed_to);
    let saw = |(at, said): &(usize, Said)| {
        matches!(said, Said::Challenge(..)) && revealed(*at).is_some_and(|to| to.contains(by))
    };
    if waiting.iter().any(saw) {
        return turn.refuse(Refusal::ActorConflict);
    }
    waiting.iter().for_each(|(at, _)| turn.look_up(*at));
    let (admitted, refused): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|(at, said)| turn.admit(*at, said.guarded()).is_ok());
    // One person's right code is not another's wrong one: only a text that is nobody's is counted.
    let right = match whose_right(&mut turn, &admitted) {
        Ok(right) => right,
        Err(refusal) => return turn.refuse(refusal),
    };
    admitted.iter().for_each(|(at, _)| settle(&mut turn, *at));
    turn.touch();
    if from_own_sender {
        turn.heard_her();
    }
    if let Some((at, said)) = right.map(|n| &admitted[n]) {
        let outcome = match said {
            Said::Confirmation(_) => confirm::pass(&mut turn, *at),
            Said::Challenge(..) => answer::pass(&mut turn, *at, Binding::Code, by),
        };
        return turn.done(Heard::Answer(said.kind(), outcome));
    }
    let mut worst: Option<(Outcome, Kind)> = None;
    for (at, said) in admitted {
        // Two people may share a budget: the first one's lock holds for the second.
        if turn.admit(at, said.guarded()).is_ok() {
            let outcome = match said {
                Said::Confirmation(_) => confirm::miss(&mut turn, at),
                Said::Challenge(..) => answer::miss(&mut turn, at),
            };
            worst =
                Some(worst.map_or((outcome, said.kind()), |w| if outcome < w.0 { (outcome, said.kind()) } else { w }));
        }
    }
    let shut = refused.first().map(|(at, said)| match turn.admit(*at, said.guarded()) {
        Err(Refusal::Banned) => (Outcome::Banned, said.kind()),
        _ => (Outcome::Locked, said.kind()),
    });
    turn.done(worst.or(shut).map_or(Heard::Conversation, |(outcome, kind)| Heard::Answer(kind, outcome)))
}

/// Everybody who waits for a text like this one: in their order, a login before a challenge.
pub(super) fn waiting(turn: &Turn<'_>, text: &str) -> Vec<(usize, Said)> {
    let mut waiting = Vec::new();
    for (at, participant) in turn.interaction.participants.iter().enumerate() {
        if participant.confirmation.is_some() {
            waiting.extend(Candidate::parse(text).map(|said| (at, Said::Confirmation(said))));
        }
        if let Some(challenge) = participant.challenge.as_ref().filter(|challenge| challenge.is_answered_in_chat()) {
            let said = challenge.said(Typed::Text(text));
            waiting.extend(said.map(|said| (at, Said::Challenge(challenge.method(), said))));
        }
    }
    waiting
}

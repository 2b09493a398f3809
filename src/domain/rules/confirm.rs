//! A text that the person typed in the chat: a confirmation code, or conversation.
//!
//! Counted before compared: a wrong code's count is in the decision, and is saved before anybody
//! is told.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::open::raise;
use crate::domain::confirmation::Candidate;
use crate::domain::event::EventKind;
use crate::domain::flag::{Binding, Reason};
use crate::domain::lockout::Consequence;
use crate::domain::method::Guarded;
use crate::domain::refusal::Refusal;
use crate::domain::turn::{Decision, Turn, object, resume_data};

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// Nobody waits for it: it belongs to the bot.
    Conversation,
    /// It was the code.
    Passed,
    /// It was not.
    Wrong,
    /// The person is locked; nothing was compared.
    Locked,
    /// The person is banned; nothing was compared.
    Banned,
    /// It was the code, but of another customer than this conversation's.
    SubjectConflict,
}

/// Hears a text. Only the conversation's own sender can confirm anything.
pub fn hear(mut turn: Turn<'_>, text: &str, from_own_sender: bool) -> Decision<Heard> {
    if let Err(refusal) = turn.must_be_open() {
        return turn.refuse(refusal);
    }
    turn.touch();
    let Some(said) = Candidate::parse(text).filter(|_| from_own_sender) else {
        return turn.done(Heard::Conversation);
    };
    let waits = |at: &usize| turn.interaction.participants[*at].confirmation.is_some();
    let waiting: Vec<usize> = (0..turn.interaction.participants.len()).filter(waits).collect();
    let (admitted, refused): (Vec<usize>, Vec<usize>) =
        waiting.into_iter().partition(|at| turn.admit(*at, Guarded::Login).is_ok());
    // One person's right code is not another's wrong one: only a text that is nobody's is counted.
    if let Some(at) = admitted.iter().copied().find(|at| is_code_of(&turn, *at, &said)) {
        let heard = passed(&mut turn, at);
        return turn.done(heard);
    }
    let mut heard = refused.first().map_or(Heard::Conversation, |at| match turn.admit(*at, Guarded::Login) {
        Err(Refusal::Banned) => Heard::Banned,
        _ => Heard::Locked,
    });
    for at in admitted {
        // Two people may share a budget: the first one's lock holds for the second.
        if turn.admit(at, Guarded::Login).is_ok() {
            heard = wrong(&mut turn, at);
        }
    }
    turn.done(heard)
}

fn is_code_of(turn: &Turn<'_>, at: usize, said: &Candidate) -> bool {
    let (id, key) = (turn.interaction.id, &turn.around.keys.confirmation);
    turn.interaction.participants[at].confirmation.as_ref().is_some_and(|c| c.is(said, id, key))
}

fn passed(turn: &mut Turn<'_>, at: usize) -> Heard {
    let confirmation = turn.participant(at).confirmation.take().expect("the caller chose one that waits");
    let resume = resume_data(confirmation.intent.as_ref(), confirmation.state.as_deref());
    match raise(turn, at, confirmation.proof, Binding::Code, Some(confirmation.link), resume) {
        Ok(()) => Heard::Passed,
        Err(_) => Heard::SubjectConflict,
    }
}

/// Counts a wrong code; the count is saved before anybody is told.
fn wrong(turn: &mut Turn<'_>, at: usize) -> Heard {
    let participant = turn.participant(at);
    let id = participant.id.clone();
    let confirmation = participant.confirmation.as_mut().expect("the caller chose one that waits");
    confirmation.tries_left -= 1;
    let tries_left = confirmation.tries_left;
    if tries_left == 0 {
        participant.confirmation = None;
        participant.flag.explain(Reason::ConfirmationFailed);
    }
    turn.tell(EventKind::ConfirmationWrong, Some(id), object(json!({"tries_left": tries_left})));
    let consequence = turn.fail(at, Guarded::Login);
    if consequence != Consequence::Counted {
        // A lock ends what it guards.
        turn.participant(at).confirmation = None;
    }
    match consequence {
        Consequence::Counted => Heard::Wrong,
        Consequence::Locked(_) => Heard::Locked,
        Consequence::Banned => Heard::Banned,
    }
}

//! A text that the person typed in the chat: a confirmation code, or conversation.
//!
//! Counted before compared: a wrong code's count is in the decision, and is saved before anybody
//! is told.

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::open::raise;
use crate::domain::confirmation::Candidate;
use crate::domain::event::EventKind;
use crate::domain::flag::{Binding, Reason};
use crate::domain::lockout::Consequence;
use crate::domain::refusal::Refusal;
use crate::domain::turn::{Decision, Turn, object};

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
    let waiting = |p: &crate::domain::interaction::Participant| p.confirmation.is_some();
    let places: Vec<usize> =
        (0..turn.interaction.participants.len()).filter(|at| waiting(&turn.interaction.participants[*at])).collect();
    let mut heard = Heard::Conversation;
    for at in places {
        heard = compare(&mut turn, at, &said);
        if heard == Heard::Passed {
            break;
        }
    }
    turn.done(heard)
}

fn compare(turn: &mut Turn<'_>, at: usize, said: &Candidate) -> Heard {
    match turn.admit(at, "login") {
        Ok(_) => {}
        Err(Refusal::Banned) => return Heard::Banned,
        Err(_) => return Heard::Locked,
    }
    let (id, keys) = (turn.interaction.id, turn.around.keys);
    let participant = turn.participant(at);
    let mut confirmation = participant.confirmation.take().expect("the caller chose one that waits");
    confirmation.tries_left -= 1;
    if !confirmation.is(said, id, &keys.confirmation) {
        let tries_left = confirmation.tries_left;
        if tries_left == 0 {
            participant.flag.explain(Reason::ConfirmationFailed);
        } else {
            participant.confirmation = Some(confirmation);
        }
        return wrong(turn, at, tries_left);
    }
    let mut resume = Map::new();
    if let Some(intent) = &confirmation.intent {
        resume.insert("intent".into(), json!(intent));
    }
    if let Some(state) = &confirmation.state {
        resume.insert("state".into(), json!(state));
    }
    match raise(turn, at, confirmation.proof, Binding::Code, resume) {
        Ok(()) => Heard::Passed,
        Err(_) => Heard::SubjectConflict,
    }
}

fn wrong(turn: &mut Turn<'_>, at: usize, tries_left: u8) -> Heard {
    let id = turn.interaction.participants[at].id.clone();
    turn.tell(EventKind::ConfirmationWrong, Some(id), object(json!({"tries_left": tries_left})));
    let consequence = turn.fail(at, "login");
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

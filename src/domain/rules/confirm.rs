//! A login that waits for its code: what the right one raises, and what a wrong one costs. Which
//! texts come here, `hear` says.

use serde_json::json;

use super::answer::Outcome;
use super::open::{Asked, raise};
use crate::domain::confirmation::Candidate;
use crate::domain::event::EventKind;
use crate::domain::flag::{Binding, Reason};
use crate::domain::lockout::Consequence;
use crate::domain::method::Guarded;
use crate::domain::turn::{Turn, object, resume_data};

/// Whether it is the code that the participant's login waits for.
pub(super) fn is_right(turn: &Turn<'_>, at: usize, said: &Candidate) -> bool {
    let (id, key) = (turn.interaction.id, &turn.around.keys.confirmation);
    turn.interaction.participants[at].confirmation.as_ref().is_some_and(|c| c.is(said, id, key))
}

/// It was right: the login counts.
pub(super) fn pass(turn: &mut Turn<'_>, at: usize) -> Outcome {
    turn.clear_ceiling(at);
    let confirmation = turn.participant(at).confirmation.take().expect("the caller chose one that waits");
    let resume = resume_data(confirmation.intent.as_ref(), confirmation.state.as_deref());
    let asked = Asked { link: Some(confirmation.link), at: confirmation.asked_at, resume };
    match raise(turn, at, confirmation.proof, Binding::Code, Some(asked)) {
        Ok(()) => Outcome::Passed,
        Err(_) => {
            let id = turn.interaction.participants[at].id.clone();
            let data = object(json!({"reason": "subject_conflict"}));
            turn.tell(EventKind::ConfirmationExpired, Some(id), data);
            Outcome::SubjectConflict
        }
    }
}

/// It was wrong: the count is saved before anybody is told.
pub(super) fn miss(turn: &mut Turn<'_>, at: usize) -> Outcome {
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
        Consequence::Counted => Outcome::Wrong,
        Consequence::Locked(_) => Outcome::Locked,
        Consequence::Banned => Outcome::Banned,
    }
}

//! A new epoch: what an interaction still holds of an earlier one ends.
//! When one begins, and why, `epoch` says.

use serde_json::json;

use super::{Turn, link_data, object};
use crate::conversation::interaction::Status;
use crate::event::EventKind;
use crate::proof::challenge::ChallengeEnd;
use crate::proof::entry::Entry;
use crate::proof::flag::Reason;
use crate::proof::link::LinkEnd;

/// Ends what an interaction still holds of an earlier epoch: flags, links, challenges, logins
/// under way.
/// Guess budgets stand: what is known of them still counts.
pub(super) fn begin_again(turn: &mut Turn<'_>) {
    let (epoch, now) = (turn.around.epoch, turn.around.now);
    if turn.interaction.epoch >= epoch || turn.interaction.status != Status::Open {
        return;
    }
    turn.interaction.epoch = epoch;
    // It may have been set by a clock that ran ahead.
    let idle = now.plus_minutes(turn.around.settings.interaction_timeout_minutes);
    turn.interaction.idle_until = turn.interaction.idle_until.min(idle);
    for at in 0..turn.interaction.participants.len() {
        let participant = turn.participant(at);
        let id = Some(participant.id.clone());
        let links = std::mem::take(&mut participant.links);
        let unconfirmed = links.iter().any(|link| link.page.pending.is_some());
        let waited = unconfirmed || participant.challenge.is_some();
        participant.entry = Entry::default();
        let stood = participant.flag.raised_at_all();
        if stood || waited || !links.is_empty() {
            participant.flag.lower(Reason::Restored);
        }
        for link in links {
            let data = link_data(turn.interaction.id, &link);
            turn.tell(EventKind::LinkExpired, id.clone(), data);
            turn.end_link(link, LinkEnd::Expired);
        }
        turn.end_challenge(at, ChallengeEnd::Expired);
        if unconfirmed {
            let data = object(json!({"reason": Reason::Restored}));
            turn.tell(EventKind::ConfirmationExpired, id.clone(), data);
        }
        if stood {
            turn.tell(EventKind::Expired, id, object(json!({"reason": Reason::Restored})));
        }
    }
}

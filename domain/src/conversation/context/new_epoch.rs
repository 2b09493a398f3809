//! A new epoch: what an interaction still holds of an earlier one ends.
//! When one begins, and why, `epoch` says.

use super::{Context, link_data};
use crate::conversation::interaction::InteractionStatus;
use crate::event::EventData;
use crate::event::data::conversations::ExpiredData;
use crate::event::data::links::PageProofData;
use crate::proof::challenge::ChallengeEnd;
use crate::proof::entry::Entry;
use crate::proof::flag::Reason;
use crate::proof::link::LinkEnd;

/// Ends what an interaction still holds of an earlier epoch: flags, links, challenges, logins
/// under way.
/// Guess budgets stand: what is known of them still counts.
pub(super) fn begin_again(context: &mut Context<'_>) {
    let (epoch, now) = (context.environment.epoch, context.environment.now);
    if context.interaction.epoch >= epoch || context.interaction.status != InteractionStatus::Open {
        return;
    }
    context.interaction.epoch = epoch;
    // It may have been set by a clock that ran ahead.
    let idle = now.plus_minutes(context.environment.settings.interaction_timeout_minutes);
    context.interaction.idle_until = context.interaction.idle_until.min(idle);
    for at in 0..context.interaction.participants.len() {
        let participant = context.participant(at);
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
            let data = link_data(context.interaction.id, &link);
            context.tell(EventData::LinkExpired(data), id.clone());
            context.end_link(link, LinkEnd::Expired);
        }
        context.end_challenge(at, ChallengeEnd::Expired);
        if unconfirmed {
            let data = PageProofData::UNKNOWN.because("restored");
            context.tell(EventData::ConfirmationExpired(data), id.clone());
        }
        if stood {
            context.tell(EventData::Expired(ExpiredData { reason: Reason::Restored }), id);
        }
    }
}

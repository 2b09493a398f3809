//! What events carry of links and challenges: their ids and what was asked for, never a secret.
//! Which event is told, the rule says.

use crate::base::id::{ChallengeId, InteractionId, LinkId};
use crate::event::data::challenges::ChallengeEventData;
use crate::event::data::links::LinkEventData;
use crate::proof::challenge::Challenge;
use crate::proof::link::Link;

/// What a listener is told of a link.
pub fn link_data(interaction: InteractionId, link: &Link) -> LinkEventData {
    let id = LinkId { interaction, number: link.number };
    LinkEventData { link: id, purpose: link.purpose, intent: link.intent.clone(), state: link.state.clone() }
}

/// What a listener is told of a challenge.
pub fn challenge_data(interaction: InteractionId, challenge: &Challenge) -> ChallengeEventData {
    let (intent, state) = (challenge.intent.clone(), challenge.state.clone());
    let id = ChallengeId { interaction, number: challenge.number };
    ChallengeEventData { challenge: id, method: challenge.method(), intent, state }
}

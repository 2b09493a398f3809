//! A challenge as callers read it: how it stands and where its page is.
//! What would answer it is never here: an agent's look is an operation of its own.

use serde::Serialize;
use utoipa::ToSchema;

use super::{DeliveryView, Viewer, delivery_of};
use crate::domain::challenge::{Challenge, ChallengeId, Check, EndedChallenge};
use crate::domain::id::InteractionId;
use crate::domain::interaction::{Interaction, Participant};
use crate::domain::method::Method;
use crate::domain::rules::attend::Found;
use crate::domain::sending::What;

/// A code, a PIN or another check that was put to a participant.
#[derive(Serialize, ToSchema)]
pub struct ChallengeView {
    id: String,
    /// `otp` or `pin`.
    #[schema(value_type = String)]
    method: Method,
    /// `pending`; of one that ended `passed`, `exhausted`, `locked`, `expired`, `cancelled`,
    /// `superseded`, `closed`, `signed_out`, `reassigned` or `reported`.
    status: &'static str,
    participant: String,
    /// The page on which the person may answer: for that person alone.
    page_url: Option<String>,
    /// The message that brings the code; null where none does.
    delivery: Option<DeliveryView>,
    expires_at: Option<String>,
    tries_left: u32,
    /// When another code may be asked for; nothing where there is none to send.
    resend_after: Option<String>,
}

impl Viewer<'_> {
    /// A participant's live challenge.
    pub(super) fn live_challenge(self, interaction: &Interaction, participant: &Participant) -> Option<ChallengeView> {
        let live = participant.challenge.as_ref().filter(|c| interaction.is_open(self.now) && c.is_live(self.now))?;
        Some(self.challenge(interaction, live))
    }

    /// A challenge that waits for its answer.
    pub fn challenge(self, interaction: &Interaction, challenge: &Challenge) -> ChallengeView {
        let resend_at = match &challenge.check {
            Check::Otp(otp) => Some(otp.resend_at),
            Check::Pin(_) => None,
        };
        ChallengeView {
            id: ChallengeId { interaction: interaction.id, number: challenge.number }.to_string(),
            method: challenge.method(),
            status: "pending",
            participant: challenge.participant.to_string(),
            page_url: Some(format!("{}/c/{}", self.public_url, challenge.page(interaction.id, self.keys).text())),
            delivery: delivery_of(
                interaction,
                |what| matches!(what, What::Code { challenge: sent, .. } if *sent == challenge.number),
            ),
            expires_at: challenge.expires_at.map(|end| end.to_string()),
            tries_left: challenge.tries_left,
            resend_after: resend_at.map(|at| at.to_string()),
        }
    }

    /// A challenge however it stands.
    pub fn found(self, interaction: &Interaction, found: &Found) -> ChallengeView {
        match found {
            Found::Live(challenge) => self.challenge(interaction, challenge),
            Found::Ended(ended) => over(interaction.id, ended),
        }
    }
}

fn over(interaction: InteractionId, ended: &EndedChallenge) -> ChallengeView {
    ChallengeView {
        id: ChallengeId { interaction, number: ended.number }.to_string(),
        method: ended.method,
        status: ended.end.as_str(),
        participant: ended.participant.to_string(),
        page_url: None,
        delivery: None,
        expires_at: ended.expires_at.map(|end| end.to_string()),
        tries_left: ended.tries_left,
        resend_after: None,
    }
}

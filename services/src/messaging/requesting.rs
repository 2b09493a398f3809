//! Codes that a team sends itself: what is to be sent, and where to, goes to the webhook that its
//! settings name, and nowhere else. The code is in no event, in no list of deliveries and in no record:
//! it follows from its challenge whenever it is told, and with the challenge's end it is told no more.

use super::Messaging;
use super::live_codes::live_code;
use super::posting::signer;
use crate::engine::Error;
use crate::teams::TeamView;
use countersign_domain::base::id::ChallengeId;
use countersign_domain::conversation::interaction::{Interaction, Participant};
use countersign_domain::event::data::challenges::CodeRequestedData;
use countersign_domain::event::posting::{PostOutcome, Why};
use countersign_domain::event::webhook::Webhook;
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::messaging::attempt::AttemptResult;
use countersign_domain::messaging::sending::{DeliveryState, Sending};
use countersign_domain::secret::Secret;

impl Messaging {
    /// Asks the team to send a code.
    pub(crate) async fn request_sending(
        &self,
        team: &TeamView,
        interaction: &Interaction,
        participant: &Participant,
        sending: &Sending,
    ) -> Result<AttemptResult, Error> {
        let Some(webhook) = team.event_webhook() else { return Ok(AttemptResult::Refused("no-channel")) };
        let address = sending.way.address(interaction, participant);
        let to = sending.way.destination(interaction, participant, &self.engine.keys.pseudonym);
        let (Some(address), Some(to)) = (address, to) else { return Ok(AttemptResult::Refused("no-address")) };
        if let Some(unpaid) = self.pay_for(team, sending, Some(to)).await? {
            return Ok(unpaid);
        }
        let live = live_code(participant, &sending.what, self.engine.now());
        let (Some(live), DeliveryState::Queued(trying)) = (live, sending.state) else {
            return Ok(AttemptResult::Refused("gone"));
        };
        let event = Event {
            at: trying.since,
            team: interaction.team.clone(),
            channel: Some(interaction.channel.clone()),
            interaction: Some(interaction.id),
            participant: Some(participant.id.clone()),
            actor: Actor::Time,
            data: EventData::OtpRequested(CodeRequestedData {
                challenge: Some(ChallengeId { interaction: interaction.id, number: live.number }),
                customer: None,
                purpose: None,
                code: live.answer(interaction.id, &self.engine.keys.code),
                to: Secret::new(address.as_bytes().to_vec()),
                expires_at: live.expires_at,
            }),
        };
        let answer = self.post_code(webhook, &sending.message_id(interaction.id), &event).await;
        let how = outcome_of(answer);
        if how == AttemptResult::Sent {
            self.limits.count_sent(&team.team.name, to.country);
        }
        Ok(how)
    }

    /// Posts a code to the webhook that sends it; by the same id again where it is the same message.
    pub(crate) async fn post_code(&self, webhook: &Webhook, message_id: &str, event: &Event) -> PostOutcome {
        let parts = [event.kind().as_str().as_bytes(), message_id.as_bytes()];
        let id = self.engine.keys.replay.tag(&parts).name();
        let body = serde_json::to_vec(&event.document(&id)).expect("an event is plain data");
        self.post(&webhook.url, &signer(webhook, self.engine.now()), &id, body).await
    }
}

/// What the webhook's answer means. The same id again is the same code, so an answer that was lost is
/// asked for again.
pub(crate) fn outcome_of(answer: PostOutcome) -> AttemptResult {
    match answer {
        PostOutcome::Taken => AttemptResult::Sent,
        PostOutcome::Gone => AttemptResult::Barred("gone"),
        PostOutcome::Failed(failure) => match (failure.after, failure.why) {
            (Some(after), _) => AttemptResult::After(after),
            (None, Why::Forbidden) => AttemptResult::Refused("forbidden-address"),
            (None, why) => AttemptResult::Later(why.as_str()),
        },
    }
}

//! Delivery receipts of platforms: whose message one is about, and the transaction that takes it.
//! `domain::rules::messages::receive_receipt` says what follows from it.
//!
//! Mostly a platform gives back our own id of a message, which names its interaction: nothing is kept for
//! it. Where it knows its own id alone, which message that is lies in a record of its own for a day.

use countersign_channels::inbound::{DeliveryReceipt, DeliveryStatus};
use futures_util::{StreamExt as _, stream};

use super::Inbound;
use super::webhook_verifiers::Listening;
use crate::conversations::snapshots::{RequestContext, With};
use crate::engine::Error;
use countersign_domain::base::id::InteractionId;
use countersign_domain::event::Actor;
use countersign_domain::messaging::sending::MessageId;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::messages::receive_receipt;
use countersign_domain::rules::messages::receive_receipt::Receipt;
use countersign_domain::rules::messages::receive_receipt::receive_receipt;

/// Interactions whose messages one request tells of that are looked after at the same time.
const CONCURRENCY: usize = 16;

impl Inbound {
    /// Acts on what a platform says of messages; of one interaction's in its order.
    pub(crate) async fn hear_receipts(&self, at: &Listening, all: Vec<DeliveryReceipt>) -> Result<(), Error> {
        let mut each: Vec<(InteractionId, Vec<(MessageId, DeliveryReceipt)>)> = Vec::new();
        for one in all {
            let Some(of) = self.message_of(at, &one).await? else {
                count("foreign");
                continue;
            };
            match each.iter_mut().find(|(known, _)| *known == of.interaction) {
                Some((_, told)) => told.push((of, one)),
                None => each.push((of.interaction, vec![(of, one)])),
            }
        }
        let heard = stream::iter(each).map(|(_, told)| async move {
            for (of, one) in told {
                self.hear_receipt(at, of, &one).await?;
            }
            Ok::<(), Error>(())
        });
        let heard: Vec<Result<(), Error>> = heard.buffer_unordered(CONCURRENCY).collect().await;
        heard.into_iter().collect()
    }

    async fn hear_receipt(&self, at: &Listening, of: MessageId, one: &DeliveryReceipt) -> Result<(), Error> {
        let status = match one.status {
            DeliveryStatus::Delivered | DeliveryStatus::Read => receive_receipt::ReceiptStatus::Arrived,
            DeliveryStatus::Failed => receive_receipt::ReceiptStatus::Bounced,
        };
        let receipt = Receipt { of, channel: &at.channel, platform_id: &one.platform_id, status };
        let request_context = RequestContext::new(of.interaction, Some(&at.team), Actor::Time, With::Nothing);
        match self.conversations.run(request_context, |context| receive_receipt(context, &receipt)).await {
            Ok(snapshot) => count(if snapshot.outcome { "news" } else { "known" }),
            Err(Error::Refused(Refusal::NotFound(_))) => count("foreign"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Which message of ours it is, as far as anybody knows.
    async fn message_of(&self, at: &Listening, one: &DeliveryReceipt) -> Result<Option<MessageId>, Error> {
        if let Some(ours) = &one.ours {
            return Ok(ours.parse().ok());
        }
        self.messaging.message_by_platform_id(&at.team, &at.channel, &one.platform_id).await
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("countersign_receipts_total", "outcome" => outcome).increment(1);
}

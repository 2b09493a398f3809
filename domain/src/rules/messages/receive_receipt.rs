//! What a platform says later of a message that it took: it has arrived, or it never will. The one is
//! marked; the other goes on by the next way of the team's order while what it says is good for anything.
//!
//! A platform says things twice, late and in any order, and others' ids may stand in what it says: what
//! does not fit changes nothing. That it is the platform who says it is proved elsewhere.

use crate::base::id::ChannelName;
use crate::conversation::context::Context;
use crate::messaging::sending::{DeliveryState, MessageId};
use crate::refusal::Refusal;
use crate::rules::messages::send::DeliveryNotice;
use crate::rules::messages::send::next_way;
use crate::rules::messages::send::tell;

/// The platform took it and could not bring it.
const BOUNCED: &str = "bounced";

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptStatus {
    /// The person has it.
    Arrived,
    /// She will not get it.
    Bounced,
}

/// What a platform says of a message.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// Of which, as we called it.
    pub of: MessageId,
    /// The channel that the platform speaks for.
    pub channel: &'a ChannelName,
    /// Its own id of the message.
    pub platform_id: &'a str,
    /// What became of it.
    pub status: ReceiptStatus,
}

/// A platform has said what became of a message; true where that was news.
pub fn receive_receipt(context: &mut Context<'_>, receipt: &Receipt<'_>) -> Result<bool, Refusal> {
    let (now, number) = (context.environment.now, receipt.of.number);
    let Some(sending) = context.interaction.sendings.iter().find(|sending| sending.number == number).cloned() else {
        return Ok(false);
    };
    let is_its_own = sending.way == receipt.of.way && sending.way.channel(&context.interaction) == *receipt.channel;
    let participant = context.interaction.participant(&sending.participant);
    if !is_its_own || !participant.is_some_and(|participant| sending.is_wanted(participant, now)) {
        return Ok(false);
    }
    // An answer that was lost may have been to a message that arrived: then there are two of it, and what
    // became of one says nothing of the other, unless she has it.
    let is_the_one = sending.platform_id.as_ref().is_none_or(|known| known == receipt.platform_id);
    let is_news = match (sending.state, receipt.status) {
        (DeliveryState::Sent, ReceiptStatus::Arrived) => true,
        (DeliveryState::Queued(trying), ReceiptStatus::Arrived) if trying.tries > 0 => {
            tell(context, number, DeliveryNotice::Sent);
            true
        }
        (DeliveryState::Sent, ReceiptStatus::Bounced) => is_the_one,
        // It has overtaken the platform's own answer.
        (DeliveryState::Queued(trying), ReceiptStatus::Bounced) => trying.tries == 1 && trying.lost == 0,
        (DeliveryState::Queued(_) | DeliveryState::Delivered | DeliveryState::Failed, _) => false,
    };
    match receipt.status {
        ReceiptStatus::Arrived if is_news => arrived(context, receipt),
        ReceiptStatus::Bounced if is_news => next_way(context, number, BOUNCED),
        _ => {}
    }
    Ok(is_news)
}

fn arrived(context: &mut Context<'_>, receipt: &Receipt<'_>) {
    let Some(sending) = context.sending(receipt.of.number) else { return };
    sending.state = DeliveryState::Delivered;
    sending.platform_id = Some(receipt.platform_id.to_owned());
    sending.forget();
    tell(context, receipt.of.number, DeliveryNotice::Delivered);
}

//! Requests of platforms: verified to be the platform's, and then what people say in them is received.
//! How one is verified, `webhook_verifiers` says; what a message does, `inbound`.

use countersign_channels::format::inbound::ReplyFormat;
use countersign_channels::format::inbound::proof::VerificationError;
use countersign_channels::format::inbound::request::InboundRequest;
use countersign_channels::inbound;
use countersign_channels::inbound::{Happening, SpokenMessage, Taken};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method};
use secrecy::ExposeSecret as _;

use super::webhook_verifiers::Listening;
use super::{ArrivedMessage, FlagReader, Inbound};
use crate::engine::Error;
use countersign_domain::base::id::Conversation;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::chat::receive::Audience;

/// Conversations of one request that are received at the same time.
const CONCURRENCY: usize = 16;

impl Inbound {
    /// Verifies that a request is the platform's, and reads it.
    ///
    /// # Errors
    ///
    /// `Unproved` where it is not the platform's.
    pub async fn verify_call(&self, at: &Listening, call: InboundCall<'_>) -> Result<VerifiedCall, Error> {
        let InboundCall { method, target, headers, body } = call;
        // The address that the platform was given, whatever host a request names.
        let url = format!("{}{target}", self.urls.public_url());
        let unix = self.engine.now().0 / 1000;
        let taken = at.webhook_verifier.hear(&InboundRequest { method, url, headers, body, unix }).await;
        taken.map(VerifiedCall).map_err(|distrust| unproved(at, &distrust))
    }

    /// Receives what people say in a request. The platform is answered once all of it is saved; what is
    /// not, it tells again.
    pub async fn receive_call(
        &self,
        at: &Listening,
        call: VerifiedCall,
        flag: &FlagReader<'_>,
    ) -> Result<PlatformReply, Error> {
        let VerifiedCall(taken) = call;
        let (mut heard, mut opened, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
        for happening in taken.happenings {
            match happening {
                Happening::Heard(one) => heard.push(one),
                Happening::Opened(one) => opened.push(one),
                Happening::DeliveryReceipt(one) => receipts.push(one),
            }
        }
        // Who was shown to be there may say something in the same breath.
        for one in &opened {
            self.receive_opened(&at.team, &at.channel, one).await?;
        }
        let received = stream::iter(by_conversation(heard.into_iter())).map(|(conversation, heard)| async move {
            for one in &heard {
                self.receive_heard(at, &conversation, one, flag).await?;
            }
            Ok::<(), Error>(())
        });
        // One conversation's failure cuts no other short; the platform tells all of it again.
        let mut received: Vec<Result<(), Error>> = received.buffer_unordered(CONCURRENCY).collect().await;
        received.push(self.hear_receipts(at, receipts).await);
        received.into_iter().collect::<Result<(), Error>>()?;
        let ReplyFormat { status, content_type, body } = taken.reply;
        Ok(PlatformReply { status, content_type, body })
    }

    async fn receive_heard(
        &self,
        at: &Listening,
        conversation: &Conversation,
        heard: &SpokenMessage,
        flag: &FlagReader<'_>,
    ) -> Result<(), Error> {
        let message = ArrivedMessage {
            id: &heard.message_id,
            sender: heard.sender.as_str(),
            is_own: heard.is_own,
            conversation,
            text: heard.text.expose_secret(),
            audience: audience(heard),
            in_group: in_group(heard),
            assurance: at.webhook_verifier.assurance(),
            raw: Some(&heard.raw.0),
        };
        self.receive(&at.team, &at.channel, &message, flag).await.map(drop)
    }
}

fn unproved(at: &Listening, error: &VerificationError) -> Error {
    metrics::counter!("countersign_received_total", "outcome" => "unproved").increment(1);
    let Listening { team, channel, .. } = at;
    let why = match error {
        VerificationError::UnknownKey(_) => "no such key".to_owned(), // the name of one is the caller's
        error => error.to_string(),
    };
    match error {
        VerificationError::Unavailable(what) => Error::Away(format!("{what} cannot be had")),
        VerificationError::TooLarge => Refusal::TooLarge.into(),
        _ => Refusal::Unproved(format!("{team}/{channel}: {why}")).into(),
    }
}

/// Each conversation's messages, in their order.
fn by_conversation(heard: impl Iterator<Item = SpokenMessage>) -> Vec<(Conversation, Vec<SpokenMessage>)> {
    let mut each: Vec<(Conversation, Vec<SpokenMessage>)> = Vec::new();
    for one in heard {
        let Ok(conversation) = one.conversation.as_str().parse::<Conversation>() else {
            tracing::warn!("a message of a conversation whose id cannot be one was passed over");
            continue;
        };
        match each.iter_mut().find(|(known, _)| *known == conversation) {
            Some((_, heard)) => heard.push(one),
            None => each.push((conversation, vec![one])),
        }
    }
    each
}

/// Who is not known to be alone is not.
fn audience(heard: &SpokenMessage) -> Audience {
    match heard.audience {
        inbound::MessageAudience::Alone => Audience::Alone,
        inbound::MessageAudience::Unknown | inbound::MessageAudience::Group => Audience::Group,
    }
}

/// Whether the conversation is a group's, where the platform tells. Some call a person's words by her own
/// id wherever she has said them: that says nothing of what is written to her.
fn in_group(heard: &SpokenMessage) -> Option<bool> {
    match heard.audience {
        _ if heard.conversation == heard.sender => None,
        inbound::MessageAudience::Alone => Some(false),
        inbound::MessageAudience::Group => Some(true),
        inbound::MessageAudience::Unknown => None,
    }
}

/// A request as it came.
pub struct InboundCall<'a> {
    /// Its method.
    pub method: Method,
    /// Its path and query, as they came.
    pub target: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, untouched.
    pub body: &'a [u8],
}

/// What a request holds that is verified to be the platform's.
pub struct VerifiedCall(Taken);

/// What the platform is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformReply {
    /// The status.
    pub status: u16,
    /// The body's media type.
    pub content_type: String,
    /// The body.
    pub body: String,
}

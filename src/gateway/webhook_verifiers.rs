//! What platforms tell at `/in/TEAM/CHANNEL`: proved by the secrets of the team's account, answered
//! as the platform expects it, and what people said in it received, one conversation's messages in
//! their order.
//!
//! How a request is proved and read is the definition's; here is only who asks and what follows.

use std::sync::Arc;

use countersign_channels::inbound::proof::VerificationError;
use countersign_channels::inbound::request::InboundRequest;
use countersign_channels::inbound::{self, Happening, Heard, Taken, WebhookVerifier, packed};
use dashmap::DashMap;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Method};
use secrecy::ExposeSecret as _;

use super::channels::account;
use super::inbound::{Flag, Message};
use super::{Error, Gateway};
use crate::domain::channel::Channel;
use crate::domain::id::{ChannelName, Conversation, TeamName};
use crate::domain::refusal::Refusal;
use crate::domain::rules::receive::Audience;

/// Conversations of one request that are received at the same time.
const CONCURRENCY: usize = 16;

/// Ears, with the accounts that they are of.
#[derive(Default)]
pub(super) struct WebhookVerifiers(DashMap<(TeamName, ChannelName), Kept>);

impl WebhookVerifiers {
    /// The team is there no more.
    pub fn forget(&self, team: &TeamName) {
        self.0.retain(|(of, _), _| of != team);
    }
}

/// An account, and its ear where the platform is heard.
struct Kept {
    channel: Channel,
    webhook_verifier: Option<Arc<WebhookVerifier>>,
}

/// A channel that is heard.
#[derive(Clone)]
pub struct Listening {
    pub(super) team: TeamName,
    pub(super) channel: ChannelName,
    webhook_verifier: Arc<WebhookVerifier>,
}

/// A request as it came.
pub struct Call<'a> {
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
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body's media type.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Listening {
    /// Whether a body with these headers is unpacked for the platform, where it is packed.
    pub fn takes_coding(&self, headers: &HeaderMap) -> bool {
        !packed::is_packed(headers)
            || packed::packing(headers).is_some_and(|packing| self.webhook_verifier.takes(packing))
    }
}

/// Whether a request says that its body is packed.
pub fn is_packed(headers: &HeaderMap) -> bool {
    packed::is_packed(headers)
}

impl Gateway {
    /// A team's channel, where it is heard. One that is not is as little there as one of no team.
    pub async fn listening(&self, team: &TeamName, channel: &ChannelName) -> Result<Listening, Error> {
        let view = self.team_over(team, channel).await?.ok_or(Refusal::NotFound("channel"))?;
        let known = view.team.channels.get(channel).ok_or(Refusal::NotFound("channel"))?;
        let webhook_verifier = self.webhook_verifier_for(team, channel, known).ok_or(Refusal::NotFound("channel"))?;
        Ok(Listening { team: team.clone(), channel: channel.clone(), webhook_verifier })
    }

    /// Verifies that a request is the platform's, and reads it.
    ///
    /// # Errors
    ///
    /// `Unproved` where it is not the platform's.
    pub async fn verify_call(&self, at: &Listening, call: Call<'_>) -> Result<VerifiedCall, Error> {
        let Call { method, target, headers, body } = call;
        // The address that the platform was given, whatever host a request names.
        let url = format!("{}{target}", self.public_url);
        let unix = self.now().0 / 1000;
        let taken = at.webhook_verifier.hear(&InboundRequest { method, url, headers, body, unix }).await;
        taken.map(VerifiedCall).map_err(|distrust| unproved(at, &distrust))
    }

    /// Receives what people say in a request. The platform is answered once all of it is saved; what is
    /// not, it tells again.
    pub async fn receive_call(&self, at: &Listening, call: VerifiedCall, flag: &Flag<'_>) -> Result<Answer, Error> {
        let VerifiedCall(taken) = call;
        let (mut heard, mut opened, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
        for happening in taken.happenings {
            match happening {
                Happening::Heard(one) => heard.push(one),
                Happening::Opened(one) => opened.push(one),
                Happening::DeliveryReceipt(became) => receipts.push(became),
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
        let inbound::format::Reply { status, content_type, body } = taken.reply;
        Ok(Answer { status, content_type, body })
    }

    async fn receive_heard(
        &self,
        at: &Listening,
        conversation: &Conversation,
        heard: &Heard,
        flag: &Flag<'_>,
    ) -> Result<(), Error> {
        let message = Message {
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

    fn webhook_verifier_for(
        &self,
        team: &TeamName,
        name: &ChannelName,
        channel: &Channel,
    ) -> Option<Arc<WebhookVerifier>> {
        let place = (team.clone(), name.clone());
        if let Some(kept) = self.webhook_verifiers.0.get(&place).filter(|kept| kept.channel.is_same_account(channel)) {
            return kept.webhook_verifier.clone();
        }
        let definition = self.registry.find(&channel.definition)?;
        let webhook_verifier = definition.webhook_verifier(&account(channel)).unwrap_or_else(|_| {
            tracing::warn!(%team, channel = %name, definition = channel.definition, "a channel cannot be heard");
            None
        });
        let webhook_verifier = webhook_verifier.map(Arc::new);
        self.webhook_verifiers
            .0
            .insert(place, Kept { channel: channel.clone(), webhook_verifier: webhook_verifier.clone() });
        webhook_verifier
    }

    /// A channel is gone.
    pub(super) fn forget_webhook_verifier(&self, team: &TeamName, channel: &ChannelName) {
        self.webhook_verifiers.0.remove(&(team.clone(), channel.clone()));
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
fn by_conversation(heard: impl Iterator<Item = Heard>) -> Vec<(Conversation, Vec<Heard>)> {
    let mut each: Vec<(Conversation, Vec<Heard>)> = Vec::new();
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
fn audience(heard: &Heard) -> Audience {
    match heard.audience {
        inbound::Audience::Alone => Audience::Alone,
        inbound::Audience::Unknown | inbound::Audience::Group => Audience::Group,
    }
}

/// Whether the conversation is a group's, where the platform tells. Some call a person's words by her own
/// id wherever she has said them: that says nothing of what is written to her.
fn in_group(heard: &Heard) -> Option<bool> {
    match heard.audience {
        _ if heard.conversation == heard.sender => None,
        inbound::Audience::Alone => Some(false),
        inbound::Audience::Group => Some(true),
        inbound::Audience::Unknown => None,
    }
}

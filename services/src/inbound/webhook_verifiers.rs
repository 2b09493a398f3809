//! What platforms tell at `/in/TEAM/CHANNEL`: proved by the secrets of the team's account, answered
//! as the platform expects it, and what people said in it received, one conversation's messages in
//! their order.
//!
//! How a request is proved and read is the definition's; here is only who asks and what follows.

use std::sync::Arc;

use countersign_channels::inbound::{WebhookVerifier, packed};
use dashmap::DashMap;
use http::HeaderMap;

use super::Inbound;
use crate::engine::Error;
use crate::teams::TeamCache;
use crate::teams::drivers::account;
use countersign_domain::accounts::channel::TeamChannel;
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::refusal::Refusal;

/// Ears, with the accounts that they are of.
#[derive(Default)]
pub(crate) struct WebhookVerifiers(DashMap<(TeamName, ChannelName), Kept>);

impl TeamCache for WebhookVerifiers {
    /// The team is there no more.
    fn forget_team(&self, team: &TeamName) {
        self.0.retain(|(of, _), _| of != team);
    }

    fn forget_channel(&self, team: &TeamName, channel: &ChannelName) {
        self.0.remove(&(team.clone(), channel.clone()));
    }
}

/// An account, and its ear where the platform is heard.
struct Kept {
    channel: TeamChannel,
    webhook_verifier: Option<Arc<WebhookVerifier>>,
}

/// A channel that is heard.
#[derive(Clone)]
pub struct Listening {
    pub(crate) team: TeamName,
    pub(crate) channel: ChannelName,
    pub(crate) webhook_verifier: Arc<WebhookVerifier>,
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

impl Inbound {
    /// A team's channel, where it is heard. One that is not is as little there as one of no team.
    pub async fn listening(&self, team: &TeamName, channel: &ChannelName) -> Result<Listening, Error> {
        let view = self.channels.team_over(team, channel).await?.ok_or(Refusal::NotFound("channel"))?;
        let known = view.team.channels.get(channel).ok_or(Refusal::NotFound("channel"))?;
        let webhook_verifier = self.webhook_verifier_for(team, channel, known).ok_or(Refusal::NotFound("channel"))?;
        Ok(Listening { team: team.clone(), channel: channel.clone(), webhook_verifier })
    }

    fn webhook_verifier_for(
        &self,
        team: &TeamName,
        name: &ChannelName,
        channel: &TeamChannel,
    ) -> Option<Arc<WebhookVerifier>> {
        let place = (team.clone(), name.clone());
        if let Some(kept) = self.webhook_verifiers.0.get(&place).filter(|kept| kept.channel.is_same_account(channel)) {
            return kept.webhook_verifier.clone();
        }
        let definition = self.drivers.registry().find(&channel.definition)?;
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
}

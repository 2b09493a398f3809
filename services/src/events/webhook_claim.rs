//! The claim of a webhook: that there may be news for it, or the deliveries that this node has claimed.
//! `webhook_dispatch` does the work.

use std::sync::Arc;

use super::stream::SharedEvent;
use crate::engine::executor::{Claim, JobPolicy};
use countersign_domain::base::id::{TeamName, WebhookName};
use countersign_domain::event::webhook::Webhook;
use countersign_domain::messaging::webhook_cursor::Work;

/// A webhook that this node is to look after.
pub(crate) struct WebhookClaim {
    pub team: TeamName,
    pub name: WebhookName,
    /// None where it is still to be claimed.
    pub deliveries: Option<ClaimedDeliveries>,
}

/// Deliveries that are to be attempted.
pub(crate) struct ClaimedDeliveries {
    pub work: Work,
    /// The webhook as it was when it was claimed.
    pub webhook: Webhook,
    /// Events of the stream that are known already.
    pub page: Vec<Arc<SharedEvent>>,
}

impl WebhookClaim {
    /// There may be news for a webhook.
    pub fn news(team: TeamName, name: WebhookName) -> Self {
        Self { team, name, deliveries: None }
    }
}

impl Claim for WebhookClaim {
    type Key = (TeamName, WebhookName);
    const POLICY: JobPolicy = JobPolicy::new("webhook", 64);

    fn key(&self) -> Self::Key {
        (self.team.clone(), self.name.clone())
    }
}

//! Moments that come by themselves: a flag about to fall, one that fell, a link or an
//! interaction whose time is over, a message that is due. A record's alarm says when to look; the
//! rule says what happened; compare-and-swap lets one of several nodes announce or send it.

use futures_util::{StreamExt as _, stream};

use super::Maintenance;
use crate::conversations::snapshots::{Acting, RequestContext};
use crate::engine::Error;
use crate::names::RETRACTION;
use countersign_domain::base::id::InteractionId;
use countersign_domain::event::Actor;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::messages::send::claim;
use countersign_domain::time::lease::LEASE;
use countersign_store::RecordKey;

/// Alarms that are claimed at once.
pub(crate) const MAX_BATCH: usize = 256;

/// Alarms that are looked after at the same time: enough to share a store's flushes, few enough to
/// leave it and the turnstiles to those who wait for an answer.
pub(crate) const CONCURRENCY: usize = 32;

impl Maintenance {
    /// Looks after every record whose alarm has come, at most a page of them; how many it was.
    pub async fn ring(&self) -> Result<usize, Error> {
        let keys = self.engine.store.due(self.engine.now().0, MAX_BATCH, LEASE.as_secs() * 1_000).await?;
        stream::iter(&keys).for_each_concurrent(CONCURRENCY, |key| self.look_after(key)).await;
        Ok(keys.len())
    }

    async fn look_after(&self, key: &RecordKey) {
        if key.name.starts_with(RETRACTION) {
            return self.messaging.take_back(key.clone());
        }
        if key.name.starts_with("q/") {
            return self.messaging.claim_line(key).await;
        }
        if key.name.starts_with("login/") {
            return self.logins.claim_account_messages(key).await;
        }
        if self.webhooks.is_cursor(key) {
            return;
        }
        let Some(id) = key.name.strip_prefix("i/").and_then(|id| id.parse::<InteractionId>().ok()) else {
            return tracing::warn!(name = key.name, "an alarm of an unknown kind");
        };
        match self.conversations.run(RequestContext::by_time(id), claim).await {
            Ok(_) => {}
            // Its team is gone, or it is itself: nobody is to be told any more.
            Err(Error::Refused(Refusal::NotFound(_))) => self.drop_orphan(id).await,
            Err(error) => tracing::error!(%id, %error, "an alarm could not be looked after; it comes again"),
        }
    }

    async fn drop_orphan(&self, id: InteractionId) {
        match self.erase(Acting { id, team: None, actor: Actor::Time }).await {
            Ok(()) | Err(Error::Refused(Refusal::NotFound(_))) => {}
            Err(error) => tracing::error!(%id, %error, "an interaction without a team could not be erased"),
        }
    }

    /// Rings for ever, every quarter of a second and whenever something was committed.
    pub async fn ring_forever(&self) {
        loop {
            match self.ring().await {
                Ok(0) => self.engine.store.woken().await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "alarms cannot be looked after");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }
}

//! Webhooks that this node is to look after: each by one at a time, and none that rings meanwhile is
//! forgotten.
//!
//! What is done for one is `webhook_dispatch`'s.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::base::id::{TeamName, WebhookName};

/// A webhook, by its team's name and its own.
pub(crate) type WebhookId = (TeamName, WebhookName);

/// Webhooks that this node is to look after.
#[derive(Default)]
pub(crate) struct PendingWebhooks {
    inside: Mutex<Inside>,
    /// Told when one may be taken.
    pub woken: Notify,
}

#[derive(Default)]
struct Inside {
    waiting: BTreeSet<WebhookId>,
    /// Looked after now.
    busy: BTreeSet<WebhookId>,
}

impl PendingWebhooks {
    /// There may be news for one.
    pub fn push(&self, name: WebhookId) {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).waiting.insert(name);
        self.woken.notify_one();
    }

    /// The next that nobody here looks after.
    pub fn take(&self) -> Option<WebhookId> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let next = inside.waiting.iter().find(|name| !inside.busy.contains(name)).cloned()?;
        inside.waiting.remove(&next);
        inside.busy.insert(next.clone());
        Some(next)
    }

    /// Nobody here looks after it any more.
    pub fn done(&self, name: &WebhookId) {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).busy.remove(name);
        self.woken.notify_one();
    }
}

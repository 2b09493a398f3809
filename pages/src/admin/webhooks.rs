//! The pages of a team's webhooks: all of them, and one with what became of its events. No body of an event
//! is shown, and no secret but in the answer that made it.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// The page of webhooks.
#[derive(Serialize)]
pub struct WebhooksPage {
    /// Around it.
    pub frame: Shell,
    /// By name.
    pub webhooks: Vec<WebhookRow>,
    /// Every kind of event that may be told.
    pub events: Vec<&'static str>,
}

/// A webhook.
#[derive(Serialize)]
pub struct WebhookRow {
    /// Its name.
    pub name: String,
    /// Where it tells.
    pub url: String,
    /// What it tells; `*` is everything.
    pub events: Vec<String>,
    /// `v1` or `v1a`.
    pub signature: &'static str,
    /// `active`, `failing` or `stopped`.
    pub status: &'static str,
    /// Since when it fails or has stopped.
    pub since: Option<String>,
    /// Events that were lost.
    pub dropped: u64,
    /// Until when a secret that was replaced signs as well.
    pub overlap: Option<String>,
    /// What the receiver of a `v1a` verifies with.
    pub public_key: Option<String>,
}

/// One webhook.
#[derive(Serialize)]
pub struct WebhookPage {
    /// Around it.
    pub frame: Shell,
    /// As it is.
    pub webhook: WebhookRow,
    /// Every kind of event that may be told.
    pub events: Vec<&'static str>,
    /// What may be chosen: a status (`all` for any), and whether it is shown.
    pub statuses: Vec<(&'static str, bool)>,
    /// Of its events.
    pub deliveries: Vec<DeliveryRow>,
    /// The address of more.
    pub next: Option<String>,
}

/// What became of an event.
#[derive(Serialize)]
pub struct DeliveryRow {
    /// What the receiver knows it by.
    pub id: String,
    /// What kind of event.
    pub kind: &'static str,
    /// When it happened.
    pub at: String,
    /// `pending`, `failed` or `delivered`.
    pub status: &'static str,
    /// How often it was tried.
    pub tries: u32,
    /// Why the last try was not taken.
    pub why: Option<&'static str>,
    /// What the receiver answered with.
    pub answer: Option<u16>,
    /// When it is tried next.
    pub next: Option<String>,
    /// When it was delivered or given up.
    pub ended: Option<String>,
}

impl Pages {
    /// The page of webhooks.
    pub fn admin_webhooks(&self, page: &WebhooksPage) -> String {
        self.staff("admin_webhooks.html", &page.frame.language, page)
    }

    /// The page of one.
    pub fn admin_webhook(&self, page: &WebhookPage) -> String {
        self.staff("admin_webhook.html", &page.frame.language, page)
    }
}

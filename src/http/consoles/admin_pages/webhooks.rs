//! `/admin/teams/TEAM/webhooks`: where the team's events are told, and for each webhook what became of them.
//! An event's body is told to its receiver alone, and stands on no page.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::{PageRequest, unknown};
use crate::domain::base::id::WebhookName;
use crate::domain::event::webhook::{EventSelection, SignatureScheme};
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;
use crate::http::consoles::shown;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::pages::admin::webhooks::{DeliveryRow, WebhookPage, WebhookRow, WebhooksPage};
use crate::services::engine::Error;
use crate::services::events::deliveries::{Cursor, Delivery, EventDeliveryStatus};
use crate::services::events::webhooks::WebhookState;

/// Deliveries of a page.
const PAGE: usize = 50;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    let one = "/admin/teams/{team}/webhooks/{name}";
    Router::new().route("/admin/teams/{team}/webhooks", get(all)).route(one, get(show))
}

async fn all(request: PageRequest) -> Response {
    request
        .draw("webhooks", async |state, admitted| {
            let mut webhooks = Vec::new();
            for name in admitted.team.team.webhooks.keys() {
                match state.gateway.webhooks.webhook(&admitted.name, name).await {
                    Ok(known) => webhooks.push(row(name, &known, state.gateway.engine.now())),
                    Err(Error::Refused(Refusal::NotFound(_))) => {} // it has just been taken away
                    Err(error) => return Err(error),
                }
            }
            let page = WebhooksPage { frame: admitted.frame, webhooks, events: EventSelection::names().collect() };
            Ok(shown(state, state.pages.admin_webhooks(&page)))
        })
        .await
}

/// Which deliveries are looked at.
#[derive(Deserialize)]
struct Look {
    #[serde(default)]
    status: String,
    cursor: Option<String>,
}

async fn show(request: PageRequest, Path((_, name)): Path<(String, String)>, Query(look): Query<Look>) -> Response {
    request
        .draw("webhooks", async |state, admitted| {
            let name: WebhookName = name.parse().map_err(|_| unknown("webhook"))?;
            let known = state.gateway.webhooks.webhook(&admitted.name, &name).await?;
            let only: Option<EventDeliveryStatus> = look.status.parse().ok();
            let after: Option<Cursor> = look.cursor.and_then(|cursor| cursor.parse().ok());
            let (deliveries, next) =
                state.gateway.webhooks.deliveries(&admitted.name, &name, only, after, PAGE).await?;
            let status = only.map_or("all", EventDeliveryStatus::as_str);
            let page = WebhookPage {
                frame: admitted.frame,
                webhook: row(&name, &known, state.gateway.engine.now()),
                events: EventSelection::names().collect(),
                statuses: ["all", "pending", "failed", "delivered"].map(|each| (each, each == status)).into(),
                deliveries: deliveries.into_iter().map(delivery_row).collect(),
                next: next.map(|cursor| format!("{name}?status={status}&cursor={cursor}")),
            };
            Ok(shown(state, state.pages.admin_webhook(&page)))
        })
        .await
}

fn row(name: &WebhookName, known: &WebhookState, now: Moment) -> WebhookRow {
    let WebhookState { webhook, cursor, .. } = known;
    let (status, since) = cursor.status();
    WebhookRow {
        name: name.to_string(),
        url: webhook.url.clone(),
        events: webhook.events.iter().map(ToString::to_string).collect(),
        signature: match webhook.signature {
            SignatureScheme::V1 => "v1",
            SignatureScheme::V1a => "v1a",
        },
        status,
        since: since.map(|at| at.to_string()),
        dropped: cursor.dropped,
        overlap: webhook.overlap_until(now).map(|until| until.to_string()),
        public_key: webhook.public_key(),
    }
}

fn delivery_row(delivery: Delivery) -> DeliveryRow {
    let text = |at: Option<Moment>| at.map(|at| at.to_string());
    DeliveryRow {
        id: delivery.id,
        kind: delivery.event.kind.as_str(),
        at: delivery.event.at.to_string(),
        status: delivery.status.as_str(),
        tries: delivery.tries,
        why: delivery.why.map(|why| why.as_str()),
        answer: delivery.why.and_then(|why| why.status()),
        next: text(delivery.next),
        ended: text(delivery.ended_at),
    }
}

//! `/admin/teams/TEAM/webhooks`: where the team's events are told, and for each webhook what became of them.
//! An event's body is told to its receiver alone, and stands on no page.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use serde::Deserialize;

use super::super::Shared;
use super::super::body::Query;
use super::super::consoles::shown;
use super::{Instead, admitted, refused};
use crate::domain::event::EventKind;
use crate::domain::id::WebhookName;
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;
use crate::domain::webhook::{OTP_REQUESTED, Signature};
use crate::gateway::Error;
use crate::gateway::deliveries::{Cursor, Delivery, Status};
use crate::gateway::webhooks::Known;
use crate::pages::admin::webhooks::{DeliveryRow, WebhookPage, WebhookRow, Webhooks};

/// Deliveries of a page.
const PAGE: usize = 50;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    let one = "/admin/teams/{team}/webhooks/{name}";
    Router::new().route("/admin/teams/{team}/webhooks", get(all)).route(one, get(show))
}

async fn all(State(state): State<Shared>, Path(team): Path<String>, headers: HeaderMap) -> Result<Response, Instead> {
    let admitted = admitted(&state, &headers, &team, "webhooks").await?;
    let mut webhooks = Vec::new();
    for name in admitted.team.team.webhooks.keys() {
        match state.gateway.webhook(&admitted.name, name).await {
            Ok(known) => webhooks.push(row(name, &known, state.gateway.now())),
            Err(Error::Refused(Refusal::NotFound(_))) => {} // it has just been taken away
            Err(error) => return Err(refused(&state, &headers, error)),
        }
    }
    let page = Webhooks { frame: admitted.frame, webhooks, events: events() };
    Ok(shown(&state, state.pages.admin_webhooks(&page)))
}

/// Which deliveries are looked at.
#[derive(Deserialize)]
struct Look {
    #[serde(default)]
    status: String,
    cursor: Option<String>,
}

async fn show(
    State(state): State<Shared>,
    Path((team, name)): Path<(String, String)>,
    Query(look): Query<Look>,
    headers: HeaderMap,
) -> Result<Response, Instead> {
    let admitted = admitted(&state, &headers, &team, "webhooks").await?;
    let failed = |error| refused(&state, &headers, error);
    let name: WebhookName = name.parse().map_err(|_| failed(Refusal::NotFound("webhook").into()))?;
    let known = state.gateway.webhook(&admitted.name, &name).await.map_err(failed)?;
    let only: Option<Status> = look.status.parse().ok();
    let after: Option<Cursor> = look.cursor.and_then(|cursor| cursor.parse().ok());
    let found = state.gateway.deliveries((&admitted.name, &name), only, after, PAGE).await;
    let (deliveries, next) = found.map_err(failed)?;
    let status = only.map_or("all", Status::as_str);
    let page = WebhookPage {
        frame: admitted.frame,
        webhook: row(&name, &known, state.gateway.now()),
        events: events(),
        statuses: ["all", "pending", "failed", "delivered"].map(|each| (each, each == status)).into(),
        deliveries: deliveries.into_iter().map(DeliveryRow::from).collect(),
        next: next.map(|cursor| format!("{name}?status={status}&cursor={cursor}")),
    };
    Ok(shown(&state, state.pages.admin_webhook(&page)))
}

/// What a webhook may be told.
fn events() -> Vec<&'static str> {
    EventKind::ALL.iter().map(|kind| kind.as_str()).chain([OTP_REQUESTED]).collect()
}

fn row(name: &WebhookName, known: &Known, now: Moment) -> WebhookRow {
    let Known { webhook, course, .. } = known;
    let (status, since) = match (course.stopped, course.failing_since) {
        (Some(at), _) => ("stopped", Some(at)),
        (None, Some(at)) => ("failing", Some(at)),
        (None, None) => ("active", None),
    };
    let overlap = webhook.retiring.iter().map(|old| old.until).filter(|until| now < *until).max();
    WebhookRow {
        name: name.to_string(),
        url: webhook.url.clone(),
        events: webhook.events.iter().map(ToString::to_string).collect(),
        signature: match webhook.signature {
            Signature::V1 => "v1",
            Signature::V1a => "v1a",
        },
        status,
        since: since.map(|at| at.to_string()),
        dropped: course.dropped,
        overlap: overlap.map(|until| until.to_string()),
        public_key: webhook.public_key(),
    }
}

impl From<Delivery> for DeliveryRow {
    fn from(delivery: Delivery) -> Self {
        let text = |at: Option<Moment>| at.map(|at| at.to_string());
        Self {
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
}

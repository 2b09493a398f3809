//! What admins ask of webhooks: where a team's events are told, and what became of them.
//! A secret is told once, in the reply that made it; the body of an event is told to its receiver alone.

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::WebhookName;
use crate::domain::base::validation;
use crate::domain::event::webhook::{EventSelection, SignatureScheme, WebhookInput};
use crate::domain::time::Moment;
use crate::http::access::caller::{Admin, TeamResource};
use crate::http::access::replies::{Reply, created, limit, page, put_reply, reply, reply_with};
use crate::http::requests::body::{Json, OnlyIf, Query, field, invalid, new_name};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::engine::IdempotencyRecord;
use crate::services::events::deliveries::Delivery;
use crate::services::events::webhooks::WebhookState;

/// The longest overlap of two secrets, and the usual one, in minutes.
const MAX_OVERLAP_MINUTES: u64 = 10_080;
const USUAL_OVERLAP: u64 = 1_440;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(put_webhook, get_webhook, remove_webhook))
        .routes(routes!(rotate_webhook))
        .routes(routes!(list_deliveries))
        .routes(routes!(redeliver))
}

/// Where events are told, as Standard Webhooks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutWebhook {
    /// An `https` address without user or fragment. Redirects are not followed; where its name resolves to
    /// no public address, nothing is sent.
    url: String,
    /// Names of events; `*` is every one, and holds where nothing is named. `otp.requested` alone: only codes, where the settings
    /// `delivery.event_webhook` name this webhook for them.
    #[serde(default)]
    #[schema(schema_with = event_names)]
    events: Option<Vec<String>>,
    /// `v1` (HMAC-SHA-256 under a secret that both have) or `v1a` (Ed25519). Absent: as it is, at first `v1`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    signature: Option<SignatureScheme>,
}

fn event_names() -> Schema {
    let names = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["*"].into_iter().chain(EventSelection::names())));
    ArrayBuilder::new().items(names).into()
}

/// A webhook.
#[derive(Serialize, ToSchema)]
struct WebhookView {
    name: String,
    url: String,
    events: Vec<String>,
    /// `v1` or `v1a`.
    #[schema(value_type = String)]
    signature: SignatureScheme,
    /// `active`; `failing`: nothing is taken, and one event is tried now and then; `stopped`: the receiver
    /// answered 410.
    status: &'static str,
    /// Since when it fails or has stopped.
    since: Option<String>,
    /// Events that retention took before they could be tried.
    dropped: u64,
    created_at: String,
    /// Until when a secret that was replaced signs as well.
    overlap_until: Option<String>,
    /// What the receiver verifies `v1a` with.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    /// What the receiver verifies `v1` with; told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

fn view(name: &WebhookName, known: &WebhookState, now: Moment) -> WebhookView {
    let WebhookState { webhook, cursor, is_secret_new } = known;
    let (status, since) = cursor.status();
    WebhookView {
        name: name.to_string(),
        url: webhook.url.clone(),
        events: webhook.events.iter().map(ToString::to_string).collect(),
        signature: webhook.signature,
        status,
        since: since.map(|at| at.to_string()),
        dropped: cursor.dropped,
        created_at: webhook.created_at.to_string(),
        overlap_until: webhook.overlap_until(now).map(|until| until.to_string()),
        public_key: webhook.public_key(),
        secret: is_secret_new.then(|| webhook.secret_text()).flatten(),
    }
}

fn writing(body: PutWebhook) -> Result<WebhookInput, Problem> {
    let named = body.events.unwrap_or_else(|| vec!["*".to_owned()]);
    if named.is_empty() || named.len() > 100 {
        return Err(invalid("/events", &validation::EVENTS));
    }
    let each = |(at, text): (usize, &String)| field::<EventSelection>(&format!("/events/{at}"), text);
    let events = named.iter().enumerate().map(each).collect::<Result<Vec<_>, _>>()?;
    Ok(WebhookInput { url: body.url, events, signature: body.signature })
}

/// Makes a webhook or writes it anew: it tells what happens from then on. One that has stopped begins anew.
#[utoipa::path(put, path = "/v1/teams/{team}/webhooks/{name}", tag = "webhooks", operation_id = "put_webhook",
    params(OnlyIf), request_body = PutWebhook, security(("key" = ["admin"])),
    responses((status = 201, body = WebhookView), (status = 200, body = WebhookView)))]
async fn put_webhook(resource: TeamResource<Admin, String>, OnlyIf(only_if): OnlyIf, body: Json<PutWebhook>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let name: WebhookName = new_name(&name)?;
    let (is_new, known) =
        state.gateway.webhooks.put_webhook(&team, &name, &writing(body.value)?, only_if, &caller.actor).await?;
    Ok(put_reply(is_new, &view(&name, &known, state.gateway.engine.now())))
}

/// A webhook, without its secret.
#[utoipa::path(get, path = "/v1/teams/{team}/webhooks/{name}", tag = "webhooks", operation_id = "get_webhook",
    security(("key" = ["admin"])), responses((status = 200, body = WebhookView)))]
async fn get_webhook(TeamResource { state, team, name, .. }: TeamResource<Admin, WebhookName>) -> Reply {
    let known = state.gateway.webhooks.webhook(&team, &name).await?;
    Ok(reply(&view(&name, &known, state.gateway.engine.now())))
}

/// Takes a webhook away, with all that waits for it.
#[utoipa::path(delete, path = "/v1/teams/{team}/webhooks/{name}", tag = "webhooks", operation_id = "remove_webhook",
    security(("key" = ["admin"])), responses((status = 204)))]
async fn remove_webhook(resource: TeamResource<Admin, WebhookName>) -> Result<StatusCode, Problem> {
    resource.state.gateway.webhooks.remove_webhook(&resource.team, &resource.name, &resource.caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotate {
    /// For so long the secret before signs beside the new one: 0 to 10080; a day where absent.
    #[serde(default)]
    overlap_minutes: Option<u64>,
}

impl Rotate {
    /// The overlap in minutes.
    pub(crate) fn overlap(&self) -> Result<u64, Problem> {
        let overlap = self.overlap_minutes.unwrap_or(USUAL_OVERLAP);
        if overlap > MAX_OVERLAP_MINUTES {
            Err(invalid("/overlap_minutes", validation::NUMBER.with([("least", &0), ("most", &MAX_OVERLAP_MINUTES)])))
        } else {
            Ok(overlap)
        }
    }
}

/// Makes another secret, told once. While both sign, the header holds a signature under each.
#[utoipa::path(post, path = "/v1/teams/{team}/webhooks/{name}/rotate", tag = "webhooks",
    operation_id = "rotate_webhook", request_body = Rotate, security(("key" = ["admin"])),
    responses((status = 200, body = WebhookView)))]
async fn rotate_webhook(resource: TeamResource<Admin, WebhookName>, body: Json<Rotate>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let overlap = body.value.overlap()?;
    let place = state.reserve(&caller, &body).await?;
    let now = state.gateway.engine.now();
    let render = |known: &WebhookState| created(false, &view(&name, known, now));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = state.gateway.webhooks.rotate_webhook(&team, &name, overlap, &caller.actor, idempotency.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveriesQuery {
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// A delivery of an event: never its body.
#[derive(Serialize, ToSchema)]
struct DeliveryView {
    /// What the receiver knows it by: `webhook-id`.
    id: String,
    /// The event's id, as `/v1/events` tells it.
    event: String,
    /// What kind of event it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// When that happened.
    at: String,
    /// `pending`, `delivered`, or `failed`: given up, and can be sent again.
    status: &'static str,
    tries: u32,
    /// Why the last try was not taken.
    reason: Option<&'static str>,
    /// What the receiver answered it with.
    response_status: Option<u16>,
    /// When it is tried next.
    next_at: Option<String>,
    /// When it was delivered or given up.
    ended_at: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            event: format!("{:016}", delivery.event.number),
            kind: delivery.event.kind.as_str(),
            at: delivery.event.at.to_string(),
            status: delivery.status.as_str(),
            tries: delivery.tries,
            reason: delivery.why.map(|why| why.as_str()),
            response_status: delivery.why.and_then(|why| why.status()),
            next_at: delivery.next.map(|at| at.to_string()),
            ended_at: delivery.ended_at.map(|at| at.to_string()),
        }
    }
}

page!(DeliveryPage of DeliveryView);

/// What became of events: those that wait, then those that were given up, then those that were delivered
/// of late; each the newest first.
#[utoipa::path(get, path = "/v1/teams/{team}/webhooks/{name}/deliveries", tag = "webhooks",
    operation_id = "list_deliveries",
    params(("status" = Option<String>, Query, description = "Only `pending`, `failed` or `delivered`"),
           ("cursor" = Option<String>, Query), ("limit" = Option<usize>, Query, description = "1 to 200; 50 where absent")),
    security(("key" = ["admin"])), responses((status = 200, body = DeliveryPage)))]
async fn list_deliveries(resource: TeamResource<Admin, WebhookName>, Query(query): Query<DeliveriesQuery>) -> Reply {
    let TeamResource { state, team, name, .. } = resource;
    let wrong =
        |what: &str, why: &str| Problem::of(&problem_types::INVALID).saying(format!("The query string: {what} {why}."));
    let only = query.status.map(|text| text.parse().map_err(|why| wrong("status", why))).transpose()?;
    let after = query.cursor.map(|text| text.parse().map_err(|why| wrong("cursor", why))).transpose()?;
    let (found, next) = state.gateway.webhooks.deliveries(&team, &name, only, after, limit(query.limit)?).await?;
    let items = found.into_iter().map(DeliveryView::from).collect();
    Ok(reply(&DeliveryPage { items, next_cursor: next.map(|cursor| cursor.to_string()) }))
}

/// Tells an event again, now, whatever became of it, under the same `webhook-id`.
#[utoipa::path(post, path = "/v1/teams/{team}/webhooks/{name}/deliveries/{id}/redeliver", tag = "webhooks",
    operation_id = "redeliver", security(("key" = ["admin"])), responses((status = 202, body = DeliveryView)))]
async fn redeliver(
    TeamResource { state, caller, team, name }: TeamResource<Admin, WebhookName>,
    Path((_team, _name, id)): Path<(String, String, String)>,
) -> Reply {
    let delivery = state.gateway.webhooks.redeliver(&team, &name, &id, &caller.actor).await?;
    Ok(reply_with(StatusCode::ACCEPTED, &DeliveryView::from(delivery)))
}

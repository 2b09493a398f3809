//! What admins ask of channels: a team's accounts on chat platforms.
//! Secrets come in and never go out; the one that is made here is told once.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::webhooks::Rotate;
use crate::domain::accounts::channel::{ChannelInput, TeamChannel};
use crate::domain::base::id::{ChannelName, plain_text};
use crate::domain::base::validation;
use crate::domain::messaging::attempt::AttemptResult;
use crate::domain::secret::Secret;
use crate::domain::time::Moment;
use crate::http::access::caller::{Admin, TeamResource};
use crate::http::access::replies::{Reply, created, put_reply, reply};
use crate::http::requests::body::{Json, OnlyIf, PlainJson, field, invalid};
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::services::engine::IdempotencyRecord;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(put_channel, get_channel, remove_channel))
        .routes(routes!(rotate_channel))
        .routes(routes!(try_channel))
}

/// An account on a chat platform. The channels `sms` and `email` are where codes go by phone and by
/// mail; one that is called like an interaction's channel is that interaction's `chat`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutChannel {
    /// The platform.
    definition: String,
    /// What the platform's definition wants to know.
    #[serde(default)]
    #[schema(value_type = Object)]
    account: Option<PlainJson>,
    /// Keys and passwords by name. Absent: those that are there stay; a name with null: that one stays.
    #[serde(default)]
    #[schema(value_type = Object)]
    secrets: Option<BTreeMap<String, Option<String>>>,
}

/// A channel, without its secrets.
#[derive(Serialize, ToSchema)]
struct ChannelView {
    name: String,
    definition: String,
    #[schema(value_type = Object)]
    account: Map<String, Value>,
    /// Names of the secrets that are there.
    secrets: Vec<String>,
    created_at: String,
    /// Since when nothing goes over it, as far as was tried: `channel.down` told it. Null where
    /// messages go.
    down_since: Option<String>,
    /// Until when a `forward_secret` that was replaced signs as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap_until: Option<String>,
    /// What comes in is passed on under it; told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_secret: Option<String>,
}

fn view(name: &ChannelName, channel: &TeamChannel, is_new: bool, now: Moment) -> ChannelView {
    ChannelView {
        name: name.to_string(),
        definition: channel.definition.clone(),
        account: channel.account.clone(),
        secrets: channel.secrets.keys().cloned().collect(),
        created_at: channel.created_at.to_string(),
        down_since: channel.down_since.map(|since| since.to_string()),
        overlap_until: channel.overlap_until(now).map(|until| until.to_string()),
        // As Standard Webhooks write a secret.
        forward_secret: is_new.then(|| format!("whsec_{}", STANDARD.encode(channel.forward_secret.expose()))),
    }
}

fn writing(body: PutChannel) -> Result<ChannelInput, Problem> {
    let account = match body.account {
        None => Map::new(),
        Some(PlainJson(Value::Object(account))) => account,
        Some(_) => return Err(invalid("/account", &validation::OBJECT)),
    };
    let secret = |(name, text): (String, Option<String>)| (name, text.map(|text| Secret::new(text.into_bytes())));
    let secrets = body.secrets.map(|secrets| secrets.into_iter().map(secret).collect());
    Ok(ChannelInput { definition: body.definition, account, secrets })
}

/// Makes a channel or writes it anew.
#[utoipa::path(put, path = "/v1/teams/{team}/channels/{name}", tag = "channels", operation_id = "put_channel",
    params(OnlyIf), request_body = PutChannel, security(("key" = ["admin"])),
    responses((status = 201, body = ChannelView), (status = 200, body = ChannelView)))]
async fn put_channel(resource: TeamResource<Admin, String>, OnlyIf(only_if): OnlyIf, body: Json<PutChannel>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let name: ChannelName = field("", &name)?;
    let (is_new, channel) =
        state.gateway.channels.put_channel(&team, &name, &writing(body.value)?, only_if, &caller.actor).await?;
    Ok(put_reply(is_new, &view(&name, &channel, is_new, state.gateway.engine.now())))
}

/// A channel, without its secrets.
#[utoipa::path(get, path = "/v1/teams/{team}/channels/{name}", tag = "channels", operation_id = "get_channel",
    security(("key" = ["admin"])), responses((status = 200, body = ChannelView)))]
async fn get_channel(TeamResource { state, team, name, .. }: TeamResource<Admin, ChannelName>) -> Reply {
    let channel = state.gateway.channels.channel(&team, &name).await?;
    Ok(reply(&view(&name, &channel, false, state.gateway.engine.now())))
}

/// Takes a channel away. What waits to go over it goes by the team's next way.
#[utoipa::path(delete, path = "/v1/teams/{team}/channels/{name}", tag = "channels", operation_id = "remove_channel",
    security(("key" = ["admin"])), responses((status = 204)))]
async fn remove_channel(resource: TeamResource<Admin, ChannelName>) -> Result<StatusCode, Problem> {
    resource.state.gateway.channels.remove_channel(&resource.team, &resource.name, &resource.caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes another `forward_secret`, told once. While both sign, the header holds a signature under each.
#[utoipa::path(post, path = "/v1/teams/{team}/channels/{name}/rotate", tag = "channels",
    operation_id = "rotate_channel", request_body = Rotate, security(("key" = ["admin"])),
    responses((status = 200, body = ChannelView)))]
async fn rotate_channel(resource: TeamResource<Admin, ChannelName>, body: Json<Rotate>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let overlap = body.value.overlap()?;
    let place = state.reserve(&caller, &body).await?;
    let now = state.gateway.engine.now();
    let render = |channel: &TeamChannel| created(false, &view(&name, channel, true, now));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = state.gateway.channels.rotate_channel(&team, &name, overlap, &caller.actor, idempotency.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Try {
    /// Whom to send a test message: E.164, a mail address or the platform's own id.
    to: String,
}

/// What became of a test message.
#[derive(Serialize, ToSchema)]
struct TrialView {
    /// `sent`, or `failed`.
    status: &'static str,
    /// Why it failed, in the platform's terms.
    reason: Option<String>,
    /// When the platform wants to be asked again.
    retry_after_seconds: Option<u64>,
}

/// Sends a test message at once and waits for what becomes of it. It is paid from the send budgets.
#[utoipa::path(post, path = "/v1/teams/{team}/channels/{name}/test", tag = "channels", operation_id = "test_channel",
    request_body = Try, security(("key" = ["admin"])), responses((status = 200, body = TrialView)))]
async fn try_channel(resource: TeamResource<Admin, ChannelName>, body: Json<Try>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    if !plain_text(&body.value.to, 256) {
        return Err(invalid("/to", validation::PLAIN_TEXT.with([("most", &256)])));
    }
    let tried = state.gateway.messaging.try_channel(&team, &name, &body.value.to, &caller.actor).await?;
    let failed =
        |reason: &str, wait| TrialView { status: "failed", reason: Some(reason.to_owned()), retry_after_seconds: wait };
    let view = match tried {
        AttemptResult::Sent => TrialView { status: "sent", reason: None, retry_after_seconds: None },
        AttemptResult::After(wait) => failed("busy", Some(wait.as_secs())),
        AttemptResult::Lost => failed("no-answer", None),
        AttemptResult::Deferred(_) | AttemptResult::Shut(_) => failed("busy", None),
        AttemptResult::Later(why) | AttemptResult::Refused(why) | AttemptResult::Barred(why) => failed(why, None),
    };
    Ok(reply(&view))
}

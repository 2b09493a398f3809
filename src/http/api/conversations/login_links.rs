//! What bots and agents ask of login links.
//! The URL's secret is in this one reply; what a link looks like afterwards stands in `views`.

use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{IntentName, LinkId};
use crate::domain::base::validation;
use crate::domain::messaging::sending::What;
use crate::domain::proof::link::LinkPurpose;
use crate::domain::rules::links::issue::Issued;
use crate::domain::rules::links::issue::LinkRequest;
use crate::domain::secret::base64url;
use crate::http::access::caller::{Bot, acting};
use crate::http::access::replies::{Reply, created};
use crate::http::requests::body::{Json, field, invalid};
use crate::http::state::Shared;
use crate::http::views::{DeliveryView, delivery_of};
use crate::services::Snapshot;
use crate::services::engine::IdempotencyRecord;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(issue_login_link))
}

/// A login link that is wanted.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueLoginLink {
    /// `pre_chat` or `mid_chat`.
    #[schema(value_type = String)]
    purpose: Wanted,
    /// The primary where absent.
    participant: Option<String>,
    /// What it is for; comes back with success.
    intent: Option<String>,
    /// The bot's own words, at most 1 KiB; come back with success.
    state: Option<String>,
    /// Whether the gateway sends it, into the conversation or, to somebody who is not in it, by the
    /// team's order. Where no channel leads there (`delivery` is null) it is the bot's to send.
    deliver: Option<bool>,
    /// `false`: the signed URL itself, where the team allows it.
    landing: Option<bool>,
    /// Where the done page leads back to; its origin is one of `allowed_origins`.
    return_url: Option<String>,
}

/// Why a login is wanted; an invitation is another operation's.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    PreChat,
    MidChat,
}

/// A link that was made: to log in, or to come in.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginLinkView {
    pub id: String,
    /// The landing page, or an invitation's page: send this.
    pub url: String,
    /// The signed authentication URL, where it was asked for.
    pub direct_url: Option<String>,
    #[schema(value_type = String)]
    pub purpose: LinkPurpose,
    pub expires_at: Option<String>,
    /// What the gateway sends itself; null where the bot is to send it.
    pub delivery: Option<DeliveryView>,
    /// For the chat's widget alone, never for a URL; an agent's frame is not told it.
    pub opener_secret: Option<String>,
}

/// Makes a login link; an earlier one of the same purpose ends.
#[utoipa::path(post, path = "/v1/interactions/{id}/login-links", tag = "interactions",
    operation_id = "issue_login_link", request_body = IssueLoginLink, security(("key" = ["bot"])),
    responses((status = 201, body = LoginLinkView)))]
async fn issue_login_link(caller: Bot, Path(id): Path<String>, body: Json<IssueLoginLink>) -> Reply {
    let acting = acting(&caller, &id)?;
    let asked = body.value.clone();
    if asked.state.as_ref().is_some_and(|s| s.len() > 1024) {
        return Err(invalid("/state", validation::TOO_LONG.with([("most", &1024)])));
    }
    let intent: Option<IntentName> = asked.intent.map(|i| field("/intent", &i)).transpose()?;
    let participant = asked.participant.map(|p| field("/participant", &p)).transpose()?;
    let landing = asked.landing.unwrap_or(true);
    let request = LinkRequest {
        purpose: match asked.purpose {
            Wanted::PreChat => LinkPurpose::PreChat,
            Wanted::MidChat => LinkPurpose::MidChat,
        },
        participant,
        intent,
        state: asked.state,
        landing,
        return_url: asked.return_url,
        deliver: asked.deliver.unwrap_or(false),
    };
    let place = caller.state.reserve(&caller, &body).await?;
    // A frame on an agent's page is not the chat whose window opens the login.
    let (gateway, is_chat) = (&caller.state.gateway, caller.only.is_none());
    let render = |snapshot: &Snapshot<Issued>| {
        let Issued { link, token, handle, opener_secret } = &snapshot.outcome;
        let direct_url = handle.as_ref().and_then(|handle| gateway.links.signed_url(&snapshot.team, link, handle).ok());
        let view = LoginLinkView {
            id: LinkId { interaction: snapshot.interaction.id, number: link.number }.to_string(),
            url: gateway.urls.landing_url(token),
            direct_url,
            purpose: link.purpose,
            expires_at: link.expires_at.map(|end| end.to_string()),
            delivery: delivery_of(
                &snapshot.interaction,
                |what| matches!(what, What::Link { link: sent, .. } if *sent == link.number),
            ),
            opener_secret: opener_secret.as_ref().filter(|_| is_chat).map(|secret| base64url(secret.expose())),
        };
        created(true, &view)
    };
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = gateway.links.issue_link(acting.id, acting.team, &caller.actor, &request, idempotency.as_ref()).await;
    caller.state.told(told, place.as_ref(), render).await
}

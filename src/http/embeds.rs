//! What a portal's or a CRM's page may show of one conversation: its back end asks here, with its API key,
//! for words that the page may have. What such a page reads with them, `status` answers.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Shared;
use super::body::Json;
use super::caller::{Bot, acting};
use super::problem::Problem;
use super::replies::created;
use crate::gateway::windows::Made;
use crate::gateway::{Held, Remember};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(make_embed_link))
}

/// What is to be shown.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Panel {
    /// How the flag stands, for `<countersign-status>`.
    Status,
}

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEmbedLink {
    panel: Panel,
}

/// For the page, and for nobody else.
#[derive(Serialize, ToSchema)]
struct EmbedLinkView {
    /// Where the page asks.
    url: String,
    /// What it shows there. It stands in no URL.
    token: String,
    expires_at: String,
}

/// Lets a page show something of this conversation. `status`: for ten minutes, and on pages of the team's
/// `allowed_origins` only, whether the primary is authenticated and until when; `countersign-status.js` asks
/// for another in time. It does not keep the conversation open.
#[utoipa::path(post, path = "/v1/interactions/{id}/embed-links", tag = "interactions", operation_id = "make_embed_link",
    params(("id" = String, Path)), request_body = NewEmbedLink, security(("key" = ["bot"])),
    responses((status = 201, body = EmbedLinkView)))]
async fn make_embed_link(
    State(state): State<Shared>,
    Bot(caller): Bot,
    Path(id): Path<String>,
    body: Json<NewEmbedLink>,
) -> Result<Response, Problem> {
    let acting = acting(&caller, &id)?;
    let place = state.reserve(&caller, &body).await?;
    let Panel::Status = body.value.panel;
    let render = |held: &Held<Made>| {
        let Made { text, until } = &held.outcome;
        let url = format!("{}/status/{}", state.gateway.public_url(), held.interaction.team);
        created(true, &EmbedLinkView { url, token: text.clone(), expires_at: until.to_string() })
    };
    let remember = place.clone().map(|place| Remember::new(place, &render));
    let told = state.gateway.let_glance(acting, remember.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

//! One interaction in a frame on somebody else's page: the link that a bot or an agent asks for, the document
//! behind it, and the session that its script changes the link for. The document may be framed by the team's
//! `allowed_origins` and by nobody else.
//!
//! The session is kept by the document's script alone, in no cookie: browsers that keep third parties' cookies
//! apart, or take none, show the frame all the same.

use axum::Json as Reply;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Json;
use super::browser::from_own_page;
use super::caller::{Bot, acting};
use super::consoles::language;
use super::notices::{notice, refusal_page};
use super::page::headers_in_frame;
use super::problem::Problem;
use super::{Shared, slugs};
use crate::domain::session::Panel;
use crate::pages;
use crate::pages::consoles::Frame;

/// What the API describes.
pub fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(make_embed_link))
}

/// The documents.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/embed/{token}", get(show)).route("/embed/session", post(come_in))
}

/// A frame that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewEmbed {
    /// `console`: the interaction and what may be done; `status`: the check mark alone.
    #[schema(value_type = String)]
    panel: Panel,
}

/// A link into a frame.
#[derive(Serialize, ToSchema)]
struct EmbedView {
    /// The frame's `src`: good once, for a minute.
    url: String,
    /// Its last part.
    token: String,
    expires_at: String,
}

/// Makes a link that opens this interaction in a frame on a page of the team's `allowed_origins`.
#[utoipa::path(post, path = "/v1/interactions/{id}/embed-links", tag = "interactions", operation_id = "make_embed_link",
    params(("id" = String, Path)), request_body = NewEmbed, security(("key" = ["bot"])),
    responses((status = 201, body = EmbedView)))]
async fn make_embed_link(
    State(state): State<Shared>,
    Bot(caller): Bot,
    Path(id): Path<String>,
    body: Json<NewEmbed>,
) -> Result<Response, Problem> {
    if caller.only.is_some() {
        return Err(Problem::of(&slugs::FORBIDDEN).saying("A frame opens no other frame."));
    }
    let made = state.gateway.embed(acting(&caller, &id)?, &caller, body.value.panel).await;
    let made = made.map_err(|e| state.problem(e))?;
    let view = EmbedView { url: made.url, token: made.token, expires_at: made.until.to_string() };
    Ok((StatusCode::CREATED, Reply(view)).into_response())
}

/// The document. Looking at it changes nothing: its script uses the link up.
async fn show(State(state): State<Shared>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let guest = match state.gateway.embedded(&token).await {
        Ok(Some(guest)) => guest,
        Ok(None) => return notice(&state, StatusCode::GONE, pages::Refused::Expired, None),
        Err(error) => return refusal_page(&state, error),
    };
    let websites = match state.gateway.embedders(&guest.team).await {
        Ok(websites) => websites,
        Err(error) => return refusal_page(&state, error),
    };
    let page = Frame {
        language: language(&headers),
        interaction: guest.interaction.to_string(),
        team: guest.team.to_string(),
        panel: if guest.panel == Panel::Console { "console" } else { "status" },
        token,
    };
    let mut response = Html(state.pages.frame(&page)).into_response();
    headers_in_frame(&state, &mut response, &websites);
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComeIn {
    token: String,
}

/// Changes the link, once, for a session.
async fn come_in(State(state): State<Shared>, headers: HeaderMap, body: Json<ComeIn>) -> Result<Response, Problem> {
    if !from_own_page(&state, &headers) {
        return Err(Problem::of(&slugs::FOREIGN_PAGE));
    }
    let entered = state.gateway.enter_frame(&body.value.token).await.map_err(|e| state.problem(e))?;
    let (session, _) = entered.ok_or_else(|| Problem::of(&slugs::LINK_USED))?;
    Ok(Reply(json!({ "session": session })).into_response())
}

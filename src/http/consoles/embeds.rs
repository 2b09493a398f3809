//! One interaction on somebody else's page: as words that the page may have for how the flag stands (what it
//! reads with them, `status` answers), or in a frame of ours: the link that is asked for, the document behind
//! it, and the session that its script changes the link for. The document may be framed by the team's
//! `allowed_origins` and by nobody else.
//!
//! The session is kept by the document's script alone, in no cookie: browsers that keep third parties' cookies
//! apart, or take none, show the frame all the same.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::caller::{Bot, acting};
use crate::http::access::replies::{Reply, created, reply, reply_with};
use crate::http::documents::browser::from_own_page;
use crate::http::documents::notices::{notice, refusal_page};
use crate::http::documents::page::headers_in_frame;
use crate::http::documents::reader::Reader;
use crate::http::requests::body::Json;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::pages;
use crate::pages::consoles::FramePage;
use crate::services::Snapshot;
use crate::services::engine::IdempotencyRecord;
use crate::services::inbound::web_chats::Made;

/// What the API describes.
pub fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(make_embed_link))
}

/// The documents.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/embed/{token}", get(show)).route("/embed/session", post(come_in))
}

/// What is to be shown.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Panel {
    /// The interaction and what may be done, in a frame of ours.
    Console,
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
    /// `console`: the frame's `src`, good once, for a minute. `status`: where the page asks.
    url: String,
    /// `console`: the URL's last part. `status`: what the page shows there; it stands in no URL.
    token: String,
    expires_at: String,
}

/// Lets a page of the team's `allowed_origins` show this conversation. `console`: in a frame, with what whoever
/// asks may do, an agent at most. `status`: for ten minutes whether the primary is authenticated and until when;
/// `countersign-status.js` asks for another in time, and it does not keep the conversation open.
#[utoipa::path(post, path = "/v1/interactions/{id}/embed-links", tag = "interactions", operation_id = "make_embed_link",
    request_body = NewEmbedLink, security(("key" = ["bot"])), responses((status = 201, body = EmbedLinkView)))]
async fn make_embed_link(caller: Bot, Path(id): Path<String>, body: Json<NewEmbedLink>) -> Reply {
    if caller.only.is_some() {
        return Err(Problem::of(&problem_types::FORBIDDEN).saying("A frame opens no other frame."));
    }
    let acting = acting(&caller, &id)?;
    match body.value.panel {
        Panel::Console => {
            let made = caller.state.gateway.callers.embed(acting, &caller).await?;
            let view = EmbedLinkView { url: made.url, token: made.token, expires_at: made.until.to_string() };
            Ok(reply_with(StatusCode::CREATED, &view))
        }
        Panel::Status => {
            let place = caller.state.reserve(&caller, &body).await?;
            let render = |snapshot: &Snapshot<Made>| {
                let Made { text, until } = &snapshot.outcome;
                let url = format!("{}/status/{}", caller.state.gateway.urls.public_url(), snapshot.interaction.team);
                created(true, &EmbedLinkView { url, token: text.clone(), expires_at: until.to_string() })
            };
            let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
            let told = caller.state.gateway.callers.issue_status_token(acting, idempotency.as_ref()).await;
            caller.state.told(told, place.as_ref(), render).await
        }
    }
}

/// The document. Looking at it changes nothing: its script uses the link up.
async fn show(State(state): State<Shared>, Path(token): Path<String>, reader: Reader) -> Response {
    let guest = match state.gateway.callers.embedded(&token).await {
        Ok(Some(guest)) => guest,
        Ok(None) => return notice(&state, &reader, StatusCode::GONE, pages::RefusedPage::Expired, None),
        Err(error) => return refusal_page(&state, &reader, error),
    };
    let (websites, shows_codes) = match state.gateway.callers.embedding(&guest.team).await {
        Ok(embedding) => embedding,
        Err(error) => return refusal_page(&state, &reader, error),
    };
    let page = FramePage {
        language: reader.locale(None),
        interaction: guest.interaction.to_string(),
        team: guest.team.to_string(),
        token,
        shows_codes,
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
async fn come_in(State(state): State<Shared>, headers: HeaderMap, body: Json<ComeIn>) -> Reply {
    if !from_own_page(&state, &headers) {
        return Err(Problem::of(&problem_types::FOREIGN_PAGE));
    }
    let entered = state.gateway.callers.enter_frame(&body.value.token).await?;
    let (session, _) = entered.ok_or_else(|| Problem::of(&problem_types::LINK_USED))?;
    Ok(reply(&json!({ "session": session })))
}

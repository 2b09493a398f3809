//! What has happened in one interaction, for whoever looks after it: the events of the team's stream that are
//! about it, newest first. They name no address and no code.

use axum::Json as Reply;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::Shared;
use crate::http::access::caller::{Bot, acting};
use crate::http::requests::problem::Problem;
use crate::services::events::event_log::Numbered;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(read_history))
}

/// The interaction's events, newest first, as far back as the team's stream is kept and looked through;
/// `complete` says whether that is all of them.
#[utoipa::path(get, path = "/v1/interactions/{id}/history", tag = "interactions", operation_id = "read_history",
    params(("id" = String, Path)), security(("key" = ["bot"])), responses((status = 200, body = Object)))]
async fn read_history(
    State(state): State<Shared>,
    Bot(caller): Bot,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let acting = acting(&caller, &id)?;
    let (events, complete) = state.gateway.event_log.history(acting).await?;
    let items: Vec<_> = events.iter().map(Numbered::told).collect();
    Ok(Reply(json!({"items": items, "complete": complete})).into_response())
}

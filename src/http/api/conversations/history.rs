//! What has happened in one interaction, for whoever looks after it: the events of the team's stream that are
//! about it, newest first. They name no address and no code.

use axum::extract::Path;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::event::EventDocument;
use crate::http::access::caller::{Bot, acting};
use crate::http::access::replies::{Reply, reply};
use crate::http::state::Shared;
use crate::services::events::event_log::Numbered;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(read_history))
}

#[derive(Serialize)]
struct History<'a> {
    items: Vec<EventDocument<'a>>,
    complete: bool,
}

/// The interaction's events, newest first, as far back as the team's stream is kept and looked through;
/// `complete` says whether that is all of them.
#[utoipa::path(get, path = "/v1/interactions/{id}/history", tag = "interactions", operation_id = "read_history",
    security(("key" = ["bot"])), responses((status = 200, body = ref("#/components/schemas/EventHistory"))))]
async fn read_history(caller: Bot, Path(id): Path<String>) -> Reply {
    let acting = acting(&caller, &id)?;
    let (events, complete) = caller.state.gateway.event_log.history(acting).await?;
    let ids: Vec<_> = events.iter().map(Numbered::id).collect();
    let items = events.iter().zip(&ids).map(|(numbered, id)| numbered.event.document(id)).collect();
    Ok(reply(&History { items, complete }))
}

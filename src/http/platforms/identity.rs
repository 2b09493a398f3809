//! What providers of document checks call: a verdict that comes later, signed.
//! That it is theirs the provider's adapter proves; what follows from it, a rule says.

use axum::Json as Reply;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{ProviderName, TeamName};
use crate::domain::rules::pages::photo::JudgedDocument;
use crate::http::access::layers::from;
use crate::http::limits::failures::RequestSource;
use crate::http::requests::body::read;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(hear_verdict))
}

/// What was done with a verdict.
#[derive(Serialize, ToSchema)]
struct Taken {
    /// `taken`; `waiting` where the second stage is still to come; `late` where nobody waits for it any
    /// more: nothing follows from it, and it need not be sent again.
    status: &'static str,
}

/// A provider's verdict on a check, signed as Standard Webhooks says. Each counts once: repeated it is a 409.
#[utoipa::path(post, path = "/v1/identity/{team}/{name}", tag = "providers", operation_id = "hear_verdict",
    request_body = serde_json::Value, security(()), responses((status = 200, body = Taken)))]
async fn hear_verdict(
    State(state): State<Shared>,
    Path((team, provider)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let nowhere = || Problem::of(&problem_types::NOT_FOUND);
    let team: TeamName = team.parse().map_err(|_| nowhere())?;
    let provider: ProviderName = provider.parse().map_err(|_| nowhere())?;
    let source = RequestSource {
        kind: "identity",
        address: from(&state, &request),
        about: provider.as_str(),
        team: Some(&team),
    };
    let headers = request.headers().clone();
    let body = read(request, &()).await.map_err(|problem| state.failures.unread(&source, problem))?;
    let verified = state
        .failures
        .judge(&source, state.gateway.challenges.verify_verdict(&team, &provider, &headers, &body))
        .await?;
    let status = match state.gateway.challenges.take_verdict(&team, &provider, &verified).await? {
        JudgedDocument::Late => "late",
        JudgedDocument::Waits => "waiting",
        _ => "taken",
    };
    Ok(Reply(Taken { status }).into_response())
}

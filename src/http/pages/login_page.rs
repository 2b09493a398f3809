//! What the login page asks: to take its answer.
//! The assertion is its own proof, so no API key, cookie or origin is asked for.

use axum::Json as Reply;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::refusal::Refusal;
use crate::domain::secret::token::Token;
use crate::http::access::layers::from;
use crate::http::documents::notices;
use crate::http::documents::reader::Reader;
use crate::http::limits::failures::{NotTaken, RequestSource};
use crate::http::requests::body::{is_json, parse, read};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::pages::RefusedPage;
use crate::services::engine::Error;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(post_back))
}

/// The login page's signed answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PostBack {
    /// A JWT under one of the team's security keys, with `aud`, `nonce`, `iss`, `jti`, `iat`, `exp`, and `sub` on
    /// success; `docs/login-pages.md` has all of it.
    assertion: String,
}

/// What the login page is told.
#[derive(Serialize, ToSchema)]
struct PostBackView {
    /// `accepted`: the login waits until the person's browser has come back to `continue_url`. `authenticated`
    /// where the team asks for no binding. `denied` or `cancelled`, as the assertion said.
    status: &'static str,
    /// Where the person's browser goes next.
    continue_url: String,
}

/// Takes the login page's answer. As a form it answers with a redirect, and errors as a page.
#[utoipa::path(post, path = "/p/{handle}", tag = "login page", operation_id = "post_back",
    params(("handle" = String, Path, description = "cs_token")),
    request_body(content((PostBack = "application/json"), (PostBack = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = PostBackView), (status = 303, description = "To continue_url, for a form"),
        (status = 409, description = "`replayed`: the same bytes were posted before. `first_status` is what they were \
            told, and `continue_url` is there unless the flag was raised. `subject-conflict`: the conversation is \
            another customer's.")))]
async fn post_back(
    State(state): State<Shared>,
    Path(handle): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (json, reader) = (is_json(request.headers()), Reader::of(request.headers()));
    let source = RequestSource { kind: "post-back", address: from(&state, &request), about: &handle, team: None };
    if !json && !is_form(&request) {
        return Err(state.failures.unread(&source, Problem::of(&problem_types::MEDIA_TYPE)));
    }
    let bytes = read(request, &()).await.map_err(|problem| state.failures.unread(&source, problem))?;
    if json {
        let body: PostBack = parse(&bytes).map_err(|problem| state.failures.unread(&source, problem))?;
        let told = take(&state, source, &body.assertion).await;
        return told.map(|view| Reply(view).into_response()).map_err(|e| refused(&state, &handle, &body.assertion, e));
    }
    let Some(assertion) = form_field(&bytes) else {
        return Ok(match state.failures.count(&source) {
            true => notices::too_many(&state, &reader, 1),
            false => notices::notice(&state, &reader, StatusCode::BAD_REQUEST, RefusedPage::NotConfirmed, None),
        });
    };
    match take(&state, source, &assertion).await {
        Ok(view) => Ok(Redirect::to(&view.continue_url).into_response()),
        Err(NotTaken::Refused(Error::Refused(Refusal::Repeated(_)))) => {
            Ok(Redirect::to(&done_url(&state, &handle, &assertion).unwrap_or_default()).into_response())
        }
        Err(NotTaken::TooOften) => Ok(notices::too_many(&state, &reader, 1)),
        Err(NotTaken::Refused(error)) => Ok(notices::refusal_page(&state, &reader, error)),
    }
}

/// `source` is about the link's handle.
async fn take(state: &Shared, source: RequestSource<'_>, assertion: &str) -> Result<PostBackView, NotTaken> {
    let (handle, gateway) = (source.about, &state.gateway);
    let link = state.failures.judge(&source, gateway.links.link_of(handle)).await?;
    let of_team = RequestSource { team: Some(&link.team), ..source };
    let verified = state.failures.judge(&of_team, gateway.links.verify_post_back(&link, handle, assertion)).await?;
    let unmatched = RequestSource { kind: "unmatched", address: None, team: None, ..source };
    if state.failures.has_too_many(&unmatched) {
        return Err(NotTaken::TooOften); // the directory was asked for this link often enough
    }
    let snapshot = gateway
        .links
        .accept_post_back(&link, verified, &gateway.links.done_of(link.handle(), assertion))
        .await
        .map_err(|error| {
            if matches!(error, Error::Refused(Refusal::NoMatchingRecord)) {
                state.failures.count(&unmatched);
            }
            NotTaken::Refused(error)
        })?;
    let accepted = &snapshot.outcome;
    Ok(PostBackView { status: accepted.status.as_str(), continue_url: state.gateway.links.done_url(&accepted.done) })
}

/// The very same assertion again is told what the first was, so that a lost reply loses nothing. Any other to the
/// same handle is told nothing.
fn refused(state: &Shared, handle: &str, assertion: &str, why: NotTaken) -> Problem {
    let repeated = matches!(why, NotTaken::Refused(Error::Refused(Refusal::Repeated(_))));
    let problem = Problem::from(why);
    match done_url(state, handle, assertion).filter(|_| repeated) {
        Some(url) => problem.with("continue_url", url.into()),
        None => problem,
    }
}

fn done_url(state: &Shared, handle: &str, assertion: &str) -> Option<String> {
    let done = state.gateway.links.done_of(&Token::parse(handle)?, assertion);
    Some(state.gateway.links.done_url(&done))
}

fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|e| e.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// The one field `assertion`.
fn form_field(bytes: &[u8]) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(bytes);
    let (name, value) = fields.next()?;
    (name == "assertion" && fields.next().is_none()).then(|| value.into_owned())
}

//! How flags stand, live, for a portal's page: the one answer that pages of other origins may read, and only
//! those of the team's `allowed_origins` (Fetch Standard, CORS protocol). The words that let it look come in
//! the body, never in a URL; a cookie is neither set nor read.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{self, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, interval_at};

use crate::domain::base::id::TeamName;
use crate::domain::base::validation;
use crate::domain::refusal::Refusal;
use crate::http::limits::client::client;
use crate::http::limits::limiter::StreamSlot;
use crate::http::requests::body::{Json, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::engine::Error;
use crate::services::staff::status_tokens::{Glancer, Stands, StatusUpdate};

/// How often a page hears that its connection stands.
const ALIVE: Duration = Duration::from_secs(15);

/// One stream is for so many conversations; a page that shows more opens another.
const MAX_CONVERSATIONS: usize = 100;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/status/{team}", post(watch).options(preflight))
}

/// Whether a page of that website may ask: what a browser wants to know first.
async fn preflight(
    State(state): State<Shared>,
    Path(team): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let website = allowed(&state, &team, &headers).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let more = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "300"),
    ];
    response.headers_mut().extend(more.map(|(name, value)| (name, HeaderValue::from_static(value))));
    readable(&mut response, website);
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Watch {
    /// Of `POST …/embed-links`.
    tokens: Vec<String>,
}

async fn watch(
    State(state): State<Shared>,
    Path(team): Path<String>,
    parts: Parts,
    body: Json<Watch>,
) -> Result<Response, Problem> {
    let website = allowed(&state, &team, &parts.headers).await?;
    let (team, tokens) = (named(&team)?, &body.value.tokens);
    if !(1..=MAX_CONVERSATIONS).contains(&tokens.len()) {
        return Err(invalid("/tokens", validation::OTHER.saying("must be 1 to 100 tokens")));
    }
    let of = website.to_str().map_err(|_| foreign())?;
    let glancer = state.gateway.callers.status_token(&team, of, tokens).await.map_err(refused)?;
    let place = match client(parts.extensions.get(), &parts.headers, &state.proxies) {
        Some(from) => Some(state.glancing.place(from).ok_or_else(too_many)?),
        None => None,
    };
    let news = live(glancer, place).take_until(state.stopping.clone().cancelled_owned());
    let head = [("content-type", "text/event-stream"), ("x-accel-buffering", "no")];
    let mut response = (head, Body::from_stream(news)).into_response();
    readable(&mut response, website);
    Ok(response)
}

/// The website that asks, where the team allows it.
async fn allowed(state: &Shared, team: &str, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let team = named(team)?;
    let mut all = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (all.next(), all.next()) else { return Err(foreign()) };
    let text = origin.to_str().map_err(|_| foreign())?;
    match state.gateway.callers.verify_status_token(&team, text).await? {
        true => Ok(origin.clone()),
        false => Err(foreign()),
    }
}

/// Lets that website's pages read the answer, without credentials. Others' caches must not have it.
fn readable(response: &mut Response, website: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, website);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
}

fn named(team: &str) -> Result<TeamName, Problem> {
    team.parse().map_err(|_| foreign())
}

/// Whether there is such a team is not told.
fn foreign() -> Problem {
    Problem::of(&problem_types::FORBIDDEN).saying("Only pages of the team's allowed_origins may ask this.")
}

fn too_many() -> Problem {
    Problem::of(&problem_types::TOO_MANY_REQUESTS).saying("This address watches too much.").after(15)
}

fn refused(error: Error) -> Problem {
    match error {
        Error::Refused(Refusal::Forbidden) => foreign(),
        Error::Refused(Refusal::NotFound(_)) => {
            Problem::of(&problem_types::UNAUTHORIZED).saying("A token does not count, or no longer.")
        }
        other => other.into(),
    }
}

fn live(glancer: Glancer, place: Option<StreamSlot>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let alive = interval_at(Instant::now() + ALIVE, ALIVE);
    stream::unfold((glancer, alive, place), |(mut glancer, mut alive, place)| async move {
        let words: Bytes = tokio::select! {
            biased;
            seen = glancer.next() => told(&seen.ok()?).into(),
            _ = alive.tick() => Bytes::from_static(b": alive\n\n"),
        };
        Some((Ok(words), (glancer, alive, place)))
    })
}

/// Spans beside the moment: the device's clock may be wrong by hours.
fn told(seen: &StatusUpdate) -> String {
    let (status, until) = match seen.stands {
        Stands::Authenticated(until) => ("authenticated", Some(until)),
        Stands::Unauthenticated => ("unauthenticated", None),
        Stands::Pending => ("pending", None),
        Stands::Expired => ("expired", None),
        Stands::Closed => ("closed", None),
        Stands::Unknown => ("unknown", None),
    };
    let data = json!({
        "interaction": seen.interaction.to_string(),
        "authenticated": until.is_some(),
        "status": status,
        "expires_at": until.map(|until| until.to_string()),
        "seconds_left": until.map(|until| until.since(seen.now).as_secs()),
        "token_seconds_left": seen.until.since(seen.now).as_secs(),
    });
    format!("event: status\ndata: {data}\n\n")
}

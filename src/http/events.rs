//! The team's live stream as server-sent events (HTML Living Standard §9.2). `Last-Event-ID`
//! resumes; a key that stops counting ends its streams within a second.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http::HeaderMap;
use http::request::Parts;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Query;
use super::caller::{Bot, bearer, team_of_query};
use super::problem::Problem;
use super::{Shared, slugs};
use crate::gateway::relay::Numbered;
use crate::gateway::stream::Listener;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamQuery {
    team: Option<String>,
}

/// An event as listeners read it. Ids rise within the team, as numbers and as texts.
fn told(numbered: &Numbered) -> serde_json::Value {
    let event = &numbered.event;
    json!({
        "id": format!("{:016}", numbered.number),
        "type": event.kind.as_str(),
        "at": event.at.to_string(),
        "team": event.team,
        "interaction": event.interaction,
        "participant": event.participant,
        "data": event.data,
    })
}

/// The team's events from now on, or after `Last-Event-ID`.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "stream_events",
    params(("team" = Option<String>, Query, description = "An owner names the team"),
           ("Last-Event-ID" = Option<String>, Header, description = "The last event that was read")),
    security(("key" = ["bot"])), responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn stream_events(
    State(state): State<Shared>,
    Bot(caller): Bot,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
    parts: Parts,
) -> Result<Response, Problem> {
    let team = team_of_query(&caller, query.team.as_deref())?;
    let after = match headers.get("last-event-id").map(|v| v.to_str().unwrap_or("?")) {
        None | Some("") => None,
        Some(text) => Some(
            text.parse::<u64>()
                .map_err(|_| Problem::of(&slugs::BAD_REQUEST).saying("Last-Event-ID is not an id of this stream."))?,
        ),
    };
    let listener = state.gateway.listen(&team, after).await.map_err(|e| state.problem(e))?;
    let key = bearer(&parts).unwrap_or_default().to_owned();
    let mut confirm = tokio::time::interval(Duration::from_millis(500));
    confirm.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let events = Sse::new(live(Live { state, listener, key, confirm }));
    let alive = KeepAlive::new().interval(Duration::from_secs(15)).text("alive");
    Ok(([("x-accel-buffering", "no")], events.keep_alive(alive)).into_response())
}

struct Live {
    state: Shared,
    listener: Listener,
    key: String,
    /// When the key is asked for again, however busy the stream is.
    confirm: tokio::time::Interval,
}

fn live(live: Live) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream::unfold(live, |mut live| async move {
        loop {
            let stopping = live.state.stopping.clone();
            tokio::select! {
                biased;
                () = stopping.cancelled() => return None,
                _ = live.confirm.tick() => {
                    // Neither a removed key nor a store that cannot confirm it goes on reading.
                    if !matches!(live.state.gateway.caller(&live.key).await, Ok(Some(_))) {
                        return None;
                    }
                }
                next = live.listener.next() => {
                    let numbered = next.ok()?;
                    let told = told(&numbered);
                    let id = told["id"].as_str().unwrap_or_default().to_owned();
                    let event = sse::Event::default().id(id).event(numbered.event.kind.as_str()).data(told.to_string());
                    return Some((Ok(event), live));
                }
            }
        }
    })
}

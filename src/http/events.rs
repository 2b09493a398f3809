//! The team's live stream as server-sent events (HTML Living Standard §9.2). `Last-Event-ID`
//! resumes; a key that stops counting ends its streams within a second.

use std::convert::Infallible;
use std::sync::Arc;
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
use crate::domain::id::TeamName;
use crate::gateway::relay::Numbered;
use crate::gateway::stream::Listener;
use crate::gateway::teams::TeamView;

/// How often a listener's key is asked for again.
const CONFIRM: Duration = Duration::from_millis(500);

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamQuery {
    team: Option<String>,
}

/// Ids rise within the team, as numbers and as texts.
fn id(number: u64) -> String {
    format!("{number:016}")
}

/// An event as listeners read it.
fn told(numbered: &Numbered) -> serde_json::Value {
    let event = &numbered.event;
    json!({
        "id": id(numbered.number),
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
    let mut confirm = tokio::time::interval(CONFIRM);
    confirm.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let events = Sse::new(live(Live { state, listener, key, held_by: caller.team.clone(), seen: None, confirm }));
    let alive = KeepAlive::new().interval(Duration::from_secs(15)).text("alive");
    Ok(([("x-accel-buffering", "no")], events.keep_alive(alive)).into_response())
}

struct Live {
    state: Shared,
    listener: Listener,
    key: String,
    /// The team whose key it is; None: the configuration's.
    held_by: Option<TeamName>,
    /// The team as it was when its key was last found good.
    seen: Option<Arc<TeamView>>,
    /// When the key is asked for again, however busy the stream is.
    confirm: tokio::time::Interval,
}

impl Live {
    /// Whether the key counts still. Neither a removed one nor a store that cannot confirm it goes
    /// on reading; ten thousand listeners of a team that has not changed compute nothing.
    async fn may_listen(&mut self) -> bool {
        let Some(team) = &self.held_by else { return true };
        let Ok(Some(now)) = self.state.gateway.team(team).await else { return false };
        if self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &now)) {
            return true;
        }
        self.seen = Some(now);
        matches!(self.state.gateway.caller(&self.key).await, Ok(Some(_)))
    }
}

fn live(live: Live) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    stream::unfold(live, |mut live| async move {
        loop {
            let stopping = live.state.stopping.clone();
            tokio::select! {
                biased;
                () = stopping.cancelled() => return None,
                _ = live.confirm.tick() => {
                    if !live.may_listen().await {
                        return None;
                    }
                }
                next = live.listener.next() => {
                    let heard = next.ok()?;
                    let words = heard.words(|numbered| told(numbered).to_string());
                    let event = sse::Event::default().id(id(heard.number)).event(heard.event.kind.as_str()).data(words);
                    return Some((Ok(event), live));
                }
            }
        }
    })
}

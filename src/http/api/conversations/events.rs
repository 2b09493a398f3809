//! The team's live stream as server-sent events (HTML Living Standard §9.2). `Last-Event-ID`
//! resumes; a key that stops counting ends its streams within a second.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::IntoResponse;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::HeaderMap;
use http::request::Parts;
use serde::Deserialize;
use tokio::time::{Instant, interval_at};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::InteractionId;
use crate::http::access::caller::{Bot, credential, team_of_query};
use crate::http::access::replies::Reply;
use crate::http::requests::body::Query;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::events::event_log::Numbered;
use crate::services::events::stream::Listener;

/// How often a listener hears that its connection stands.
const ALIVE: Duration = Duration::from_secs(15);

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamQuery {
    team: Option<String>,
}

/// An event as listeners read it.
fn told(numbered: &Numbered) -> String {
    // JSON in one line: what would break one is escaped in it.
    format!("id: {}\nevent: {}\ndata: {}\n\n", numbered.id(), numbered.event.kind().as_str(), numbered.told())
}

/// The team's events from now on, or after `Last-Event-ID`.
///
/// The data of each is an `Event` in JSON.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "stream_events",
    params(("team" = Option<String>, Query, description = "An owner names the team"),
           ("Last-Event-ID" = Option<String>, Header, description = "The last event that was read")),
    security(("key" = ["bot"])), responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn stream_events(caller: Bot, Query(query): Query<StreamQuery>, headers: HeaderMap, parts: Parts) -> Reply {
    // A frame hears of its interaction alone.
    let only = caller.only.map(|only| only.interaction);
    let team = match (&only, &caller.team) {
        (Some(_), Some(team)) => team.clone(),
        _ => team_of_query(&caller, query.team.as_deref())?,
    };
    let after = match headers.get("last-event-id").map(|v| v.to_str().unwrap_or("?")) {
        None | Some("") => None,
        Some(text) => Some(text.parse::<u64>().map_err(|_| {
            Problem::of(&problem_types::BAD_REQUEST).saying("Last-Event-ID is not an id of this stream.")
        })?),
    };
    let listener = caller.state.gateway.event_log.listen(&team, after).await?;
    let is_key = caller.who.is_none() && only.is_none();
    let listener = match (&caller.team, credential(&parts, &caller.state)?) {
        (None, _) if is_key => listener, // the configuration's key counts as long as the process
        (of, Some(credential)) => {
            listener.by(caller.state.gateway.callers.credential_check(credential), of.as_ref().filter(|_| is_key))
        }
        (_, None) => return Err(Problem::of(&problem_types::UNAUTHORIZED)),
    };
    let come_back = come_back(caller.state.gateway.engine.draw());
    let events = live(listener, only, come_back).take_until(caller.state.stopping.clone().cancelled_owned());
    let head = [("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no")];
    Ok((head, Body::from_stream(events)).into_response())
}

/// How long this listener waits when its stream ends before it comes back: one to six seconds, another for
/// each. A gateway that stops ends the streams of all of them at one moment.
fn come_back(chance: [u8; 2]) -> Bytes {
    let spread = u64::from(u16::from_be_bytes(chance)) * 5_000 / u64::from(u16::MAX);
    format!("retry: {}\n\n", 1_000 + spread).into()
}

/// When to come back, each event in the words that all listeners share, and in long silence a comment.
fn live(
    listener: Listener,
    only: Option<InteractionId>,
    come_back: Bytes,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let alive = interval_at(Instant::now() + ALIVE, ALIVE);
    let events = stream::unfold((listener, alive), move |(mut listener, mut alive)| async move {
        let words = loop {
            tokio::select! {
                biased;
                heard = listener.next() => match heard.ok()? {
                    other if only.is_some() && other.event.interaction != only => {}
                    heard => break heard.words(told),
                },
                _ = alive.tick() => break Bytes::from_static(b": alive\n\n"),
            }
        };
        Some((Ok(words), (listener, alive)))
    });
    stream::once(async { Ok(come_back) }).chain(events)
}

#[cfg(test)]
mod tests {
    use super::come_back;

    /// A132: who was thrown out together does not come back together.
    #[test]
    fn a132_each_listener_comes_back_at_a_time_of_its_own() {
        assert_eq!(come_back([0, 0]), "retry: 1000\n\n");
        assert_eq!(come_back([255, 255]), "retry: 6000\n\n");
        let seconds: std::collections::BTreeSet<_> = (0..=255).map(|n| come_back([n, 0])).collect();
        assert_eq!(seconds.len(), 256);
    }
}

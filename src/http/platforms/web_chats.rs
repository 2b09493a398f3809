//! The window of a web chat, which stands in a frame on the company's website: its document, and what
//! its script asks. The document may be framed by the team's `allowed_origins` and by nobody else, save the
//! admin console before whoever tends the team; whatever changes something must come from the document itself.
//!
//! A session travels in a header, never in a URL and never to the page around the frame. What is
//! shown is `services::inbound::web_chats`' to say.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json as Reply;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream, StreamExt as _};
use http::HeaderMap;
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at};

use crate::domain::base::id::{MessageId, TeamName};
use crate::domain::base::validation;
use crate::domain::messaging::web_chat::DOTS;
use crate::domain::refusal::Refusal;
use crate::domain::time::Moment;
use crate::http::access::caller::bearer;
use crate::http::access::layers::waits;
use crate::http::access::session::visitor;
use crate::http::consoles::admin_role;
use crate::http::documents::browser::{from_own_page, is_foreign, own_origin};
use crate::http::documents::notices::refusal_page;
use crate::http::documents::page::{brand, headers_in_frame};
use crate::http::documents::reader::Reader;
use crate::http::limits::client::client;
use crate::http::limits::limiter::StreamSlot;
use crate::http::requests::body::{Json, Query, field, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::pages;
use crate::services::engine::Error;
use crate::services::inbound::web_chats::{
    ChatGuest, ChatNews, ConversationState as WatchState, Embedding, PendingQuestion, ShownEntry, TypedOutcome,
    WatchedEntry, Watcher,
};
use crate::services::teams::TeamView;

/// How often a browser hears that its connection stands.
const ALIVE: Duration = Duration::from_secs(15);

/// What is typed at once is at most so long.
const MAX_TEXT_BYTES: usize = 4 * 1024;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new()
        .route("/webchat/{team}", get(show))
        .route("/webchat/{team}/session", post(come_in))
        .route("/webchat/{team}/stream", get(listen))
        .route("/webchat/{team}/messages", post(type_in))
        .route("/webchat/{team}/resend", post(resend))
}

#[derive(Deserialize)]
struct Look {
    /// The language of the page around it.
    lang: Option<String>,
}

/// The document: it holds nothing of anybody, and says who may frame it.
async fn show(
    State(state): State<Shared>,
    Path(team): Path<String>,
    Query(look): Query<Look>,
    headers: HeaderMap,
    reader: Reader,
) -> Response {
    let unknown = || refusal_page(&state, &reader, Refusal::NotFound("window").into());
    let Ok(name) = team.parse::<TeamName>() else { return unknown() };
    let has_window = |team: &TeamView| !team.web_chats.is_empty();
    let team = match state.gateway.teams.team_with(&name, has_window).await {
        Ok(Some(team)) if has_window(&team) => team,
        Ok(_) => return unknown(),
        Err(error) => return refusal_page(&state, &reader, error),
    };
    let settings = &team.effective.settings;
    let mut origins = settings.allowed_origins.clone();
    if is_admins(&state, &headers, &name).await {
        origins.push(own_origin(&state));
    }
    let page = pages::ChatPage {
        brand: brand(settings),
        locale: look.lang.unwrap_or_else(|| reader.locale(Some(settings))),
        path: format!("/webchat/{name}"),
        origins,
    };
    let mut response = Html(state.pages.chat_page(&page)).into_response();
    headers_in_frame(&state, &mut response, &page.origins);
    response
}

/// Whether an admin of the team is signed in on this browser.
async fn is_admins(state: &Shared, headers: &HeaderMap, team: &TeamName) -> bool {
    let somebody = visitor(state, headers).await.ok().flatten();
    somebody.is_some_and(|(_, visitor)| admin_role(&visitor, team).is_some())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComeIn {
    /// What the team's back end gave the page.
    token: String,
    /// The origin that the page around the frame gave it from, as the browser says.
    origin: String,
}

async fn come_in(
    State(state): State<Shared>,
    Path(team): Path<String>,
    headers: HeaderMap,
    body: Json<ComeIn>,
) -> Result<Response, Problem> {
    must_be_own(&state, &headers)?;
    let ComeIn { token, origin } = body.value;
    let team = named(&team)?;
    let embedding = match origin == own_origin(&state) && is_admins(&state, &headers, &team).await {
        true => Embedding::Console,
        false => Embedding::Website(&origin),
    };
    let made = state.gateway.inbound.join_chat(&team, &token, embedding).await;
    let made = made.map_err(refused)?;
    Ok(Reply(json!({"session": made.text, "expires_at": made.until.to_string()})).into_response())
}

/// Only the document's own script may change anything.
fn must_be_own(state: &Shared, headers: &HeaderMap) -> Result<(), Problem> {
    let foreign = || Problem::of(&problem_types::FORBIDDEN).saying("Only the chat's own window may ask this.");
    from_own_page(state, headers).then_some(()).ok_or_else(foreign)
}

fn named(team: &str) -> Result<TeamName, Problem> {
    team.parse().map_err(|_| not_let_in())
}

fn not_let_in() -> Problem {
    Problem::of(&problem_types::UNAUTHORIZED).saying("The chat's token or session does not count, or no longer.")
}

/// Whether it was another team's chat, or is gone, is not told.
fn refused(error: Error) -> Problem {
    match error {
        Error::Refused(Refusal::NotFound(_) | Refusal::NoChannel) => not_let_in(),
        Error::Refused(Refusal::Forbidden) => {
            Problem::of(&problem_types::FORBIDDEN).saying("The team does not allow its chat on this website.")
        }
        other => other.into(),
    }
}

/// Whose session it is.
async fn guest(state: &Shared, team: &str, parts: &Parts) -> Result<ChatGuest, Problem> {
    let session = bearer(parts).ok_or_else(not_let_in)?;
    state.gateway.inbound.guest(&named(team)?, session).await.map_err(refused)
}

/// The transcript after `Last-Event-ID`, and from then on what is new. It stands for hours and costs for as
/// long, so a conversation and an address have so many and no more.
async fn listen(State(state): State<Shared>, Path(team): Path<String>, parts: Parts) -> Result<Response, Problem> {
    if is_foreign(&parts.headers) {
        return Err(Problem::of(&problem_types::FORBIDDEN).saying("Only the chat's own window may ask this."));
    }
    let last = match parts.headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?")) {
        None | Some("") => 0,
        Some(text) => text.parse().map_err(|_| {
            Problem::of(&problem_types::BAD_REQUEST).saying("Last-Event-ID is not an id of this stream.")
        })?,
    };
    let guest = guest(&state, &team, &parts).await?;
    let place = match client(parts.extensions.get(), &parts.headers, &state.proxies) {
        Some(from) => {
            Some(state.chat_streams.place(from).ok_or_else(|| too_many("This address has too many chats open."))?)
        }
        None => None,
    };
    let watcher = state.gateway.inbound.watch(guest, last);
    let watcher = watcher.ok_or_else(|| too_many("This conversation is open in too many windows."))?;
    let news = live(watcher, place).take_until(state.stopping.clone().cancelled_owned());
    let head = [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")];
    Ok((head, Body::from_stream(news)).into_response())
}

/// Seconds after which one more may be asked for: those that are lost are known to be by then.
fn too_many(detail: &str) -> Problem {
    Problem::of(&problem_types::TOO_MANY_REQUESTS).saying(detail).after(15)
}

fn live(watcher: Watcher, place: Option<StreamSlot>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let alive = interval_at(Instant::now() + ALIVE, ALIVE);
    stream::unfold((watcher, alive, place), |(mut watcher, mut alive, place)| async move {
        let words: Bytes = tokio::select! {
            biased;
            news = watcher.next() => told(&news.ok()?).into(),
            _ = alive.tick() => Bytes::from_static(b": alive\n\n"),
        };
        Some((Ok(words), (watcher, alive, place)))
    })
}

/// News as the window's script reads them: entries first, so that a card is there before it is said how
/// it stands.
fn told(news: &ChatNews) -> String {
    let entry = |entry: &ShownEntry| format!("id: {}\nevent: entry\ndata: {}\n\n", entry.number, entry_of(entry));
    let entries: String = news.entries.iter().map(entry).collect();
    let state = news.state.as_ref().map(|state| format!("event: state\ndata: {}\n\n", state_of(state, news.now)));
    entries + state.as_deref().unwrap_or_default()
}

fn entry_of(entry: &ShownEntry) -> Value {
    let mut told = match &entry.what {
        WatchedEntry::Bot(text) => json!({"kind": "bot", "text": text}),
        WatchedEntry::Customer(text) => json!({"kind": "customer", "text": text}),
        WatchedEntry::Answer => json!({"kind": "answer", "text": DOTS}),
        WatchedEntry::Link { text, number, way } => {
            let (url, secret) = way.as_ref().map(|(url, secret)| (url, secret)).unzip();
            json!({"kind": "link", "text": text, "link": number, "url": url, "opener_secret": secret.cloned().flatten()})
        }
        WatchedEntry::Code(text) => json!({"kind": "code", "text": text}),
    };
    told["at"] = json!(entry.at.to_string());
    told
}

fn state_of(state: &WatchState, now: Moment) -> Value {
    json!({
        "open": state.open,
        "authenticated_until": state.authenticated.map(|until| until.to_string()),
        "links": state.links,
        "asked": state.asked.as_ref().map(|asked| asked_of(asked, now)),
        "missed": state.missed,
    })
}

/// Spans and not moments, where the script counts down: the device's clock may be wrong by hours.
fn asked_of(asked: &PendingQuestion, now: Moment) -> Value {
    let seconds = |end: Moment| end.since(now).as_millis().div_ceil(1000);
    json!({
        "id": asked.id,
        "kind": asked.kind,
        "form": asked.form,
        "digits": asked.digits,
        "way": asked.sent.as_ref().map(|(way, _)| way.as_str()),
        "to": asked.sent.as_ref().map(|(_, to)| mask(to)),
        "tries_left": asked.tries_left,
        "seconds_left": asked.expires_at.map(seconds),
        "resend_in": asked.resend_at.map(seconds),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeIn {
    /// The same one is judged once.
    message_id: String,
    text: String,
    /// It was typed where a code is asked for: nothing else is taken.
    #[serde(default)]
    card: bool,
}

async fn type_in(
    State(state): State<Shared>,
    Path(team): Path<String>,
    parts: Parts,
    body: Json<TypeIn>,
) -> Result<Response, Problem> {
    must_be_own(&state, &parts.headers)?;
    let guest = guest(&state, &team, &parts).await?;
    let TypeIn { message_id, text, card } = body.value;
    let message_id: MessageId = field("/message_id", &message_id)?;
    if text.trim().is_empty() || text.len() > MAX_TEXT_BYTES {
        return Err(invalid("/text", validation::OTHER.saying("must be 1 to 4096 bytes")));
    }
    let typed = match card {
        true => state.gateway.inbound.answer_in_card(&guest, message_id.as_str(), &text).await,
        false => state.gateway.inbound.type_in(&guest, message_id.as_str(), &text, &state.flag_for_bots()).await,
    };
    Ok(Reply(match typed.map_err(refused)? {
        TypedOutcome::Answer(kind, outcome) => json!({"taken": "answer", "kind": kind, "outcome": outcome}),
        TypedOutcome::Said => json!({"taken": "said"}),
        TypedOutcome::InText => json!({"taken": "said", "outcome": "code_in_text"}),
        TypedOutcome::TooLate => json!({"taken": "answer", "outcome": "too_late"}),
        TypedOutcome::NoCode => json!({"taken": "nothing", "outcome": "not_a_code"}),
    })
    .into_response())
}

const TOO_MANY_CODES: &str = "This address has had as many messages sent in an hour as it may.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Another code. What becomes of it, the stream tells.
async fn resend(
    State(state): State<Shared>,
    Path(team): Path<String>,
    parts: Parts,
    _nothing: Json<Nothing>,
) -> Result<Response, Problem> {
    must_be_own(&state, &parts.headers)?;
    let guest = guest(&state, &team, &parts).await?;
    let from = client(parts.extensions.get(), &parts.headers, &state.proxies);
    if let Some(seconds) = waits(&state, from) {
        return Err(Problem::of(&problem_types::TOO_MANY_REQUESTS).saying(TOO_MANY_CODES).after(seconds));
    }
    state.gateway.inbound.resend_to_guest(&guest).await.map_err(refused)?;
    Ok(Reply(json!({})).into_response())
}

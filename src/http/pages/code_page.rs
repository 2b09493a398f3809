//! The pages at `/c/TOKEN`: an opening screen, the page that asks for a code or a PIN, and the way on
//! from there. GET and HEAD draw; only a form that this browser was shown changes anything.
//!
//! The person hears one generic text; what exactly happened, the bot hears. How the pages look is
//! `pages`', and what an act leads to, `domain::rules`'.

use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, header};

use super::code_page_view::{CodePageContext, over, refused, stale, unknown};
use crate::domain::proof::challenge::ChallengeEnd;
use crate::domain::rules::links::page::Page;
use crate::domain::secret::token::Token;
use crate::http::access::layers;
use crate::http::api::teams::screens;
use crate::http::documents::browser::{PostedForm, browser};
use crate::http::documents::notices::refusal_page;
use crate::http::documents::page::{done, set};
use crate::http::documents::reader::Reader;
use crate::http::pages::{arrivals, photo};
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::pages;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/c/{token}", get(show).post(act)).route("/c/{token}/screen", get(screen))
}

async fn show(
    State(state): State<Shared>,
    Path(text): Path<String>,
    RawQuery(query): RawQuery,
    reader: Reader,
    headers: HeaderMap,
) -> Response {
    let Some(token) = Token::parse(&text) else { return unknown(&state, &reader) };
    let snapshot = match state.gateway.challenges.code_page_by_token(&token).await {
        Ok(snapshot) => snapshot,
        Err(error) => return refused(&state, &reader, &token, error).await,
    };
    // Where the visitor stands: without it every visit begins at the opening screen. It opens nothing.
    let step = query.as_deref().and_then(|query| query.strip_prefix("step="));
    let (name, cookie) = browser(&state, &headers);
    let seen = CodePageContext { state: &state, reader: &reader, snapshot: &snapshot, token: &token, browser: &name };
    let mut response = match (&snapshot.outcome, step) {
        (Page::Over(_, ChallengeEnd::Passed), _) => done(&state, &reader, seen.settings(), pages::DoneState::Passed),
        (Page::Over(..), _) => return over(&state, &reader, &snapshot),
        (Page::Entry(at, _), Some("done")) if seen.is_in(*at) => {
            done(&state, &reader, seen.settings(), pages::DoneState::Entered)
        }
        (_, Some("code")) if seen.document().is_some() => photo::page(&seen, None),
        (Page::Entry(at, _), Some("code")) if seen.has_shown(*at) => photo::page(&seen, None),
        (Page::Entry(at, _), Some("code")) if seen.may_answer(*at) => seen.answer(None),
        (Page::Challenge(_, challenge), Some("code")) if challenge.page.was_started_by(&seen.fingerprint()) => {
            seen.answer(None)
        }
        _ => seen.continue_page(),
    };
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

/// The team's own words, in the frame of the opening screen.
async fn screen(State(state): State<Shared>, Path(text): Path<String>, reader: Reader, headers: HeaderMap) -> Response {
    let Some(token) = Token::parse(&text) else { return unknown(&state, &reader) };
    let snapshot = match state.gateway.challenges.code_page_by_token(&token).await {
        Ok(snapshot) => snapshot,
        Err(error) => return refused(&state, &reader, &token, error).await,
    };
    let (name, _) = browser(&state, &headers);
    let seen = CodePageContext { state: &state, reader: &reader, snapshot: &snapshot, token: &token, browser: &name };
    let Some(name) = seen.screen() else { return unknown(&state, &reader) };
    match state.gateway.teams.screen(&snapshot.interaction.team, &name).await {
        Ok(Some(screen)) => screens::frame(&state, &screen, &snapshot.team.effective.settings.locale),
        Ok(None) => unknown(&state, &reader),
        Err(error) => refusal_page(&state, &reader, error),
    }
}

async fn act(State(state): State<Shared>, Path(text): Path<String>, request: Request) -> Result<Response, Problem> {
    let reader = Reader::of(request.headers());
    let Some(token) = Token::parse(&text) else { return Ok(unknown(&state, &reader)) };
    let from = layers::from(&state, &request);
    let Some(form) = PostedForm::read(&state, &token, request).await? else {
        return Ok(stale(&state, &reader, &token).await);
    };
    if form.field("act") == "resend"
        && let Some(refused) = layers::asks_too_often(&state, &reader, from)
    {
        return Ok(refused);
    }
    let act = arrivals::Act { state: &state, reader: &reader, token: &token, form: &form };
    let told = match form.field("act") {
        "continue" => act.press_continue().await,
        "answer" => act.answer().await,
        "resend" => act.resend().await,
        "report" => act.report().await,
        "finish" => act.finish().await,
        _ => return Ok(stale(&state, &reader, &token).await),
    };
    Ok(match told {
        Ok(response) => response,
        Err(error) => refused(&state, &reader, &token, error).await,
    })
}

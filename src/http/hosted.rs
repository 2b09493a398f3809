//! The customer's pages: landing and done. GET and HEAD draw; only a form that this browser was
//! shown, sent from our own origin, changes anything.

use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{self, HeaderName};
use http::{HeaderMap, StatusCode};
use url::Url;

use super::Shared;
use super::browser::{Form, browser, nonce};
use super::notices::{brand, headers_of_page, refusal_in, refusal_page, refused, set};
use super::problem::Problem;
use super::views::mask;
use crate::domain::link::{Link, PostBackStatus, Progress, Purpose, return_link};
use crate::domain::refusal::Refusal;
use crate::domain::rules::continue_link::Found;
use crate::domain::settings::BindingRule;
use crate::domain::token::Token;
use crate::gateway::Held;
use crate::pages;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/l/{token}", get(show).post(act))
}

const REFERRER: HeaderName = header::REFERRER_POLICY;

async fn show(State(state): State<Shared>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let Some(token) = Token::parse(&token) else { return refusal_page(&state, Refusal::NotFound("link").into()) };
    let held = match state.gateway.visit_link(&token).await {
        Ok(held) => held,
        Err(error) => return refused(&state, &token, error).await,
    };
    match &held.outcome {
        Found::Live(at, link) => landing(&state, &held, *at, link, &token, &headers),
        Found::Done(at, link, status) => done(&state, &held, *at, link, *status, &token, &headers),
    }
}

fn landing(state: &Shared, held: &Held<Found>, at: usize, link: &Link, token: &Token, headers: &HeaderMap) -> Response {
    let settings = &held.team.effective.settings;
    let (browser, cookie) = browser(state, headers);
    let keys = state.gateway.keys();
    if let Progress::Opened { handle, .. } = &link.progress
        && link.handle(held.interaction.id, browser.as_bytes(), &keys.handle).tag(&keys.link) != *handle
    {
        return refusal_in(state, Refusal::LinkUsed.into(), Some(settings));
    }
    let now = state.gateway.now();
    let opener = link.opener.is_some() && matches!(link.progress, Progress::Issued);
    let page = pages::Landing {
        brand: brand(settings),
        locale: settings.locale.clone(),
        channel: held.interaction.channel.to_string(),
        address: mask(held.interaction.conversation.as_str()),
        customer_name: held.interaction.participants[at].person.name.clone(),
        asked_at: link.issued_at.to_string(),
        minutes_ago: now.since(link.issued_at).as_secs() / 60,
        purpose: match link.purpose {
            Purpose::PreChat => pages::Purpose::PreChat,
            Purpose::MidChat => pages::Purpose::MidChat,
            Purpose::Entry => unreachable!("the rule finds login links only"),
        },
        expires_at: link.expires_at.map(|end| end.to_string()),
        intent_label: link.intent.as_ref().and_then(|i| settings.intents.get(i.as_str())?.label.clone()),
        action: format!("/l/{}", token.text()),
        nonce: nonce(state, token, &browser),
        opener_origins: if opener { settings.allowed_origins.clone() } else { Vec::new() },
        opener_required: link.rule == BindingRule::Opener,
        screen: None,
    };
    let mut response = Html(state.pages.landing(&page)).into_response();
    // No Cross-Origin-Opener-Policy here: the chat's window must be able to vouch.
    headers_of_page(state, &mut response, &form_targets(settings.authentication_url.as_deref().into_iter()));
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

/// A redirect after a form leads to one of these pages, and browsers judge it by `form-action`.
pub(super) fn form_targets<'a>(pages: impl Iterator<Item = &'a str>) -> String {
    let plain = pages.filter_map(|url| Url::parse(url).ok()).filter(|url| url.scheme() == "http");
    plain.fold("'self' https:".to_owned(), |all, url| format!("{all} {}", url.origin().ascii_serialization()))
}

fn done(
    state: &Shared,
    held: &Held<Found>,
    at: usize,
    link: &Link,
    status: PostBackStatus,
    token: &Token,
    headers: &HeaderMap,
) -> Response {
    let settings = &held.team.effective.settings;
    let (browser, cookie) = browser(state, headers);
    let participant = &held.interaction.participants[at];
    let waiting = participant.confirmation.as_ref().filter(|c| c.link == link.number);
    let mut code = None;
    let shown = match (status, waiting) {
        (PostBackStatus::ConfirmationRequired, Some(confirmation)) => {
            let text = confirmation.code(held.interaction.id, &state.gateway.keys().confirmation);
            code = Some(text.clone());
            let (end, asked) = (confirmation.expires_at, asked(state, held, link, token, &browser));
            let seconds_left = end.since(state.gateway.now()).as_secs();
            pages::DoneState::Code { code: text, expires_at: end.to_string(), seconds_left, asked }
        }
        (PostBackStatus::Denied, _) => pages::DoneState::Denied,
        (PostBackStatus::Cancelled, _) => pages::DoneState::Cancelled,
        _ => match participant.flag.raised(state.gateway.now()) {
            Some(raised) => pages::DoneState::Authenticated {
                expires_at: raised.expires_at.to_string(),
                asked: asked(state, held, link, token, &browser),
            },
            None => pages::DoneState::Ended,
        },
    };
    let return_link = link.return_url.as_deref().and_then(|url| return_link(url, code.as_deref()));
    let page = pages::Done { brand: brand(settings), locale: settings.locale.clone(), state: shown, return_link };
    let mut response = Html(state.pages.done(&page)).into_response();
    headers_of_page(state, &mut response, "'self'");
    set(&mut response, header::SET_COOKIE, &cookie);
    set(&mut response, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    response
}

/// The request behind a done page, as whoever logged in must be able to recognise or disown it.
fn asked(state: &Shared, held: &Held<Found>, link: &Link, token: &Token, browser: &str) -> pages::Asked {
    pages::Asked {
        channel: held.interaction.channel.to_string(),
        address: mask(held.interaction.conversation.as_str()),
        asked_at: link.issued_at.to_string(),
        minutes_ago: state.gateway.now().since(link.issued_at).as_secs() / 60,
        report_action: format!("/l/{}", token.text()),
        nonce: nonce(state, token, browser),
    }
}

async fn act(State(state): State<Shared>, Path(text): Path<String>, request: Request) -> Result<Response, Problem> {
    let Some(token) = Token::parse(&text) else { return Ok(refusal_page(&state, Refusal::NotFound("link").into())) };
    let Some(form) = Form::read(&state, &token, request).await? else {
        return Ok(refusal_page(&state, Refusal::StaleForm.into()));
    };
    Ok(match form.field("act") {
        "continue" => press_continue(&state, &token, &form.browser, form.field("opener")).await,
        "report" => press_report(&state, &token).await,
        _ => refusal_page(&state, Refusal::StaleForm.into()),
    })
}

async fn press_continue(state: &Shared, token: &Token, browser: &str, opener: &str) -> Response {
    let opener = Some(opener).filter(|o| !o.is_empty());
    let to = match state.gateway.continue_link(token, browser.as_bytes(), opener).await {
        Ok(held) => state.gateway.signed_url(&held.team, &held.outcome.link, &held.outcome.handle),
        Err(error) => Err(error),
    };
    match to {
        Ok(url) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            set(&mut response, header::LOCATION, &url);
            set(&mut response, REFERRER, "no-referrer");
            response
        }
        Err(error) => refused(state, token, error).await,
    }
}

async fn press_report(state: &Shared, token: &Token) -> Response {
    match state.gateway.report_link(token).await {
        Ok(held) => {
            let settings = &held.team.effective.settings;
            let (brand, locale) = (brand(settings), settings.locale.clone());
            let page = pages::Done { brand, locale, state: pages::DoneState::Reported, return_link: None };
            let mut response = Html(state.pages.done(&page)).into_response();
            headers_of_page(state, &mut response, "'self'");
            response
        }
        Err(error) => refused(state, token, error).await,
    }
}

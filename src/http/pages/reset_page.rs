//! The page at `/r/TOKEN`, where a customer chooses another password. GET and HEAD draw; only a form that
//! this browser was shown changes anything.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};

use crate::domain::refusal::Refusal;
use crate::domain::team::login::reset::ResetToken;
use crate::http::documents::browser::{PostedForm, browser, nonce_for};
use crate::http::documents::notices::{notice, refusal_in, refusal_page};
use crate::http::documents::page::{brand, done, drawn_alone, set};
use crate::http::documents::reader::Reader;
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::pages::{self, LoginError};
use crate::services::accounts::resets::OpenReset;
use crate::services::engine::Error;

/// The routes of this file.
pub fn routes() -> axum::Router<Shared> {
    axum::Router::new().route("/r/{token}", get(show).post(act))
}

fn unknown(state: &Shared, reader: &Reader) -> Response {
    refusal_page(state, reader, Refusal::NotFound("link").into())
}

async fn show(State(state): State<Shared>, Path(text): Path<String>, reader: Reader, headers: HeaderMap) -> Response {
    let Some(token) = ResetToken::parse(&text) else { return unknown(&state, &reader) };
    let open = match state.gateway.customer_login.open_reset(&token).await {
        Ok(open) => open,
        Err(error) => return refused(&state, &reader, error),
    };
    let (name, cookie) = browser(&state, &headers);
    let mut response = ask(&state, &reader, &open, &text, &name, None);
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

/// Whether a link ever was, and whose, is told to nobody who does not have one that is good.
fn refused(state: &Shared, reader: &Reader, error: Error) -> Response {
    match error {
        Error::Refused(Refusal::NotFound(_) | Refusal::LinkExpired) => {
            notice(state, reader, StatusCode::GONE, pages::RefusedPage::ResetOver, None)
        }
        other => refusal_page(state, reader, other),
    }
}

fn ask(
    state: &Shared,
    reader: &Reader,
    open: &OpenReset,
    text: &str,
    browser: &str,
    error: Option<LoginError>,
) -> Response {
    let settings = &open.team.effective.settings;
    let page = pages::CustomerLoginPage {
        brand: brand(settings),
        locale: reader.locale(Some(settings)),
        asks: pages::RequestedInput::NewPassword {
            length: settings.password.min_length,
            expires_at: open.expires_at.to_string(),
        },
        error,
        action: format!("/r/{text}"),
        attempt: String::new(),
        nonce: nonce_for(state, text, browser),
    };
    drawn_alone(state, state.pages.customer_login(&page), "'self'")
}

async fn act(
    State(state): State<Shared>,
    Path(text): Path<String>,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let Some(token) = ResetToken::parse(&text) else { return Ok(unknown(&state, &reader)) };
    let open = match state.gateway.customer_login.open_reset(&token).await {
        Ok(open) => open,
        Err(error) => return Ok(refused(&state, &reader, error)),
    };
    let settings = &open.team.effective.settings;
    let form = PostedForm::read_for(&state, &text, request).await?;
    let Some(form) = form.filter(|form| form.field("act") == "answer") else {
        return Ok(refusal_in(&state, &reader, Refusal::StaleForm.into(), Some(settings)));
    };
    let again = |error| ask(&state, &reader, &open, &text, &form.browser, Some(error));
    if form.field("password") != form.field("again") {
        return Ok(again(LoginError::Differ));
    }
    Ok(match state.gateway.customer_login.use_reset(&token, form.field("password")).await {
        Ok(open) => done(&state, &reader, &open.team.effective.settings, pages::DoneState::PasswordChanged),
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let common = errors.iter().any(|error| ["password-common", "password-own"].contains(&error.error.code));
            again(if common { LoginError::Common } else { LoginError::Weak })
        }
        Err(error) => refused(&state, &reader, error),
    })
}

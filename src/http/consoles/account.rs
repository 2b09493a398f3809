//! What somebody who is signed in does with her own account: her password, her authenticator app, and going.
//! What the forms do is `services::staff::signing_in`'s; whose forms they are, `session` proves.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode};

use super::signin::weak;
use crate::domain::team::session::{Local, Who};
use crate::http::access::session::{forget, is_csrf_token, keep, to_sign_in, visitor};
use crate::http::consoles::{frame_of, shown};
use crate::http::documents::browser::{FormFields, from_own_page};
use crate::http::documents::notices::{notice, refusal_page};
use crate::http::documents::page::see_other;
use crate::http::documents::reader::Reader;
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::pages;
use crate::pages::consoles::{Enrolment, OwnAccountPage, SignInProblem};
use crate::services::engine::Error;
use crate::services::staff::sessions::SignedIn;
use crate::services::staff::signing_in::{Chosen, SignInState};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/account", get(show).post(act))
}

async fn show(State(state): State<Shared>, headers: HeaderMap) -> Response {
    match visitor(&state, &headers).await {
        Ok(Some((token, visitor))) => match state.gateway.users.session_is_used(&token).await {
            Ok(()) => drawn(&state, &headers, &token, &visitor, None, None).await,
            Err(error) => refusal_page(&state, &Reader::of(&headers), error),
        },
        Ok(None) => to_sign_in("/account"),
        Err(error) => refusal_page(&state, &Reader::of(&headers), error),
    }
}

async fn drawn(
    state: &Shared,
    headers: &HeaderMap,
    token: &str,
    visitor: &SignedIn,
    trouble: Option<SignInProblem>,
    enrolment: Option<Enrolment>,
) -> Response {
    let user = match &visitor.who {
        Who::Local(local) => match state.gateway.users.user(&local.team, &local.name).await {
            Ok(user) => Some(user),
            Err(error) => return refusal_page(state, &Reader::of(headers), error),
        },
        _ => None,
    };
    let page = OwnAccountPage {
        frame: frame_of(state, headers, token, visitor, "account", None),
        local: user.is_some(),
        has_app: user.as_ref().is_some_and(|user| user.totp.is_some()),
        enrolment,
        trouble,
    };
    let mut response = shown(state, state.pages.account(&page));
    if trouble.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

async fn act(State(state): State<Shared>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let fields = FormFields::read(request).await?;
    let found = visitor(&state, &headers).await?;
    let Some((token, visitor)) = found else { return Ok(to_sign_in("/account")) };
    if !from_own_page(&state, &headers) || !is_csrf_token(&state, &token, fields.field("csrf_token")) {
        return Ok(notice(&state, &Reader::of(&headers), StatusCode::FORBIDDEN, pages::RefusedPage::Stale, None));
    }
    let done = match (fields.field("act"), &visitor.who) {
        ("out", _) => state.gateway.users.end_session(&token).await.map(|()| gone(&state)),
        ("everywhere", who) => state.gateway.sign_in.sign_out_everywhere(who, &token).await.map(|()| gone(&state)),
        ("enrol", Who::Local(local)) => enrol(&state, &headers, &token, &visitor, local, None).await,
        ("confirm", Who::Local(local)) => confirm(&state, &headers, &token, &visitor, local, &fields).await,
        ("password", Who::Local(local)) => password(&state, &headers, &token, &visitor, local, &fields).await,
        _ => Ok(notice(&state, &Reader::of(&headers), StatusCode::BAD_REQUEST, pages::RefusedPage::Stale, None)),
    };
    Ok(done.unwrap_or_else(|error| refusal_page(&state, &Reader::of(&headers), error)))
}

fn gone(state: &Shared) -> Response {
    let mut response = see_other("/signin");
    forget(state, &mut response);
    response
}

async fn enrol(
    state: &Shared,
    headers: &HeaderMap,
    token: &str,
    visitor: &SignedIn,
    local: &Local,
    trouble: Option<SignInProblem>,
) -> Result<Response, Error> {
    let url = state.gateway.sign_in.enrol_app(local).await?;
    let enrolment = Enrolment::of(&url);
    Ok(drawn(state, headers, token, visitor, trouble, Some(enrolment)).await)
}

async fn confirm(
    state: &Shared,
    headers: &HeaderMap,
    token: &str,
    visitor: &SignedIn,
    local: &Local,
    fields: &FormFields,
) -> Result<Response, Error> {
    match state.gateway.sign_in.confirm_app(local, fields.field("code")).await? {
        SignInState::In(fresh) => Ok(again(state, &fresh)),
        // The picture that was scanned is over: a wrong code is told with a new one.
        _ => enrol(state, headers, token, visitor, local, Some(SignInProblem::Code)).await,
    }
}

async fn password(
    state: &Shared,
    headers: &HeaderMap,
    token: &str,
    visitor: &SignedIn,
    local: &Local,
    fields: &FormFields,
) -> Result<Response, Error> {
    let new = fields.field("password");
    if new != fields.field("again") {
        return Ok(drawn(state, headers, token, visitor, Some(SignInProblem::NotTheSame), None).await);
    }
    let trouble = match state.gateway.sign_in.change_password(local, fields.field("old"), new).await? {
        (Chosen::Taken, SignInState::In(fresh)) => return Ok(again(state, &fresh)),
        (Chosen::Taken, _) => return Ok(gone(state)),
        (Chosen::Weak(weakness), _) => weak(weakness),
        (Chosen::No, _) => SignInProblem::OldPassword,
    };
    Ok(drawn(state, headers, token, visitor, Some(trouble), None).await)
}

/// Back on the page, in a fresh session: all others have ended.
fn again(state: &Shared, token: &str) -> Response {
    let mut response = see_other("/account");
    keep(state, &mut response, token);
    response
}

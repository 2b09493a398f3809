//! The pages by which staff come in: name and password, an app's code, the owner's key, the OpenID provider,
//! and the link that sets a password. Every form is one that this browser was shown; every "no" reads alike.
//!
//! What is right is `services::staff::signing_in`'s and `services::staff::oidc`'s to say.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::domain::secret::base64url;
use crate::domain::secret::password::Weakness;
use crate::http::access::session::{forget, keep, of_own_page, token, visitor};
use crate::http::consoles::{shown, shown_under};
use crate::http::documents::browser::{FormFields, browser, cookie as browser_cookie, from_own_page};
use crate::http::documents::notices::{notice, refusal_page, too_many};
use crate::http::documents::page::see_other;
use crate::http::documents::policy::DocumentPolicy;
use crate::http::documents::reader::Reader;
use crate::http::limits::client::client;
use crate::http::requests::body::{Json, Query};
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::pages;
use crate::pages::consoles::{SetPasswordPage, SignInPage, SignInProblem, SignInStep};
use crate::services::staff::caller::Credential;
use crate::services::staff::oidc::{Failed, Returned};
use crate::services::staff::signing_in::{Chosen, SignInState};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/signin", get(show).post(sign_in))
        .route("/signin/oidc", get(come_back))
        .route("/signin/set/{token}", get(show_set).post(set))
        .route("/signin/alive", post(alive))
}

/// What a link to the page may say.
#[derive(Default, Deserialize)]
struct Look {
    team: Option<String>,
    next: Option<String>,
}

/// Only a page of the consoles: nobody is sent anywhere else.
fn next_page(asked: &str) -> &str {
    let path = asked.split(['?', '#']).next().unwrap_or_default();
    let ours = ["/agent", "/admin", "/account"].contains(&path) || path.starts_with("/admin/");
    if ours && !asked.contains(['\\', '\r', '\n']) { asked } else { "/agent" }
}

async fn show(State(state): State<Shared>, Query(look): Query<Look>, headers: HeaderMap) -> Response {
    let next = next_page(look.next.as_deref().unwrap_or_default()).to_owned();
    match visitor(&state, &headers).await {
        Ok(Some(_)) => return see_other(&next),
        Ok(None) => {}
        Err(error) => return refusal_page(&state, &Reader::of(&headers), error),
    }
    // Before there is a team there is nobody but the owner.
    let fresh = match state.gateway.teams.list_teams(None, 1).await {
        Ok(teams) => teams.is_empty(),
        Err(error) => return refusal_page(&state, &Reader::of(&headers), error),
    };
    let asked = Asked { team: look.team.unwrap_or_default(), name: String::new(), next, fresh };
    drawn(&state, &headers, SignInStep::First, None, &asked)
}

/// What the form keeps.
struct Asked {
    team: String,
    name: String,
    next: String,
    /// There is no team yet.
    fresh: bool,
}

fn drawn(
    state: &Shared,
    headers: &HeaderMap,
    step: SignInStep,
    trouble: Option<SignInProblem>,
    asked: &Asked,
) -> Response {
    let (browser, cookie) = browser(state, headers);
    let page = SignInPage {
        language: Reader::of(headers).locale(None),
        step,
        trouble,
        team: asked.team.clone(),
        name: asked.name.clone(),
        next: asked.next.clone(),
        nonce: nonce(state, &browser),
        provider: state.gateway.sign_in.has_provider(),
        owner_key: state.gateway.sign_in.has_owner_key(),
        fresh: asked.fresh,
    };
    let targets = match state.gateway.sign_in.provider_origin() {
        Some(origin) => format!("'self' https: {origin}"),
        None => "'self'".to_owned(),
    };
    let mut response = shown_under(state, state.pages.sign_in(&page), DocumentPolicy::CONSOLE.leading(&targets));
    if trouble.is_some() {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    with_cookie(&mut response, &cookie);
    response
}

fn with_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// What shows that this browser was shown the form.
fn nonce(state: &Shared, browser: &str) -> String {
    base64url(state.gateway.engine.keys().form.tag(&[b"signing in", browser.as_bytes()]).as_bytes())
}

/// The form, where it is one of ours in this browser.
async fn form(state: &Shared, request: Request) -> Result<Option<FormFields>, Problem> {
    let headers = request.headers().clone();
    let fields = FormFields::read(request).await?;
    let Some(browser) = browser_cookie(state, &headers) else { return Ok(None) };
    let shown: bool = nonce(state, &browser).as_bytes().ct_eq(fields.field("nonce").as_bytes()).into();
    Ok((shown && from_own_page(state, &headers)).then_some(fields))
}

fn stale(state: &Shared, headers: &HeaderMap) -> Response {
    notice(state, &Reader::of(headers), StatusCode::FORBIDDEN, pages::RefusedPage::Stale, None)
}

async fn sign_in(State(state): State<Shared>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let from = client(request.extensions().get::<ConnectInfo<SocketAddr>>(), &headers, &state.proxies);
    if from.is_some_and(|from| !state.sign_ins.allows(from)) {
        return Ok(too_many(&state, &Reader::of(&headers), 10));
    }
    let Some(fields) = form(&state, request).await? else { return Ok(stale(&state, &headers)) };
    let text = |name: &str| fields.field(name).to_owned();
    let next = next_page(fields.field("next")).to_owned();
    let asked = Asked { team: text("team"), name: text("name"), next, fresh: false };
    let gateway = &state.gateway;
    let before = token(&state, &headers);
    let step = match fields.field("act") {
        "oidc" => return Ok(away(&state, &headers, &asked).await),
        "key" => gateway.sign_in.sign_in_as_owner(fields.field("key").trim()).await,
        "code" => gateway.sign_in.sign_in_code(&before.clone().unwrap_or_default(), fields.field("code")).await,
        _ => gateway.sign_in.sign_in(&asked.team, &asked.name, fields.field("password")).await,
    };
    let half_way = fields.field("act") == "code";
    // The cookie is another one now: a session from before is nobody's any more.
    if let (Ok(SignInState::In(_) | SignInState::CodeWanted(_)), Some(before)) = (&step, before) {
        gateway.users.end_session(&before).await?;
    }
    Ok(match step {
        Ok(SignInState::In(token)) => {
            let mut response = see_other(&asked.next);
            keep(&state, &mut response, &token);
            response
        }
        Ok(SignInState::CodeWanted(token)) => {
            let mut response = drawn(&state, &headers, SignInStep::Code, None, &asked);
            keep(&state, &mut response, &token);
            response
        }
        Ok(SignInState::No) if half_way => drawn(&state, &headers, SignInStep::Code, Some(SignInProblem::Code), &asked),
        Ok(SignInState::No) => drawn(&state, &headers, SignInStep::First, Some(SignInProblem::Wrong), &asked),
        Err(error) => refusal_page(&state, &Reader::of(&headers), error),
    })
}

/// To the OpenID provider.
async fn away(state: &Shared, headers: &HeaderMap, asked: &Asked) -> Response {
    match state.gateway.sign_in.go_to_provider().await {
        Ok((token, url)) => {
            let mut response = see_other(&url);
            keep(state, &mut response, &token);
            response
        }
        Err(failed) => not_in(state, headers, failed, asked),
    }
}

fn not_in(state: &Shared, headers: &HeaderMap, failed: Failed, asked: &Asked) -> Response {
    let trouble = match failed {
        Failed::Ours(error) => return refusal_page(state, &Reader::of(headers), error),
        Failed::Away(_) => SignInProblem::ProviderAway,
        Failed::Bad(_) => SignInProblem::ProviderBad,
        Failed::Refused => SignInProblem::ProviderRefused,
        Failed::Stale => SignInProblem::Stale,
        Failed::Nothing => SignInProblem::Nothing,
    };
    tracing::warn!(%failed, "nobody was signed in by OpenID Connect");
    // What nobody here began must sign nobody out.
    let is_stale = matches!(failed, Failed::Stale);
    let mut response = drawn(state, headers, SignInStep::First, Some(trouble), asked);
    *response.status_mut() = match trouble {
        SignInProblem::ProviderAway => StatusCode::SERVICE_UNAVAILABLE,
        SignInProblem::Nothing => StatusCode::FORBIDDEN,
        _ => StatusCode::UNAUTHORIZED,
    };
    if !is_stale {
        forget(state, &mut response);
    }
    response
}

/// From the OpenID provider.
async fn come_back(State(state): State<Shared>, Query(returned): Query<Returned>, headers: HeaderMap) -> Response {
    let before = token(&state, &headers).unwrap_or_default();
    match state.gateway.sign_in.come_from_provider(&before, &returned).await {
        Ok(token) => {
            let mut response = see_other("/agent");
            keep(&state, &mut response, &token);
            response
        }
        Err(failed) => {
            let asked = Asked { team: String::new(), name: String::new(), next: "/agent".to_owned(), fresh: false };
            not_in(&state, &headers, failed, &asked)
        }
    }
}

async fn show_set(State(state): State<Shared>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    set_page(&state, &headers, &token, None).await
}

async fn set_page(state: &Shared, headers: &HeaderMap, token: &str, trouble: Option<SignInProblem>) -> Response {
    let user = match state.gateway.sign_in.invited(token).await {
        Ok(Some(user)) => user,
        Ok(None) => return notice(state, &Reader::of(headers), StatusCode::GONE, pages::RefusedPage::Expired, None),
        Err(error) => return refusal_page(state, &Reader::of(headers), error),
    };
    let (browser, cookie) = browser(state, headers);
    let page = SetPasswordPage {
        language: Reader::of(headers).locale(None),
        action: format!("/signin/set/{token}"),
        name: user.name.to_string(),
        team: user.team.to_string(),
        nonce: nonce(state, &browser),
        trouble,
    };
    let mut response = shown(state, state.pages.set_password(&page));
    if trouble.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    with_cookie(&mut response, &cookie);
    response
}

async fn set(State(state): State<Shared>, Path(token): Path<String>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let Some(fields) = form(&state, request).await? else { return Ok(stale(&state, &headers)) };
    let (first, second) = (fields.field("password"), fields.field("again"));
    if first != second {
        return Ok(set_page(&state, &headers, &token, Some(SignInProblem::NotTheSame)).await);
    }
    let team = token.split('.').next().unwrap_or_default().to_owned();
    Ok(match state.gateway.sign_in.accept(&token, first).await {
        Ok(Chosen::Taken) => see_other(&format!("/signin?team={team}")),
        Ok(Chosen::Weak(weakness)) => set_page(&state, &headers, &token, Some(weak(weakness))).await,
        Ok(Chosen::No) => notice(&state, &Reader::of(&headers), StatusCode::GONE, pages::RefusedPage::Expired, None),
        Err(error) => refusal_page(&state, &Reader::of(&headers), error),
    })
}

/// Why a password is not taken, as its page says it.
pub(crate) fn weak(weakness: Weakness) -> SignInProblem {
    match weakness {
        Weakness::Short(_) => SignInProblem::Short,
        Weakness::Unusable => SignInProblem::Unusable,
        Weakness::NoLetter => SignInProblem::NoLetter,
        Weakness::NoDigit => SignInProblem::NoDigit,
        Weakness::Common => SignInProblem::Common,
        Weakness::Own => SignInProblem::Own,
    }
}

/// Somebody is at the page: her session does not become idle.
async fn alive(State(state): State<Shared>, headers: HeaderMap, _body: Json<Nothing>) -> Result<StatusCode, Problem> {
    if let Some(Credential::Session { token, .. }) = of_own_page(&state, &headers)? {
        // Only who still counts keeps anything alive.
        if state.gateway.users.signed_in(&token).await?.is_some() {
            state.gateway.users.session_is_used(&token).await?;
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(Problem::of(&crate::http::requests::problem_types::UNAUTHORIZED))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

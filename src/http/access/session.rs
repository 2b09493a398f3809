//! What a browser of the staff brings along: the cookie of its session, and the word by which our own pages
//! alone can ask with it. Who is signed in, and what she may do, `services::staff::sessions` says.
//!
//! A cookie without that word is no credential, whatever is asked: other websites can make a browser ask,
//! and cannot read our pages (OWASP: synchronizer token; ASVS 3.5.1).

use axum::response::Response;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

use crate::domain::secret::{base64url, from_base64url};
use crate::domain::team::session::MAX_LIFETIME;
use crate::http::documents::browser::{cookie_named, from_own_page, is_foreign, is_https};
use crate::http::documents::page::see_other;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::engine::Error;
use crate::services::staff::caller::Credential;
use crate::services::staff::sessions::SignedIn;

/// The cookie's name, without what https puts before it.
const NAME: &str = "cs_session";

/// By which our pages' scripts show that they are ours.
const CSRF_HEADER: &str = "x-csrf-token";

/// The team that such a page is about.
const TEAM: &str = "x-team";

/// The secret of the browser's session, or of a step before one.
pub(crate) fn token(state: &Shared, headers: &HeaderMap) -> Option<String> {
    let found = cookie_named(state, headers, NAME)?;
    from_base64url(&found).filter(|bytes| bytes.len() == 32).map(|_| found)
}

/// The word of a session's pages.
pub(crate) fn csrf_token(state: &Shared, token: &str) -> String {
    base64url(state.gateway.engine.keys().form.tag(&[b"consoles", token.as_bytes()]).as_bytes())
}

/// Whether that is the word of a session's pages.
pub(crate) fn is_csrf_token(state: &Shared, token: &str, sent: &str) -> bool {
    csrf_token(state, token).as_bytes().ct_eq(sent.as_bytes()).into()
}

/// The credential of a script of ours; none without a session, and refused where another website asks.
pub(crate) fn of_own_page(state: &Shared, headers: &HeaderMap) -> Result<Option<Credential>, Problem> {
    if !headers.contains_key(COOKIE) {
        return Ok(None);
    }
    let Some(token) = token(state, headers) else { return Ok(None) };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let ours = text(CSRF_HEADER).is_some_and(|sent| is_csrf_token(state, &token, sent)) && !is_foreign(headers);
    if !ours || headers.contains_key("origin") && !from_own_page(state, headers) {
        return Err(Problem::of(&problem_types::FOREIGN_PAGE));
    }
    let team = text(TEAM).filter(|text| !text.is_empty()).map(str::parse).transpose();
    let team = team.map_err(|_| Problem::of(&problem_types::NOT_FOUND))?;
    Ok(Some(Credential::Session { token, team }))
}

/// Who is signed in in this browser, with her session's secret.
pub(crate) async fn visitor(state: &Shared, headers: &HeaderMap) -> Result<Option<(String, SignedIn)>, Error> {
    let Some(token) = token(state, headers) else { return Ok(None) };
    Ok(state.gateway.users.signed_in(&token).await?.map(|visitor| (token, visitor)))
}

/// The browser keeps another session than before: after each step of signing in the secret is a new one.
pub(crate) fn keep(state: &Shared, response: &mut Response, token: &str) {
    put(state, response, token, MAX_LIFETIME.as_secs());
}

/// The browser keeps none.
pub(crate) fn forget(state: &Shared, response: &mut Response) {
    put(state, response, "", 0);
}

fn put(state: &Shared, response: &mut Response, token: &str, seconds: u64) {
    let (before, secure) = if is_https(state) { ("__Host-", "; Secure") } else { ("", "") };
    // Lax: who follows a link from a mail to the consoles is still in.
    let cookie = format!("{before}{NAME}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// Where somebody who is not in goes first, and comes back from.
pub(crate) fn to_sign_in(from: &str) -> Response {
    let back: String = url::form_urlencoded::byte_serialize(from.as_bytes()).collect();
    see_other(&format!("/signin?next={back}"))
}

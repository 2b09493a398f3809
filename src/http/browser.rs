//! What the gateway knows a browser by: a cookie that grants nothing but the same handle again,
//! and forms that only this browser was shown.

use http::{HeaderMap, header};
use subtle::ConstantTimeEq;
use url::Url;

use super::Shared;
use crate::domain::secret::{base64url, from_base64url};
use crate::domain::token::Token;

/// The browser's own random name, kept in a cookie; it grants nothing but the same handle again.
pub(super) fn browser(state: &Shared, headers: &HeaderMap) -> (String, String) {
    let known = cookie(state, headers);
    let browser = known.unwrap_or_else(|| base64url(&state.gateway.draw::<16>()));
    let (name, secure) = cookie_name(state);
    let cookie = format!("{name}={browser}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400{secure}");
    (browser, cookie)
}

fn cookie_name(state: &Shared) -> (&'static str, &'static str) {
    match state.gateway.public_url().starts_with("https:") {
        true => ("__Host-cs_browser", "; Secure"),
        false => ("cs_browser", ""),
    }
}

pub(super) fn cookie(state: &Shared, headers: &HeaderMap) -> Option<String> {
    let (name, _) = cookie_name(state);
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(n, _)| *n == name).map(|(_, value)| value.to_owned())?;
    from_base64url(&found).filter(|bytes| bytes.len() == 16).map(|_| found)
}

pub(super) fn nonce(state: &Shared, token: &Token, browser: &str) -> String {
    base64url(state.gateway.keys().form.tag(&[token.text().as_bytes(), browser.as_bytes()]).as_bytes())
}

pub(super) fn is_nonce(state: &Shared, token: &Token, browser: &str, sent: &str) -> bool {
    nonce(state, token, browser).as_bytes().ct_eq(sent.as_bytes()).into()
}

/// Our own `Origin`, or `Sec-Fetch-Site: same-origin`.
pub(super) fn from_own_page(state: &Shared, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let own = Url::parse(state.gateway.public_url()).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    match text("origin") {
        Some(origin) => origin == own,
        None => text("sec-fetch-site") == Some("same-origin"),
    }
}

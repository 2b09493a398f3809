//! What the gateway knows a browser by: a cookie that names it, and forms that only this browser was shown. The
//! cookie of Continue counts together with the done page's address, and neither alone.

use std::collections::BTreeMap;

use axum::extract::Request;
use http::{HeaderMap, header};
use subtle::ConstantTimeEq;
use url::Url;

use crate::domain::base::id::InteractionId;
use crate::domain::secret::token::Token;
use crate::domain::secret::{Tag, base64url, from_base64url};
use crate::http::requests::body::read;
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;

/// The browser's own random name, kept in a cookie.
pub(crate) fn browser(state: &Shared, headers: &HeaderMap) -> (String, String) {
    let known = cookie(state, headers);
    let browser = known.unwrap_or_else(|| base64url(&state.gateway.engine.draw::<16>()));
    let (name, secure) = cookie_name(state);
    let cookie = format!("{name}={browser}; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400{secure}");
    (browser, cookie)
}

/// The fields of a form, whoever sent it.
pub(crate) struct FormFields(BTreeMap<String, String>);

impl FormFields {
    /// Those that were read elsewhere.
    pub fn of(fields: BTreeMap<String, String>) -> Self {
        Self(fields)
    }

    /// Reads them.
    pub async fn read(request: Request) -> Result<Self, Problem> {
        let bytes = read(request, &()).await?;
        let fields = url::form_urlencoded::parse(&bytes);
        Ok(Self(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// A field's value; empty where it was not sent.
    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// A form of a page of ours, sent by the browser that was shown it.
pub(crate) struct PostedForm {
    /// The browser's own name.
    pub browser: String,
    fields: FormFields,
}

impl PostedForm {
    /// A field's value; empty where it was not sent.
    pub fn field(&self, name: &str) -> &str {
        self.fields.field(name)
    }

    /// What the records of the page's interaction know its browser by.
    pub fn fingerprint(&self, state: &Shared, token: &Token) -> Tag {
        fingerprint(state, token.interaction, &self.browser)
    }

    /// Reads a form; none where this browser was not shown it, or where it comes from elsewhere.
    pub async fn read(state: &Shared, token: &Token, request: Request) -> Result<Option<Self>, Problem> {
        Self::read_for(state, &token.text(), request).await
    }

    /// The same of a page whose secret is another one.
    pub async fn read_for(state: &Shared, page: &str, request: Request) -> Result<Option<Self>, Problem> {
        let headers = request.headers().clone();
        let fields = FormFields::read(request).await?;
        Ok(Self::proved(state, page, &headers, fields))
    }

    /// A form whose fields were read; none where this browser was not shown it, or where it comes from elsewhere.
    pub fn proved(state: &Shared, page: &str, headers: &HeaderMap, fields: FormFields) -> Option<Self> {
        let browser = cookie(state, headers).unwrap_or_default();
        let form = Self { browser, fields };
        let shown = !form.browser.is_empty() && is_nonce(state, page, &form.browser, form.field("nonce"));
        (shown && from_own_page(state, headers)).then_some(form)
    }
}

/// What an interaction's record knows a browser by: its name is in none, and no other interaction knows it so.
pub(crate) fn fingerprint(state: &Shared, interaction: InteractionId, browser: &str) -> Tag {
    state.gateway.engine.keys().form.tag(&[b"browser", interaction.as_bytes(), browser.as_bytes()])
}

/// The value of a cookie of ours, by its name without what https puts before it.
pub(crate) fn cookie_named(state: &Shared, headers: &HeaderMap, name: &str) -> Option<String> {
    let name = if is_https(state) { format!("__Host-{name}") } else { name.to_owned() };
    only_cookie(headers, &name)
}

/// The value of the one cookie of that name: two are none, since nobody knows which of them is ours. Other cookies,
/// of whatever bytes, are other sites' affair.
fn only_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let value = values.next().filter(|_| values.next().is_none())?;
    String::from_utf8(value.to_vec()).ok()
}

/// Whether browsers reach us over TLS; else it is a loopback.
pub(crate) fn is_https(state: &Shared) -> bool {
    state.gateway.urls.public_url().starts_with("https:")
}

fn cookie_name(state: &Shared) -> (&'static str, &'static str) {
    match state.gateway.urls.public_url().starts_with("https:") {
        true => ("__Host-cs_browser", "; Secure"),
        false => ("cs_browser", ""),
    }
}

pub(crate) fn cookie(state: &Shared, headers: &HeaderMap) -> Option<String> {
    let (name, _) = cookie_name(state);
    let found = only_cookie(headers, name)?;
    from_base64url(&found).filter(|bytes| bytes.len() == 16).map(|_| found)
}

pub(crate) fn nonce(state: &Shared, token: &Token, browser: &str) -> String {
    nonce_for(state, &token.text(), browser)
}

/// The same of a page whose secret is another one.
pub(crate) fn nonce_for(state: &Shared, page: &str, browser: &str) -> String {
    base64url(state.gateway.engine.keys().form.tag(&[page.as_bytes(), browser.as_bytes()]).as_bytes())
}

pub(crate) fn is_nonce(state: &Shared, page: &str, browser: &str, sent: &str) -> bool {
    nonce_for(state, page, browser).as_bytes().ct_eq(sent.as_bytes()).into()
}

/// Ours.
pub(crate) fn own_origin(state: &Shared) -> String {
    Url::parse(state.gateway.urls.public_url()).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// Our own `Origin`, or `Sec-Fetch-Site: same-origin`.
pub(crate) fn from_own_page(state: &Shared, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    match text("origin") {
        Some(origin) => origin == own_origin(state),
        None => text("sec-fetch-site") == Some("same-origin"),
    }
}

/// The browser says that a page of another origin asks. One that says nothing is older than that word.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin")
}

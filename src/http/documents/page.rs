//! A page of ours on its way out: whose look it has, the headers that it carries, and how a form
//! leads to the next one. What stands on it, others say.

use axum::response::{Html, IntoResponse, Response};
use http::header::{self, HeaderName};
use http::{HeaderValue, StatusCode};
use url::Url;

use super::policy::DocumentPolicy;
use super::reader::Reader;
use crate::domain::base::id::Conversation;
use crate::domain::base::own_address::AddressKind;
use crate::domain::base::role::ParticipantRole;
use crate::domain::conversation::interaction::Participant;
use crate::domain::settings::{Settings, is_origin};
use crate::domain::time::Moment;
use crate::http::state::Shared;
use crate::pages;

/// How a team's pages look.
pub(crate) fn brand(settings: &Settings) -> pages::Brand {
    let brand = &settings.brand;
    pages::Brand { name: brand.name.clone(), color: brand.color.clone(), logo: brand.logo.clone() }
}

/// An end as pages tell it.
pub(crate) fn end(at: Moment, now: Moment) -> pages::End {
    pages::End { at: at.to_string(), seconds_left: at.since(now).as_secs() }
}

/// A participant's part, as pages call it.
pub(crate) fn role(participant: &Participant) -> pages::ShownRole {
    match participant.role {
        ParticipantRole::Primary => pages::ShownRole::Primary,
        ParticipantRole::Cosigner => pages::ShownRole::Cosigner,
    }
}

/// What a conversation's address is, as pages ask for it.
pub(crate) fn address_kind(conversation: &Conversation) -> pages::ShownAddressKind {
    match AddressKind::of(conversation.as_str()) {
        AddressKind::Phone => pages::ShownAddressKind::Phone,
        AddressKind::Mail => pages::ShownAddressKind::Mail,
        AddressKind::Other => pages::ShownAddressKind::Other,
    }
}

/// Sets a header whose value is known to be one.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// What every page of ours says of itself. `same-origin` and not `no-referrer`: with that, browsers would send
/// `Origin: null` with a form.
pub(crate) fn headers_of_page(state: &Shared, response: &mut Response, policy: DocumentPolicy<'_>) {
    set(response, header::CONTENT_SECURITY_POLICY, &policy.text());
    set(response, header::REFERRER_POLICY, "same-origin");
    set(response, HeaderName::from_static("x-robots-tag"), "noindex, nofollow");
    set(response, header::VARY, "Accept-Language, Cookie, User-Agent");
    if state.gateway.urls.public_url().starts_with("https:") {
        set(response, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// What a document says that stands in a frame on the team's websites, and on no other's. It has no form
/// that leads anywhere.
pub(crate) fn headers_in_frame(state: &Shared, response: &mut Response, websites: &[String]) {
    // Also of what an older release has stored, nothing gets into the policy that is no plain origin.
    let plain: Vec<&str> = websites.iter().map(String::as_str).filter(|website| is_origin(website)).collect();
    let within = if plain.is_empty() { "'none'".to_owned() } else { plain.join(" ") };
    headers_of_page(state, response, DocumentPolicy { within: &within, ..DocumentPolicy::CONSOLE.leading("'none'") });
}

/// Where the forms of a team's pages may lead: Continue and a right answer go on to the login page or
/// to where people are let in, and browsers judge such a redirect by `form-action`.
pub(crate) fn form_targets(settings: &Settings) -> String {
    let beyond = [settings.authentication_url.as_deref(), settings.entry.admit_url.as_deref()];
    let urls = beyond.into_iter().flatten().filter_map(|url| Url::parse(url).ok());
    let plain = urls.filter(|url| url.scheme() == "http"); // a loopback: anything else is https
    plain.fold("'self' https:".to_owned(), |all, url| format!("{all} {}", url.origin().ascii_serialization()))
}

/// No other window may reach into the page.
pub(crate) fn alone(response: &mut Response) {
    set(response, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
}

/// To another page, by GET.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    set(&mut response, header::LOCATION, to);
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// The last page of a visit, which leads nowhere.
pub(crate) fn done(state: &Shared, reader: &Reader, settings: &Settings, how: pages::DoneState) -> Response {
    let (brand, locale) = (brand(settings), reader.locale(Some(settings)));
    let page = pages::Done { brand, locale, state: how, ..pages::Done::default() };
    drawn_alone(state, state.pages.done(&page), "'self'")
}

/// A page that no other window may reach into.
pub(crate) fn drawn_alone(state: &Shared, html: String, form_targets: &str) -> Response {
    let mut response = Html(html).into_response();
    headers_of_page(state, &mut response, DocumentPolicy::PAGE.leading(form_targets));
    alone(&mut response);
    response
}

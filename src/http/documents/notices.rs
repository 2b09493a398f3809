//! Refusals as people read them: what they can do next, and not whose link it was.
//! The words are `pages`'; what was refused, and why, others have decided.

use axum::response::Response;
use http::{StatusCode, header};

use super::page::{brand, drawn_alone, end, set};
use super::reader::Reader;
use crate::domain::refusal::Refusal;
use crate::domain::secret::token::Token;
use crate::domain::settings::Settings;
use crate::http::state::Shared;
use crate::pages;
use crate::services::engine::Error;

/// A refusal of a link that was proved to exist, in its team's own look and language.
pub(crate) async fn refused(state: &Shared, reader: &Reader, token: &Token, error: Error) -> Response {
    let known = matches!(
        error,
        Error::Refused(
            Refusal::LinkExpired
                | Refusal::LinkUsed
                | Refusal::LinkSuperseded
                | Refusal::LinkReported
                | Refusal::NotOpenedByChat
                | Refusal::Locked(_)
                | Refusal::Banned
        )
    );
    match state.gateway.conversations.flag(token.interaction, None).await {
        Ok(held) if known => refusal_in(state, reader, error, Some(&held.team.effective.settings)),
        _ => refusal_page(state, reader, error),
    }
}

/// A refusal as a person reads it. Whose link it was, if it was one, is not told.
pub(crate) fn refusal_page(state: &Shared, reader: &Reader, error: Error) -> Response {
    refusal_in(state, reader, error, None)
}

/// The same in a team's look and language, where the link was proved to be the team's.
pub(crate) fn refusal_in(state: &Shared, reader: &Reader, error: Error, settings: Option<&Settings>) -> Response {
    let (status, why) = match &error {
        Error::Refused(refusal) => page_of(refusal),
        Error::Away(_) | Error::Damaged(_) => (StatusCode::SERVICE_UNAVAILABLE, pages::RefusedPage::Unavailable),
    };
    if !matches!(error, Error::Refused(_)) {
        tracing::error!(%error, "a page could not be drawn");
    }
    let until = match &error {
        Error::Refused(Refusal::Locked(until)) => Some(end(*until, state.gateway.engine.now())),
        _ => None,
    };
    drawn(state, status, why, until, reader, settings)
}

/// A page with one message.
pub(crate) fn notice(
    state: &Shared,
    reader: &Reader,
    status: StatusCode,
    why: pages::RefusedPage,
    settings: Option<&Settings>,
) -> Response {
    drawn(state, status, why, None, reader, settings)
}

fn drawn(
    state: &Shared,
    status: StatusCode,
    why: pages::RefusedPage,
    until: Option<pages::End>,
    reader: &Reader,
    settings: Option<&Settings>,
) -> Response {
    let brand = settings.map(brand).unwrap_or_default();
    let notice = pages::Notice::of(why, brand, &reader.locale(settings));
    let page = pages::Notice { until, ..notice };
    let mut response = drawn_alone(state, state.pages.notice(&page), "'self'");
    *response.status_mut() = status;
    response
}

fn page_of(refusal: &Refusal) -> (StatusCode, pages::RefusedPage) {
    use pages::RefusedPage;
    match refusal {
        Refusal::LinkExpired | Refusal::Closed => (StatusCode::GONE, RefusedPage::Expired),
        Refusal::CodeGone => (StatusCode::GONE, RefusedPage::CodeOver),
        Refusal::LinkUsed => (StatusCode::GONE, RefusedPage::Used),
        Refusal::LinkSuperseded => (StatusCode::GONE, RefusedPage::Superseded),
        Refusal::LinkReported => (StatusCode::GONE, RefusedPage::Reported),
        Refusal::StaleForm => (StatusCode::FORBIDDEN, RefusedPage::Stale),
        Refusal::NotOpenedByChat => (StatusCode::FORBIDDEN, RefusedPage::NotConfirmed),
        Refusal::Reported(_) => (StatusCode::CONFLICT, RefusedPage::Reported),
        Refusal::Locked(_) => (StatusCode::LOCKED, RefusedPage::Locked),
        Refusal::Banned => (StatusCode::FORBIDDEN, RefusedPage::Banned),
        Refusal::NoAuthenticationUrl
        | Refusal::BindingNotPossible
        | Refusal::NoSecurityKey
        | Refusal::PinRequired
        | Refusal::MethodMissing
        | Refusal::Full => (StatusCode::CONFLICT, RefusedPage::Unavailable),
        // Which of these it was would tell of the address: that there is none, or where it is.
        Refusal::NoAddress | Refusal::NoChannel | Refusal::PrivateChannelRequired | Refusal::CountryNotAllowed => {
            (StatusCode::CONFLICT, RefusedPage::NoCode)
        }
        Refusal::SendBudget(_) => (StatusCode::TOO_MANY_REQUESTS, RefusedPage::NoCode),
        Refusal::NotFound(_) => (StatusCode::NOT_FOUND, RefusedPage::Unknown),
        Refusal::BadAssertion(why) => {
            tracing::info!(why, "an assertion was refused");
            (StatusCode::UNAUTHORIZED, RefusedPage::NotConfirmed)
        }
        Refusal::OutOfOrder | Refusal::SubjectConflict | Refusal::Replayed(_) | Refusal::Repeated(_) => {
            (StatusCode::CONFLICT, RefusedPage::NotConfirmed)
        }
        Refusal::DirectoryDown | Refusal::ProviderDown | Refusal::Unjudged(_) | Refusal::Judging => {
            (StatusCode::SERVICE_UNAVAILABLE, RefusedPage::Unavailable)
        }
        _ => (StatusCode::UNPROCESSABLE_ENTITY, RefusedPage::NotConfirmed),
    }
}

/// A page was asked for too often from one address.
pub(crate) fn too_many(state: &Shared, reader: &Reader, seconds: u64) -> Response {
    let mut response = notice(state, reader, StatusCode::TOO_MANY_REQUESTS, pages::RefusedPage::TooMany, None);
    set(&mut response, header::RETRY_AFTER, &seconds.to_string());
    response
}

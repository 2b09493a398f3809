//! The admin console's documents: who may open which, and what stands around each. What a page shows is read
//! by the use cases that the API has, and what is done on it goes to the API: no act is taken here, and no
//! rule is known.
//!
//! A team that is not hers is to an admin what it is to the API: not there.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::Shared;
use super::consoles::{administers, frame_of};
use super::notices::{notice, refusal_page};
use super::reader::Reader;
use super::session::{to_sign_in, visitor};
use crate::domain::id::TeamName;
use crate::domain::team::Role;
use crate::gateway::Error;
use crate::gateway::sessions::SignedIn;
use crate::gateway::teams::TeamView;
use crate::pages;
use crate::pages::admin::Tended;
use crate::pages::consoles::Shell;

mod accounts;
mod audit;
mod channels;
mod insights;
mod intents;
mod keys;
mod lockouts;
mod overview;
mod paths;
mod screens;
mod settings;
mod teams;
mod users;
mod webhooks;

/// The routes of this console.
pub fn routes() -> Router<Shared> {
    let desk = Router::new().merge(channels::routes()).merge(users::routes()).merge(lockouts::routes());
    let desk =
        desk.merge(accounts::routes()).merge(webhooks::routes()).merge(audit::routes()).merge(insights::routes());
    let first = Router::new().merge(teams::routes()).merge(overview::routes());
    let policy = first.merge(settings::routes()).merge(keys::routes());
    policy.merge(screens::routes()).merge(intents::routes()).merge(desk)
}

/// A team's admin before one of its pages.
pub(super) struct Admitted {
    /// Around the page.
    pub frame: Shell,
    /// What she is there: admin or owner.
    pub role: Role,
    /// The team.
    pub name: TeamName,
    /// As it is now.
    pub team: Arc<TeamView>,
}

/// Another page than the one that was asked for.
pub(super) struct Instead(Box<Response>);

impl IntoResponse for Instead {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// Something that a page needs could not be read.
pub(super) fn refused(state: &Shared, headers: &HeaderMap, error: Error) -> Instead {
    Instead(Box::new(refusal_page(state, &Reader::of(headers), error)))
}

/// The same notice for what is not there and for what is not hers.
fn unknown(state: &Shared, headers: &HeaderMap) -> Instead {
    let reader = Reader::of(headers);
    Instead(Box::new(notice(state, &reader, StatusCode::NOT_FOUND, pages::Refused::Unknown, None)))
}

/// Lets an admin of the team in, or an owner. `section` is one of `pages::admin::SECTIONS`.
pub(super) async fn admitted(
    state: &Shared,
    headers: &HeaderMap,
    team: &str,
    section: &'static str,
) -> Result<Admitted, Instead> {
    let named: Option<TeamName> = team.parse().ok();
    let page = match (&named, section) {
        (Some(team), "overview") => format!("/admin/teams/{team}"),
        (Some(team), section) => format!("/admin/teams/{team}/{section}"),
        (None, _) => "/admin".to_owned(),
    };
    let (token, visitor) = somebody(state, headers, &page).await?;
    let name = named.ok_or_else(|| unknown(state, headers))?;
    let role = match (visitor.rights.owner, visitor.rights.teams.get(&name)) {
        (true, _) => Role::Owner,
        (false, Some(role)) if *role >= Role::Admin => *role,
        _ => return Err(unknown(state, headers)),
    };
    let found = state.gateway.team(&name).await.map_err(|e| refused(state, headers, e))?;
    let team = found.ok_or_else(|| unknown(state, headers))?;
    let tended = Tended { section, title: Some(team.team.title.clone()) };
    let frame = framed(state, headers, &token, &visitor, Some(&name), tended);
    Ok(Admitted { frame, role, name, team })
}

/// Lets the owner in to what is about the whole system.
pub(super) async fn admitted_owner(
    state: &Shared,
    headers: &HeaderMap,
    section: &'static str,
) -> Result<Shell, Instead> {
    let (token, visitor) = somebody(state, headers, &format!("/admin/{section}")).await?;
    if !visitor.rights.owner {
        return Err(unknown(state, headers));
    }
    Ok(framed(state, headers, &token, &visitor, None, Tended { section, title: None }))
}

/// Whoever is signed in and has something to tend; everybody else is sent to sign in, or told nothing.
async fn somebody(state: &Shared, headers: &HeaderMap, page: &str) -> Result<(String, SignedIn), Instead> {
    let found = visitor(state, headers).await.map_err(|e| refused(state, headers, e))?;
    let (token, visitor) = found.ok_or_else(|| Instead(Box::new(to_sign_in(page))))?;
    if !administers(&visitor) {
        return Err(unknown(state, headers));
    }
    state.gateway.session_is_used(&token).await.map_err(|e| refused(state, headers, e))?;
    Ok((token, visitor))
}

fn framed(
    state: &Shared,
    headers: &HeaderMap,
    token: &str,
    visitor: &SignedIn,
    team: Option<&TeamName>,
    tended: Tended,
) -> Shell {
    let frame = frame_of(state, headers, token, visitor, "admin", team.map(TeamName::as_str));
    Shell { tended: Some(tended), ..frame }
}

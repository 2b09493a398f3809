//! The admin console's documents: who may open which, and what stands around each. What a page shows is read
//! by the use cases that the API has, and what is done on it goes to the API: no act is taken here, and no
//! rule is known.
//!
//! A team that is not hers is to an admin what it is to the API: not there.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::response::Response;
use http::HeaderMap;
use http::request::Parts;
use serde::Deserialize;

use crate::domain::base::id::TeamName;
use crate::domain::event::Actor;
use crate::domain::refusal::Refusal;
use crate::domain::team::Role;
use crate::domain::team::session::{Local, Who};
use crate::http::access::session::{to_sign_in, visitor};
use crate::http::consoles::{admin_role, administers, frame_of};
use crate::http::documents::notices::refusal_page;
use crate::http::documents::reader::Reader;
use crate::http::state::Shared;
use crate::pages::consoles::Shell;
use crate::pages::sections::AdminSection;
use crate::services::engine::Error;
use crate::services::staff::sessions::SignedIn;
use crate::services::teams::TeamView;

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
struct Admitted {
    /// Around the page.
    pub frame: Shell,
    /// What she is there: admin or owner.
    pub role: Role,
    /// How the audit trail names her.
    pub actor: Actor,
    /// The team.
    pub name: TeamName,
    /// As it is now.
    pub team: Arc<TeamView>,
    /// Who she is, where a team keeps her password.
    pub own: Option<Local>,
}

/// Why there is another page than the one that was asked for.
enum Instead {
    /// Nobody is signed in who could see that page.
    SignIn(String),
    /// What it needs could not be read, or is not there: what is not hers is told as what is not there.
    Refused(Error),
}

impl From<Error> for Instead {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// What is not there for her.
fn unknown(what: &'static str) -> Error {
    Refusal::NotFound(what).into()
}

/// Somebody's visit to a page of one of a team's sections.
struct PageRequest {
    state: Shared,
    headers: HeaderMap,
    team: String,
}

/// What every address of a team's pages names.
#[derive(Deserialize)]
struct OfTeam {
    team: String,
}

impl FromRequestParts<Shared> for PageRequest {
    type Rejection = PathRejection;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, PathRejection> {
        let Path(OfTeam { team }) = Path::from_request_parts(parts, state).await?;
        Ok(Self { state: state.clone(), headers: parts.headers.clone(), team })
    }
}

impl PageRequest {
    /// The page, drawn for the team's admin or an owner. `section` is one of `pages::admin::SECTIONS`.
    async fn draw(
        self,
        section: &'static str,
        draw: impl AsyncFnOnce(&Shared, Admitted) -> Result<Response, Error>,
    ) -> Response {
        let Self { state, headers, team } = self;
        let drawn = match admitted(&state, &headers, &team, section).await {
            Ok(admitted) => draw(&state, admitted).await.map_err(Instead::from),
            Err(instead) => Err(instead),
        };
        answered(&state, &headers, drawn)
    }
}

/// A page about the whole system, drawn for the owner.
async fn of_system(
    state: &Shared,
    headers: &HeaderMap,
    section: &'static str,
    draw: impl AsyncFnOnce(Shell) -> Result<Response, Error>,
) -> Response {
    let drawn = match admitted_owner(state, headers, section).await {
        Ok(frame) => draw(frame).await.map_err(Instead::from),
        Err(instead) => Err(instead),
    };
    answered(state, headers, drawn)
}

fn answered(state: &Shared, headers: &HeaderMap, drawn: Result<Response, Instead>) -> Response {
    match drawn {
        Ok(page) => page,
        Err(Instead::SignIn(page)) => to_sign_in(&page),
        Err(Instead::Refused(error)) => refusal_page(state, &Reader::of(headers), error),
    }
}

async fn admitted(state: &Shared, headers: &HeaderMap, team: &str, section: &'static str) -> Result<Admitted, Instead> {
    let named: Option<TeamName> = team.parse().ok();
    let page = match (&named, section) {
        (Some(team), "overview") => format!("/admin/teams/{team}"),
        (Some(team), section) => format!("/admin/teams/{team}/{section}"),
        (None, _) => "/admin".to_owned(),
    };
    let (token, visitor) = somebody(state, headers, page).await?;
    let name = named.ok_or_else(|| unknown("team"))?;
    let role = admin_role(&visitor, &name).ok_or_else(|| unknown("team"))?;
    let team = state.gateway.teams.team(&name).await?.ok_or_else(|| unknown("team"))?;
    let admin_section = AdminSection { section, title: Some(team.team.title.clone()) };
    let frame = framed(state, headers, &token, &visitor, Some(&name), admin_section);
    let actor = visitor.who.actor();
    let own = match visitor.who {
        Who::Local(local) => Some(local),
        Who::Owner(_) | Who::Provided { .. } => None,
    };
    Ok(Admitted { frame, role, actor, name, team, own })
}

async fn admitted_owner(state: &Shared, headers: &HeaderMap, section: &'static str) -> Result<Shell, Instead> {
    let (token, visitor) = somebody(state, headers, format!("/admin/{section}")).await?;
    if !visitor.rights.owner {
        return Err(unknown("page").into());
    }
    Ok(framed(state, headers, &token, &visitor, None, AdminSection { section, title: None }))
}

/// Whoever is signed in and has something to tend; everybody else is sent to sign in, or told nothing.
async fn somebody(state: &Shared, headers: &HeaderMap, page: String) -> Result<(String, SignedIn), Instead> {
    let Some((token, visitor)) = visitor(state, headers).await? else { return Err(Instead::SignIn(page)) };
    if !administers(&visitor) {
        return Err(unknown("page").into());
    }
    state.gateway.users.session_is_used(&token).await?;
    Ok((token, visitor))
}

fn framed(
    state: &Shared,
    headers: &HeaderMap,
    token: &str,
    visitor: &SignedIn,
    team: Option<&TeamName>,
    admin_section: AdminSection,
) -> Shell {
    let frame = frame_of(state, headers, token, visitor, "admin", team.map(TeamName::as_str));
    Shell { admin_section: Some(admin_section), ..frame }
}

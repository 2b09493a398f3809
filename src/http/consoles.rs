//! The consoles' documents: who is in, what she may open, and in which language it speaks. What they show is
//! fetched by their scripts from the API, as this person.

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::domain::base::id::TeamName;
use crate::domain::proof::methods;
use crate::domain::proof::methods::AnswerForm;
use crate::domain::team::Role;
use crate::domain::team::session::Who;
use crate::http::access::session::{csrf_token, to_sign_in, visitor};
use crate::http::documents::notices::{notice, refusal_page};
use crate::http::documents::page::{alone, headers_of_page, see_other};
use crate::http::documents::policy::DocumentPolicy;
use crate::http::documents::reader::Reader;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::pages;
use crate::pages::consoles::{Agent, Shell};
use crate::services::engine::Error;
use crate::services::staff::sessions::SignedIn;

pub mod account;
pub mod admin_pages;
pub mod embeds;
pub mod signin;

/// The most teams that an owner is offered to switch to.
const MAX_TEAMS: usize = 200;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/agent", get(agent))
}

/// Which team is looked at.
#[derive(Deserialize)]
struct Look {
    team: Option<String>,
}

/// The agent console.
async fn agent(State(state): State<Shared>, Query(look): Query<Look>, headers: HeaderMap) -> Response {
    let (token, visitor) = match visitor(&state, &headers).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            let named = look.team.as_deref().and_then(|team| team.parse::<TeamName>().ok());
            return to_sign_in(&named.map_or_else(|| "/agent".to_owned(), |team| format!("/agent?team={team}")));
        }
        Err(error) => return refusal_page(&state, &Reader::of(&headers), error),
    };
    let teams = match teams(&state, &visitor).await {
        Ok(teams) => teams,
        Err(error) => return refusal_page(&state, &Reader::of(&headers), error),
    };
    if teams.is_empty() && visitor.rights.owner {
        return see_other("/admin"); // where the first one is made
    }
    let wanted = look.team.or_else(|| visitor.rights.teams.keys().next().map(ToString::to_string));
    let team = match wanted {
        Some(wanted) if !teams.iter().any(|(name, _)| *name == wanted) => {
            return notice(&state, &Reader::of(&headers), StatusCode::NOT_FOUND, pages::RefusedPage::Unknown, None);
        }
        wanted => wanted.or_else(|| teams.first().map(|(name, _)| name.clone())),
    };
    if let Err(error) = state.gateway.users.session_is_used(&token).await {
        return refusal_page(&state, &Reader::of(&headers), error);
    }
    let frame = Shell { teams, ..frame_of(&state, &headers, &token, &visitor, "agent", team.as_deref()) };
    shown(&state, state.pages.agent(&Agent { frame, admits: admits(&state, team.as_deref()).await }))
}

/// What the window for a new conversation must ask for.
async fn admits(state: &Shared, team: Option<&str>) -> pages::consoles::Admits {
    let view = match team.and_then(|team| team.parse().ok()) {
        Some(team) => state.gateway.teams.team(&team).await.ok().flatten(),
        None => None,
    };
    let Some(view) = view else { return pages::consoles::Admits::default() };
    let settings = &view.effective.settings;
    let first = Some(settings.entry.first).filter(|_| settings.entry.require_authentication);
    let first = first.and_then(methods::find);
    let codes = first.and_then(|method| method.code_rules(settings));
    pages::consoles::Admits {
        pin: first.is_some_and(|method| method.form() == AnswerForm::AgreedNumber),
        both: codes.is_some_and(|rules| rules.send_to_customer && rules.second_channel),
        shows_codes: settings.otp.show_to_agents,
        channels: view.channels.iter().map(ToString::to_string).collect(),
    }
}

/// The teams that somebody may look at: name and title.
pub(crate) async fn teams(state: &Shared, visitor: &SignedIn) -> Result<Vec<(String, String)>, Error> {
    if visitor.rights.owner {
        let all = state.gateway.teams.list_teams(None, MAX_TEAMS).await?;
        return Ok(all.into_iter().map(|(name, title)| (name.to_string(), title)).collect());
    }
    let mut teams = Vec::new();
    for name in visitor.rights.teams.keys() {
        if let Some(view) = state.gateway.teams.team(name).await? {
            teams.push((name.to_string(), view.team.title.clone()));
        }
    }
    Ok(teams)
}

/// What stands around every page of somebody who is in.
pub(crate) fn frame_of(
    state: &Shared,
    headers: &HeaderMap,
    token: &str,
    visitor: &SignedIn,
    page: &'static str,
    team: Option<&str>,
) -> Shell {
    let named = team.and_then(|team| team.parse::<TeamName>().ok());
    let role = match (visitor.rights.owner, named.as_ref().or(visitor.rights.teams.keys().next())) {
        (true, _) => Role::Owner,
        (false, Some(team)) => visitor.rights.teams.get(team).copied().unwrap_or(Role::Agent),
        (false, None) => Role::Agent,
    };
    let name = match &visitor.who {
        Who::Owner(_) => None,
        Who::Local(local) => Some(local.name.to_string()),
        Who::Provided { name, subject, .. } => Some(name.clone().unwrap_or_else(|| subject.clone())),
    };
    Shell {
        language: Reader::of(headers).locale(None),
        page,
        csrf_token: csrf_token(state, token),
        team: team.map(str::to_owned),
        teams: Vec::new(),
        name,
        role: match role {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Agent | Role::Bot => "agent",
        },
        administers: administers(visitor),
        admin_section: None,
    }
}

/// Whether somebody may open the admin console: they are an admin of some team.
pub(crate) fn administers(visitor: &SignedIn) -> bool {
    visitor.rights.owner || visitor.rights.teams.values().any(|role| *role >= Role::Admin)
}

/// The role of an admin or owner in a team; none for everybody else.
pub(crate) fn admin_role(visitor: &SignedIn, team: &TeamName) -> Option<Role> {
    match visitor.rights.owner {
        true => Some(Role::Owner),
        false => visitor.rights.teams.get(team).copied().filter(|role| *role >= Role::Admin),
    }
}

/// A page of the consoles on its way out: no other window may reach into it.
pub(crate) fn shown(state: &Shared, html: String) -> Response {
    shown_under(state, html, DocumentPolicy::CONSOLE)
}

/// The same under a policy of its own.
pub(crate) fn shown_under(state: &Shared, html: String, policy: DocumentPolicy<'_>) -> Response {
    let mut response = Html(html).into_response();
    headers_of_page(state, &mut response, policy);
    alone(&mut response);
    response
}

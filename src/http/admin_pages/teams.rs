//! `/admin`: the teams that somebody may tend, and for the owner the way to make another and to the System.
//! Whoever has one alone is led there.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;

use super::super::Shared;
use super::super::consoles::{shown, teams};
use super::super::page::see_other;
use super::{Instead, answered, framed, somebody};
use crate::domain::id::TeamName;
use crate::domain::team::Role;
use crate::pages::admin::{Tended, teams::Teams};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin", get(show))
}

async fn show(State(state): State<Shared>, headers: HeaderMap) -> Response {
    answered(&state, &headers, listed(&state, &headers).await)
}

async fn listed(state: &Shared, headers: &HeaderMap) -> Result<Response, Instead> {
    let (token, visitor) = somebody(state, headers, "/admin".to_owned()).await?;
    let mut teams = teams(state, &visitor).await?;
    if !visitor.rights.owner {
        let tended = |name: &str| {
            let name = name.parse::<TeamName>().ok();
            name.and_then(|name| visitor.rights.teams.get(&name)).is_some_and(|role| *role >= Role::Admin)
        };
        teams.retain(|(name, _)| tended(name));
        if let [(only, _)] = teams.as_slice() {
            return Ok(see_other(&format!("/admin/teams/{only}")));
        }
    }
    let tended = Tended { section: "teams", title: None };
    let frame = framed(state, headers, &token, &visitor, None, tended);
    let page = Teams { frame, owner: visitor.rights.owner, teams };
    Ok(shown(state, state.pages.admin_teams(&page)))
}

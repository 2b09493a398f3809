//! `/admin`: the teams that somebody may tend, and for the owner the way to make another and to the System.
//! Whoever has one alone is led there.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use serde::Deserialize;

use super::paths::in_query;
use super::{Instead, answered, framed, somebody};
use crate::domain::base::id::TeamName;
use crate::domain::team::Role;
use crate::http::consoles::{shown, teams};
use crate::http::documents::page::see_other;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::pages::admin::teams::TeamsPage;
use crate::pages::sections::AdminSection;

/// Teams of a page.
const PAGE: usize = 50;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin", get(show))
}

/// Where the page begins.
#[derive(Deserialize)]
struct Look {
    after: Option<String>,
}

async fn show(State(state): State<Shared>, Query(look): Query<Look>, headers: HeaderMap) -> Response {
    answered(&state, &headers, listed(&state, look.after.as_deref(), &headers).await)
}

async fn listed(state: &Shared, after: Option<&str>, headers: &HeaderMap) -> Result<Response, Instead> {
    let (token, visitor) = somebody(state, headers, "/admin".to_owned()).await?;
    let (mut teams, mut next) = (Vec::new(), None);
    if visitor.rights.owner {
        let mut all = state.gateway.teams.list_teams(after, PAGE + 1).await?;
        let is_whole = all.len() <= PAGE;
        all.truncate(PAGE);
        let last = all.last().filter(|_| !is_whole);
        next = last.map(|(name, _)| format!("/admin?after={}", in_query(name.as_str())));
        teams.extend(all.into_iter().map(|(name, title)| (name.to_string(), title)));
    } else {
        teams = self::teams(state, &visitor).await?;
        let admin_section = |name: &str| {
            let name = name.parse::<TeamName>().ok();
            name.and_then(|name| visitor.rights.teams.get(&name)).is_some_and(|role| *role >= Role::Admin)
        };
        teams.retain(|(name, _)| admin_section(name));
        if let [(only, _)] = teams.as_slice() {
            return Ok(see_other(&format!("/admin/teams/{only}")));
        }
    }
    let admin_section = AdminSection { section: "teams", title: None };
    let frame = framed(state, headers, &token, &visitor, None, admin_section);
    let page = TeamsPage { frame, owner: visitor.rights.owner, teams, next };
    Ok(shown(state, state.pages.admin_teams(&page)))
}

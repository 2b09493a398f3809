//! `/admin/teams/TEAM/lockouts`: who is locked out, and the way to lift it. That a lock is lifted, and by whom
//! it may be, the API says.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use serde::Deserialize;

use super::super::Shared;
use super::super::body::Query;
use super::super::consoles::shown;
use super::super::views::mask;
use super::of_team;
use super::paths::in_path;
use crate::domain::id::TeamName;
use crate::domain::time::Moment;
use crate::domain::user::{MOST_USERS, Standing, User};
use crate::gateway::Error;
use crate::gateway::lockouts::LockedOut;
use crate::pages::admin::lockouts::{Locked, LockedPerson, Lockouts};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/lockouts", get(show))
}

/// How far back is looked.
#[derive(Deserialize)]
struct Look {
    below: Option<u64>,
}

async fn show(
    State(state): State<Shared>,
    Path(team): Path<String>,
    Query(look): Query<Look>,
    headers: HeaderMap,
) -> Response {
    of_team(&state, &headers, (&team, "lockouts"), async |admitted| {
        let (people, older) = state.gateway.locked_out(&admitted.name, look.below).await?;
        let page = Lockouts {
            frame: admitted.frame,
            people: people.iter().filter_map(|locked| person(&state, locked)).collect(),
            older,
            further: look.below.is_some(),
            accounts: accounts(&state, &admitted.name).await?,
            users: users(&state, &admitted.name).await?,
        };
        Ok(shown(&state, state.pages.admin_lockouts(&page)))
    })
    .await
}

fn person(state: &Shared, locked: &LockedOut) -> Option<LockedPerson> {
    let (now, sure) = (state.gateway.now(), state.gateway.sure());
    let person = locked.person()?;
    let interaction = &locked.held.interaction;
    let until = locked.budgets.iter().filter_map(|(_, budget)| budget.locked_until).max();
    Some(LockedPerson {
        interaction: interaction.id.to_string(),
        participant: locked.participant.to_string(),
        name: person.person.name.clone(),
        address: Some(mask(interaction.conversation.as_str())),
        channel: interaction.channel.to_string(),
        banned: locked.ceiling || locked.budgets.iter().any(|(_, budget)| budget.banned),
        until: until.map(|until| until.shown(sure, now).to_string()),
        methods: locked.budgets.iter().map(|(what, _)| what.to_string()).collect(),
        ceiling: locked.ceiling,
        lockouts: locked.budgets.iter().map(|(_, budget)| budget.lockouts).sum(),
        since: locked.since.clone(),
    })
}

async fn accounts(state: &Shared, team: &TeamName) -> Result<Vec<Locked>, Error> {
    let mut rows = Vec::new();
    for (id, account) in state.gateway.locked_accounts(team).await? {
        let known = state.gateway.customer(team, &id).await?;
        rows.push(Locked {
            path: in_path(id.as_str()),
            id: id.to_string(),
            name: known.and_then(|known| known.record.name),
            banned: account.banned,
            until: account.locked_until.map(|until| until.to_string()),
        });
    }
    Ok(rows)
}

async fn users(state: &Shared, team: &TeamName) -> Result<Vec<Locked>, Error> {
    let (now, sure) = (state.gateway.now(), state.gateway.sure());
    let users = state.gateway.users(team, None, MOST_USERS).await?;
    Ok(users.iter().filter_map(|user| locked_user(user, now, sure)).collect())
}

fn locked_user(user: &User, now: Moment, sure: Moment) -> Option<Locked> {
    let (banned, until) = match user.standing(sure) {
        Standing::Banned => (true, None),
        Standing::Locked(until) => (false, Some(until.shown(sure, now).to_string())),
        Standing::Invited | Standing::Active | Standing::Disabled => return None,
    };
    let name = user.name.to_string();
    Some(Locked { path: in_path(&name), id: name, name: None, banned, until })
}

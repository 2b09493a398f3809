//! `/admin/teams/TEAM/lockouts`: who is locked out, and the way to lift it. That a lock is lifted, and by whom
//! it may be, the API says.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::PageRequest;
use super::paths::in_path;
use crate::domain::base::id::TeamName;
use crate::domain::team::user::{MAX_USERS, User, UserStatus};
use crate::domain::time::Moment;
use crate::http::consoles::shown;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::pages::admin::lockouts::{Locked, LockedPerson, LockoutsPage};
use crate::services::engine::Error;
use crate::services::lockouts::LockedOut;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/lockouts", get(show))
}

/// Which pages of the lists.
#[derive(Deserialize)]
struct Look {
    after: Option<String>,
    accounts: Option<String>,
}

async fn show(request: PageRequest, Query(look): Query<Look>) -> Response {
    request
        .draw("lockouts", async |state, admitted| {
            let (people, more) = state.gateway.lockouts.locked_out(&admitted.name, look.after.as_deref()).await?;
            let (accounts, more_accounts) = accounts(state, &admitted.name, look.accounts.as_deref()).await?;
            let page = LockoutsPage {
                frame: admitted.frame,
                people: people.iter().map(|locked| person(state, locked)).collect(),
                more: more.map(|after| in_path(&after)),
                accounts,
                more_accounts,
                further: look.after.is_some() || look.accounts.is_some(),
                users: users(state, &admitted.name).await?,
            };
            Ok(shown(state, state.pages.admin_lockouts(&page)))
        })
        .await
}

fn person(state: &Shared, locked: &LockedOut) -> LockedPerson {
    let (now, earliest) = (state.gateway.engine.now(), state.gateway.engine.earliest());
    let until = locked.budget.as_ref().and_then(|budget| budget.locked_until);
    LockedPerson {
        path: in_path(&locked.id.to_string()),
        id: locked.id.to_string(),
        interaction: locked.told.as_ref().map(|told| told.id.to_string()),
        name: locked.person().and_then(|person| person.person.name.clone()),
        address: locked.told.as_ref().map(|told| mask(told.conversation.as_str())),
        channel: locked.channel.as_ref().map(ToString::to_string),
        banned: locked.is_ban(),
        until: until.map(|until| until.shown(earliest, now).to_string()),
        method: locked.method().map(|what| what.to_string()),
        lockouts: locked.budget.as_ref().map_or(0, |budget| budget.lockouts),
        since: locked.since.to_string(),
    }
}

async fn accounts(
    state: &Shared,
    team: &TeamName,
    after: Option<&str>,
) -> Result<(Vec<Locked>, Option<String>), Error> {
    let mut rows = Vec::new();
    let (locked, next) = state.gateway.lockouts.locked_accounts(team, after).await?;
    for (id, account) in locked {
        let known = state.gateway.customers.customer(team, &id).await?;
        rows.push(Locked {
            path: in_path(id.as_str()),
            id: id.to_string(),
            name: known.and_then(|known| known.record.name),
            banned: account.banned,
            until: account.locked_until.map(|until| until.to_string()),
        });
    }
    Ok((rows, next))
}

async fn users(state: &Shared, team: &TeamName) -> Result<Vec<Locked>, Error> {
    let (now, earliest) = (state.gateway.engine.now(), state.gateway.engine.earliest());
    let users = state.gateway.users.users(team, None, MAX_USERS).await?;
    Ok(users.iter().filter_map(|user| locked_user(user, now, earliest)).collect())
}

fn locked_user(user: &User, now: Moment, earliest: Moment) -> Option<Locked> {
    let (banned, until) = match user.status(earliest) {
        UserStatus::Banned => (true, None),
        UserStatus::Locked(until) => (false, Some(until.shown(earliest, now).to_string())),
        UserStatus::Invited | UserStatus::Active | UserStatus::Disabled => return None,
    };
    let name = user.name.to_string();
    Some(Locked { path: in_path(&name), id: name, name: None, banned, until })
}

//! `/admin/teams/TEAM/users`: who signs in to the consoles with a password that is kept here. What may be done
//! to them, the API says; here is only what who looks could do at most.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::paths::{in_path, in_query};
use super::{Admitted, PageRequest};
use crate::domain::team::Role;
use crate::domain::team::user::User;
use crate::http::consoles::shown;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::pages::admin::users::{UserRow, UsersPage};

/// Users of a page.
const PAGE: usize = 100;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/users", get(show))
}

/// Where the page begins.
#[derive(Deserialize)]
struct Look {
    after: Option<String>,
}

async fn show(request: PageRequest, Query(look): Query<Look>) -> Response {
    request
        .draw("users", async |state, admitted| {
            let users = state.gateway.users.users(&admitted.name, look.after.as_deref(), PAGE).await?;
            let rows = users.iter().map(|user| row(state, &admitted, user)).collect();
            let page = UsersPage {
                roles: if admitted.role == Role::Owner { &["agent", "admin", "owner"] } else { &["agent", "admin"] },
                mails: admitted.team.channels.iter().any(|channel| channel.as_str() == "email"),
                next: users.last().filter(|_| users.len() == PAGE).map(|last| in_query(last.name.as_str())),
                users: rows,
                frame: admitted.frame,
            };
            Ok(shown(state, state.pages.admin_users(&page)))
        })
        .await
}

fn row(state: &Shared, admitted: &Admitted, user: &User) -> UserRow {
    let (now, earliest) = (state.gateway.engine.now(), state.gateway.engine.earliest());
    let status = user.status(earliest);
    let name = user.name.to_string();
    UserRow {
        path: in_path(&name),
        email: user.email.clone(),
        role: match user.role {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Agent | Role::Bot => "agent",
        },
        status: status.as_str(),
        until: status.until().map(|until| until.shown(earliest, now).to_string()),
        totp: user.totp.is_some(),
        seen: user.signed_in_at.map(|at| at.to_string()),
        tendable: user.role <= admitted.role,
        own: admitted.own.as_ref().is_some_and(|own| (&own.team, &own.name) == (&admitted.name, &user.name)),
        name,
    }
}

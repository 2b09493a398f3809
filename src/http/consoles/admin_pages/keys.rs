//! `/admin/teams/TEAM/keys`: which keys there are and how each stands.
//! Nothing of a secret leaves here.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Admitted, PageRequest};
use crate::domain::team::{ApiKey, Role, SecurityKey};
use crate::domain::time::Moment;
use crate::http::consoles::shown;
use crate::http::state::Shared;
use crate::pages::admin::keys::{self, KeysPage};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/keys", get(show))
}

async fn show(request: PageRequest) -> Response {
    request
        .draw("keys", async |state, Admitted { frame, role, name, team, .. }| {
            let now = state.gateway.engine.now();
            let hosted = state.gateway.hosted_login.login_page_url(&name);
            let page = KeysPage {
                frame,
                security: team.team.security_keys.iter().rev().map(|key| security(key, now)).collect(),
                is_hosted: team.effective.settings.authentication_url == Some(hosted),
                api: team.team.api_keys.iter().rev().map(|key| api(key, role)).collect(),
                roles: if role == Role::Owner {
                    &["bot", "agent", "admin", "owner"]
                } else {
                    &["bot", "agent", "admin"]
                },
            };
            Ok(shown(state, state.pages.admin_keys(&page)))
        })
        .await
}

fn security(key: &SecurityKey, now: Moment) -> keys::SecurityKeyRow {
    let text = |at: Option<Moment>| at.map(|at| at.to_string());
    keys::SecurityKeyRow {
        kid: key.kid.to_string(),
        algorithm: key.algorithm(),
        status: key.status.as_str(),
        created_at: key.created_at.to_string(),
        activated_at: text(key.activated_at),
        last_used_at: text(key.last_used_at),
        until: text(key.verifies_until()),
        verifies: key.verifies(now),
        can_sign: key.can_sign(),
        signs: key.signs(),
    }
}

fn api(key: &ApiKey, by: Role) -> keys::ApiKeyRow {
    keys::ApiKeyRow {
        id: key.id.to_string(),
        name: key.name.clone(),
        role: key.role.as_str(),
        created_at: key.created_at.to_string(),
        removable: key.role <= by,
    }
}

//! `/admin/teams/TEAM/keys`: which keys there are and how each stands.
//! Nothing of a secret leaves here.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::super::Shared;
use super::super::consoles::shown;
use super::{Admitted, Visit};
use crate::domain::id::Kid;
use crate::domain::team::{ApiKey, Role, SecurityKey};
use crate::domain::time::Moment;
use crate::pages::admin::keys::{self, Keys};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/keys", get(show))
}

async fn show(visit: Visit) -> Response {
    visit
        .draw("keys", async |state, Admitted { frame, role, team, .. }| {
            let (now, signing) = (state.gateway.now(), team.signing.as_ref().map(|(kid, _)| kid));
            let security = team.team.security_keys.iter().rev().map(|key| security(key, signing, now));
            let page = Keys {
                frame,
                security: security.collect(),
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

fn security(key: &SecurityKey, signing: Option<&Kid>, now: Moment) -> keys::SecurityKey {
    let (status, until) = key.standing(now);
    keys::SecurityKey {
        kid: key.kid.to_string(),
        algorithm: key.algorithm(),
        status,
        created_at: key.created_at.to_string(),
        until: until.map(|until| until.to_string()),
        signs: signing == Some(&key.kid),
    }
}

fn api(key: &ApiKey, by: Role) -> keys::ApiKey {
    keys::ApiKey {
        id: key.id.to_string(),
        name: key.name.clone(),
        role: key.role.as_str(),
        created_at: key.created_at.to_string(),
        removable: key.role <= by,
    }
}

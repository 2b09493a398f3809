//! `/admin/teams/TEAM/keys`: which keys there are and how each stands.
//! Nothing of a secret leaves here.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;

use super::super::Shared;
use super::super::consoles::shown;
use super::{Admitted, Instead, admitted};
use crate::domain::team::{ApiKey, KeyStatus, Material, Role, SecurityKey};
use crate::domain::time::Moment;
use crate::pages::admin::keys::{self, Keys};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/keys", get(show))
}

async fn show(State(state): State<Shared>, Path(team): Path<String>, headers: HeaderMap) -> Result<Response, Instead> {
    let Admitted { frame, role, team, .. } = admitted(&state, &headers, &team, "keys").await?;
    let (now, signing) = (state.gateway.now(), team.signing.as_ref().map(|(kid, _)| kid));
    let security = team
        .team
        .security_keys
        .iter()
        .rev()
        .map(|key| keys::SecurityKey { signs: signing == Some(&key.kid), ..security(key, now) });
    let page = Keys {
        frame,
        security: security.collect(),
        api: team.team.api_keys.iter().rev().map(|key| api(key, role)).collect(),
        roles: if role == Role::Owner { &["bot", "agent", "admin", "owner"] } else { &["bot", "agent", "admin"] },
    };
    Ok(shown(&state, state.pages.admin_keys(&page)))
}

fn security(key: &SecurityKey, now: Moment) -> keys::SecurityKey {
    let (status, until) = match key.status {
        KeyStatus::Active => ("active", None),
        KeyStatus::Retiring(until) => (if now < until { "retiring" } else { "retired" }, Some(until.to_string())),
        KeyStatus::Revoked(_) => ("revoked", None),
    };
    let algorithm = match &key.material {
        Material::Shared(_) => "HS256".to_owned(),
        Material::Public(algorithm, _) => format!("{algorithm:?}"),
    };
    let (kid, created_at) = (key.kid.to_string(), key.created_at.to_string());
    keys::SecurityKey { kid, algorithm, status, created_at, until, signs: false }
}

fn api(key: &ApiKey, by: Role) -> keys::ApiKey {
    keys::ApiKey {
        id: key.id.to_string(),
        name: key.name.clone(),
        role: match key.role {
            Role::Bot => "bot",
            Role::Agent => "agent",
            Role::Admin => "admin",
            Role::Owner => "owner",
        },
        created_at: key.created_at.to_string(),
        removable: key.role <= by,
    }
}

//! What admins ask of keys: those shared with login pages, and those of callers.
//! A secret leaves in the reply that made it and in no other.

use axum::Json as Reply;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Json, Plain};
use super::caller::{Admin, team_of_path};
use super::problem::Problem;
use super::replies::created;
use super::{Shared, slugs};
use crate::domain::id::{ApiKeyId, Kid, plain_text};
use crate::domain::misfit;
use crate::domain::refusal::Fault;
use crate::domain::secret::base64url;
use crate::domain::team::{ApiKey, Material, Role, SecurityKey};
use crate::domain::time::Moment;
use crate::gateway::Remember;
use crate::gateway::keys::NewApiKey;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(add_security_key, list_security_keys))
        .routes(routes!(retire_security_key))
        .routes(routes!(revoke_security_key))
        .routes(routes!(add_api_key, list_api_keys))
        .routes(routes!(remove_api_key))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSecurityKey {
    /// A JWK (RFC 7517) to register: Ed25519, P-256 or RSA. Absent: a shared key is made.
    #[schema(value_type = Option<Object>)]
    public_key: Option<Plain>,
}

/// A security key.
#[derive(Serialize, ToSchema)]
struct SecurityKeyView {
    kid: String,
    /// 32 bytes, base64url without padding; told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// `HS256`, `EdDSA`, `ES256` or `RS256`.
    algorithm: String,
    /// `active`, `retiring`, `retired` or `revoked`.
    status: &'static str,
    created_at: String,
    /// Until when a retiring key verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    retires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    public_key: Option<Value>,
}

fn security_key(key: &SecurityKey, with_secret: bool, now: Moment) -> SecurityKeyView {
    let (secret, public_key) = match &key.material {
        Material::Shared(secret) => (with_secret.then(|| base64url(secret.expose())), None),
        Material::Public(_, jwk) => (None, Some(jwk.clone())),
    };
    let (status, until) = key.standing(now);
    SecurityKeyView {
        kid: key.kid.to_string(),
        secret,
        algorithm: key.algorithm(),
        status,
        created_at: key.created_at.to_string(),
        retires_at: until.map(|until| until.to_string()),
        public_key,
    }
}

/// Makes a shared key, told once, or registers a public one.
#[utoipa::path(post, path = "/v1/teams/{team}/security-keys", tag = "security keys", operation_id = "add_security_key",
    params(("team" = String, Path)), request_body = NewSecurityKey, security(("key" = ["admin"])),
    responses((status = 201, body = SecurityKeyView)))]
async fn add_security_key(
    State(state): State<Shared>,
    Admin(caller): Admin,
    Path(team): Path<String>,
    body: Json<NewSecurityKey>,
) -> Result<Response, Problem> {
    let name = team_of_path(&caller, &team)?;
    let place = state.reserve(&caller, &body).await?;
    let now = state.gateway.now();
    let render = |key: &SecurityKey| created(true, &security_key(key, true, now));
    let remember = place.clone().map(|place| Remember::new(place, &render));
    let public = body.value.public_key.as_ref().map(|Plain(jwk)| jwk);
    let told = state.gateway.add_security_key(&name, public, &caller.actor, remember.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

#[derive(Serialize, ToSchema)]
struct SecurityKeyPage {
    items: Vec<SecurityKeyView>,
    next_cursor: Option<String>,
}

/// The team's security keys, newest first, without secrets.
#[utoipa::path(get, path = "/v1/teams/{team}/security-keys", tag = "security keys", operation_id = "list_security_keys",
    params(("team" = String, Path)), security(("key" = ["admin"])), responses((status = 200, body = SecurityKeyPage)))]
async fn list_security_keys(
    State(state): State<Shared>,
    Admin(caller): Admin,
    Path(team): Path<String>,
) -> Result<Response, Problem> {
    let name = team_of_path(&caller, &team)?;
    let keys = state.gateway.security_keys(&name).await.map_err(|e| state.problem(e))?;
    let now = state.gateway.now();
    let items = keys.iter().map(|key| security_key(key, false, now)).collect();
    Ok(Reply(SecurityKeyPage { items, next_cursor: None }).into_response())
}

/// Minutes for which a retired key verifies at most.
const LONGEST_RETIRING: u64 = 10_080;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retire {
    /// How long it goes on verifying: 0 to 10080.
    after_minutes: u64,
}

/// The key signs no more, and verifies for so many minutes.
#[utoipa::path(post, path = "/v1/teams/{team}/security-keys/{kid}/retire", tag = "security keys",
    operation_id = "retire_security_key", params(("team" = String, Path), ("kid" = String, Path)), request_body = Retire,
    security(("key" = ["admin"])), responses((status = 200, body = SecurityKeyView)))]
async fn retire_security_key(
    State(state): State<Shared>,
    Admin(caller): Admin,
    Path((team, kid)): Path<(String, String)>,
    body: Json<Retire>,
) -> Result<Response, Problem> {
    let name = team_of_path(&caller, &team)?;
    let kid: Kid = kid.parse().map_err(|_| Problem::of(&slugs::NOT_FOUND))?;
    let minutes = body.value.after_minutes;
    if minutes > LONGEST_RETIRING {
        let fault = Fault::at("/after_minutes", misfit::NUMBER.with([("least", &0), ("most", &LONGEST_RETIRING)]));
        return Err(Problem::of(&slugs::INVALID).at(vec![fault]));
    }
    let key = state.gateway.retire_key(&name, &kid, minutes, &caller.actor).await.map_err(|e| state.problem(e))?;
    Ok(Reply(security_key(&key, false, state.gateway.now())).into_response())
}

/// The key counts no more, at once here and within a second on every node.
#[utoipa::path(delete, path = "/v1/teams/{team}/security-keys/{kid}", tag = "security keys", operation_id = "revoke_security_key",
    params(("team" = String, Path), ("kid" = String, Path)), security(("key" = ["admin"])), responses((status = 204)))]
async fn revoke_security_key(
    State(state): State<Shared>,
    Admin(caller): Admin,
    Path((team, kid)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let name = team_of_path(&caller, &team)?;
    let kid: Kid = kid.parse().map_err(|_| Problem::of(&slugs::NOT_FOUND))?;
    state.gateway.revoke_key(&name, &kid, &caller.actor).await.map_err(|e| state.problem(e))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// `bot`, `agent`, `admin`, or by an owner `owner`.
    #[schema(value_type = String)]
    role: Role,
    /// What people call it.
    name: String,
}

/// An API key.
#[derive(Serialize, ToSchema)]
struct ApiKeyView {
    id: String,
    /// Told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[schema(value_type = String)]
    role: Role,
    name: String,
    created_at: String,
}

fn api_key(key: &ApiKey, text: Option<String>) -> ApiKeyView {
    let (id, name, created_at) = (key.id.to_string(), key.name.clone(), key.created_at.to_string());
    ApiKeyView { id, key: text, role: key.role, name, created_at }
}

/// Makes an API key; its text is told once.
#[utoipa::path(post, path = "/v1/teams/{team}/api-keys", tag = "API keys", operation_id = "add_api_key",
    params(("team" = String, Path)), request_body = NewKey, security(("key" = ["admin"])),
    responses((status = 201, body = ApiKeyView)))]
async fn add_api_key(
    State(state): State<Shared>,
    Admin(caller): Admin,
    Path(team): Path<String>,
    body: Json<NewKey>,
) -> Result<Response, Problem> {
    let name = team_of_path(&caller, &team)?;
    let NewKey { role, name: title } = &body.value;
    let role = *role;
    if role > caller.role {
        return Err(Problem::of(&slugs::FORBIDDEN));
    }
    if !plain_text(title, 200) {
        let fault = Fault::at("/name", &misfit::SHORT);
        return Err(Problem::of(&slugs::INVALID).at(vec![fault]));
    }
    let place = state.reserve(&caller, &body).await?;
    let render = |(key, text): &NewApiKey| {
        created(true, &api_key(key, Some(String::from_utf8_lossy(text.expose()).into_owned())))
    };
    let remember = place.clone().map(|place| Remember::new(place, &render));
    let told = state.gateway.add_api_key(&name, role, title, &caller.actor, remember.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

#[derive(Serialize, ToSchema)]
struct ApiKeyPage {
    items: Vec<ApiKeyView>,
    next_cursor: Option<String>,
}

/// The team's API keys, newest first, without their text.
#[utoipa::path(get, path = "/v1/teams/{team}/api-keys", tag = "API keys", operation_id = "list_api_keys",
    params(("team" = String, Path)), security(("key" = ["admin"])), responses((status = 200, body = ApiKeyPage)))]
async fn list_api_keys(
    State(state): State<Shared>,
    Admin(caller): Admin,
    Path(team): Path<String>,
) -> Result<Response, Problem> {
    let name = team_of_path(&caller, &team)?;
    let keys = state.gateway.api_keys(&name).await.map_err(|e| state.problem(e))?;
    Ok(Reply(ApiKeyPage { items: keys.iter().map(|k| api_key(k, None)).collect(), next_cursor: None }).into_response())
}

/// Takes an API key away, at once here and within a second on every node.
#[utoipa::path(delete, path = "/v1/teams/{team}/api-keys/{id}", tag = "API keys", operation_id = "remove_api_key",
    params(("team" = String, Path), ("id" = String, Path)), security(("key" = ["admin"])), responses((status = 204)))]
async fn remove_api_key(
    State(state): State<Shared>,
    Admin(caller): Admin,
    Path((team, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let name = team_of_path(&caller, &team)?;
    let id: ApiKeyId = id.parse().map_err(|_| Problem::of(&slugs::NOT_FOUND))?;
    state.gateway.remove_api_key(&name, &id, caller.role, &caller.actor).await.map_err(|e| state.problem(e))?;
    Ok(StatusCode::NO_CONTENT)
}

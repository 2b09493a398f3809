//! What admins ask of keys: those shared with login pages, and those of callers.
//! A secret leaves in the reply that made it and in no other.

use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{ApiKeyId, Kid, plain_text};
use crate::domain::base::validation;
use crate::domain::base::validation::FieldError;
use crate::domain::secret::base64url;
use crate::domain::team::{ApiKey, KeyChange, Material, Role, SecurityKey};
use crate::domain::time::Moment;
use crate::http::access::caller::{Admin, TeamAccess, TeamResource};
use crate::http::access::replies::{Reply, created, page, reply};
use crate::http::requests::body::{Json, PlainJson, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::engine::IdempotencyRecord;
use crate::services::teams::keys::NewApiKey;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(add_security_key, list_security_keys))
        .routes(routes!(activate_security_key))
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
    public_key: Option<PlainJson>,
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
    /// `pending`: verifies, and signs once it is activated. `active`: verifies, and a shared key signs. `retired`:
    /// verifies until `verifies_until`. `revoked`: neither.
    status: &'static str,
    created_at: String,
    /// When it began to sign. Absent: it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    activated_at: Option<String>,
    /// When it last verified a post-back or an identity token, noted at most once an hour. Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// Until when a retired key verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    verifies_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    public_key: Option<Value>,
}

fn security_key(key: &SecurityKey, with_secret: bool) -> SecurityKeyView {
    let (secret, public_key) = match &key.material {
        Material::Shared(secret) => (with_secret.then(|| base64url(secret.expose())), None),
        Material::Public(_, jwk) => (None, Some(jwk.clone())),
    };
    let text = |at: Option<Moment>| at.map(|at| at.to_string());
    SecurityKeyView {
        kid: key.kid.to_string(),
        secret,
        algorithm: key.algorithm(),
        status: key.status.as_str(),
        created_at: key.created_at.to_string(),
        activated_at: text(key.activated_at),
        last_used_at: text(key.last_used_at),
        verifies_until: text(key.verifies_until()),
        public_key,
    }
}

/// A retired key that still verifies.
#[derive(Serialize, ToSchema)]
struct OverlapView {
    kid: String,
    /// From then on the gateway refuses what is signed with it.
    verifies_until: String,
}

/// A security key after a change, and how the team's other keys stand.
#[derive(Serialize, ToSchema)]
struct SecurityKeyChangeView {
    #[serde(flatten)]
    key: SecurityKeyView,
    /// The key that signs login links now. Absent: none, and no login link can be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_kid: Option<String>,
    /// The retired keys that still verify, the newest first.
    overlaps: Vec<OverlapView>,
    /// Present where no key signs: what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

/// What a change that leaves no key to sign says.
const NOTHING_SIGNS: &str = "No key signs now, so no login link can be made and none that was sent can be opened. Activate a \
    pending key, or make a new one and activate it.";

fn key_change(change: &KeyChange) -> Response {
    let overlap =
        |(kid, until): &(Kid, Moment)| OverlapView { kid: kid.to_string(), verifies_until: until.to_string() };
    let view = SecurityKeyChangeView {
        key: security_key(&change.key, false),
        signing_kid: change.signing.as_ref().map(ToString::to_string),
        overlaps: change.overlaps.iter().map(overlap).collect(),
        warning: Some(NOTHING_SIGNS).filter(|_| change.signing.is_none()),
    };
    reply(&view)
}

/// Make a shared key, or register a public one. The secret of a shared key is told once.
///
/// The team's first shared key signs login links at once. Each later one is `pending`: it verifies at once, and
/// signs when you activate it. Give it to the login page before you do.
#[utoipa::path(post, path = "/v1/teams/{team}/security-keys", tag = "security keys", operation_id = "add_security_key",
    request_body = NewSecurityKey, security(("key" = ["admin"])), responses((status = 201, body = SecurityKeyView)))]
async fn add_security_key(TeamAccess { state, caller, team }: TeamAccess<Admin>, body: Json<NewSecurityKey>) -> Reply {
    let place = state.reserve(&caller, &body).await?;
    let render = |key: &SecurityKey| created(true, &security_key(key, true));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let public = body.value.public_key.as_ref().map(|PlainJson(jwk)| jwk);
    let told = state.gateway.teams.add_security_key(&team, public, &caller.actor, idempotency.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

page!(SecurityKeyPage of SecurityKeyView);

/// The team's security keys, newest first, without secrets.
#[utoipa::path(get, path = "/v1/teams/{team}/security-keys", tag = "security keys", operation_id = "list_security_keys",
    security(("key" = ["admin"])), responses((status = 200, body = SecurityKeyPage)))]
async fn list_security_keys(TeamAccess { state, team, .. }: TeamAccess<Admin>) -> Reply {
    let keys = state.gateway.teams.security_keys(&team).await?;
    let items = keys.iter().map(|key| security_key(key, false)).collect();
    Ok(reply(&SecurityKeyPage { items, next_cursor: None }))
}

/// Minutes for which a retired key verifies at most.
const MAX_OVERLAP: u64 = 10_080;

/// A day: signed URLs and assertions under the key before are over by then.
const DEFAULT_OVERLAP: u64 = 1_440;

fn overlap(pointer: &str, minutes: u64) -> Result<u64, Problem> {
    match minutes {
        0..=MAX_OVERLAP => Ok(minutes),
        _ => Err(invalid(pointer, validation::NUMBER.with([("least", &0), ("most", &MAX_OVERLAP)]))),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Activate {
    /// How long the key that signed so far goes on verifying: 0 to 10080. Absent: 1440, a day.
    #[serde(default)]
    overlap_minutes: Option<u64>,
}

/// Activate a pending key: it signs login links from now on.
///
/// The key that signed so far is retired and verifies until its overlap ends, since signed URLs and assertions
/// under it are still under way. `overlaps` says until when. To activate the active key changes nothing. A
/// retired or revoked key is refused (409 `key-not-pending`), and so is a public one (409 `key-cannot-sign`).
#[utoipa::path(post, path = "/v1/teams/{team}/security-keys/{kid}/activate", tag = "security keys",
    operation_id = "activate_security_key", request_body = Activate, security(("key" = ["admin"])),
    responses((status = 200, body = SecurityKeyChangeView)))]
async fn activate_security_key(resource: TeamResource<Admin, Kid>, body: Json<Activate>) -> Reply {
    let TeamResource { state, caller, team, name: kid } = resource;
    let minutes = overlap("/overlap_minutes", body.value.overlap_minutes.unwrap_or(DEFAULT_OVERLAP))?;
    let change = state.gateway.teams.activate_key(&team, &kid, minutes, &caller.actor).await?;
    Ok(key_change(&change))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retire {
    /// How long it goes on verifying: 0 to 10080.
    after_minutes: u64,
}

/// Retire a key that does not sign: it verifies for so many minutes more, and never signs again.
///
/// The time of a retired key can only be shortened. The key that signs is refused (409 `key-in-use`): activate
/// its successor, which retires it.
#[utoipa::path(post, path = "/v1/teams/{team}/security-keys/{kid}/retire", tag = "security keys",
    operation_id = "retire_security_key", request_body = Retire, security(("key" = ["admin"])),
    responses((status = 200, body = SecurityKeyChangeView)))]
async fn retire_security_key(resource: TeamResource<Admin, Kid>, body: Json<Retire>) -> Reply {
    let TeamResource { state, caller, team, name: kid } = resource;
    let minutes = overlap("/after_minutes", body.value.after_minutes)?;
    let change = state.gateway.teams.retire_key(&team, &kid, minutes, &caller.actor).await?;
    Ok(key_change(&change))
}

/// Revoke a key: it stops working at once on this node, and within one second on all nodes.
///
/// For a key that was stolen. Logins that are under way with it fail. If it was the key that signs, no key signs
/// until you activate another one, and `warning` says so.
#[utoipa::path(delete, path = "/v1/teams/{team}/security-keys/{kid}", tag = "security keys",
    operation_id = "revoke_security_key", security(("key" = ["admin"])),
    responses((status = 200, body = SecurityKeyChangeView)))]
async fn revoke_security_key(TeamResource { state, caller, team, name: kid }: TeamResource<Admin, Kid>) -> Reply {
    let change = state.gateway.teams.revoke_key(&team, &kid, &caller.actor).await?;
    Ok(key_change(&change))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// `bot`, `agent`, `admin`, or by an owner `owner`.
    #[schema(value_type = String)]
    role: Role,
    /// Its name, for people.
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
    request_body = NewKey, security(("key" = ["admin"])), responses((status = 201, body = ApiKeyView)))]
async fn add_api_key(TeamAccess { state, caller, team }: TeamAccess<Admin>, body: Json<NewKey>) -> Reply {
    let NewKey { role, name: title } = &body.value;
    let role = *role;
    if role > caller.role {
        return Err(Problem::of(&problem_types::FORBIDDEN));
    }
    if !plain_text(title, 200) {
        let error = FieldError::at("/name", &validation::SHORT);
        return Err(Problem::of(&problem_types::INVALID).at(vec![error]));
    }
    let place = state.reserve(&caller, &body).await?;
    let render = |(key, text): &NewApiKey| {
        created(true, &api_key(key, Some(String::from_utf8_lossy(text.expose()).into_owned())))
    };
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = state.gateway.teams.add_api_key(&team, role, title, &caller.actor, idempotency.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

page!(ApiKeyPage of ApiKeyView);

/// The team's API keys, newest first, without their text.
#[utoipa::path(get, path = "/v1/teams/{team}/api-keys", tag = "API keys", operation_id = "list_api_keys",
    security(("key" = ["admin"])), responses((status = 200, body = ApiKeyPage)))]
async fn list_api_keys(TeamAccess { state, team, .. }: TeamAccess<Admin>) -> Reply {
    let keys = state.gateway.teams.api_keys(&team).await?;
    Ok(reply(&ApiKeyPage { items: keys.iter().map(|k| api_key(k, None)).collect(), next_cursor: None }))
}

/// Takes an API key away, at once here and within a second on every node.
#[utoipa::path(delete, path = "/v1/teams/{team}/api-keys/{id}", tag = "API keys", operation_id = "remove_api_key",
    security(("key" = ["admin"])), responses((status = 204)))]
async fn remove_api_key(resource: TeamResource<Admin, ApiKeyId>) -> Result<StatusCode, Problem> {
    let TeamResource { state, caller, team, name: id } = resource;
    state.gateway.teams.remove_api_key(&team, &id, caller.role, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

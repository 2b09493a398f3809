//! What admins and owners ask: teams, settings, keys, the audit trail, erasure.
//! A role is named by each handler's first argument, and proved by `caller` before it runs.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{TeamName, plain_text};
use crate::domain::base::validation;
use crate::domain::settings::Effective;
use crate::http::access::caller::{Admin, Owner, TeamAccess, acting};
use crate::http::access::replies::{Reply, limit, page, put_reply, reply};
use crate::http::requests::body::{Json, OnlyIf, PlainJson, Query, field, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::settings::{EffectiveView, SettingsLayer, SettingsReply};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(put_team, get_team, delete_team))
        .routes(routes!(list_teams))
        .routes(routes!(get_system_settings, patch_system_settings))
        .routes(routes!(get_team_settings, patch_team_settings))
        .routes(routes!(read_audit))
        .routes(routes!(erase_interaction))
}

/// A team.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamDocument {
    /// Its name in paths.
    team: String,
    /// Its name for people.
    name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutTeam {
    /// Its name for people.
    name: String,
}

/// Makes a team, or gives it another name.
#[utoipa::path(put, path = "/v1/teams/{team}", tag = "teams", operation_id = "put_team", params(OnlyIf),
    request_body = PutTeam, security(("key" = ["owner"])),
    responses((status = 201, body = TeamDocument, description = "Made"), (status = 200, body = TeamDocument, description = "Renamed")))]
async fn put_team(caller: Owner, Path(team): Path<String>, OnlyIf(only_if): OnlyIf, body: Json<PutTeam>) -> Reply {
    let name: TeamName = field("", &team)?;
    if !plain_text(&body.value.name, 200) {
        return Err(invalid("/name", &validation::SHORT));
    }
    let is_new = caller.state.gateway.maintenance.put_team(&name, &body.value.name, only_if, &caller.actor).await?;
    Ok(put_reply(is_new, &TeamDocument { team: name.to_string(), name: body.value.name }))
}

/// A team.
#[utoipa::path(get, path = "/v1/teams/{team}", tag = "teams", operation_id = "get_team", security(("key" = ["admin"])),
    responses((status = 200, body = TeamDocument)))]
async fn get_team(TeamAccess { state, team, .. }: TeamAccess<Admin>) -> Reply {
    let view = state.gateway.teams.team(&team).await?.ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))?;
    Ok(reply(&TeamDocument { team: team.to_string(), name: view.team.title.clone() }))
}

/// Takes a team away, with its interactions.
#[utoipa::path(delete, path = "/v1/teams/{team}", tag = "teams", operation_id = "delete_team",
    security(("key" = ["owner"])), responses((status = 204)))]
async fn delete_team(TeamAccess { state, team, .. }: TeamAccess<Owner>) -> Result<StatusCode, Problem> {
    state.gateway.maintenance.delete_team(&team).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    pub limit: Option<usize>,
    pub cursor: Option<String>,
}

page!(TeamPage of TeamDocument);

/// The teams that the caller may act on.
#[utoipa::path(get, path = "/v1/teams", tag = "teams", operation_id = "list_teams",
    params(("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)), security(("key" = ["admin"])),
    responses((status = 200, body = TeamPage)))]
async fn list_teams(caller: Admin, Query(query): Query<PageQuery>) -> Reply {
    let limit = limit(query.limit)?;
    if let Some(own) = caller.sees() {
        let team = caller.state.gateway.teams.team(own).await?;
        let items = team.iter().map(|t| TeamDocument { team: own.to_string(), name: t.team.title.clone() }).collect();
        return Ok(reply(&TeamPage { items, next_cursor: None }));
    }
    let teams = caller.state.gateway.teams.list_teams(query.cursor.as_deref(), limit).await?;
    let next_cursor = teams.last().filter(|_| teams.len() == limit).map(|(name, _)| name.to_string());
    let items = teams.into_iter().map(|(team, name)| TeamDocument { team: team.to_string(), name }).collect();
    Ok(reply(&TeamPage { items, next_cursor }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsQuery {
    effective: Option<bool>,
}

fn settings(own: Value, effective: Effective, query: &SettingsQuery) -> Response {
    reply(&match query.effective {
        Some(true) => SettingsReply::Effective(effective.into()),
        _ => SettingsReply::Layer(SettingsLayer(own)),
    })
}

/// The system layer: only what it sets, or with `effective=true` what it comes to.
#[utoipa::path(get, path = "/v1/settings", tag = "settings", operation_id = "get_system_settings",
    params(("effective" = Option<bool>, Query)), security(("key" = ["owner"])), responses((status = 200, body = SettingsReply)))]
async fn get_system_settings(caller: Owner, Query(query): Query<SettingsQuery>) -> Reply {
    let (own, effective) = caller.state.gateway.teams.system_settings().await?;
    Ok(settings(own, effective, &query))
}

/// A merge patch: an object of settings.
#[derive(Deserialize)]
#[serde(try_from = "PlainJson")]
struct Patch(Map<String, Value>);

impl TryFrom<PlainJson> for Patch {
    type Error = &'static str;
    fn try_from(PlainJson(value): PlainJson) -> Result<Self, Self::Error> {
        if let Value::Object(members) = value { Ok(Self(members)) } else { Err("must be an object") }
    }
}

/// Changes the system layer by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/settings", tag = "settings", operation_id = "patch_system_settings",
    request_body(content = SettingsLayer), security(("key" = ["owner"])), responses((status = 200, body = EffectiveView)))]
async fn patch_system_settings(caller: Owner, body: Json<Patch>) -> Reply {
    caller.state.gateway.teams.patch_system(&body.value.0, &caller.actor).await?;
    let (_, effective) = caller.state.gateway.teams.system_settings().await?;
    Ok(reply(&EffectiveView::from(effective)))
}

/// A team's layer: only what it sets, or with `effective=true` what holds.
#[utoipa::path(get, path = "/v1/teams/{team}/settings", tag = "settings", operation_id = "get_team_settings",
    params(("effective" = Option<bool>, Query)), security(("key" = ["admin"])),
    responses((status = 200, body = SettingsReply)))]
async fn get_team_settings(access: TeamAccess<Admin>, Query(query): Query<SettingsQuery>) -> Reply {
    let (own, effective) = access.state.gateway.teams.team_settings(&access.team).await?;
    Ok(settings(own, effective, &query))
}

/// Changes a team's layer by a merge patch (RFC 7396): all of it holds, or nothing changes.
#[utoipa::path(patch, path = "/v1/teams/{team}/settings", tag = "settings", operation_id = "patch_team_settings",
    request_body(content = SettingsLayer), security(("key" = ["admin"])),
    responses((status = 200, body = EffectiveView)))]
async fn patch_team_settings(TeamAccess { state, caller, team }: TeamAccess<Admin>, body: Json<Patch>) -> Reply {
    state.gateway.teams.patch_team(&team, &body.value.0, &caller.actor).await?;
    let (_, effective) = state.gateway.teams.team_settings(&team).await?;
    Ok(reply(&EffectiveView::from(effective)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    after: Option<u64>,
    cursor: Option<u64>,
    limit: Option<usize>,
}

/// The team's audit trail, oldest first: hash-chained, for `countersign audit verify`.
#[utoipa::path(get, path = "/v1/teams/{team}/audit", tag = "audit", operation_id = "read_audit",
    params(("after" = Option<u64>, Query, description = "An entry's number"),
           ("cursor" = Option<u64>, Query), ("limit" = Option<usize>, Query, description = "1 to 1000; 1000 where absent")),
    security(("key" = ["admin"])), responses((status = 200, body = Object)))]
async fn read_audit(TeamAccess { state, team, .. }: TeamAccess<Admin>, Query(query): Query<AuditQuery>) -> Reply {
    let after = query.after.or(query.cursor).unwrap_or(0);
    let limit = query.limit.unwrap_or(1000);
    if !(1..=1000).contains(&limit) {
        return Err(Problem::of(&problem_types::INVALID).saying("limit must be from 1 to 1000."));
    }
    let trail = state.gateway.event_log.audit(&team, after, limit).await?;
    Ok(reply(&trail))
}

/// Erases an interaction.
#[utoipa::path(delete, path = "/v1/interactions/{id}", tag = "interactions", operation_id = "erase_interaction",
    security(("key" = ["admin"])), responses((status = 204)))]
async fn erase_interaction(caller: Admin, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    caller.state.gateway.maintenance.erase(acting(&caller, &id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! What agents and admins ask of who is locked out: the list, and the way out where no conversation is left to
//! lift it in. In a conversation, `acts` lifts; at accounts and of users, `accounts` and `users` do.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::caller::{Agent, TeamAccess, TeamResource};
use crate::http::access::replies::{Reply, page, reply};
use crate::http::requests::body::{Json, Query, reason};
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::http::views::method_names;
use crate::services::events::lock_index::LockId;
use crate::services::lockouts::{Lifting, LockedOut};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list_lockouts)).routes(routes!(lift_lockout))
}

/// A lock or a ban that holds now.
#[derive(Serialize, ToSchema)]
struct LockoutRow {
    /// To lift it by.
    id: String,
    /// `locked` or `banned`.
    status: &'static str,
    #[schema(schema_with = method_names::lockout_method)]
    method: Option<&'static str>,
    /// The conversation in which it fell; it may be erased.
    interaction: String,
    participant: String,
    channel: Option<String>,
    /// What she is called, where the conversation is still there.
    name: Option<String>,
    /// Where she writes from, masked, where the conversation is still there.
    address: Option<String>,
    since: String,
    /// When it ends by itself; null: not before an admin lifts it.
    until: Option<String>,
    /// Lockouts so far.
    lockouts: u32,
}

page!(LockoutPage of LockoutRow);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    cursor: Option<String>,
}

/// Who is locked out or banned in conversations, fifty at a time; also where the conversation was erased.
#[utoipa::path(get, path = "/v1/teams/{team}/lockouts", tag = "interactions", operation_id = "list_lockouts",
    params(("cursor" = Option<String>, Query)), security(("key" = ["agent"])),
    responses((status = 200, body = LockoutPage)))]
async fn list_lockouts(TeamAccess { state, team, .. }: TeamAccess<Agent>, Query(after): Query<After>) -> Reply {
    let (locked, next_cursor) = state.gateway.lockouts.locked_out(&team, after.cursor.as_deref()).await?;
    let items = locked.iter().map(|locked| row(&state, locked)).collect();
    Ok(reply(&LockoutPage { items, next_cursor }))
}

fn row(state: &Shared, locked: &LockedOut) -> LockoutRow {
    let (now, earliest) = (state.gateway.engine.now(), state.gateway.engine.earliest());
    let until = locked.budget.as_ref().and_then(|budget| budget.locked_until).filter(|_| !locked.is_ban());
    LockoutRow {
        id: locked.id.to_string(),
        status: if locked.is_ban() { "banned" } else { "locked" },
        method: locked.method().map(|what| what.as_str()),
        interaction: locked.interaction.to_string(),
        participant: locked.participant.to_string(),
        channel: locked.channel.as_ref().map(ToString::to_string),
        name: locked.person().and_then(|person| person.person.name.clone()),
        address: locked.told.as_ref().map(|told| mask(told.conversation.as_str())),
        since: locked.since.to_string(),
        until: until.map(|until| until.shown(earliest, now).to_string()),
        lockouts: locked.budget.as_ref().map_or(0, |budget| budget.lockouts),
    }
}

/// Why a lock is lifted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LiftLockout {
    /// For the audit trail.
    reason: String,
}

/// Lifts a lock that the list names; an admin also lifts a ban. Also where the conversation was erased.
#[utoipa::path(post, path = "/v1/teams/{team}/lockouts/{id}/unlock", tag = "interactions",
    operation_id = "lift_lockout", request_body = LiftLockout, security(("key" = ["agent"])),
    responses((status = 204)))]
async fn lift_lockout(resource: TeamResource<Agent, LockId>, body: Json<LiftLockout>) -> Result<StatusCode, Problem> {
    let reason = reason(body.value.reason)?;
    let lifting =
        Lifting { reason: &reason, ban: resource.caller.role.lifts_bans(), actor: resource.caller.actor.clone() };
    resource.state.gateway.lockouts.lift(&resource.team, &resource.name, &lifting).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! What admins ask of the people who work with the consoles: to invite them, to say what they may do, to
//! help them in again. A set-password link is told in the reply that made it and in no other.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::Lift;
use crate::domain::base::id::UserName;
use crate::domain::base::validation;
use crate::domain::team::Role;
use crate::domain::team::user::{User, UserInput};
use crate::http::access::caller::{Admin, TeamAccess, TeamResource};
use crate::http::access::replies::{Reply, page, put_reply, reply};
use crate::http::api::conversations::people::mail_address;
use crate::http::requests::body::{Json, OnlyIf, Query, invalid, new_name};
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::services::staff::users::{SavedUser, Tending};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_users))
        .routes(routes!(put_user, get_user, remove_user))
        .routes(routes!(invite_user))
        .routes(routes!(reset_user_totp))
        .routes(routes!(unlock_user))
        .routes(routes!(sign_out_user))
}

/// A user, as she shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// Where her set-password link goes, if the team has a channel `email`.
    email: Option<String>,
    /// `agent`, `admin` or `owner`.
    role: String,
    /// She may not sign in.
    #[serde(default)]
    disabled: bool,
}

/// A user.
#[derive(Serialize, ToSchema)]
struct UserView {
    name: String,
    team: String,
    email: Option<String>,
    #[schema(value_type = String)]
    role: Role,
    disabled: bool,
    /// `invited`, `active`, `disabled`, `locked` or `banned`.
    status: &'static str,
    locked_until: Option<String>,
    /// She signs in with an authenticator app, too.
    totp: bool,
    created_at: String,
    signed_in_at: Option<String>,
    /// Told once.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationView>,
}

/// A set-password link.
#[derive(Serialize, ToSchema)]
struct InvitationView {
    /// Good once.
    url: String,
    expires_at: String,
    /// Whether the team's mail took it to her.
    mailed: bool,
}

fn view(state: &Shared, user: &User) -> UserView {
    let (now, earliest) = (state.gateway.engine.now(), state.gateway.engine.earliest());
    let status = user.status(earliest);
    let (status, until) = (status.as_str(), status.until());
    let locked_until = until.map(|until| until.shown(earliest, now).to_string());
    UserView {
        name: user.name.to_string(),
        team: user.team.to_string(),
        email: user.email.clone(),
        role: user.role,
        disabled: user.disabled,
        status,
        locked_until,
        totp: user.totp.is_some(),
        created_at: user.created_at.to_string(),
        signed_in_at: user.signed_in_at.map(|at| at.to_string()),
        invitation: None,
    }
}

fn told(state: &Shared, put: &SavedUser) -> UserView {
    let link = put.invitation.as_ref();
    let invitation = link.map(|link| InvitationView {
        url: link.url.clone(),
        expires_at: link.until.to_string(),
        mailed: put.mailed,
    });
    UserView { invitation, ..view(state, &put.user) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<usize>,
    cursor: Option<String>,
}

page! {
    /// A page of users, by name.
    UserPage of UserView
}

/// The team's users, by name.
#[utoipa::path(get, path = "/v1/teams/{team}/users", tag = "users", operation_id = "list_users",
    params(("limit" = Option<usize>, Query, description = "1 to 200; 50 where absent"),
           ("cursor" = Option<String>, Query)),
    security(("key" = ["admin"])), responses((status = 200, body = UserPage)))]
async fn list_users(TeamAccess { state, team, .. }: TeamAccess<Admin>, Query(page): Query<Page>) -> Reply {
    let limit = crate::http::access::replies::limit(page.limit)?;
    let users = state.gateway.users.users(&team, page.cursor.as_deref(), limit).await?;
    let next_cursor = users.last().filter(|_| users.len() == limit).map(|user| user.name.to_string());
    let items = users.iter().map(|user| view(&state, user)).collect();
    Ok(reply(&UserPage { items, next_cursor }))
}

/// Makes a user, who is told a link to set her password by, or changes one. Whoever may do something else
/// than before is signed out. Nobody makes somebody who may do more than they.
#[utoipa::path(put, path = "/v1/teams/{team}/users/{name}", tag = "users", operation_id = "put_user",
    params(("name" = String, Path, description = "1 to 64 of letters, digits, _, -, ., + and @"), OnlyIf),
    request_body = NewUser, security(("key" = ["admin"])),
    responses((status = 201, body = UserView), (status = 200, body = UserView)))]
async fn put_user(resource: TeamResource<Admin, String>, OnlyIf(only_if): OnlyIf, body: Json<NewUser>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let name: UserName = new_name(&name)?;
    let NewUser { email, role, disabled } = body.value;
    let role = match role.as_str() {
        "agent" => Role::Agent,
        "admin" => Role::Admin,
        "owner" => Role::Owner,
        _ => return Err(invalid("/role", validation::ONE_OF.with([("words", &"agent, admin, owner")]))),
    };
    let wanted = UserInput { email: mail_address("", email)?, role, disabled };
    let put = state.gateway.users.put_user(&team, &name, &wanted, only_if, caller.role, &caller.actor).await?;
    Ok(put_reply(put.invitation.is_some(), &told(&state, &put)))
}

/// A user as she is now.
#[utoipa::path(get, path = "/v1/teams/{team}/users/{name}", tag = "users", operation_id = "get_user",
    security(("key" = ["admin"])), responses((status = 200, body = UserView)))]
async fn get_user(TeamResource { state, team, name, .. }: TeamResource<Admin, UserName>) -> Reply {
    let user = state.gateway.users.user(&team, &name).await?;
    Ok(reply(&view(&state, &user)))
}

/// Takes a user away; she is signed out at once.
#[utoipa::path(delete, path = "/v1/teams/{team}/users/{name}", tag = "users", operation_id = "remove_user",
    security(("key" = ["admin"])), responses((status = 204)))]
async fn remove_user(resource: TeamResource<Admin, UserName>) -> Result<StatusCode, Problem> {
    let TeamResource { state, caller, team, name } = resource;
    state.gateway.users.remove_user(&team, &name, caller.role, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoFields {}

async fn update(resource: &TeamResource<Admin, UserName>, what: Tending<'_>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let put = state.gateway.users.update_user(team, name, what, caller.role, &caller.actor).await?;
    Ok(reply(&told(state, &put)))
}

/// Makes another set-password link; the one before ends.
#[utoipa::path(post, path = "/v1/teams/{team}/users/{name}/invite", tag = "users", operation_id = "invite_user",
    security(("key" = ["admin"])), responses((status = 200, body = UserView)))]
async fn invite_user(resource: TeamResource<Admin, UserName>, _body: Json<NoFields>) -> Reply {
    update(&resource, Tending::Invite).await
}

/// Her authenticator app is asked for no more, until she enrols another.
#[utoipa::path(post, path = "/v1/teams/{team}/users/{name}/totp-reset", tag = "users", operation_id = "reset_user_totp",
    security(("key" = ["admin"])), responses((status = 200, body = UserView)))]
async fn reset_user_totp(resource: TeamResource<Admin, UserName>, _body: Json<NoFields>) -> Reply {
    update(&resource, Tending::ResetApp).await
}

/// Lifts a lock or a ban that failed sign-ins led to.
#[utoipa::path(post, path = "/v1/teams/{team}/users/{name}/unlock", tag = "users", operation_id = "unlock_user",
    request_body = Lift, security(("key" = ["admin"])), responses((status = 200, body = UserView)))]
async fn unlock_user(resource: TeamResource<Admin, UserName>, body: Json<Lift>) -> Reply {
    let reason = body.value.reason()?;
    update(&resource, Tending::Unlock(reason.as_deref())).await
}

/// Ends every session of hers.
#[utoipa::path(post, path = "/v1/teams/{team}/users/{name}/sign-out", tag = "users", operation_id = "sign_out_user",
    security(("key" = ["admin"])), responses((status = 200, body = UserView)))]
async fn sign_out_user(resource: TeamResource<Admin, UserName>, _body: Json<NoFields>) -> Reply {
    update(&resource, Tending::SignOut).await
}

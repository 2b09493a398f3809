//! What admins and agents ask of customers' accounts: disabled and enabled, unlocked, another password, an
//! authenticator app. `domain::team::login` says what each of them means.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::id::{CustomerId, TeamName};
use crate::domain::base::validation;
use crate::domain::team::login::AppState;
use crate::domain::time::Moment;
use crate::http::access::caller::{Admin, Agent, TeamResource};
use crate::http::access::replies::{Reply, accepted, created, reply};
use crate::http::requests::body::{Json, invalid, reason};
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::services::accounts::AccountState;
use crate::services::accounts::resets::Underway;
use crate::services::engine::IdempotencyRecord;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(disable_account))
        .routes(routes!(enable_account))
        .routes(routes!(unlock_account))
        .routes(routes!(reset_password))
        .routes(routes!(enrol_customer_app, drop_customer_app))
}

/// How an account stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginView {
    /// `registered` or `guest`: guests have no password and cannot log in.
    status: &'static str,
    disabled: bool,
    disabled_at: Option<String>,
    /// Too many wrong passwords or codes: what they would answer is refused until `locked_until` at the latest,
    /// from where they came; devices that are known count apart from all others.
    locked: bool,
    locked_until: Option<String>,
    /// Refused until an admin unlocks it.
    banned: bool,
    failed_attempts: u32,
    remaining_attempts: u32,
    first_failed_at: Option<String>,
    last_locked_at: Option<String>,
    last_login_at: Option<String>,
    password_changed_at: Option<String>,
    /// Until when a link to another password is out.
    reset_until: Option<String>,
    /// The authenticator app: `none`, `pending` or `confirmed`.
    #[schema(value_type = String)]
    totp: AppState,
    /// Places where she is logged in.
    tickets: usize,
}

impl From<AccountState> for LoginView {
    fn from(state: AccountState) -> Self {
        let text = |at: Option<Moment>| at.map(|at| at.to_string());
        Self {
            status: if state.registered { "registered" } else { "guest" },
            disabled: state.disabled_at.is_some(),
            disabled_at: text(state.disabled_at),
            locked: state.locked_until.is_some() || state.banned,
            locked_until: text(state.locked_until),
            banned: state.banned,
            failed_attempts: state.failures,
            remaining_attempts: if state.banned { 0 } else { state.remaining },
            first_failed_at: text(state.first_failed_at),
            last_locked_at: text(state.last_locked_at),
            last_login_at: text(state.last_login_at),
            password_changed_at: text(state.password_set_at),
            reset_until: text(state.reset_until),
            totp: state.app,
            tickets: state.tickets,
        }
    }
}

/// An account, as an act has left it.
#[derive(Serialize, ToSchema)]
struct AccountView {
    id: String,
    login: LoginView,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Why a lock is lifted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lift {
    /// For the audit trail: 1 to 500 bytes, which name nobody.
    reason: Option<String>,
}

impl Lift {
    /// The reason, where one is given.
    pub(crate) fn reason(self) -> Result<Option<String>, Problem> {
        self.reason.map(reason).transpose()
    }
}

async fn told(state: &Shared, team: &TeamName, id: &CustomerId) -> Reply {
    let now = state.gateway.accounts.account_state(team, id).await?;
    Ok(reply(&AccountView { id: id.to_string(), login: now.into() }))
}

/// The customer may not log in any more, and is logged out everywhere.
#[utoipa::path(post, path = "/v1/teams/{team}/customers/{id}/disable", tag = "customers",
    operation_id = "disable_account", security(("key" = ["admin"])), responses((status = 200, body = AccountView)))]
async fn disable_account(resource: TeamResource<Admin, CustomerId>, _nothing: Json<Nothing>) -> Reply {
    resource.state.gateway.accounts.disable_account(&resource.team, &resource.name, &resource.caller.actor).await?;
    told(&resource.state, &resource.team, &resource.name).await
}

/// The customer may log in again.
#[utoipa::path(post, path = "/v1/teams/{team}/customers/{id}/enable", tag = "customers",
    operation_id = "enable_account", security(("key" = ["admin"])), responses((status = 200, body = AccountView)))]
async fn enable_account(resource: TeamResource<Admin, CustomerId>, _nothing: Json<Nothing>) -> Reply {
    resource.state.gateway.accounts.enable_account(&resource.team, &resource.name, &resource.caller.actor).await?;
    told(&resource.state, &resource.team, &resource.name).await
}

/// Forgets wrong passwords and codes, and lifts their locks; an admin also lifts a ban.
#[utoipa::path(post, path = "/v1/teams/{team}/customers/{id}/unlock", tag = "customers",
    operation_id = "unlock_account", request_body = Lift, security(("key" = ["agent"])),
    responses((status = 200, body = AccountView)))]
async fn unlock_account(resource: TeamResource<Agent, CustomerId>, body: Json<Lift>) -> Reply {
    let TeamResource { state, caller, team, name: id } = resource;
    let (ban, reason) = (caller.role.lifts_bans(), body.value.reason()?);
    state.gateway.accounts.unlock_account(&team, &id, ban, reason.as_deref(), &caller.actor).await?;
    told(&state, &team, &id).await
}

/// A link to another password that is on its way.
#[derive(Serialize, ToSchema)]
struct ResetView {
    /// By which way it goes first: `sms` or `email`.
    channel: &'static str,
    /// The address, masked.
    to: String,
    expires_at: String,
}

/// Sends the customer a link to choose another password by: good once, for 72 hours. The password stands
/// until she has; then she is logged out everywhere.
#[utoipa::path(post, path = "/v1/teams/{team}/customers/{id}/password-reset", tag = "customers",
    operation_id = "reset_password", security(("key" = ["agent"])), responses((status = 202, body = ResetView)))]
async fn reset_password(resource: TeamResource<Agent, CustomerId>, nothing: Json<Nothing>) -> Reply {
    let TeamResource { state, caller, team, name: id } = resource;
    let place = state.reserve(&caller, &nothing).await?;
    let render = |reset: &Underway| {
        let (channel, to) = (reset.stop.way.as_str(), mask(&reset.stop.to));
        accepted(&ResetView { channel, to, expires_at: reset.expires_at.to_string() })
    };
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = state.gateway.customer_login.send_reset(&team, &id, &caller.actor, idempotency.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

/// An authenticator app: empty to enrol one, with a code to confirm the one that waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct App {
    /// What the app shows.
    code: Option<String>,
}

/// What an app is to be given.
#[derive(Serialize, ToSchema)]
struct AppView {
    /// For a QR code; told this once.
    otpauth_url: String,
    status: &'static str,
}

/// Enrols an authenticator app (RFC 6238), or confirms it with its first code: from then on it is asked at
/// each login.
#[utoipa::path(post, path = "/v1/teams/{team}/customers/{id}/totp", tag = "customers",
    operation_id = "enrol_customer_app", request_body = App, security(("key" = ["admin"])),
    responses((status = 201, body = AppView), (status = 200, body = AccountView)))]
async fn enrol_customer_app(resource: TeamResource<Admin, CustomerId>, body: Json<App>) -> Reply {
    let TeamResource { state, caller, team, name: id } = resource;
    if let Some(code) = &body.value.code {
        if code.len() > 64 {
            return Err(invalid("/code", validation::TOO_LONG.with([("most", &64)])));
        }
        state.gateway.accounts.confirm_customer_app(&team, &id, code, &caller.actor).await?;
        return told(&state, &team, &id).await;
    }
    let place = state.reserve(&caller, &body).await?;
    let render = |url: &String| created(true, &json!({"otpauth_url": url, "status": "pending"}));
    let idempotency = place.clone().map(|place| IdempotencyRecord::new(place, &render));
    let told = state.gateway.accounts.enrol_customer_app(&team, &id, idempotency.as_ref()).await;
    state.told(told, place.as_ref(), render).await
}

/// Takes the authenticator app away.
#[utoipa::path(delete, path = "/v1/teams/{team}/customers/{id}/totp", tag = "customers",
    operation_id = "drop_customer_app", security(("key" = ["admin"])), responses((status = 204)))]
async fn drop_customer_app(resource: TeamResource<Admin, CustomerId>) -> Result<StatusCode, Problem> {
    resource.state.gateway.accounts.drop_customer_app(&resource.team, &resource.name, &resource.caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

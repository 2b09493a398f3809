//! What a storefront's server asks when its customers log in, under the names that the storefronts of
//! others use: passwords, codes, tickets. Members that are not known are passed over here.
//!
//! A wrong password, an unknown name, a disabled and a locked account are one and the same answer.

use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::base::validation;
use crate::domain::team::login::codes::CodePurpose;
use crate::http::access::caller::{Bot, team_of_query};
use crate::http::access::replies::{Reply, reply, reply_with};
use crate::http::requests::body::{Json, Query, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::accounts::logging_in::{LoggedIn, LoggingIn};
use crate::services::accounts::tickets::{Holder, Tokens};
use crate::services::teams::TeamView;

/// Nothing that is read here is longer.
const MAX_BYTES: usize = 1024;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(create_ticket, end_ticket))
        .routes(routes!(refresh_ticket))
        .routes(routes!(request_login_code))
        .routes(routes!(answer_login_code))
        .routes(routes!(request_second_code))
        .routes(routes!(answer_second_code))
        .routes(routes!(look_at_ticket))
}

#[derive(Deserialize)]
struct Team {
    team: Option<String>,
}

/// A customer's ticket, as storefronts know it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TicketView {
    user_id: String,
    customer_account_id: u32,
    /// True: the password was right, and a code is wanted besides; there is no token yet.
    requires2fa: bool,
    /// A JWT (RFC 9068) that the published keys verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_expiration: Option<String>,
    /// Good once: what it is changed for brings the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expiration: Option<String>,
}

fn ticket(holder: &Holder, tokens: Option<&Tokens>) -> Response {
    let text = |secret: &crate::domain::secret::Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    let view = TicketView {
        user_id: holder.customer.to_string(),
        customer_account_id: holder.number,
        requires2fa: tokens.is_none(),
        access_token: tokens.map(|tokens| text(&tokens.access)),
        access_token_expiration: tokens.map(|tokens| tokens.access_until.to_string()),
        refresh_token: tokens.map(|tokens| text(&tokens.refresh)),
        refresh_token_expiration: tokens.map(|tokens| tokens.refresh_until.to_string()),
    };
    reply(&view)
}

/// The caller, and the team whose customers they are.
async fn team_of(caller: &Bot, query: &Team) -> Result<std::sync::Arc<TeamView>, Problem> {
    let team = team_of_query(caller, query.team.as_deref())?;
    caller.state.gateway.teams.team(&team).await?.ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))
}

/// A text that is read; an absent one is empty.
fn text<'a>(at: &str, text: Option<&'a String>) -> Result<&'a str, Problem> {
    match text {
        Some(text) if text.len() > MAX_BYTES => Err(invalid(at, validation::TOO_LONG.with([("most", &MAX_BYTES)]))),
        text => Ok(text.map_or("", String::as_str)),
    }
}

fn needed<'a>(at: &str, given: Option<&'a String>) -> Result<&'a str, Problem> {
    match text(at, given)? {
        "" => Err(invalid(at, validation::MISSING.saying("must be given"))),
        text => Ok(text),
    }
}

/// An account's number, where one is named: 0 names none.
fn number(at: &str, given: Option<&Value>) -> Result<Option<u64>, Problem> {
    let number = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64(),
    };
    let number = number.ok_or_else(|| invalid(at, &validation::WHOLE))?;
    Ok(Some(number).filter(|number| *number > 0))
}

/// Whoever logs in, from where.
fn by<'a>(
    caller: &'a Bot,
    team: &'a TeamView,
    fingerprint: Option<&String>,
    region: Option<&String>,
) -> Result<LoggingIn<'a>, Problem> {
    let (fingerprint, region) = (text("/fingerprint", fingerprint)?, text("/region", region)?);
    let device = caller.state.gateway.customer_login.device(Some(fingerprint), Some(region));
    Ok(LoggingIn { team, device, actor: &caller.actor, page: None, counted: None })
}

/// A login with a password.
#[derive(Deserialize, ToSchema)]
struct Credentials {
    /// A login name, or a mail address that is one customer's alone.
    username: Option<String>,
    password: Option<String>,
    /// The account's number, where it is to be that one.
    #[serde(rename = "accountId")]
    #[schema(value_type = Option<u64>)]
    account_id: Option<Value>,
    /// The storefront's fingerprint of the device.
    fingerprint: Option<String>,
    /// Where the device is.
    region: Option<String>,
}

/// Logs a customer in. Where `requires2fa` is true a code is wanted besides, and there is no token yet.
#[utoipa::path(post, path = "/api/commerce/customer/authtickets", tag = "customer login", operation_id = "create_ticket",
    params(("team" = Option<String>, Query)), request_body = Credentials, security(("key" = ["bot"])),
    responses((status = 200, body = TicketView)))]
async fn create_ticket(caller: Bot, Query(query): Query<Team>, body: Json<Credentials>) -> Reply {
    let (team, asked) = (team_of(&caller, &query).await?, body.value);
    let name = needed("/username", asked.username.as_ref())?;
    let password = needed("/password", asked.password.as_ref())?;
    let number = number("/accountId", asked.account_id.as_ref())?;
    let by = by(&caller, &team, asked.fingerprint.as_ref(), asked.region.as_ref())?;
    match caller.state.gateway.customer_login.log_in(&by, name, password, number).await? {
        LoggedIn::No => Err(Problem::of(&problem_types::LOGIN_FAILED)),
        LoggedIn::SecondStep(holder) => Ok(ticket(&holder, None)),
        LoggedIn::In(holder, tokens) => Ok(ticket(&holder, tokens.as_ref())),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefreshQuery {
    refresh_token: Option<String>,
    team: Option<String>,
}

/// A refresh token; it may stand in the query instead.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Refresh {
    refresh_token: Option<String>,
}

/// Changes a refresh token for new tokens. One that was changed before ends its ticket: two have it.
#[utoipa::path(put, path = "/api/commerce/customer/authtickets/refresh", tag = "customer login", operation_id = "refresh_ticket",
    params(("team" = Option<String>, Query), ("refreshToken" = Option<String>, Query)), request_body = Refresh,
    security(("key" = ["bot"])), responses((status = 200, body = TicketView)))]
async fn refresh_ticket(caller: Bot, Query(query): Query<RefreshQuery>, body: Json<Refresh>) -> Reply {
    let team = team_of_query(&caller, query.team.as_deref())?;
    let token = body.value.refresh_token.or(query.refresh_token);
    let token = needed("/refreshToken", token.as_ref())?;
    let told = caller.state.gateway.logins.refresh_ticket(&team, token, &caller.actor).await?;
    let (holder, tokens) = told.ok_or_else(|| Problem::of(&problem_types::TICKET_ENDED))?;
    Ok(ticket(&holder, Some(&tokens)))
}

/// Logs out: the ticket has ended, on every node at once.
#[utoipa::path(delete, path = "/api/commerce/customer/authtickets", tag = "customer login", operation_id = "end_ticket",
    params(("team" = Option<String>, Query), ("refreshToken" = Option<String>, Query)), request_body = Refresh,
    security(("key" = ["bot"])), responses((status = 204)))]
async fn end_ticket(
    caller: Bot,
    Query(query): Query<RefreshQuery>,
    body: Json<Refresh>,
) -> Result<StatusCode, Problem> {
    let team = team_of_query(&caller, query.team.as_deref())?;
    let token = body.value.refresh_token.or(query.refresh_token);
    let token = needed("/refreshToken", token.as_ref())?;
    caller.state.gateway.logins.end_ticket(&team, token, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A code is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodeWanted {
    /// The customer's id, or her login name.
    user_id: Option<String>,
    /// One of her own addresses: the code goes there and nowhere else. Absent: to the first of them.
    email: Option<String>,
    fingerprint: Option<String>,
    region: Option<String>,
}

/// Asks for a code to log in with. The answer is always the same; what happened is an event.
#[utoipa::path(post, path = "/api/commerce/customer/authtickets/otp/request", tag = "customer login",
    operation_id = "request_login_code", params(("team" = Option<String>, Query)), request_body = CodeWanted,
    security(("key" = ["bot"])), responses((status = 202, body = Object)))]
async fn request_login_code(caller: Bot, Query(query): Query<Team>, body: Json<CodeWanted>) -> Reply {
    request(&caller, &query, body.value, CodePurpose::Login).await
}

/// Asks for the code besides a password, within 10 minutes of a right one. It goes to the address on the
/// account.
#[utoipa::path(post, path = "/api/commerce/customer/authtickets/2fa/request", tag = "customer login",
    operation_id = "request_second_code", params(("team" = Option<String>, Query)), request_body = CodeWanted,
    security(("key" = ["bot"])), responses((status = 202, body = Object)))]
async fn request_second_code(caller: Bot, Query(query): Query<Team>, body: Json<CodeWanted>) -> Reply {
    request(&caller, &query, CodeWanted { email: None, ..body.value }, CodePurpose::Second).await
}

async fn request(caller: &Bot, query: &Team, asked: CodeWanted, purpose: CodePurpose) -> Reply {
    let team = team_of(caller, query).await?;
    let user = needed("/userId", asked.user_id.as_ref())?;
    let email = Some(text("/email", asked.email.as_ref())?).filter(|email| !email.is_empty());
    let by = by(caller, &team, asked.fingerprint.as_ref(), asked.region.as_ref())?;
    caller.state.gateway.customer_login.request_code(&by, purpose, user, email).await?;
    Ok(reply_with(StatusCode::ACCEPTED, &json!({})))
}

/// A code that was typed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodeTyped {
    user_id: Option<String>,
    #[schema(value_type = Option<u64>)]
    customer_account_id: Option<Value>,
    otp_code: Option<String>,
    fingerprint: Option<String>,
    region: Option<String>,
}

/// Logs a customer in by a code alone.
#[utoipa::path(post, path = "/api/commerce/customer/authtickets/otp/auth", tag = "customer login",
    operation_id = "answer_login_code", params(("team" = Option<String>, Query)), request_body = CodeTyped,
    security(("key" = ["bot"])), responses((status = 200, body = TicketView)))]
async fn answer_login_code(caller: Bot, Query(query): Query<Team>, body: Json<CodeTyped>) -> Reply {
    answer(&caller, &query, body.value, CodePurpose::Login).await
}

/// Takes the code besides the password: the one that was sent, or the authenticator app's.
#[utoipa::path(post, path = "/api/commerce/customer/authtickets/2fa/auth", tag = "customer login",
    operation_id = "answer_second_code", params(("team" = Option<String>, Query)), request_body = CodeTyped,
    security(("key" = ["bot"])), responses((status = 200, body = TicketView)))]
async fn answer_second_code(caller: Bot, Query(query): Query<Team>, body: Json<CodeTyped>) -> Reply {
    answer(&caller, &query, body.value, CodePurpose::Second).await
}

async fn answer(caller: &Bot, query: &Team, typed: CodeTyped, purpose: CodePurpose) -> Reply {
    let team = team_of(caller, query).await?;
    let user = needed("/userId", typed.user_id.as_ref())?;
    let code = text("/otpCode", typed.otp_code.as_ref())?;
    let number = number("/customerAccountId", typed.customer_account_id.as_ref())?;
    let by = by(caller, &team, typed.fingerprint.as_ref(), typed.region.as_ref())?;
    match caller.state.gateway.customer_login.answer_code(&by, purpose, user, code, number).await? {
        LoggedIn::In(holder, tokens) => Ok(ticket(&holder, tokens.as_ref())),
        LoggedIn::No | LoggedIn::SecondStep(_) => {
            Err(Problem::of(&problem_types::CODE_REFUSED).with("requires2fa", Value::Bool(true)))
        }
    }
}

/// An access token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Shown {
    token: String,
}

/// Whether a ticket stands (RFC 7662): a signature alone does not tell that it has ended.
#[utoipa::path(post, path = "/v1/tickets/introspect", tag = "customer login", operation_id = "look_at_ticket",
    params(("team" = Option<String>, Query)), request_body = Shown, security(("key" = ["bot"])),
    responses((status = 200, body = Object)))]
async fn look_at_ticket(caller: Bot, Query(query): Query<Team>, body: Json<Shown>) -> Reply {
    let team = team_of_query(&caller, query.team.as_deref())?;
    let found = caller.state.gateway.logins.look_at_ticket(&team, &body.value.token).await?;
    let told = match found {
        None => json!({"active": false}),
        Some(active) => json!({
            "active": true,
            "sub": active.holder.customer,
            "customerAccountId": active.holder.number,
            "amr": active.amr,
            "exp": active.expires_at.unix_seconds(),
        }),
    };
    Ok(reply(&told))
}

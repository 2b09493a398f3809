//! What admins ask of a team's directory, and agents of the customer whom a conversation was proved to be.
//! Secrets come in and never go out; how much of a record is shown is decided here.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::accounts::directory::{Connected, DirectoryInput, DirectoryKind};
use crate::domain::base::id::{ParticipantId, plain_text};
use crate::domain::base::validation;
use crate::domain::customer::StoredCustomer;
use crate::domain::customer::matching::MatchedCustomer;
use crate::domain::secret::Secret;
use crate::http::access::caller::{Admin, Agent, TeamAccess, acting};
use crate::http::access::replies::{Reply, put_reply, reply};
use crate::http::requests::body::{Json, PlainJson, Query, field, invalid};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::services::customers::directories::{LookupResult, Trial};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(put_directory, get_directory, remove_directory))
        .routes(routes!(test_directory))
        .routes(routes!(show_customer))
}

/// How the team's directory is reached. `docs/directories.md` says what each kind needs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutDirectory {
    /// `ldap`, `postgres` or `http`; where absent, what the setting `directory.kind` says.
    #[schema(value_type = Option<String>)]
    kind: Option<DirectoryKind>,
    /// What the kind wants to know.
    #[schema(value_type = Object)]
    connection: PlainJson,
    /// Passwords and keys by name. Absent: those that are there stay.
    #[serde(default)]
    #[schema(value_type = Object)]
    secrets: Option<BTreeMap<String, String>>,
}

/// How the team's directory is reached, without its secrets.
#[derive(Serialize, ToSchema)]
struct DirectoryView {
    #[schema(value_type = String)]
    kind: DirectoryKind,
    #[schema(value_type = Object)]
    connection: Map<String, Value>,
    /// Names of the secrets that are there.
    secrets: Vec<String>,
    created_at: String,
    /// Since when it does not answer, as far as was asked: `directory.down` told it.
    down_since: Option<String>,
}

impl From<Connected> for DirectoryView {
    fn from(connected: Connected) -> Self {
        Self {
            kind: connected.kind,
            connection: connected.connection,
            secrets: connected.secrets.into_keys().collect(),
            created_at: connected.created_at.to_string(),
            down_since: connected.down_since.map(|since| since.to_string()),
        }
    }
}

/// Writes how the team's directory is reached. It is asked once `directory.kind` names its kind.
#[utoipa::path(put, path = "/v1/teams/{team}/directory", tag = "customers", operation_id = "put_directory",
    request_body = PutDirectory, security(("key" = ["admin"])),
    responses((status = 201, body = DirectoryView), (status = 200, body = DirectoryView)))]
async fn put_directory(TeamAccess { state, caller, team }: TeamAccess<Admin>, body: Json<PutDirectory>) -> Reply {
    let PutDirectory { kind, connection, secrets } = body.value;
    let PlainJson(Value::Object(connection)) = connection else {
        return Err(invalid("/connection", &validation::OBJECT));
    };
    let kind = match kind {
        Some(kind) => kind,
        None => {
            let view = state.gateway.teams.team(&team).await?;
            view.ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))?.effective.settings.directory.kind
        }
    };
    let secret = |(name, text): (String, String)| (name, Secret::new(text.into_bytes()));
    let writing =
        DirectoryInput { kind, connection, secrets: secrets.map(|all| all.into_iter().map(secret).collect()) };
    let (is_new, connected) = state.gateway.customers.put_directory(&team, &writing, &caller.actor).await?;
    Ok(put_reply(is_new, &DirectoryView::from(connected)))
}

/// How the team's directory is reached, without its secrets.
#[utoipa::path(get, path = "/v1/teams/{team}/directory", tag = "customers", operation_id = "get_directory",
    security(("key" = ["admin"])), responses((status = 200, body = DirectoryView)))]
async fn get_directory(TeamAccess { state, team, .. }: TeamAccess<Admin>) -> Reply {
    let connected = state.gateway.customers.team_directory(&team).await?;
    Ok(reply(&DirectoryView::from(connected)))
}

/// Forgets how the team's directory is reached.
#[utoipa::path(delete, path = "/v1/teams/{team}/directory", tag = "customers", operation_id = "remove_directory",
    security(("key" = ["admin"])), responses((status = 204)))]
async fn remove_directory(TeamAccess { state, caller, team }: TeamAccess<Admin>) -> Result<StatusCode, Problem> {
    state.gateway.customers.remove_directory(&team, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to ask; nothing: only whether it answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TryDirectory {
    id: Option<String>,
    login_name: Option<String>,
    /// As a login page would pass them on; compared as `directory.match` says.
    private_data: Option<BTreeMap<String, String>>,
}

/// What came of a try.
#[derive(Serialize, ToSchema)]
struct DirectoryTrial {
    /// `up`, or `down`.
    status: &'static str,
    /// `none`, `one` or `several`; null where it did not answer.
    found: Option<&'static str>,
    /// The id of the one.
    customer: Option<String>,
    /// `no-answer`, `refused` or `misconfigured`.
    reason: Option<&'static str>,
    /// The same for people.
    detail: Option<String>,
}

impl From<LookupResult> for DirectoryTrial {
    fn from(tried: LookupResult) -> Self {
        let up = |found, customer| Self { status: "up", found: Some(found), customer, reason: None, detail: None };
        match tried {
            Ok(MatchedCustomer::Nobody) => up("none", None),
            Ok(MatchedCustomer::One(record)) => up("one", Some(record.id.to_string())),
            Ok(MatchedCustomer::Several) => up("several", None),
            Err(failure) => Self {
                status: "down",
                found: None,
                customer: None,
                reason: Some(failure.trouble.as_str()),
                detail: Some(failure.words),
            },
        }
    }
}

/// Asks the team's directory now, and says what came of it.
#[utoipa::path(post, path = "/v1/teams/{team}/directory/test", tag = "customers", operation_id = "test_directory",
    request_body = TryDirectory, security(("key" = ["admin"])), responses((status = 200, body = DirectoryTrial)))]
async fn test_directory(TeamAccess { state, team, .. }: TeamAccess<Admin>, body: Json<TryDirectory>) -> Reply {
    let trial = match body.value {
        TryDirectory { id: None, login_name: None, private_data: None } => Trial::Nothing,
        TryDirectory { id: Some(id), login_name: None, private_data: None } => Trial::Id(field("/id", &id)?),
        TryDirectory { id: None, login_name: Some(name), private_data: None } => match plain_text(&name, 255) {
            true => Trial::LoginName(name),
            false => return Err(invalid("/login_name", validation::PLAIN_TEXT.with([("most", &255)]))),
        },
        TryDirectory { id: None, login_name: None, private_data: Some(data) } => Trial::PrivateData(data),
        _ => {
            return Err(invalid(
                "",
                validation::OTHER.saying("one of id, login_name and private_data is asked at a time"),
            ));
        }
    };
    let tried = state.gateway.customers.try_directory(&team, &trial).await?;
    Ok(reply(&DirectoryTrial::from(tried)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowQuery {
    participant: Option<String>,
    unmasked: Option<bool>,
}

/// A customer's record, for the agent of her conversation.
#[derive(Serialize, ToSchema)]
struct AccountView {
    id: String,
    name: Option<String>,
    username: Option<String>,
    emails: Vec<String>,
    phones: Vec<String>,
    facts: BTreeMap<String, String>,
    private_data: BTreeMap<String, Vec<String>>,
    /// Whether login name, addresses and private data are whole.
    unmasked: bool,
}

fn account(record: StoredCustomer, unmasked: bool) -> AccountView {
    let text = |text: String| if unmasked { text } else { mask(&text) };
    let all = |texts: Vec<String>| texts.into_iter().map(text).collect::<Vec<_>>();
    AccountView {
        id: record.id.to_string(),
        name: record.name,
        username: record.username.map(text),
        emails: all(record.emails),
        phones: all(record.phones),
        facts: record.facts,
        private_data: record.private_data.into_iter().map(|(field, values)| (field, all(values))).collect(),
        unmasked,
    }
}

/// The record of the customer whom a participant was proved to be, from the team's directory. It is shown
/// only while the participant is authenticated, and each time it is, the audit trail says so.
#[utoipa::path(get, path = "/v1/interactions/{id}/customer", tag = "interactions", operation_id = "show_customer",
    params(("participant" = Option<String>, Query, description = "The primary where absent"),
           ("unmasked" = Option<bool>, Query, description = "Whole addresses and private data")),
    security(("key" = ["agent"])), responses((status = 200, body = AccountView)))]
async fn show_customer(caller: Agent, Path(id): Path<String>, Query(query): Query<ShowQuery>) -> Reply {
    let acting = acting(&caller, &id)?;
    let who: Option<ParticipantId> =
        query.participant.map(|text| text.parse()).transpose().map_err(|_| Problem::of(&problem_types::NOT_FOUND))?;
    let unmasked = query.unmasked.unwrap_or(false);
    let record = caller.state.gateway.conversations.show_customer(acting, who.as_ref(), unmasked).await?;
    Ok(reply(&account(record, unmasked)))
}

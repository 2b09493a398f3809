//! What admins ask of providers: a team's accounts with those who check documents.
//! Secrets come in and never go out.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::accounts::provider::{Provider, ProviderInput};
use crate::domain::base::id::ProviderName;
use crate::domain::base::validation;
use crate::domain::secret::Secret;
use crate::http::access::caller::{Admin, TeamResource};
use crate::http::access::replies::{Reply, put_reply, reply};
use crate::http::requests::body::{Json, PlainJson, invalid, new_name};
use crate::http::requests::problem::Problem;
use crate::http::state::Shared;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(put_provider, get_provider, remove_provider)).routes(routes!(try_provider))
}

/// An account with somebody who checks documents. Which one judges, the setting `photo_id.provider` says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutProvider {
    /// `mitek` or `signed`.
    kind: String,
    /// What the kind wants to know. `mitek`: `client_id`, and optionally `base_url` and `scope`; `signed`:
    /// `url`, and optionally `later_minutes`.
    #[serde(default)]
    #[schema(value_type = Object)]
    account: Option<PlainJson>,
    /// Secrets by name. Absent: those that are there stay. `mitek`: `client_secret`; `signed`: `secret`
    /// (`whsec_…`), and while it is replaced `secret_before`.
    #[serde(default)]
    #[schema(value_type = Object)]
    secrets: Option<BTreeMap<String, String>>,
}

/// A provider, without its secrets.
#[derive(Serialize, ToSchema)]
struct ProviderView {
    name: String,
    kind: String,
    #[schema(value_type = Object)]
    account: Map<String, Value>,
    /// Names of the secrets that are there.
    secrets: Vec<String>,
    /// Where it sends a verdict that comes later.
    callback_url: String,
    created_at: String,
    /// Since when it has not answered, as far as was tried: `provider.down` told it. Null where it answers.
    down_since: Option<String>,
}

fn view(state: &Shared, team: &str, name: &ProviderName, provider: &Provider) -> ProviderView {
    ProviderView {
        name: name.to_string(),
        kind: provider.kind.clone(),
        account: provider.account.clone(),
        secrets: provider.secrets.keys().cloned().collect(),
        callback_url: format!("{}/v1/identity/{team}/{name}", state.gateway.urls.public_url()),
        created_at: provider.created_at.to_string(),
        down_since: provider.down_since.map(|since| since.to_string()),
    }
}

fn writing(body: PutProvider) -> Result<ProviderInput, Problem> {
    let account = match body.account {
        None => Map::new(),
        Some(PlainJson(Value::Object(account))) => account,
        Some(_) => return Err(invalid("/account", &validation::OBJECT)),
    };
    let secret = |(name, text): (String, String)| (name, Secret::new(text.into_bytes()));
    let secrets = body.secrets.map(|secrets| secrets.into_iter().map(secret).collect());
    Ok(ProviderInput { kind: body.kind, account, secrets })
}

/// Makes a provider or writes it anew.
#[utoipa::path(put, path = "/v1/teams/{team}/providers/{name}", tag = "providers", operation_id = "put_provider",
    request_body = PutProvider, security(("key" = ["admin"])),
    responses((status = 201, body = ProviderView), (status = 200, body = ProviderView)))]
async fn put_provider(resource: TeamResource<Admin, String>, body: Json<PutProvider>) -> Reply {
    let TeamResource { state, caller, team, name } = resource;
    let name: ProviderName = new_name(&name)?;
    let (is_new, provider) =
        state.gateway.providers.put_provider(&team, &name, &writing(body.value)?, &caller.actor).await?;
    Ok(put_reply(is_new, &view(&state, team.as_str(), &name, &provider)))
}

/// A provider, without its secrets.
#[utoipa::path(get, path = "/v1/teams/{team}/providers/{name}", tag = "providers", operation_id = "get_provider",
    security(("key" = ["admin"])), responses((status = 200, body = ProviderView)))]
async fn get_provider(TeamResource { state, team, name, .. }: TeamResource<Admin, ProviderName>) -> Reply {
    let provider = state.gateway.providers.provider(&team, &name).await?;
    Ok(reply(&view(&state, team.as_str(), &name, &provider)))
}

/// Takes a provider away. What it is judging comes to nothing, and counts for nothing.
#[utoipa::path(delete, path = "/v1/teams/{team}/providers/{name}", tag = "providers", operation_id = "remove_provider",
    security(("key" = ["admin"])), responses((status = 204)))]
async fn remove_provider(resource: TeamResource<Admin, ProviderName>) -> Result<StatusCode, Problem> {
    resource.state.gateway.providers.remove_provider(&resource.team, &resource.name, &resource.caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoWishes {}

/// Whether a provider would answer.
#[derive(Serialize, ToSchema)]
struct ProviderCheckView {
    /// `answered`, or `failed`.
    status: &'static str,
    /// Why it failed.
    reason: Option<&'static str>,
}

/// Asks a provider whether it takes the account. No picture leaves.
#[utoipa::path(post, path = "/v1/teams/{team}/providers/{name}/test", tag = "providers", operation_id = "test_provider",
    request_body = NoWishes, security(("key" = ["admin"])), responses((status = 200, body = ProviderCheckView)))]
async fn try_provider(resource: TeamResource<Admin, ProviderName>, _body: Json<NoWishes>) -> Reply {
    let answered = resource.state.gateway.providers.try_provider(&resource.team, &resource.name).await?;
    let view = match answered {
        Ok(()) => ProviderCheckView { status: "answered", reason: None },
        Err(trouble) => ProviderCheckView { status: "failed", reason: Some(trouble.as_str()) },
    };
    Ok(reply(&view))
}

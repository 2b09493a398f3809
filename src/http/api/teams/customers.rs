//! What admins ask of the built-in directory: the company's customers, and everything that is kept of
//! one to be erased. What a record may say is judged in `domain::customer`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::LoginView;
use crate::domain::base::id::{CustomerId, TeamName, plain_text};
use crate::domain::base::validation;
use crate::domain::customer::StoredCustomer;
use crate::http::access::caller::{Admin, TeamAccess, TeamResource};
use crate::http::access::replies::{Reply, limit, page, put_reply, reply};
use crate::http::requests::body::{Json, OnlyIf, Query, invalid, new_name};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::services::customers::Kept;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(put_customer, get_customer, erase_customer)).routes(routes!(list_customers))
}

/// A customer's whole record; what is absent is empty from then on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutCustomer {
    name: Option<String>,
    /// No other customer of the team has it, in whatever case.
    username: Option<String>,
    /// At least six characters with a letter and a digit, and none that everybody tries first. She is
    /// logged out everywhere. Absent: the password that she has stands.
    password: Option<String>,
    /// The one to be used first stands first; at most 10.
    #[serde(default)]
    emails: Vec<String>,
    /// In E.164; at most 10.
    #[serde(default)]
    phones: Vec<String>,
    /// What she may be asked, and agents may read; at most 50 fields and 4096 bytes.
    #[serde(default)]
    facts: BTreeMap<String, String>,
    /// What a login page may pass on to show who she is; at most 50 fields and 4096 bytes.
    #[serde(default)]
    private_data: BTreeMap<String, String>,
}

impl PutCustomer {
    fn record(self, id: CustomerId) -> StoredCustomer {
        StoredCustomer {
            id,
            name: self.name,
            username: self.username,
            emails: self.emails,
            phones: self.phones,
            private_data: self.private_data.into_iter().map(|(field, value)| (field, vec![value])).collect(),
            facts: self.facts,
        }
    }
}

/// One of the company's customers, as the built-in directory knows her.
#[derive(Serialize, ToSchema)]
struct CustomerRecord {
    id: String,
    name: Option<String>,
    username: Option<String>,
    emails: Vec<String>,
    phones: Vec<String>,
    facts: BTreeMap<String, String>,
    private_data: BTreeMap<String, String>,
    created_at: String,
    /// How she logs in.
    login: LoginView,
}

/// A customer as a list has her: enough to tell who it is. The rest of her record is read one by one, because
/// each look at it stands in the audit trail.
#[derive(Serialize, ToSchema)]
struct CustomerRow {
    id: String,
    name: Option<String>,
    username: Option<String>,
    /// The mail address or phone number that is used first, masked.
    address: Option<String>,
    created_at: String,
}

impl From<Kept> for CustomerRow {
    fn from(Kept { record, created_at }: Kept) -> Self {
        Self {
            address: record.first_address().map(mask),
            id: record.id.to_string(),
            name: record.name,
            username: record.username,
            created_at: created_at.to_string(),
        }
    }
}

/// Makes a customer of the built-in directory, or writes her record anew.
#[utoipa::path(put, path = "/v1/teams/{team}/customers/{id}", tag = "customers", operation_id = "put_customer",
    params(("id" = String, Path, description = "The company's own id of her"), OnlyIf), request_body = PutCustomer,
    security(("key" = ["admin"])),
    responses((status = 201, body = CustomerRecord), (status = 200, body = CustomerRecord)))]
async fn put_customer(resource: TeamResource<Admin, String>, only_if: OnlyIf, body: Json<PutCustomer>) -> Reply {
    let TeamResource { state, caller, team, name: id } = resource;
    let (password, id) = (body.value.password.clone(), new_name(&id)?);
    let record = body.value.record(id);
    let view = state.gateway.teams.team(&team).await?.ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))?;
    let chosen = password.map(|text| state.gateway.accounts.judge_password(&view, &record, &text)).transpose()?;
    let (is_new, kept) = state.gateway.customers.put_customer(&team, &record, only_if.0, &caller.actor).await?;
    if let Some(password) = chosen {
        state.gateway.accounts.set_password(&team, &record.id, password, &caller.actor).await?;
    }
    Ok(put_reply(is_new, &with_login(&state, &team, kept).await?))
}

/// A customer of the built-in directory. Each look is `customer.viewed` in the audit trail.
#[utoipa::path(get, path = "/v1/teams/{team}/customers/{id}", tag = "customers", operation_id = "get_customer",
    security(("key" = ["admin"])), responses((status = 200, body = CustomerRecord)))]
async fn get_customer(TeamResource { state, caller, team, name: id }: TeamResource<Admin, CustomerId>) -> Reply {
    let kept = state.gateway.customers.view_customer(&team, &id, &caller.actor).await?;
    let kept = kept.ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))?;
    Ok(reply(&with_login(&state, &team, kept).await?))
}

/// The record, with how the account stands.
async fn with_login(state: &Shared, team: &TeamName, kept: Kept) -> Result<CustomerRecord, Problem> {
    let Kept { record, created_at } = kept;
    let login = state.gateway.accounts.account_state(team, &record.id).await?;
    let private_data = record.plain_private_data();
    Ok(CustomerRecord {
        id: record.id.to_string(),
        name: record.name,
        username: record.username,
        emails: record.emails,
        phones: record.phones,
        facts: record.facts,
        private_data,
        created_at: created_at.to_string(),
        login: login.into(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomersQuery {
    q: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

page!(CustomerPage of CustomerRow);

/// The team's customers in the built-in directory, the newest first, without their private data.
#[utoipa::path(get, path = "/v1/teams/{team}/customers", tag = "customers", operation_id = "list_customers",
    params(("q" = Option<String>, Query, description = "The start of an id, a name, a login name, a mail address or a phone number"),
           ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)), security(("key" = ["admin"])),
    responses((status = 200, body = CustomerPage)))]
async fn list_customers(access: TeamAccess<Admin>, Query(query): Query<CustomersQuery>) -> Reply {
    let TeamAccess { state, team, .. } = access;
    let limit = limit(query.limit)?;
    if query.q.as_ref().is_some_and(|q| !plain_text(q, 255)) {
        return Err(invalid("", validation::OTHER.saying("q must be 1 to 255 bytes without control characters")));
    }
    let (items, next_cursor) =
        state.gateway.customers.list_customers(&team, query.q.as_deref(), query.cursor.as_deref(), limit).await?;
    let items = items.into_iter().map(CustomerRow::from).collect();
    Ok(reply(&CustomerPage { items, next_cursor }))
}

/// Erases everything that is kept of a customer.
#[utoipa::path(delete, path = "/v1/teams/{team}/customers/{id}", tag = "customers", operation_id = "erase_customer",
    security(("key" = ["admin"])), responses((status = 200, description = "How many interactions went")))]
async fn erase_customer(resource: TeamResource<Admin, CustomerId>) -> Reply {
    let TeamResource { state, caller, team, name: customer } = resource;
    let erased = state.gateway.maintenance.erase_customer(&team, &customer, &caller.actor).await?;
    Ok(reply(&json!({"interactions_erased": erased})))
}

//! `/admin/teams/TEAM/accounts`: the customers whom the team keeps here, and how each logs in. What an admin
//! does with an account goes to the API; whom another directory knows has a page, too, and no record.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::paths::in_path;
use super::{Admitted, PageRequest, unknown};
use crate::domain::accounts::directory::DirectoryKind;
use crate::domain::base::id::{CustomerId, plain_text};
use crate::domain::team::login::AppState;
use crate::domain::time::Moment;
use crate::http::consoles::shown;
use crate::http::requests::body::Query;
use crate::http::state::Shared;
use crate::http::views::mask;
use crate::pages::admin::accounts::{AccountPage, AccountRow, AccountsPage, LoginFields, RecordFields};
use crate::services::accounts::AccountState;
use crate::services::customers::Kept;
use crate::services::engine::Error;

/// Customers of a page.
const PAGE: usize = 25;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    let one = "/admin/teams/{team}/accounts/{id}";
    Router::new().route("/admin/teams/{team}/accounts", get(all)).route(one, get(show))
}

/// Who is looked for.
#[derive(Deserialize)]
struct Look {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

async fn all(request: PageRequest, Query(look): Query<Look>) -> Response {
    request
        .draw("accounts", async |state, admitted| {
            let q = look.q.trim();
            let (accounts, next) = list(state, &admitted, q, look.cursor.as_deref()).await?;
            let page = AccountsPage {
                built_in: is_built_in(&admitted),
                next: next.map(|cursor| {
                    let mut query = url::form_urlencoded::Serializer::new(String::new());
                    format!("accounts?{}", query.append_pair("q", q).append_pair("cursor", &cursor).finish())
                }),
                q: q.to_owned(),
                accounts,
                frame: admitted.frame,
            };
            Ok(shown(state, state.pages.admin_accounts(&page)))
        })
        .await
}

fn is_built_in(admitted: &Admitted) -> bool {
    admitted.team.effective.settings.directory.kind == DirectoryKind::BuiltIn
}

async fn list(
    state: &Shared,
    admitted: &Admitted,
    q: &str,
    cursor: Option<&str>,
) -> Result<(Vec<AccountRow>, Option<String>), Error> {
    let team = &admitted.name;
    let wanted = Some(q).filter(|q| plain_text(q, 255));
    let (kept, next) = state.gateway.customers.list_customers(team, wanted, cursor, PAGE).await?;
    let mut rows = Vec::with_capacity(kept.len());
    for Kept { record, .. } in kept {
        let account = state.gateway.accounts.account_state(team, &record.id).await?;
        rows.push(AccountRow {
            path: in_path(record.id.as_str()),
            id: record.id.to_string(),
            address: record.first_address().map(mask),
            name: record.name,
            username: record.username,
            status: account.status.as_str(),
        });
    }
    Ok((rows, next))
}

async fn show(request: PageRequest, Path((_, id)): Path<(String, String)>) -> Response {
    request
        .draw("accounts", async |state, admitted| {
            let nobody = || unknown("customer");
            let id: CustomerId = id.parse().map_err(|_| nobody())?;
            let kept = state.gateway.customers.view_customer(&admitted.name, &id, &admitted.actor).await?;
            if kept.is_none() && is_built_in(&admitted) {
                return Err(nobody());
            }
            let account = state.gateway.accounts.account_state(&admitted.name, &id).await?;
            let page = AccountPage {
                frame: admitted.frame,
                path: in_path(id.as_str()),
                id: id.to_string(),
                record: kept.map(record),
                login: login(&account),
            };
            Ok(shown(state, state.pages.admin_account(&page)))
        })
        .await
}

fn record(kept: Kept) -> RecordFields {
    let Kept { record, created_at } = kept;
    let private_data = record.plain_private_data();
    let json = |texts: BTreeMap<String, String>| serde_json::to_string_pretty(&texts).expect("texts are plain");
    RecordFields {
        name: record.name,
        username: record.username,
        emails: record.emails.join("\n"),
        phones: record.phones.join("\n"),
        facts: json(record.facts),
        private_data: json(private_data),
        created_at: created_at.to_string(),
    }
}

fn login(account: &AccountState) -> LoginFields {
    let text = |at: Option<Moment>| at.map(|at| at.to_string());
    LoginFields {
        status: account.status.as_str(),
        registered: account.registered,
        disabled_at: text(account.disabled_at),
        locked_until: text(account.locked_until),
        failures: account.failures,
        remaining: if account.banned { 0 } else { account.remaining },
        last_login_at: text(account.last_login_at),
        password_at: text(account.password_set_at),
        reset_until: text(account.reset_until),
        app: match account.app {
            AppState::None => "none",
            AppState::Pending => "pending",
            AppState::Confirmed => "confirmed",
        },
        tickets: account.tickets,
    }
}

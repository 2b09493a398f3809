//! The pages of customers' accounts: the list of the built-in directory, and one customer with how she logs
//! in. What may be done with an account was not decided here.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// The page of accounts.
#[derive(Serialize)]
pub struct AccountsPage {
    /// Around it.
    pub frame: Shell,
    /// The company's customers are kept by the gateway itself.
    pub built_in: bool,
    /// What was looked for.
    pub q: String,
    /// The newest first.
    pub accounts: Vec<AccountRow>,
    /// The address of more.
    pub next: Option<String>,
}

/// A customer in the list.
#[derive(Serialize)]
pub struct AccountRow {
    /// The company's id of her.
    pub id: String,
    /// The same in a path.
    pub path: String,
    /// What she is called.
    pub name: Option<String>,
    /// What she logs in with.
    pub username: Option<String>,
    /// Where she is reached, masked.
    pub address: Option<String>,
    /// How she stands.
    pub status: &'static str,
}

/// One customer.
#[derive(Serialize)]
pub struct AccountPage {
    /// Around it.
    pub frame: Shell,
    /// The company's id of her.
    pub id: String,
    /// The same in a path.
    pub path: String,
    /// What the built-in directory has of her; none where another has.
    pub record: Option<RecordFields>,
    /// How her login stands.
    pub login: LoginFields,
}

/// A record as its form has it.
#[derive(Serialize)]
pub struct RecordFields {
    /// What she is called.
    pub name: Option<String>,
    /// What she logs in with.
    pub username: Option<String>,
    /// A line for each.
    pub emails: String,
    /// A line for each.
    pub phones: String,
    /// As JSON.
    pub facts: String,
    /// As JSON.
    pub private_data: String,
    /// Since when.
    pub created_at: String,
}

/// How a login stands.
#[derive(Serialize)]
pub struct LoginFields {
    /// In one word.
    pub status: &'static str,
    /// She has a password.
    pub registered: bool,
    /// Since when she may not log in.
    pub disabled_at: Option<String>,
    /// Until when a lock lasts.
    pub locked_until: Option<String>,
    /// Wrong passwords in a row.
    pub failures: u32,
    /// Those that are still taken.
    pub remaining: u32,
    /// When she came in last.
    pub last_login_at: Option<String>,
    /// When her password was chosen.
    pub password_at: Option<String>,
    /// Until when a link to another password is out.
    pub reset_until: Option<String>,
    /// `none`, `pending` or `confirmed`.
    pub app: &'static str,
    /// Where she is logged in.
    pub tickets: usize,
}

impl Pages {
    /// The page of accounts.
    pub fn admin_accounts(&self, page: &AccountsPage) -> String {
        self.staff("admin_accounts.html", &page.frame.language, page)
    }

    /// The page of one.
    pub fn admin_account(&self, page: &AccountPage) -> String {
        self.staff("admin_account.html", &page.frame.language, page)
    }
}

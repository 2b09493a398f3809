//! The page of a team's local users: who signs in to the consoles, as what, and how she stands. What an admin
//! may do to whom was decided before; the API decides it again.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// The page of users.
#[derive(Serialize)]
pub struct UsersPage {
    /// Around it.
    pub frame: Shell,
    /// What she who looks may make others.
    pub roles: &'static [&'static str],
    /// By name.
    pub users: Vec<UserRow>,
    /// After whom the next page begins.
    pub next: Option<String>,
    /// Mail leaves the team, so links go by themselves where there is an address.
    pub mails: bool,
}

/// A user.
#[derive(Serialize)]
pub struct UserRow {
    /// What she signs in with.
    pub name: String,
    /// The same in a path.
    pub path: String,
    /// Where her invitation goes.
    pub email: Option<String>,
    /// `agent`, `admin` or `owner`.
    pub role: &'static str,
    /// `invited`, `active`, `disabled`, `locked` or `banned`.
    pub status: &'static str,
    /// When a lock ends by itself.
    pub until: Option<String>,
    /// She has an authenticator app.
    pub totp: bool,
    /// When she came in last.
    pub seen: Option<String>,
    /// She is no more than who looks.
    pub tendable: bool,
    /// She is who looks.
    pub own: bool,
}

impl Pages {
    /// The page of users.
    pub fn admin_users(&self, page: &UsersPage) -> String {
        self.staff("admin_users.html", &page.frame.language, page)
    }
}

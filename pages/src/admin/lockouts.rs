//! The page of lockouts and bans: rows of who is locked out, in conversations, at accounts and of the
//! consoles. Owns how they are drawn; that they are still locked was found out before.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// The page of lockouts and bans.
#[derive(Serialize)]
pub struct LockoutsPage {
    /// Around it.
    pub frame: Shell,
    /// In conversations.
    pub people: Vec<LockedPerson>,
    /// After which to look further; none: there are no more.
    pub more: Option<String>,
    /// Customers' accounts.
    pub accounts: Vec<Locked>,
    /// After which to look further; none: there are no more.
    pub more_accounts: Option<String>,
    /// These are not the first of the lists.
    pub further: bool,
    /// Console users.
    pub users: Vec<Locked>,
}

/// Somebody who is locked out in a conversation.
#[derive(Serialize)]
pub struct LockedPerson {
    /// Which lock.
    pub id: String,
    /// The same in a path.
    pub path: String,
    /// The conversation, unless it was erased.
    pub interaction: Option<String>,
    /// What she is called.
    pub name: Option<String>,
    /// Where she writes from, masked.
    pub address: Option<String>,
    /// The channel's name, where it is known.
    pub channel: Option<String>,
    /// Until an admin lifts it.
    pub banned: bool,
    /// When it ends by itself.
    pub until: Option<String>,
    /// What is refused: a method's name; none: everything, after wrong answers over all of her addresses.
    pub method: Option<String>,
    /// Lockouts so far.
    pub lockouts: u32,
    /// When it fell.
    pub since: String,
}

/// An account or a user who is locked.
#[derive(Serialize)]
pub struct Locked {
    /// Its id, or her name.
    pub id: String,
    /// The same in a path.
    pub path: String,
    /// What people call it.
    pub name: Option<String>,
    /// Until an admin lifts it.
    pub banned: bool,
    /// When it ends by itself.
    pub until: Option<String>,
}

impl Pages {
    /// The page of lockouts and bans.
    pub fn admin_lockouts(&self, page: &LockoutsPage) -> String {
        self.staff("admin_lockouts.html", &page.frame.language, page)
    }
}

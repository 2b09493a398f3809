//! The page of lockouts and bans: rows of who is locked out, in conversations, at accounts and of the
//! consoles. Owns how they are drawn; that they are still locked was found out before.

use serde::Serialize;

use crate::pages::Pages;
use crate::pages::consoles::Shell;

/// The page of lockouts and bans.
#[derive(Serialize)]
pub struct Lockouts {
    /// Around it.
    pub frame: Shell,
    /// In conversations.
    pub people: Vec<LockedPerson>,
    /// Below which entry of the trail to look further back; none: there is no more.
    pub older: Option<u64>,
    /// These are not the newest.
    pub further: bool,
    /// Customers' accounts.
    pub accounts: Vec<Locked>,
    /// Console users.
    pub users: Vec<Locked>,
}

/// Somebody who is locked out in a conversation.
#[derive(Serialize)]
pub struct LockedPerson {
    /// The conversation.
    pub interaction: String,
    /// Who in it.
    pub participant: String,
    /// What she is called.
    pub name: Option<String>,
    /// Where she writes from, masked.
    pub address: Option<String>,
    /// The channel's name.
    pub channel: String,
    /// Until an admin lifts it.
    pub banned: bool,
    /// When it ends by itself.
    pub until: Option<String>,
    /// What is refused: names of methods.
    pub methods: Vec<String>,
    /// Wrong answers over all of her addresses.
    pub ceiling: bool,
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
    pub fn admin_lockouts(&self, page: &Lockouts) -> String {
        self.staff("admin_lockouts.html", &page.frame.language, page)
    }
}

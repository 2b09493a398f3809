//! The page of keys: those shared with login pages and those of callers. No secret is ever on it; one that was
//! just made is put there by the script, from the one answer that has it.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// A key that signs and verifies.
#[derive(Serialize)]
pub struct SecurityKeyRow {
    /// Its id.
    pub kid: String,
    /// `HS256`, `EdDSA`, `ES256` or `RS256`.
    pub algorithm: String,
    /// `pending`, `active`, `retired` or `revoked`.
    pub status: &'static str,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it began to sign, RFC 3339.
    pub activated_at: Option<String>,
    /// When it last verified something, RFC 3339, to the hour.
    pub last_used_at: Option<String>,
    /// Until when a retired one verifies, RFC 3339.
    pub until: Option<String>,
    /// It still verifies.
    pub verifies: bool,
    /// The gateway has its secret; of a public key it has none.
    pub can_sign: bool,
    /// New login links are signed with it.
    pub signs: bool,
}

/// A caller's key.
#[derive(Serialize)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `bot`, `agent`, `admin` or `owner`.
    pub role: &'static str,
    /// Since when, RFC 3339.
    pub created_at: String,
    /// Whoever looks may take it away.
    pub removable: bool,
}

/// The page of keys.
#[derive(Serialize)]
pub struct KeysPage {
    /// Around it.
    pub frame: Shell,
    /// The newest first.
    pub security: Vec<SecurityKeyRow>,
    /// Login links lead to the gateway's own page, which knows every key.
    pub is_hosted: bool,
    /// The newest first.
    pub api: Vec<ApiKeyRow>,
    /// What a new API key may be.
    pub roles: &'static [&'static str],
}

impl Pages {
    /// A team's keys.
    pub fn admin_keys(&self, page: &KeysPage) -> String {
        self.staff("admin_keys.html", &page.frame.language, page)
    }
}

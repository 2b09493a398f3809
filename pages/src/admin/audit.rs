//! The page of the audit trail: entries in plain words, and what a check of the chain came to. Owns which
//! words there are for an act; which acts are shown was decided before.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;
use crate::texts;

/// The page of the audit trail.
#[derive(Serialize)]
pub struct Audit {
    /// Around it.
    pub frame: Shell,
    /// What may be chosen: a group of acts, and whether it is shown.
    pub groups: Vec<(&'static str, bool)>,
    /// What was looked for.
    pub q: String,
    /// The newest first.
    pub rows: Vec<AuditRow>,
    /// The address of older ones.
    pub older: Option<String>,
    /// These are not the newest.
    pub further: bool,
    /// What the check came to, where one was asked for.
    pub check: Option<ChainCheck>,
}

/// An entry of the trail.
#[derive(Serialize)]
pub struct AuditRow {
    /// Its place.
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    /// The act, by its name in the contract.
    pub action: String,
    /// Where its words stand.
    pub words: Words,
    /// Who did it: the key of the words, and what she is called.
    pub actor: (&'static str, String),
    /// In which conversation.
    pub interaction: Option<String>,
    /// To which participant of it.
    pub participant: Option<String>,
    /// What else is known: names and values.
    pub details: Vec<(String, String)>,
}

/// What a check of the chain came to.
#[derive(Serialize)]
pub struct ChainCheck {
    /// `whole`, `changed`, `unlinked`, `cut` or `empty`.
    pub told: &'static str,
    /// Entries that follow each other.
    pub count: u64,
    /// Where it breaks.
    pub at: u64,
    /// The newest entry's hash.
    pub head: String,
}

/// Where the words of an act stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// Among those of conversations.
    Chat,
    /// Among those of teams.
    Team,
    /// Nowhere: it reads as its own name.
    Nowhere,
}

impl Words {
    /// Of an act.
    pub fn of(action: &str) -> Self {
        let stands = |stem: &str| texts::text("en", &format!("{stem}{action}")).is_some();
        match (stands("js.on."), stands("audit.on.")) {
            (true, _) => Self::Chat,
            (false, true) => Self::Team,
            (false, false) => Self::Nowhere,
        }
    }
}

impl Pages {
    /// The page of the audit trail.
    pub fn admin_audit(&self, page: &Audit) -> String {
        self.staff("admin_audit.html", &page.frame.language, page)
    }
}

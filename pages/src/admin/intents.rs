//! The page of intents: what bots may ask for, and what proof each wants.
//! Whether a proof is good enough is not known here.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// What a bot may want to do.
#[derive(Serialize)]
pub struct IntentRow {
    /// Its name for bots.
    pub name: String,
    /// What people read.
    pub label: Option<String>,
    /// Methods that count.
    pub accept: Vec<&'static str>,
    /// How old the proof may be, in minutes.
    pub max_age: Option<u64>,
    /// Kinds of login that count; empty: each.
    pub acr: Vec<String>,
    /// Bindings that count; empty: all but `browser` and `none`.
    pub bindings: Vec<&'static str>,
    /// The team says so itself; else the system does.
    pub own: bool,
}

/// The page of intents.
#[derive(Serialize)]
pub struct Intents {
    /// Around it.
    pub frame: Shell,
    /// By name.
    pub intents: Vec<IntentRow>,
    /// Every method.
    pub methods: Vec<&'static str>,
    /// Every binding, from the strongest on.
    pub bindings: Vec<&'static str>,
}

impl Pages {
    /// A team's intents.
    pub fn admin_intents(&self, page: &Intents) -> String {
        self.staff("admin_intents.html", &page.frame.language, page)
    }
}

//! The page of all teams. Knows names and titles; what a team has, its own pages tell.
//! Whose teams they are was decided before.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;

/// The teams that somebody may tend.
#[derive(Serialize)]
pub struct TeamsPage {
    /// Around it.
    pub frame: Shell,
    /// She may make teams, and tend the system.
    pub owner: bool,
    /// Name and title of each.
    pub teams: Vec<(String, String)>,
    /// The address of more.
    pub next: Option<String>,
}

impl Pages {
    /// The page of all teams.
    pub fn admin_teams(&self, page: &TeamsPage) -> String {
        self.staff("admin_teams.html", &page.frame.language, page)
    }
}

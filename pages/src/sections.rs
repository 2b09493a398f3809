//! The sections of the admin console, and which one a page is about.
//! What a section shows, `admin` says.

use serde::Serialize;

/// What there is to tend of a team, in the order in which it is offered: the last part of a page's path and
/// of the key of its name.
pub const SECTIONS: &[&str] = &[
    "overview", "settings", "keys", "channels", "screens", "intents", "users", "lockouts", "accounts", "webhooks",
    "audit", "insights",
];

/// What a page of the admin console is about.
#[derive(Serialize)]
pub struct AdminSection {
    /// One of `SECTIONS`, or `teams` or `system`.
    pub section: &'static str,
    /// The team's name for people; none: the system.
    pub title: Option<String>,
}

//! What the admin console's pages hold, and how each is drawn. Owns which sections a team has; what somebody
//! may see of them is decided before anything is drawn, and what is done on a page goes to the API.

use serde::Serialize;

pub mod accounts;
pub mod audit;
pub mod channels;
pub mod insights;
pub mod intents;
pub mod keys;
pub mod lockouts;
pub mod overview;
pub mod screens;
pub mod settings;
pub mod teams;
pub mod users;
pub mod webhooks;

/// What there is to tend of a team, in the order in which it is offered: the last part of a page's path and
/// of the key of its name.
pub const SECTIONS: &[&str] = &[
    "overview", "settings", "keys", "channels", "screens", "intents", "users", "lockouts", "accounts", "webhooks",
    "audit", "insights",
];

/// What a page of the admin console is about.
#[derive(Serialize)]
pub struct Tended {
    /// One of `SECTIONS`, or `teams` or `system`.
    pub section: &'static str,
    /// The team's name for people; none: the system.
    pub title: Option<String>,
}

//! Where everything lies: the name of each kind of record and of each index. What begins with
//! `i`, `a`, `e`, `y` and `m` shares an interaction's partition; `t`, `h` and the indexes a team's.

use crate::domain::id::{InteractionId, TeamName};

/// An interaction.
pub(super) fn interaction_name(id: InteractionId) -> String {
    format!("i/{id}")
}

/// A link that ended.
pub(super) fn ended_name(id: InteractionId, number: u16) -> String {
    format!("e/{id}/{number}")
}

/// A team with its settings and keys.
pub(super) fn team_record(name: &TeamName) -> String {
    format!("t/{name}")
}

/// Where a team's streams stand.
pub(super) fn head_name(team: &TeamName) -> String {
    format!("h/{team}")
}

/// The index of a team's events.
pub(super) fn stream_index(team: &TeamName) -> String {
    format!("s/{team}")
}

/// The index of a team's audit trail.
pub(super) fn audit_index(team: &TeamName) -> String {
    format!("u/{team}")
}

/// The index of a team's interactions.
pub(super) fn list_index(team: &TeamName) -> String {
    format!("x/{team}")
}

/// The member of a numbered entry: bytewise order is the number's.
pub(super) fn member(number: u64) -> String {
    format!("{number:016}")
}

//! No handler of the API runs without a proven caller of the role that it names.
//! A team that is not the caller's does not exist for it: the answer is the same 404.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;

use super::Shared;
use super::problem::Problem;
use super::slugs;
use crate::domain::challenge::ChallengeId;
use crate::domain::id::{InteractionId, TeamName};
use crate::domain::team::Role;
use crate::gateway::callers::Caller;
use crate::gateway::challenges::Attending;
use crate::gateway::interactions::Acting;

macro_rules! callers {
    ($($(#[$doc:meta])* $name:ident = $role:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $name(pub Arc<Caller>);

            impl FromRequestParts<Shared> for $name {
                type Rejection = Problem;
                async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
                    caller(parts, state, $role).await.map(Self)
                }
            }
        )*
    };
}

callers! {
    /// At least a bot.
    Bot = Role::Bot;
    /// At least an agent.
    Agent = Role::Agent;
    /// At least an admin.
    Admin = Role::Admin;
    /// An owner.
    Owner = Role::Owner;
}

async fn caller(parts: &Parts, state: &Shared, at_least: Role) -> Result<Arc<Caller>, Problem> {
    let key = bearer(parts).ok_or_else(|| Problem::of(&slugs::UNAUTHORIZED))?;
    let found = state.gateway.caller(key).await.map_err(|e| state.problem(e))?;
    let caller = found.ok_or_else(|| Problem::of(&slugs::UNAUTHORIZED))?;
    if caller.role < at_least {
        return Err(Problem::of(&slugs::FORBIDDEN));
    }
    Ok(caller)
}

/// The one `Authorization: Bearer` of a request (RFC 6750 §2.1).
pub(super) fn bearer(parts: &Parts) -> Option<&str> {
    let mut all = parts.headers.get_all(header::AUTHORIZATION).iter();
    let text = all.next()?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    (all.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(key.trim())
}

/// The team that a path names, where the caller may act on it; else it does not exist.
pub fn team_of_path(caller: &Caller, text: &str) -> Result<TeamName, Problem> {
    let named: Option<TeamName> = text.parse().ok();
    named.and_then(|named| caller.team_for(Some(&named))).ok_or_else(|| Problem::of(&slugs::NOT_FOUND))
}

/// The team of a list or a creation: the caller's own, or the one an owner names by `?team=`.
pub fn team_of_query(caller: &Caller, named: Option<&str>) -> Result<TeamName, Problem> {
    match named {
        Some(text) => team_of_path(caller, text),
        None => caller.team.clone().ok_or_else(|| {
            Problem::of(&slugs::INVALID).saying("An owner says which team by the query parameter team.")
        }),
    }
}

/// An act of a caller on the interaction that a path names.
pub fn acting<'a>(caller: &'a Caller, id: &str) -> Result<Acting<'a>, Problem> {
    let id: InteractionId = id.parse().map_err(|_| Problem::of(&slugs::NOT_FOUND))?;
    Ok(Acting { id, team: caller.sees(), actor: caller.actor.clone() })
}

/// An act of a caller on the challenge that a path names.
pub fn attending<'a>(caller: &'a Caller, id: &str) -> Result<Attending<'a>, Problem> {
    let id: ChallengeId = id.parse().map_err(|_| Problem::of(&slugs::NOT_FOUND))?;
    Ok(Attending { id, team: caller.sees(), actor: caller.actor.clone() })
}

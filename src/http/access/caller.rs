//! No handler of the API runs without a proven caller of the role that it names.
//! A team that is not the caller's does not exist for it: the answer is the same 404.

use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::header;
use http::request::Parts;

use super::session::of_own_page;
use crate::domain::base::id::{ChallengeId, InteractionId, TeamName};
use crate::domain::team::{Presented, Role};
use crate::http::limits::client::client;
use crate::http::limits::failures::{RequestSource, too_often};
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::http::state::Shared;
use crate::services::challenges::Attending;
use crate::services::conversations::snapshots::Acting;
use crate::services::staff::caller::{Caller, Credential};

macro_rules! callers {
    ($($(#[$doc:meta])* $name:ident = $role:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $name {
                caller: Arc<Caller>,
                /// The gateway and all that belongs to the HTTP front.
                pub state: Shared,
            }

            impl FromRequestParts<Shared> for $name {
                type Rejection = Problem;
                async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
                    Ok(Self { caller: caller(parts, state, $role).await?, state: state.clone() })
                }
            }

            impl Deref for $name {
                type Target = Caller;
                fn deref(&self) -> &Caller {
                    &self.caller
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

/// A caller of the role `R`, and the team that the path names as its first parameter.
///
/// # Errors
/// 401 and 403 as for the role. 404 where the name is none, or the caller may not act on that team. 403 for a
/// frame, which sees nothing of a team.
pub struct TeamAccess<R> {
    /// The gateway and all that belongs to the HTTP front.
    pub state: Shared,
    /// Who calls.
    pub caller: R,
    /// The team of the path.
    pub team: TeamName,
}

impl<R> FromRequestParts<Shared> for TeamAccess<R>
where
    R: FromRequestParts<Shared, Rejection = Problem> + Deref<Target = Caller> + Send,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let caller = R::from_request_parts(parts, state).await?;
        let team = team_of_path(&caller, &path_parameter(parts, 0).await?)?;
        Ok(Self { state: state.clone(), caller, team })
    }
}

/// The same, with the team's resource that the path names as its second parameter, by a name of the type `N`.
///
/// # Errors
/// Those of `TeamAccess`; after them 404 where the resource's name is none.
pub struct TeamResource<R, N> {
    /// The gateway and all that belongs to the HTTP front.
    pub state: Shared,
    /// Who calls.
    pub caller: R,
    /// The team of the path.
    pub team: TeamName,
    /// The resource of the path.
    pub name: N,
}

impl<R, N: FromStr> FromRequestParts<Shared> for TeamResource<R, N>
where
    R: FromRequestParts<Shared, Rejection = Problem> + Deref<Target = Caller> + Send,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let TeamAccess { state, caller, team } = TeamAccess::from_request_parts(parts, state).await?;
        let name = path_parameter(parts, 1).await?.parse().map_err(|_| Problem::of(&problem_types::NOT_FOUND))?;
        Ok(Self { state, caller, team, name })
    }
}

/// The text of the path's parameter at a place, counted from 0; 400 where the path is not UTF-8.
async fn path_parameter(parts: &mut Parts, place: usize) -> Result<String, Problem> {
    let all =
        RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::of(&problem_types::BAD_REQUEST))?;
    let (_, text) = all.iter().nth(place).expect("the route has that parameter");
    Ok(text.to_owned())
}

async fn caller(parts: &Parts, state: &Shared, at_least: Role) -> Result<Arc<Caller>, Problem> {
    let found = match bearer(parts) {
        Some(key) => by_key(parts, state, key).await?,
        None => in_session(parts, state).await?,
    };
    let caller = found.ok_or_else(|| Problem::of(&problem_types::UNAUTHORIZED))?;
    if caller.role < at_least {
        return Err(Problem::of(&problem_types::FORBIDDEN));
    }
    Ok(caller)
}

/// Who holds a key. A back end calls with it for thousands of customers, so only keys that nobody holds count.
async fn by_key(parts: &Parts, state: &Shared, key: &str) -> Result<Option<Arc<Caller>>, Problem> {
    let known = state.gateway.callers.known_caller(key).await?;
    if known.is_some() {
        return Ok(known);
    }
    let (address, presented) = (client(parts.extensions.get(), &parts.headers, &state.proxies), Presented::parse(key));
    let team = presented.as_ref().map(|presented| &presented.team);
    let source = RequestSource { kind: "key", address, about: key, team };
    let found = state.failures.in_turn(&source, state.gateway.callers.caller(key)).await?;
    if found.is_none() && state.failures.count(&source) { Err(too_often()) } else { Ok(found) }
}

/// Who is signed in to the consoles. Whoever changes something is there, and does not become idle.
async fn in_session(parts: &Parts, state: &Shared) -> Result<Option<Arc<Caller>>, Problem> {
    let Some(credential) = of_own_page(state, &parts.headers)? else { return Ok(None) };
    let found = state.gateway.callers.caller_by(&credential).await?;
    if let (Some(_), false, Credential::Session { token, .. }) = (&found, parts.method.is_safe(), &credential) {
        state.gateway.users.session_is_used(token).await?;
    }
    Ok(found)
}

/// What a request is asked by, for who must ask again later.
pub(crate) fn credential(parts: &Parts, state: &Shared) -> Result<Option<Credential>, Problem> {
    match bearer(parts) {
        Some(key) => Ok(Some(Credential::Key(key.to_owned()))),
        None => of_own_page(state, &parts.headers),
    }
}

/// The one `Authorization: Bearer` of a request (RFC 6750 §2.1).
pub(crate) fn bearer(parts: &Parts) -> Option<&str> {
    let mut all = parts.headers.get_all(header::AUTHORIZATION).iter();
    let text = all.next()?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    (all.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(key.trim())
}

/// The team that a path names, where the caller may act on it; else it does not exist.
fn team_of_path(caller: &Caller, text: &str) -> Result<TeamName, Problem> {
    if caller.only.is_some() {
        return Err(
            Problem::of(&problem_types::FORBIDDEN).saying("A frame sees one interaction and nothing of its team.")
        );
    }
    let named: Option<TeamName> = text.parse().ok();
    named.and_then(|named| caller.team_for(Some(&named))).ok_or_else(|| Problem::of(&problem_types::NOT_FOUND))
}

/// The team of a list or a creation: the caller's own, or the one an owner names by `?team=`.
pub fn team_of_query(caller: &Caller, named: Option<&str>) -> Result<TeamName, Problem> {
    match named {
        _ if caller.only.is_some() => team_of_path(caller, ""),
        Some(text) => team_of_path(caller, text),
        None => caller.team.clone().ok_or_else(|| {
            Problem::of(&problem_types::INVALID).saying("An owner says which team by the query parameter team.")
        }),
    }
}

/// To a frame there is one interaction, and no other.
fn may_see(caller: &Caller, id: InteractionId) -> Result<(), Problem> {
    let other = caller.only.is_some_and(|only| only.interaction != id);
    if other { Err(Problem::of(&problem_types::NOT_FOUND)) } else { Ok(()) }
}

/// Refuses a frame. It shows an agent the conversation and does what its buttons do; what makes somebody the
/// customer, or speaks for the customer, is no part of that, and its session lies in a page on another website.
pub fn no_frame(caller: &Caller) -> Result<(), Problem> {
    match caller.only {
        Some(_) => Err(Problem::of(&problem_types::FORBIDDEN).saying("A frame does not act for the customer.")),
        None => Ok(()),
    }
}

/// An act of a caller on the interaction that a path names.
pub fn acting<'a>(caller: &'a Caller, id: &str) -> Result<Acting<'a>, Problem> {
    let id: InteractionId = id.parse().map_err(|_| Problem::of(&problem_types::NOT_FOUND))?;
    may_see(caller, id)?;
    Ok(Acting { id, team: caller.sees(), actor: caller.actor.clone() })
}

/// An act of a caller on the challenge that a path names.
pub fn attending<'a>(caller: &'a Caller, id: &str) -> Result<Attending<'a>, Problem> {
    let id: ChallengeId = id.parse().map_err(|_| Problem::of(&problem_types::NOT_FOUND))?;
    may_see(caller, id.interaction)?;
    Ok(Attending { id, team: caller.sees(), actor: caller.actor.clone() })
}

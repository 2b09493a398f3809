//! Who is asking: the owner of the configuration, or the holder of a team's API key.
//! What a role may do is for the handlers to name; here a key is only found out to be good.

use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, UnitWeighter};
use subtle::ConstantTimeEq;

use super::embeds::FRAME;
use super::teams::TeamView;
use super::{Error, Gateway, owner_tag};
use crate::domain::event::Actor;
use crate::domain::id::{InteractionId, TeamName};
use crate::domain::secret::{Secret, Tag};
use crate::domain::session::Who;
use crate::domain::team::{Presented, Role};

/// A caller whose key is good.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What it may do.
    pub role: Role,
    /// Its team; the configuration's owner has none.
    pub team: Option<TeamName>,
    /// How the audit trail names it.
    pub actor: Actor,
    /// Of the key's text: what idempotency keys belong to.
    pub mark: Tag,
    /// A frame's: all that it may see.
    pub only: Option<Only>,
    /// Who is signed in, where somebody is.
    pub who: Option<Who>,
}

/// What a frame is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Only {
    /// The one interaction.
    pub interaction: InteractionId,
}

/// What a request is asked by, before it is proved.
#[derive(Clone)]
pub enum Credential {
    /// An API key, or a frame's session.
    Key(String),
    /// A browser's session, in the team that its page is about.
    Session {
        /// Its secret.
        token: String,
        /// None: her own.
        team: Option<TeamName>,
    },
}

impl Caller {
    /// The team that a request is about: the caller's own, or the one an owner names.
    pub fn team_for(&self, named: Option<&TeamName>) -> Option<TeamName> {
        match (self.role, named) {
            (Role::Owner, Some(named)) => Some(named.clone()),
            (_, Some(named)) => self.team.clone().filter(|own| own == named),
            (_, None) => self.team.clone(),
        }
    }

    /// The team whose objects the caller may see; None for all of them.
    pub fn sees(&self) -> Option<&TeamName> {
        if self.role == Role::Owner { None } else { self.team.as_ref() }
    }
}

/// Callers whose keys were good, by their keys, each with the team as it was then: they are good
/// again for as long as that is what the team is. A key is found by a hash that this process alone
/// can make, which costs less than its fingerprint.
pub(super) struct Proven(Cache<Shown, (Arc<TeamView>, Arc<Caller>), UnitWeighter, RandomState>);

/// A key as it was shown.
struct Shown(Secret);

impl Hash for Shown {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().hash(state);
    }
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose().ct_eq(other.0.expose()).into()
    }
}

impl Eq for Shown {}

/// A key that is being shown.
#[derive(Hash)]
struct Showing<'a>(&'a [u8]);

impl Equivalent<Shown> for Showing<'_> {
    fn equivalent(&self, shown: &Shown) -> bool {
        self.0.ct_eq(shown.0.expose()).into()
    }
}

impl Default for Proven {
    fn default() -> Self {
        let (most, lifecycle) = (10_000, DefaultLifecycle::default());
        Self(Cache::with(most, most as u64, UnitWeighter, RandomState::new(), lifecycle))
    }
}

impl Gateway {
    /// The caller behind a credential; None where it is nobody's.
    pub async fn caller_by(&self, credential: &Credential) -> Result<Option<Arc<Caller>>, Error> {
        match credential {
            Credential::Key(key) => self.caller(key).await,
            Credential::Session { token, team } => self.caller_of_session(token, team.as_ref()).await,
        }
    }

    /// The caller whose key was proved before; None where it must be proved, or proved again.
    pub async fn known_caller(&self, key: &str) -> Result<Option<Arc<Caller>>, Error> {
        let proven = self.proven.0.get(&Showing(key.as_bytes()));
        if let Some((before, caller)) = proven
            && let Some(team) = self.team(&before.team.name).await?
            && Arc::ptr_eq(&before, &team)
        {
            return Ok(Some(caller));
        }
        Ok(None)
    }

    /// The caller whose key this is; None where it is nobody's.
    pub async fn caller(&self, key: &str) -> Result<Option<Arc<Caller>>, Error> {
        if let Some(known) = self.known_caller(key).await? {
            return Ok(Some(known));
        }
        let mark = owner_tag(&self.keys.api, key.as_bytes());
        if self.owner.is_some_and(|owner| owner == mark) {
            return Ok(Some(Arc::new(Caller {
                role: Role::Owner,
                team: None,
                actor: Actor::Owner,
                mark,
                only: None,
                who: None,
            })));
        }
        if let Some(token) = key.strip_prefix(FRAME) {
            return self.caller_of_frame(token).await;
        }
        let Some(presented) = Presented::parse(key) else { return Ok(None) };
        let has_it = |team: &TeamView| presented.verify(&team.team, &self.keys.api).is_some();
        let Some(team) = self.team_with(&presented.team, has_it).await? else { return Ok(None) };
        let Some(found) = presented.verify(&team.team, &self.keys.api) else { return Ok(None) };
        let actor = Actor::ApiKey(found.id.to_string());
        let caller =
            Arc::new(Caller { role: found.role, team: Some(presented.team), actor, mark, only: None, who: None });
        self.proven.0.insert(Shown(Secret::new(key.as_bytes().to_vec())), (team, caller.clone()));
        Ok(Some(caller))
    }
}

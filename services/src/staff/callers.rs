//! Who is asking: the owner of the configuration, or the holder of a team's API key.
//! What a role may do is for the handlers to name; here a key is only found out to be good.

use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;

use async_trait::async_trait;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, UnitWeighter};
use subtle::ConstantTimeEq;

use super::caller::{Caller, Credential};
use super::{Callers, owner_tag};
use crate::engine::Error;
use crate::events::stream::CredentialCheck;
use crate::teams::TeamView;
use countersign_domain::event::Actor;
use countersign_domain::secret::Secret;
use countersign_domain::team::{Presented, Role};

/// Callers whose keys were good, by their keys, each with the team as it was then: they are good
/// again for as long as that is what the team is. A key is found by a hash that this process alone
/// can make, which costs less than its fingerprint.
pub(crate) struct Proven(Cache<Shown, (Arc<TeamView>, Arc<Caller>), UnitWeighter, RandomState>);

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

/// What a stream is listened to by.
struct ListensBy {
    callers: Arc<Callers>,
    credential: Credential,
}

#[async_trait]
impl CredentialCheck for ListensBy {
    async fn counts(&self) -> Result<bool, Error> {
        Ok(self.callers.caller_by(&self.credential).await?.is_some())
    }
}

impl Callers {
    /// What says, for as long as somebody listens to a stream by a credential, whether it counts still.
    pub fn credential_check(self: &Arc<Self>, credential: Credential) -> Box<dyn CredentialCheck> {
        Box::new(ListensBy { callers: self.clone(), credential })
    }

    /// The caller behind a credential; None where it is nobody's.
    pub async fn caller_by(&self, credential: &Credential) -> Result<Option<Arc<Caller>>, Error> {
        match credential {
            Credential::Key(key) => self.caller(key).await,
            Credential::Session { token, team } => self.users.caller_of_session(token, team.as_ref()).await,
        }
    }

    /// The caller whose key was proved before; None where it must be proved, or proved again.
    pub async fn known_caller(&self, key: &str) -> Result<Option<Arc<Caller>>, Error> {
        let proven = self.proven.0.get(&Showing(key.as_bytes()));
        if let Some((before, caller)) = proven
            && let Some(team) = self.teams.team(&before.team.name).await?
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
        let mark = owner_tag(&self.engine.keys.api, key.as_bytes());
        if self.users.is_owner(mark) {
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
            return self.users.caller_of_frame(token).await;
        }
        let Some(presented) = Presented::parse(key) else { return Ok(None) };
        let has_it = |team: &TeamView| presented.verify(&team.team, &self.engine.keys.api).is_some();
        let Some(team) = self.teams.team_with(&presented.team, has_it).await? else { return Ok(None) };
        let Some(found) = presented.verify(&team.team, &self.engine.keys.api) else { return Ok(None) };
        let actor = Actor::ApiKey(found.id.to_string());
        let caller =
            Arc::new(Caller { role: found.role, team: Some(presented.team), actor, mark, only: None, who: None });
        self.proven.0.insert(Shown(Secret::new(key.as_bytes().to_vec())), (team, caller.clone()));
        Ok(Some(caller))
    }
}

/// What the bearers of frames' sessions begin with.
pub(crate) const FRAME: &str = "cse_";

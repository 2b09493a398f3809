//! Sessions of the consoles: begun, shown, ended. What somebody may do by one is asked of her record and of
//! the configuration each time, so that what was changed holds at once.
//!
//! How somebody proves who she is, `signing_in` and `provider` say. A browser holds a secret, the store its
//! fingerprint.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Users;
use super::caller::{Caller, Only};
use crate::engine::decide::Confirm;
use crate::engine::{Effects, Error, KeyOf, Schedule, Slot, StoredRecord, encode};
use crate::names::{provided_name, session_name, user_name};
use countersign_domain::base::id::{TeamName, UserName};
use countersign_domain::secret::{Tag, base64url};
use countersign_domain::team::Role;
use countersign_domain::team::oidc::Rights;
use countersign_domain::team::session::{FrameGuest, Session, SessionOwner, Voucher, Who};
use countersign_domain::team::user::User;
use countersign_domain::time::Moment;
use countersign_store::Partition;

/// Where the owner's generation is kept among those of providers' people; no provider is called so.
pub(crate) const OWNER: (&str, &str) = ("", "owner");

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub who: Who,
    /// What she may do, and where.
    pub rights: Rights,
    /// When the session ends if nothing is done.
    pub until: Moment,
}

impl Users {
    /// Keeps a session; its secret is told to the browser and to nobody else.
    pub(crate) async fn keep_session(&self, of: SessionOwner, lasts: Duration) -> Result<String, Error> {
        let token = base64url(&self.engine.draw::<32>());
        let epoch = self.engine.epoch().number;
        let keep = |session: &mut Slot<Session>, _: &mut Effects, now| {
            session.put(Session::begin(of.clone(), lasts, epoch, now));
            Ok(())
        };
        self.engine.transact(&self.session_key(&token), keep).await?;
        Ok(token)
    }

    /// A session that counts now.
    pub(crate) async fn session(&self, token: &str) -> Result<Option<Session>, Error> {
        let session = self.engine.record(&self.session_key(token)).await?;
        Ok(session.filter(|session| session.is_live(self.engine.epoch().number, self.engine.now())))
    }

    /// Ends a session; what it was, where it still counted. Of several at once one is told.
    pub(crate) async fn take_session(&self, token: &str) -> Result<Option<Session>, Error> {
        let epoch = self.engine.epoch().number;
        let take = |slot: &mut Slot<Session>, _: &mut Effects, now| {
            let Some(session) = slot.get().filter(|session| session.of != SessionOwner::Over).cloned() else {
                return Ok(None);
            };
            slot.put(Session { of: SessionOwner::Over, ..session.clone() });
            Ok(Some(session).filter(|session| session.is_live(epoch, now)))
        };
        self.engine.transact(&self.session_key(token), take).await
    }

    /// The session's person goes.
    pub async fn end_session(&self, token: &str) -> Result<(), Error> {
        self.take_session(token).await.map(drop)
    }

    /// Its person is there: it does not become idle yet.
    pub async fn session_is_used(&self, token: &str) -> Result<(), Error> {
        let epoch = self.engine.epoch().number;
        if self.session(token).await?.is_none_or(|mut session| !session.seen(self.engine.now())) {
            return Ok(());
        }
        let note = |slot: &mut Slot<Session>, effects: &mut Effects, now| {
            let Some(mut session) = slot.get().cloned() else { return Ok(()) };
            if session.is_live(epoch, now) && session.seen(now) {
                slot.put(session);
                effects.confirm(Confirm::Nothing);
            }
            Ok(())
        };
        self.engine.transact(&self.session_key(token), note).await
    }

    /// Who is signed in by a session, and what she may do now.
    pub async fn signed_in(&self, token: &str) -> Result<Option<SignedIn>, Error> {
        let Some(session) = self.session(token).await? else { return Ok(None) };
        let until = session.until();
        let SessionOwner::Person(who) = session.of else { return Ok(None) };
        let rights = self.rights(&who).await?;
        Ok(rights.map(|rights| SignedIn { who, rights, until }))
    }

    /// What somebody may do now; None where that is nothing.
    async fn rights(&self, who: &Who) -> Result<Option<Rights>, Error> {
        let rights = match who {
            Who::Owner(shown) => Rights { owner: self.owner_mark().await? == Some(*shown), ..Rights::default() },
            Who::Local(local) => {
                let user = self.user_record(&local.team, &local.name).await?;
                let user = user.filter(|user| !user.disabled && user.generation == local.generation);
                let Some(user) = user else { return Ok(None) };
                if self.teams.team(&user.team).await?.is_none() {
                    return Ok(None);
                }
                Rights { owner: user.role == Role::Owner, teams: [(user.team, user.role)].into() }
            }
            Who::Provided { issuer, subject, groups, generation, .. } => {
                let provider = self.oidc.as_ref().filter(|provider| provider.issuer == *issuer);
                let Some(provider) = provider else { return Ok(None) };
                if self.generation_of(issuer, subject).await? != *generation {
                    return Ok(None);
                }
                provider.rights(groups)
            }
        };
        Ok(Some(rights).filter(|rights| !rights.is_empty()))
    }

    /// The caller that a session makes, in the team that is named or, where none is, her own.
    pub(crate) async fn caller_of_session(
        &self,
        token: &str,
        team: Option<&TeamName>,
    ) -> Result<Option<Arc<Caller>>, Error> {
        let Some(SignedIn { who, rights, .. }) = self.signed_in(token).await? else { return Ok(None) };
        Ok(self.caller_in(who, &rights, team))
    }

    fn caller_in(&self, who: Who, rights: &Rights, team: Option<&TeamName>) -> Option<Arc<Caller>> {
        let (role, team) = match (rights.owner, team) {
            (true, team) => (Role::Owner, team.or(rights.teams.keys().next()).cloned()),
            (false, Some(team)) => (*rights.teams.get(team)?, Some(team.clone())),
            (false, None) => rights.teams.iter().next().map(|(team, role)| (*role, Some(team.clone())))?,
        };
        let actor = who.actor();
        let mark = self.mark_of(&encode(&actor));
        Some(Arc::new(Caller { role, team, actor, mark, only: None, who: Some(who) }))
    }

    fn mark_of(&self, whose: &[u8]) -> Tag {
        self.engine.keys.session.tag(&[b"caller", whose])
    }

    /// The caller that a frame makes: bound to its interaction, for as long as whoever let it in counts.
    pub(crate) async fn caller_of_frame(&self, token: &str) -> Result<Option<Arc<Caller>>, Error> {
        let Some(Session { of: SessionOwner::Frame(guest), .. }) = self.session(token).await? else { return Ok(None) };
        Ok(self.vouched_role(&guest).await?.map(|role| {
            let FrameGuest { team, interaction, by, .. } = guest;
            let only = Some(Only { interaction });
            let mark = self.mark_of(token.as_bytes());
            Arc::new(Caller { role, team: Some(team), actor: by.actor(), mark, only, who: None })
        }))
    }

    /// What a frame may do: no more than when it was let in, and no more than who let it in may now.
    pub(crate) async fn vouched_role(&self, guest: &FrameGuest) -> Result<Option<Role>, Error> {
        let now = match &guest.by {
            Voucher::Owner => self.owner.map(|_| Role::Owner),
            Voucher::Key { team, id } => {
                let view = self.teams.team(team).await?;
                let key = view.as_ref().and_then(|view| view.team.api_keys.iter().find(|key| key.id == *id));
                key.filter(|key| key.role == Role::Owner || *team == guest.team).map(|key| key.role)
            }
            Voucher::Person(who) => self.rights(who).await?.and_then(|rights| match rights.owner {
                true => Some(Role::Owner),
                false => rights.teams.get(&guest.team).copied(),
            }),
        };
        Ok(now.map(|role| role.min(guest.role)))
    }

    /// The record of a local user.
    pub(crate) fn user_key(&self, team: &TeamName, name: &UserName) -> KeyOf<User> {
        KeyOf::new(self.engine.team_partition(team), user_name(team, name))
    }

    /// A local user's record.
    pub(crate) async fn user_record(&self, team: &TeamName, name: &UserName) -> Result<Option<User>, Error> {
        self.engine.record(&self.user_key(team, name)).await
    }

    /// What a session of the owner's shows to count: no session of another key, or of an earlier generation.
    pub(crate) async fn owner_mark(&self) -> Result<Option<Tag>, Error> {
        let Some(key) = self.owner else { return Ok(None) };
        let generation = self.generation_of(OWNER.0, OWNER.1).await?;
        let parts = [&b"owner"[..], key.as_bytes(), &generation.to_be_bytes()];
        Ok(Some(if generation == 0 { key } else { self.engine.keys.session.tag(&parts) }))
    }

    /// Which generation of sessions of a provider's person counts.
    pub(crate) async fn generation_of(&self, issuer: &str, subject: &str) -> Result<u64, Error> {
        let generation = self.engine.record(&self.generation_key(issuer, subject)).await?;
        Ok(generation.unwrap_or_default().0)
    }

    /// Every session of a provider's person is over.
    pub(crate) async fn end_generation(&self, issuer: &str, subject: &str) -> Result<(), Error> {
        let end = |generation: &mut Slot<SessionGeneration>, _: &mut Effects, _| {
            generation.get_or_default().0 += 1;
            Ok(())
        };
        self.engine.transact(&self.generation_key(issuer, subject), end).await
    }

    pub(crate) fn generation_key(&self, issuer: &str, subject: &str) -> KeyOf<SessionGeneration> {
        let tag = self.engine.keys.session.tag(&[b"provided", issuer.as_bytes(), subject.as_bytes()]);
        KeyOf::new(Partition(tag.as_bytes()[31]), provided_name(&tag.name()))
    }

    fn session_key(&self, token: &str) -> KeyOf<Session> {
        let tag = self.engine.keys.session.tag(&[b"session", token.as_bytes()]);
        KeyOf::new(Partition(tag.as_bytes()[31]), session_name(&tag.name()))
    }
}

impl StoredRecord for Session {
    fn schedule(&self, _: Moment) -> Schedule {
        Schedule::expires(self.ends_at)
    }
}

/// Which generation of sessions of a provider's person counts.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SessionGeneration(pub u64);

impl StoredRecord for SessionGeneration {}

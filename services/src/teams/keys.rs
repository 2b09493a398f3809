//! Security keys (shared with login pages) and API keys (of callers).
//! Both lie in the team's record; what a key may be is judged in `domain::team`.

use std::sync::Arc;

use serde_json::Value;

use super::{TeamView, Teams, team_event};
use crate::engine::decide::Confirm;
use crate::engine::replay::executed;
use crate::engine::{Effects, Error, Execution, IdempotencyRecord, Slot};
use countersign_domain::base::id::{ApiKeyId, Kid, TeamName};
use countersign_domain::event::data::teams::{KeyActivatedData, KeyEventData, KeyKind, KeyRetiredData};
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::proof::assertion;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::Secret;
use countersign_domain::team::{Activation, ApiKey, KeyChange, Role, SecurityKey, Team};
use countersign_domain::time::Moment;

/// A new API key: its text is told once.
pub type NewApiKey = (ApiKey, Secret);

impl Teams {
    /// Makes a shared key, or registers a public one.
    pub async fn add_security_key(
        &self,
        team: &TeamName,
        public: Option<&Value>,
        actor: &Actor,
        idempotency: Option<&IdempotencyRecord<'_, SecurityKey>>,
    ) -> Result<Execution<SecurityKey>, Error> {
        let (secret, kid) = (self.engine.draw(), self.engine.draw());
        let rule = |record: &mut Team, now| {
            let key = match public {
                None => record.add_shared_key(secret, kid, now)?,
                Some(jwk) => record.add_public_key(jwk, kid, now)?,
            };
            let data = KeyEventData::security_key(key.kid.clone());
            Ok((key, vec![team_event(team, EventData::KeyCreated(data), actor, now)]))
        };
        self.change_team(team, rule, idempotency).await
    }

    /// The team whose login page or website says that it signed `token`.
    pub(crate) async fn team_signing(&self, team: &TeamName, token: &str) -> Result<Option<Arc<TeamView>>, Error> {
        let named = assertion::named_key(token);
        let has_it =
            |view: &TeamView| named.as_ref().is_none_or(|kid| view.verifying.iter().any(|key| key.kid == *kid));
        self.team_with(team, has_it).await
    }

    /// Notes that a key has verified something, at most once an hour for each key. If that cannot be saved, a later
    /// use is noted, and no login fails.
    pub(crate) async fn note_key_use(&self, view: &TeamView, kid: &Kid) {
        let key = view.team.security_keys.iter().find(|key| key.kid == *kid);
        if key.is_none_or(|key| !key.is_use_news(self.engine.now())) {
            return;
        }
        let name = &view.team.name;
        let note = |slot: &mut Slot<Team>, effects: &mut Effects, now| {
            let Some(mut team) = slot.get().filter(|team| !team.leaving).cloned() else { return Ok(()) };
            if team.security_key(kid).is_some_and(|key| key.used(now)) {
                slot.put(team);
                effects.confirm(Confirm::Nothing);
            }
            Ok(())
        };
        if let Err(error) = self.engine.transact(&self.team_key(name), note).await {
            tracing::info!(team = %name, %kid, %error, "the use of a security key was not noted");
        }
        self.forget(Some(name));
    }

    /// A pending key signs from now on. The key that signed so far verifies for so many minutes more.
    pub async fn activate_key(
        &self,
        team: &TeamName,
        kid: &Kid,
        overlap_minutes: u64,
        actor: &Actor,
    ) -> Result<KeyChange, Error> {
        let rule = |record: &mut Team, now| {
            let activation = record.activate(kid, overlap_minutes, now)?;
            let change = record.key_change(kid, now)?;
            let Activation::Activated(retired) = activation else { return Ok((change, Vec::new())) };
            let retired = retired.map(|kid| key_retired(team, &kid, overlap_minutes, actor, now));
            let data = KeyActivatedData { kind: KeyKind::SecurityKey, kid: kid.clone() };
            let activated = team_event(team, EventData::KeyActivated(data), actor, now);
            Ok((change, retired.into_iter().chain([activated]).collect()))
        };
        executed(self.change_team(team, rule, None).await?)
    }

    /// A key verifies for so many minutes more.
    pub async fn retire_key(
        &self,
        team: &TeamName,
        kid: &Kid,
        after_minutes: u64,
        actor: &Actor,
    ) -> Result<KeyChange, Error> {
        let rule = |record: &mut Team, now| {
            record.retire(kid, after_minutes, now)?;
            let retired = key_retired(team, kid, after_minutes, actor, now);
            Ok((record.key_change(kid, now)?, vec![retired]))
        };
        executed(self.change_team(team, rule, None).await?)
    }

    /// A key counts no more.
    pub async fn revoke_key(&self, team: &TeamName, kid: &Kid, actor: &Actor) -> Result<KeyChange, Error> {
        let rule = |record: &mut Team, now| {
            record.revoke(kid, now)?;
            let data = KeyEventData::security_key(kid.clone());
            let revoked = team_event(team, EventData::KeyRevoked(data), actor, now);
            Ok((record.key_change(kid, now)?, vec![revoked]))
        };
        executed(self.change_team(team, rule, None).await?)
    }

    /// The team's security keys, newest first.
    pub async fn security_keys(&self, team: &TeamName) -> Result<Vec<SecurityKey>, Error> {
        let team = self.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(team.team.security_keys.iter().rev().cloned().collect())
    }

    /// Makes an API key.
    pub async fn add_api_key(
        &self,
        team: &TeamName,
        role: Role,
        name: &str,
        actor: &Actor,
        idempotency: Option<&IdempotencyRecord<'_, NewApiKey>>,
    ) -> Result<Execution<NewApiKey>, Error> {
        let draw = self.engine.draw();
        let rule = |record: &mut Team, now| {
            let key = record.add_api_key(role, name.to_owned(), draw, &self.engine.keys.api, now)?;
            let data = KeyEventData::api_key(key.0.id.clone(), Some(role));
            Ok((key, vec![team_event(team, EventData::KeyCreated(data), actor, now)]))
        };
        self.change_team(team, rule, idempotency).await
    }

    /// The team's API keys, newest first.
    pub async fn api_keys(&self, team: &TeamName) -> Result<Vec<ApiKey>, Error> {
        let team = self.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(team.team.api_keys.iter().rev().cloned().collect())
    }

    /// Takes an API key away. An admin may not take an owner's.
    pub async fn remove_api_key(&self, team: &TeamName, id: &ApiKeyId, by: Role, actor: &Actor) -> Result<(), Error> {
        let rule = |record: &mut Team, now| {
            let key = record.remove_api_key(id)?;
            if key.role > by {
                return Err(Refusal::Forbidden);
            }
            let data = KeyEventData::api_key(id.clone(), None);
            Ok(((), vec![team_event(team, EventData::KeyRevoked(data), actor, now)]))
        };
        executed(self.change_team(team, rule, None).await?)
    }
}

fn key_retired(team: &TeamName, kid: &Kid, after_minutes: u64, actor: &Actor, now: Moment) -> Event {
    let data = KeyRetiredData { kind: KeyKind::SecurityKey, kid: kid.clone(), after_minutes };
    team_event(team, EventData::KeyRetired(data), actor, now)
}

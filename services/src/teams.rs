//! Teams and the settings that hold for them, kept in memory under their versions.
//!
//! A store with a flag board confirms a version without waiting. Elsewhere what is kept counts
//! for a quarter of a second and is then read again; when it cannot be, the answer is "away",
//! never an old key or an old setting. Nobody is refused by what is kept: a key or a channel that it
//! lacks may have been made a moment ago on another node.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;

use self::drivers::Drivers;
use crate::engine::{Effects, Engine, Error, Execution, IdempotencyRecord, KeyOf, SYSTEM, Slot, StoredRecord};
use crate::names::{SYSTEM_RECORD, team_record};
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::settings::{Overrides, effective};
use countersign_domain::team::Team;
use countersign_domain::time::Moment;
use countersign_store::{CommitId, Order, RecordKey, VersionIndex};

pub mod audit_events;
pub mod channels;
pub mod drivers;
pub mod keys;
pub mod platforms;
pub mod providers;
pub mod screens;
pub mod settings;
pub mod sms;

mod view;

pub use view::TeamView;

/// What is kept counts for so long without being confirmed.
const FRESH: Duration = Duration::from_millis(250);

/// The index of all teams, in the system's partition.
pub(crate) const TEAMS: &str = "teams";

/// What this node knows.
#[derive(Default)]
pub(crate) struct CachedTeams {
    teams: DashMap<TeamName, Kept<Option<Arc<TeamView>>>>,
    system: DashMap<(), Kept<Arc<Overrides>>>,
}

#[derive(Clone)]
struct Kept<T> {
    /// Where its record lies.
    key: RecordKey,
    value: T,
    version: Option<CommitId>,
    /// Of the system layer that it was made with.
    system: Option<CommitId>,
    fresh_until: Duration,
}

/// What is kept elsewhere of teams' secrets: it goes with what it was opened for.
pub(crate) trait TeamCache: Send + Sync {
    /// The team is gone.
    fn forget_team(&self, _team: &TeamName) {}

    /// A channel of the team was written anew or taken away.
    fn forget_channel(&self, _team: &TeamName, _channel: &ChannelName) {}
}

/// Teams, their settings, keys and screens.
pub struct Teams {
    pub(crate) engine: Arc<Engine>,
    pub(crate) drivers: Arc<Drivers>,
    /// What this node knows.
    pub(crate) teams: CachedTeams,
    /// What was opened with teams' secrets.
    pub(crate) caches: Vec<Arc<dyn TeamCache>>,
}

impl Teams {
    /// A team as it is now.
    pub async fn team(&self, name: &TeamName) -> Result<Option<Arc<TeamView>>, Error> {
        let (system, system_version) = self.system().await?;
        let known = self.teams.teams.get(name).filter(|kept| kept.system == system_version);
        if let Some(kept) = &known
            && self.holds(kept)
        {
            return Ok(kept.value.clone());
        }
        let known = known.map(|kept| (kept.version, kept.value.clone()));
        let key = self.team_key(name);
        let fresh_until = self.engine.clock.elapsed() + FRESH;
        let read = self.engine.load(&key).await?;
        let version = read.version();
        let value = match read.into_record() {
            // The same as before is the same view: whoever holds it sees at a glance that nothing changed.
            Some(_) if known.as_ref().is_some_and(|(before, _)| *before == version) => known.and_then(|(_, view)| view),
            Some(team) => (!team.leaving).then(|| self.view(team, &system).map(Arc::new)).transpose()?,
            None => None,
        };
        if value.is_some() {
            let key = key.into();
            let kept = Kept { key, value: value.clone(), version, system: system_version, fresh_until };
            self.teams.teams.insert(name.clone(), kept);
        } else if self.teams.teams.remove(name).is_some() {
            // Names that do not exist are without number; this one did.
            self.forget_opened(name);
        }
        Ok(value)
    }

    /// A team that has what `has` looks for; where it has not, as the store has it this moment.
    pub async fn team_with(
        &self,
        name: &TeamName,
        has: impl Fn(&TeamView) -> bool,
    ) -> Result<Option<Arc<TeamView>>, Error> {
        match self.team(name).await? {
            Some(team) if !has(&team) => {
                if let Some(mut kept) = self.teams.teams.get_mut(name) {
                    kept.fresh_until = Duration::ZERO;
                }
                self.team(name).await
            }
            found => Ok(found),
        }
    }

    /// The system layer as it is now.
    pub(crate) async fn system(&self) -> Result<(Arc<Overrides>, Option<CommitId>), Error> {
        if let Some(kept) = self.teams.system.get(&())
            && self.holds(&kept)
        {
            return Ok((kept.value.clone(), kept.version));
        }
        let fresh_until = self.engine.clock.elapsed() + FRESH;
        let read = self.engine.load(&system_key()).await?;
        let version = read.version();
        let layer = read.into_record().unwrap_or_default();
        effective(&layer, &Overrides::default()).map_err(|refusal| unreadable("the system's settings", &refusal))?;
        let value = Arc::new(layer);
        let key = system_key().into();
        self.teams.system.insert((), Kept { key, value: value.clone(), version, system: None, fresh_until });
        Ok((value, version))
    }

    /// Whether what was kept still is what the store has.
    fn holds<T>(&self, kept: &Kept<T>) -> bool {
        match self.engine.store.version_index(&kept.key) {
            VersionIndex::Version(newest) => kept.version == Some(newest),
            VersionIndex::Absent => kept.version.is_none(),
            VersionIndex::NotKept => self.engine.clock.elapsed() < kept.fresh_until,
        }
    }

    /// What this node kept of a team or of the system layer is out of date.
    pub(crate) fn forget(&self, name: Option<&TeamName>) {
        match name {
            Some(name) => drop(self.teams.teams.remove(name)),
            None => self.teams.system.clear(),
        }
    }

    /// What was opened with a team's secrets goes with the team.
    pub(crate) fn forget_opened(&self, name: &TeamName) {
        self.caches.iter().for_each(|cache| cache.forget_team(name));
    }

    /// What was opened with a channel's secrets goes with the channel.
    pub(crate) fn forget_channel(&self, name: &TeamName, channel: &ChannelName) {
        self.caches.iter().for_each(|cache| cache.forget_channel(name, channel));
    }

    /// A page of all teams: name and title, and where the next page begins.
    pub async fn list_teams(&self, after: Option<&str>, limit: usize) -> Result<Vec<(TeamName, String)>, Error> {
        let entries = self.engine.store.list(SYSTEM, TEAMS, Order::Rising, after, limit).await?;
        let mut teams = Vec::with_capacity(entries.len());
        for entry in entries {
            let title = String::from_utf8_lossy(&self.engine.open_at(TEAMS, &entry.bytes)?).into_owned();
            let name = entry.member.parse().map_err(|_| Error::Damaged("the index of teams".into()))?;
            teams.push((name, title));
        }
        Ok(teams)
    }

    /// Lets a rule change a team's record.
    pub(crate) async fn change_team<T>(
        &self,
        name: &TeamName,
        rule: impl Fn(&mut Team, Moment) -> Result<(T, Vec<Event>), Refusal>,
        idempotency: Option<&IdempotencyRecord<'_, T>>,
    ) -> Result<Execution<T>, Error> {
        let change = |team: &mut Slot<Team>, effects: &mut Effects, now| {
            let (outcome, events) = rule(existing_team_mut(team)?, now)?;
            effects.tell_all(events);
            Ok(outcome)
        };
        let changed = self.engine.transact_once(&self.team_key(name), idempotency, change).await;
        self.forget(Some(name));
        changed
    }

    /// The record of a team.
    pub(crate) fn team_key(&self, name: &TeamName) -> KeyOf<Team> {
        KeyOf::new(self.engine.team_partition(name), team_record(name))
    }

    /// A team as it is now.
    pub(crate) async fn current_team(&self, team: &TeamName) -> Result<std::sync::Arc<TeamView>, Error> {
        Ok(self.team(team).await?.ok_or(Refusal::NotFound("team"))?)
    }
}

/// Settings that do not stand: of a newer release, mostly.
fn unreadable(whose: &str, refusal: &Refusal) -> Error {
    let errors = match refusal {
        Refusal::Invalid(errors) => errors.iter().map(|f| format!(" {} {}", f.pointer, f.error.detail)).collect(),
        other => other.to_string(),
    };
    Error::Damaged(format!("{whose} cannot be followed:{errors}"))
}

impl StoredRecord for Team {}

impl StoredRecord for Overrides {}

/// The record of the system layer of the settings.
pub(crate) fn system_key() -> KeyOf<Overrides> {
    KeyOf::new(SYSTEM, SYSTEM_RECORD)
}

/// The team; refused where there is none, or none any more.
pub(crate) fn existing_team(team: &Slot<Team>) -> Result<&Team, Refusal> {
    team.get().filter(|team| !team.leaving).ok_or(Refusal::NotFound("team"))
}

/// The team, to be changed; refused where there is none, or none any more.
pub(crate) fn existing_team_mut(team: &mut Slot<Team>) -> Result<&mut Team, Refusal> {
    team.get_mut().filter(|team| !team.leaving).ok_or(Refusal::NotFound("team"))
}

/// Something that happened to a team.
pub(crate) fn team_event(team: &TeamName, data: EventData, actor: &Actor, at: Moment) -> Event {
    let (team, actor) = (team.clone(), actor.clone());
    Event { at, team, channel: None, interaction: None, participant: None, actor, data }
}

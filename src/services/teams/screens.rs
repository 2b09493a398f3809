//! A team's own opening screens: each is a record beside the team's, which names them all.
//! What may stand in one, `domain::screen` says; how it is shown, `http`.

use serde_json::json;

use super::{Teams, save_team, team_event};
use crate::domain::base::id::{ScreenName, TeamName};
use crate::domain::base::validation;
use crate::domain::base::validation::FieldError;
use crate::domain::event::{Actor, Event, EventKind};
use crate::domain::refusal::Refusal;
use crate::domain::settings::effective;
use crate::domain::settings::precondition::Precondition;
use crate::domain::team::Team;
use crate::domain::team::screen::{MAX_SCREENS, Screen};
use crate::domain::time::Moment;
use crate::engine::decide::{Change, PlainRecord, Reads};
use crate::engine::{Error, decode, encode};
use crate::services::names::screen_name;

impl Teams {
    /// Makes a screen, or puts another in its place; true where it is new.
    pub async fn put_screen(
        &self,
        team: &TeamName,
        name: &ScreenName,
        screen: &Screen,
        only_if: Precondition,
        actor: &Actor,
    ) -> Result<bool, Error> {
        let Reads { partition, mut names } = self.team_reads(team);
        names.push(screen_name(team, name));
        let reads = Reads { partition, names };
        let saved = self
            .engine
            .decide(&reads, |records, now| {
                let bytes = records[0].as_ref().ok_or(Refusal::NotFound("team"))?;
                let mut record: Team = decode(team.as_str(), bytes)?;
                if record.leaving {
                    return Ok(Change::nothing(Err(Refusal::NotFound("team"))));
                }
                let is_new = record.screens.insert(name.clone());
                if let Err(refusal) = only_if.admit(!is_new) {
                    return Ok(Change::nothing(Err(refusal)));
                }
                if record.screens.len() > MAX_SCREENS {
                    let error = FieldError::at("", validation::TOO_MANY_SCREENS.with([("most", &MAX_SCREENS)]));
                    return Ok(Change::nothing(Err(Refusal::Invalid(vec![error]))));
                }
                let mut change = save_team(&record, is_new);
                change.put.push(PlainRecord {
                    name: reads.names[1].clone(),
                    bytes: encode(screen),
                    ..PlainRecord::default()
                });
                change.events.push(changed(team, name, actor, now));
                Ok(change)
            })
            .await?;
        self.forget(Some(team));
        Ok(saved.outcome?)
    }

    /// Takes a screen away. One that PIN pages open with stays.
    pub async fn remove_screen(&self, team: &TeamName, name: &ScreenName, actor: &Actor) -> Result<(), Error> {
        let (system, _) = self.system().await?;
        let Reads { partition, mut names } = self.team_reads(team);
        names.push(screen_name(team, name));
        let reads = Reads { partition, names };
        let saved = self.engine.decide(&reads, |records, now| {
            let bytes = records[0].as_ref().ok_or(Refusal::NotFound("team"))?;
            let mut record: Team = decode(team.as_str(), bytes)?;
            if record.leaving || !record.screens.remove(name) {
                return Ok(Change::nothing(Err(Refusal::NotFound("screen"))));
            }
            if effective(&system, &record.overrides)?.settings.pin.opening_screen.as_deref() == Some(name.as_str()) {
                let error = FieldError::at("/pin/opening_screen", &validation::SCREEN_IN_USE);
                return Ok(Change::nothing(Err(Refusal::Invalid(vec![error]))));
            }
            let mut change = save_team(&record, ());
            change.delete.push(reads.names[1].clone());
            change.events.push(changed(team, name, actor, now));
            Ok(change)
        });
        saved.await?.outcome?;
        self.forget(Some(team));
        Ok(())
    }

    /// A screen as it will be shown.
    pub async fn screen(&self, team: &TeamName, name: &ScreenName) -> Result<Option<Screen>, Error> {
        let names = vec![screen_name(team, name)];
        let reads = Reads { partition: self.engine.team_partition(team), names };
        let opened = self.engine.read(&reads).await?.pop().flatten();
        opened.map(|bytes| decode(&reads.names[0], &bytes)).transpose()
    }
}

/// That an admin changed a screen.
fn changed(team: &TeamName, name: &ScreenName, actor: &Actor, now: Moment) -> Event {
    let data = json!({"level": "team", "paths": [format!("screens.{name}")]});
    team_event(team, EventKind::SettingsChanged, actor, now, data)
}

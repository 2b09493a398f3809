//! A team's own opening screens: each is a record beside the team's, which names them all.
//! `domain::team::screen` says what may stand in one; `http` shows it.

use super::{Teams, existing_team_mut, team_event};
use crate::engine::{Effects, Error, KeyOf, Slot, StoredRecord};
use crate::names::screen_name;
use countersign_domain::base::id::{ScreenName, TeamName};
use countersign_domain::base::validation;
use countersign_domain::base::validation::FieldError;
use countersign_domain::event::data::teams::{SettingsChangedData, SettingsLevel};
use countersign_domain::event::{Actor, Event, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::settings::effective;
use countersign_domain::settings::precondition::Precondition;
use countersign_domain::team::Team;
use countersign_domain::team::screen::{MAX_SCREENS, Screen};
use countersign_domain::time::Moment;

impl StoredRecord for Screen {}

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
        let key = self.screen_key(team, name);
        let put = |record: &mut Slot<Team>, effects: &mut Effects, now| {
            let record = existing_team_mut(record)?;
            let is_new = record.screens.insert(name.clone());
            only_if.admit(!is_new)?;
            if record.screens.len() > MAX_SCREENS {
                let error = FieldError::at("", validation::TOO_MANY_SCREENS.with([("most", &MAX_SCREENS)]));
                return Err(Refusal::Invalid(vec![error]).into());
            }
            effects.put(&key, screen);
            effects.tell(changed(team, name, actor, now));
            Ok(is_new)
        };
        let is_new = self.engine.transact(&self.team_key(team), put).await;
        self.forget(Some(team));
        is_new
    }

    /// Takes a screen away. One that PIN pages open with stays.
    pub async fn remove_screen(&self, team: &TeamName, name: &ScreenName, actor: &Actor) -> Result<(), Error> {
        let (system, _) = self.system().await?;
        let remove = |record: &mut Slot<Team>, effects: &mut Effects, now| {
            let record = existing_team_mut(record)?;
            if !record.screens.remove(name) {
                return Err(Refusal::NotFound("screen").into());
            }
            if effective(&system, &record.overrides)?.settings.pin.opening_screen.as_deref() == Some(name.as_str()) {
                let error = FieldError::at("/pin/opening_screen", &validation::SCREEN_IN_USE);
                return Err(Refusal::Invalid(vec![error]).into());
            }
            effects.delete(screen_name(team, name));
            effects.tell(changed(team, name, actor, now));
            Ok(())
        };
        self.engine.transact(&self.team_key(team), remove).await?;
        self.forget(Some(team));
        Ok(())
    }

    /// A screen as it will be shown.
    pub async fn screen(&self, team: &TeamName, name: &ScreenName) -> Result<Option<Screen>, Error> {
        self.engine.record(&self.screen_key(team, name)).await
    }

    fn screen_key(&self, team: &TeamName, name: &ScreenName) -> KeyOf<Screen> {
        KeyOf::new(self.engine.team_partition(team), screen_name(team, name))
    }
}

/// That an admin changed a screen.
fn changed(team: &TeamName, name: &ScreenName, actor: &Actor, now: Moment) -> Event {
    let data = SettingsChangedData::settings(SettingsLevel::Team, vec![format!("screens.{name}")]);
    team_event(team, EventData::SettingsChanged(data), actor, now)
}

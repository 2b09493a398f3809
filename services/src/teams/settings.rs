//! Reading and changing settings, of the system and of a team.
//! Bounds and layers are `domain::settings`'; how a change reaches those who read is `teams`'.

use serde_json::{Map, Value};

use super::{Teams, system_key, team_event};
use crate::engine::{Effects, Error, Execution, Slot};
use countersign_domain::base::id::TeamName;
use countersign_domain::base::validation;
use countersign_domain::base::validation::FieldError;
use countersign_domain::event::data::teams::{SettingsChangedData, SettingsLevel};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::settings::{Effective, Overrides, effective};
use countersign_domain::team::Team;

impl Teams {
    /// The system layer: what it sets, and what it comes to.
    pub async fn system_settings(&self) -> Result<(Value, Effective), Error> {
        let (layer, _) = self.system().await?;
        Ok((layer.json(), effective(&layer, &Overrides::default())?))
    }

    /// A team's layer: what it sets, and what it comes to.
    pub async fn team_settings(&self, name: &TeamName) -> Result<(Value, Effective), Error> {
        let team = self.team(name).await?.ok_or(Refusal::NotFound("team"))?;
        Ok((team.team.overrides.json(), team.effective.clone()))
    }

    /// Changes a team's layer by a merge patch. All of it holds, or none.
    pub async fn patch_team(&self, name: &TeamName, patch: &Map<String, Value>, actor: &Actor) -> Result<(), Error> {
        let (system, _) = self.system().await?;
        let paths: Vec<String> = patch.keys().cloned().collect();
        let told = self
            .change_team(
                name,
                |team, now| {
                    let next = team.overrides.patch(patch)?;
                    let effective = effective(&system, &next)?;
                    if names(patch, WEBHOOK) {
                        has_webhook(team, &effective)?;
                    }
                    has_screen(team, next.opening_screen())?;
                    team.overrides = next;
                    let data = SettingsChangedData::settings(SettingsLevel::Team, paths.clone());
                    Ok(((), vec![team_event(name, EventData::SettingsChanged(data), actor, now)]))
                },
                None,
            )
            .await?;
        match told {
            Execution::Executed(()) | Execution::Replayed(_) => Ok(()),
        }
    }

    /// Changes the system layer; refused where it would break a team, which is named.
    pub async fn patch_system(&self, patch: &Map<String, Value>, actor: &Actor) -> Result<(), Error> {
        let teams = self.every_team().await?;
        let paths = patch.keys().cloned().collect();
        let data = EventData::SettingsChanged(SettingsChangedData::settings(SettingsLevel::System, paths));
        let change = |layer: &mut Slot<Overrides>, effects: &mut Effects, now| {
            let next = layer.get_or_default().patch(patch)?;
            stands_for(&next, patch, &teams)?;
            layer.put(next);
            // Every team is told: its effective settings may be others now.
            let changed = |name| team_event(name, data.clone(), actor, now);
            effects.tell_all(teams.iter().map(|team| changed(&team.name)));
            Ok(())
        };
        let changed = self.engine.transact(&system_key(), change).await;
        self.forget(None);
        changed
    }

    /// Every team's record, page by page.
    async fn every_team(&self) -> Result<Vec<Team>, Error> {
        let (mut teams, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.list_teams(after.as_deref(), 200).await?;
            let Some((last, _)) = page.last() else { return Ok(teams) };
            after = Some(last.to_string());
            for (name, _) in &page {
                teams.extend(self.team(name).await?.map(|view| view.team.clone()));
            }
        }
    }
}

/// Whether the team has made the opening screen that is named.
fn has_screen(team: &Team, named: Option<&str>) -> Result<(), Refusal> {
    match named {
        Some(name) if !team.screens.iter().any(|screen| screen.as_str() == name) => {
            Err(Refusal::Invalid(vec![FieldError::at("/pin/opening_screen", &validation::NO_SCREEN)]))
        }
        _ => Ok(()),
    }
}

/// Settings that name something of a team's own: the webhook that codes are to go to, and the screen that
/// opens a PIN's page.
const WEBHOOK: &str = "delivery.event_webhook";
const SCREEN: &str = "pin.opening_screen";

/// Whether a patch says it. Where it does not, a team without the one that the system's layer names must
/// not keep anything else from being changed: it was made after that.
fn names(patch: &Map<String, Value>, setting: &str) -> bool {
    let (section, field) = setting.split_once('.').expect("a setting has a section");
    patch.get(section).and_then(|section| section.get(field)).is_some_and(|named| !named.is_null())
}

/// Whether the team has made the webhook that codes are to go to.
fn has_webhook(team: &Team, effective: &Effective) -> Result<(), Refusal> {
    match effective.settings.delivery.event_webhook.as_deref() {
        Some(name) if !team.webhooks.keys().any(|webhook| webhook.as_str() == name) => {
            Err(Refusal::Invalid(vec![FieldError::at("/delivery/event_webhook", &validation::NO_WEBHOOK)]))
        }
        _ => Ok(()),
    }
}

fn stands_for(system: &Overrides, patch: &Map<String, Value>, teams: &[Team]) -> Result<(), Refusal> {
    effective(system, &Overrides::default())?;
    for team in teams {
        let asked = names(patch, SCREEN) && !team.overrides.sets(SCREEN);
        let named = system.opening_screen().filter(|_| asked);
        let stands = effective(system, &team.overrides).and_then(|effective| match names(patch, WEBHOOK) {
            true => has_webhook(team, &effective),
            false => Ok(()),
        });
        let stands = stands.and_then(|()| has_screen(team, named));
        stands.map_err(|refusal| match refusal {
            Refusal::Invalid(errors) => Refusal::Invalid(
                errors
                    .into_iter()
                    .map(|f| FieldError { error: validation::of_team(f.error, team.name.as_str()), ..f })
                    .collect(),
            ),
            other => other,
        })?;
    }
    Ok(())
}

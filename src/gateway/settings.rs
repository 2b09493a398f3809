//! Reading and changing settings, of the system and of a team.

use serde_json::{Map, Value, json};

use super::teams::team_event;
use super::{Error, Gateway, Told};
use crate::domain::event::{Actor, EventKind};
use crate::domain::id::TeamName;
use crate::domain::refusal::Refusal;
use crate::domain::settings::{Effective, Overrides, effective};

impl Gateway {
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
        let paths: Vec<&String> = patch.keys().collect();
        let told = self
            .change_team(
                name,
                |team, now| {
                    let next = team.overrides.patch(patch)?;
                    effective(&system, &next)?;
                    team.overrides = next;
                    let data = json!({"level": "team", "paths": paths});
                    Ok(((), vec![team_event(name, EventKind::SettingsChanged, actor, now, data)]))
                },
                None,
            )
            .await?;
        match told {
            Told::Fresh(()) | Told::Again(_) => Ok(()),
        }
    }
}

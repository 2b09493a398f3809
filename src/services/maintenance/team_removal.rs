//! Making teams and taking them away with everything that the gateway keeps of them. A team whose removal was
//! interrupted is removed to its end before another takes its name.

use serde_json::json;

use super::Maintenance;
use crate::domain::base::id::TeamName;
use crate::domain::event::{Actor, EventKind};
use crate::domain::refusal::Refusal;
use crate::domain::settings::precondition::Precondition;
use crate::domain::team::Team;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::{DAY, Error, SYSTEM, decode};
use crate::services::names::{
    counting_name, cursor_name, delivery_indexes, gone_name, hours_index, screen_name, swept_name,
};
use crate::services::teams::{TEAMS, save_team, team_event};

impl Maintenance {
    /// Makes a team or gives it another title; true where it is new. The index comes first: a
    /// name without a team is passed over, a team without its name would be missed.
    pub async fn put_team(
        &self,
        name: &TeamName,
        title: &str,
        only_if: Precondition,
        actor: &Actor,
    ) -> Result<bool, Error> {
        self.finish_leaving(name).await?;
        only_if.admit(self.teams.team(name).await?.is_some())?;
        self.index_team(|change| change.enter.push((TEAMS.into(), name.to_string(), title.as_bytes().to_vec())))
            .await?;
        let reads = self.teams.team_reads(name);
        let saved = self
            .engine
            .decide(&reads, |records, now| {
                let before = records[0].as_ref().map(|b| decode::<Team>(name.as_str(), b)).transpose()?;
                let is_new = before.is_none();
                if let Err(refusal) = only_if.admit(!is_new) {
                    return Ok(Change::nothing(Err(refusal)));
                }
                let mut team = before.unwrap_or_else(|| Team::new(name.clone(), title.to_owned(), now));
                team.title = title.to_owned();
                let mut change = save_team(&team, is_new);
                if is_new {
                    change.events.push(team_event(name, EventKind::TeamCreated, actor, now, json!({"name": name})));
                }
                Ok(change)
            })
            .await?;
        self.teams.forget(Some(name));
        if saved.outcome == Err(Refusal::Exists) {
            // Somebody was quicker: the list calls it what the record does.
            let title = self.teams.current_team(name).await?.team.title.clone();
            self.index_team(|change| change.enter.push((TEAMS.into(), name.to_string(), title.as_bytes().to_vec())))
                .await?;
        }
        Ok(saved.outcome?)
    }

    /// Takes a team away with everything of it that the gateway keeps. From the first commit on
    /// it answers nobody; asked again after a crash, the rest is done.
    pub async fn delete_team(&self, name: &TeamName) -> Result<(), Error> {
        let reads = self.teams.team_reads(name);
        let saved = self.engine.decide(&reads, |records, _| {
            let bytes = records[0].as_ref().ok_or(Refusal::NotFound("team"))?;
            let team = Team { leaving: true, ..decode(name.as_str(), bytes)? };
            Ok(save_team(&team, ()))
        });
        saved.await?.outcome?;
        self.teams.forget(Some(name));
        self.teams.forget_opened(name);
        self.finish_leaving(name).await
    }

    /// Erases what a leaving team kept, and its record last.
    async fn finish_leaving(&self, name: &TeamName) -> Result<(), Error> {
        let reads = self.teams.team_reads(name);
        let opened = self.engine.read(&reads).await?;
        let team = opened[0].as_ref().map(|b| decode::<Team>(name.as_str(), b)).transpose()?;
        let Some(team) = team.filter(|team| team.leaving) else { return Ok(()) };
        self.erase_interactions(name, &Actor::Owner, |_| true).await?;
        self.logins.remove_logins(name).await?;
        self.customers.remove_customers(name).await?;
        self.relay.catch_up(Some(name)).await?;
        self.end_streams(name).await?;
        self.index_team(|change| change.remove.push((TEAMS.into(), name.to_string()))).await?;
        let users = self.users.names_of_users(name).await?;
        let screens: Vec<String> = team.screens.iter().map(|screen| screen_name(name, screen)).collect();
        let saved = self.engine.decide(&reads, |_, now| {
            let mut change = Change { confirm: Confirm::Written, ..Change::nothing(Ok(())) };
            change.delete.push(reads.names[0].clone());
            change.delete.extend(screens.iter().chain(&users).cloned());
            change.delete.extend([counting_name(name), swept_name(name)]);
            change.trim.push((hours_index(name), "~".to_owned()));
            for webhook in team.webhooks.keys() {
                change.delete.push(cursor_name(name, webhook));
                change.trim.extend(delivery_indexes(name, webhook));
            }
            change.delete.push(format!("customer/{name}/gone"));
            change.delete.push(format!("login/{name}/gone"));
            // A commit puts at least one record: this one says when the team went.
            change.put.push(PlainRecord {
                name: gone_name(name),
                expires: Some(now.plus(DAY)),
                ..PlainRecord::default()
            });
            Ok(change)
        });
        saved.await?.outcome?;
        self.teams.forget(Some(name));
        Ok(())
    }

    /// Changes the index of teams.
    async fn index_team(&self, how: impl Fn(&mut Change<()>)) -> Result<(), Error> {
        let reads = Reads { partition: SYSTEM, names: vec!["teams-index".into()] };
        let saved = self.engine.decide(&reads, |_, _| {
            let mut change = Change { confirm: Confirm::Written, ..Change::nothing(Ok(())) };
            change.put.push(PlainRecord { name: reads.names[0].clone(), ..PlainRecord::default() });
            how(&mut change);
            Ok(change)
        });
        Ok(saved.await?.outcome?)
    }
}

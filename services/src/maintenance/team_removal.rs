//! Making teams and taking them away with everything that the gateway keeps of them. A team whose removal was
//! interrupted is removed to its end before another takes its name.

use super::Maintenance;
use crate::engine::{Effects, Error, SYSTEM, Slot};
use crate::names::{counting_name, cursor_name, delivery_indexes, hours_index, screen_name};
use crate::teams::{TEAMS, team_event};
use countersign_domain::base::id::TeamName;
use countersign_domain::event::data::teams::TeamCreatedData;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::settings::precondition::Precondition;
use countersign_domain::team::Team;

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
        self.index_team(name, title).await?;
        let put = |slot: &mut Slot<Team>, effects: &mut Effects, now| {
            let is_new = slot.get().is_none();
            only_if.admit(!is_new)?;
            let mut team = slot.get().cloned().unwrap_or_else(|| Team::new(name.clone(), title.to_owned(), now));
            team.title = title.to_owned();
            slot.put(team);
            if is_new {
                let data = TeamCreatedData { name: name.clone() };
                effects.tell(team_event(name, EventData::TeamCreated(data), actor, now));
            }
            Ok(is_new)
        };
        let put = self.engine.transact(&self.teams.team_key(name), put).await;
        self.teams.forget(Some(name));
        if let Err(Error::Refused(Refusal::Exists)) = put {
            // Somebody was quicker: the list calls it what the record does.
            let title = self.teams.current_team(name).await?.team.title.clone();
            self.index_team(name, &title).await?;
        }
        put
    }

    /// Takes a team away with everything of it that the gateway keeps. From the first commit on
    /// it answers nobody; asked again after a crash, the rest is done.
    pub async fn delete_team(&self, name: &TeamName) -> Result<(), Error> {
        let leave = |team: &mut Slot<Team>, _: &mut Effects, _| {
            team.get_mut().ok_or(Refusal::NotFound("team"))?.leaving = true;
            Ok(())
        };
        self.engine.transact(&self.teams.team_key(name), leave).await?;
        self.teams.forget(Some(name));
        self.teams.forget_opened(name);
        self.finish_leaving(name).await
    }

    /// Erases what a leaving team kept, and its record last.
    async fn finish_leaving(&self, name: &TeamName) -> Result<(), Error> {
        let key = self.teams.team_key(name);
        let Some(team) = self.engine.record(&key).await?.filter(|team| team.leaving) else { return Ok(()) };
        self.erase_interactions(name, &Actor::Owner, |_| true).await?;
        self.logins.remove_logins(name).await?;
        self.customers.remove_customers(name).await?;
        self.relay.catch_up(Some(name)).await?;
        self.end_streams(name).await?;
        let unlist = |(): &mut (), effects: &mut Effects, _| {
            effects.remove(TEAMS, name.as_str());
            Ok(())
        };
        self.engine.transact(&SYSTEM, unlist).await?;
        let users = self.users.names_of_users(name).await?;
        let screens: Vec<String> = team.screens.iter().map(|screen| screen_name(name, screen)).collect();
        let remove = |slot: &mut Slot<Team>, effects: &mut Effects, _| {
            slot.delete();
            for record in screens.iter().chain(&users).chain([&counting_name(name)]) {
                effects.delete(record);
            }
            effects.trim(hours_index(name), "~");
            for webhook in team.webhooks.keys() {
                effects.delete(cursor_name(name, webhook));
                for (index, last) in delivery_indexes(name, webhook) {
                    effects.trim(index, last);
                }
            }
            Ok(())
        };
        self.engine.transact(&key, remove).await?;
        self.teams.forget(Some(name));
        Ok(())
    }

    /// Lists a team with its title.
    async fn index_team(&self, name: &TeamName, title: &str) -> Result<(), Error> {
        let list = |(): &mut (), effects: &mut Effects, _| {
            effects.enter(TEAMS, name.as_str(), title.as_bytes().to_vec());
            Ok(())
        };
        self.engine.transact(&SYSTEM, list).await
    }
}

//! Teams' accounts on chat platforms: written, read, taken away and tried out.
//! What an account must say is its platform's to judge; what leaves over it, `sending`'s.

use std::sync::Arc;

use countersign_channels::Channel as Driver;

use super::drivers::Drivers;
use super::{TeamView, Teams, team_event};
use crate::engine::replay::executed;
use crate::engine::{Engine, Error, Execution, IdempotencyRecord};
use countersign_domain::accounts::channel::{ChannelInput, Health, TeamChannel};
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::event::data::messages::{ChannelDownData, ChannelEventData};
use countersign_domain::event::data::teams::SettingsChangedData;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::settings::precondition::Precondition;
use countersign_domain::team::Team;

/// Teams' accounts on chat platforms.
pub struct Channels {
    pub(crate) engine: Arc<Engine>,
    pub(crate) drivers: Arc<Drivers>,
    pub(crate) teams: Arc<Teams>,
}

impl Channels {
    /// Makes a channel or writes it anew; true where it is new.
    pub async fn put_channel(
        &self,
        team: &TeamName,
        name: &ChannelName,
        writing: &ChannelInput,
        only_if: Precondition,
        actor: &Actor,
    ) -> Result<(bool, TeamChannel), Error> {
        let forward = self.engine.draw();
        let rule = |record: &mut Team, now| {
            only_if.admit(record.channels.contains_key(name))?;
            let channel = writing.over(record.channels.get(name), forward, now);
            channel.check().map_err(Refusal::Invalid)?;
            self.drivers.open_channel(&channel).map_err(|wrong| self.drivers.explain(&channel.definition, wrong))?;
            let is_new = record.put_channel(name, channel.clone())?;
            let data = SettingsChangedData::channel(name.clone(), Some(channel.definition.clone()));
            Ok(((is_new, channel), vec![team_event(team, EventData::SettingsChanged(data), actor, now)]))
        };
        let put = self.teams.change_team(team, rule, None).await?;
        self.teams.forget_channel(team, name);
        executed(put)
    }

    /// What is passed on is signed under another secret from now on, and for so long under the one before
    /// as well.
    pub async fn rotate_channel(
        &self,
        team: &TeamName,
        name: &ChannelName,
        overlap_minutes: u64,
        actor: &Actor,
        idempotency: Option<&IdempotencyRecord<'_, TeamChannel>>,
    ) -> Result<Execution<TeamChannel>, Error> {
        let secret = self.engine.draw();
        let rule = |record: &mut Team, now| {
            let channel = record.channels.get_mut(name).ok_or(Refusal::NotFound("channel"))?;
            channel.rotate(secret, overlap_minutes, now);
            let data = SettingsChangedData::channel_rotated(name.clone());
            Ok((channel.clone(), vec![team_event(team, EventData::SettingsChanged(data), actor, now)]))
        };
        self.teams.change_team(team, rule, idempotency).await
    }

    /// A team that has that channel, or has not by all that the store knows.
    pub(crate) async fn team_over(
        &self,
        team: &TeamName,
        channel: &ChannelName,
    ) -> Result<Option<Arc<TeamView>>, Error> {
        self.teams.team_with(team, |view| view.team.channels.contains_key(channel)).await
    }

    /// A channel of the team.
    pub async fn channel(&self, team: &TeamName, name: &ChannelName) -> Result<TeamChannel, Error> {
        let view = self.team_over(team, name).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(view.team.channels.get(name).cloned().ok_or(Refusal::NotFound("channel"))?)
    }

    /// Takes a channel away. What waits to go over it goes by the next way.
    pub async fn remove_channel(&self, team: &TeamName, name: &ChannelName, actor: &Actor) -> Result<(), Error> {
        let rule = |record: &mut Team, now| {
            record.remove_channel(name)?;
            let data = SettingsChangedData::channel(name.clone(), None);
            Ok(((), vec![team_event(team, EventData::SettingsChanged(data), actor, now)]))
        };
        executed(self.teams.change_team(team, rule, None).await?)?;
        self.drivers.forget(team, name);
        self.teams.forget_channel(team, name);
        Ok(())
    }

    /// What a try has shown of a channel is told where it is news: that nothing goes over it any more,
    /// and that something does again. Hardly ever is it news, and then nothing is asked of the store.
    pub(crate) async fn hear_of(&self, view: &TeamView, name: &ChannelName, health: Option<Health>) {
        let (Some(health), Some(known)) = (health, view.team.channels.get(name)) else { return };
        if !known.is_news(health) {
            return;
        }
        let team = &view.team.name;
        let rule = |record: &mut Team, now| {
            let channel = record.channels.get_mut(name).ok_or(Refusal::NotFound("channel"))?;
            let told = name.clone();
            let data = match health {
                Health::Up => EventData::ChannelUp(ChannelEventData { channel: told }),
                Health::Down(why) => EventData::ChannelDown(ChannelDownData { channel: told, reason: why.into() }),
            };
            let told = channel.hear(health, now).then(|| team_event(team, data, &Actor::Time, now));
            Ok(((), told.into_iter().collect()))
        };
        if let Err(error) = self.teams.change_team(team, rule, None).await {
            tracing::warn!(%team, channel = %name, %error, "how a channel stands could not be told; the next try tells it");
        }
    }

    /// What speaks over a team's channel.
    pub(crate) fn driver(&self, team: &TeamView, name: &ChannelName) -> Option<Arc<dyn Driver>> {
        self.drivers.driver_for(&team.team.name, name, team.team.channels.get(name)?)
    }

    /// A link that writes a code into the chat with the team's account, where its platform has such links.
    pub fn way_back(&self, team: &TeamView, name: &ChannelName, code: &str) -> Option<String> {
        self.driver(team, name)?.return_link(code)
    }
}

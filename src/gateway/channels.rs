//! Teams' accounts on chat platforms: written, read, taken away and tried out.
//! What an account must say is its platform's to judge; what leaves over it, `sending`'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_channels::definition::Account;
use countersign_channels::{Address, Channel as Driver, Content, Message, Nature, Terms, session};
use dashmap::DashMap;
use secrecy::SecretString;
use serde_json::json;

use super::links::fresh;
use super::sending::{hand, outcome_of};
use super::teams::{TeamView, team_event};
use super::{Error, Gateway, Remember, Told};
use crate::domain::channel::{Channel, Health, Writing};
use crate::domain::event::{Actor, EventKind};
use crate::domain::id::{ChannelName, TeamName};
use crate::domain::medium::Medium;
use crate::domain::precondition::Precondition;
use crate::domain::refusal::Refusal;
use crate::domain::rules::send::Tried;
use crate::domain::secret::{Secret, base64url};
use crate::domain::sending::{Destination, TIMEOUT};
use crate::domain::team::Team;
use crate::domain::validation;
use crate::domain::validation::FieldError;
use crate::domain::wording;

/// Channels that were opened, with the accounts that they were opened for.
#[derive(Default)]
pub(super) struct Drivers(DashMap<(TeamName, ChannelName), (Channel, Arc<dyn Driver>)>);

impl Gateway {
    /// Makes a channel or writes it anew; true where it is new.
    pub async fn put_channel(
        &self,
        team: &TeamName,
        name: &ChannelName,
        writing: &Writing,
        only_if: Precondition,
        actor: &Actor,
    ) -> Result<(bool, Channel), Error> {
        let forward = self.draw();
        let rule = |record: &mut Team, now| {
            only_if.admit(record.channels.contains_key(name))?;
            let channel = writing.over(record.channels.get(name), forward, now);
            channel.check().map_err(Refusal::Invalid)?;
            self.open_channel(&channel).map_err(|wrong| self.explain(&channel.definition, wrong))?;
            let is_new = record.put_channel(name, channel.clone())?;
            let data = json!({"channel": name, "definition": channel.definition});
            Ok(((is_new, channel), vec![team_event(team, EventKind::SettingsChanged, actor, now, data)]))
        };
        let put = self.change_team(team, rule, None).await?;
        self.passages.forget(team, name);
        fresh(put)
    }

    /// What is passed on is signed under another secret from now on, and for so long under the one before
    /// as well.
    pub async fn rotate_channel(
        &self,
        team: &TeamName,
        name: &ChannelName,
        overlap_minutes: u64,
        actor: &Actor,
        remember: Option<&Remember<'_, Channel>>,
    ) -> Result<Told<Channel>, Error> {
        let secret = self.draw();
        let rule = |record: &mut Team, now| {
            let channel = record.channels.get_mut(name).ok_or(Refusal::NotFound("channel"))?;
            channel.rotate(secret, overlap_minutes, now);
            let data = json!({"channel": name, "change": "rotated"});
            Ok((channel.clone(), vec![team_event(team, EventKind::SettingsChanged, actor, now, data)]))
        };
        self.change_team(team, rule, remember).await
    }

    /// A team that has that channel, or has not by all that the store knows.
    pub(super) async fn team_over(
        &self,
        team: &TeamName,
        channel: &ChannelName,
    ) -> Result<Option<Arc<TeamView>>, Error> {
        self.team_with(team, |view| view.team.channels.contains_key(channel)).await
    }

    /// A channel of the team.
    pub async fn channel(&self, team: &TeamName, name: &ChannelName) -> Result<Channel, Error> {
        let view = self.team_over(team, name).await?.ok_or(Refusal::NotFound("team"))?;
        Ok(view.team.channels.get(name).cloned().ok_or(Refusal::NotFound("channel"))?)
    }

    /// Takes a channel away. What waits to go over it goes by the next way.
    pub async fn remove_channel(&self, team: &TeamName, name: &ChannelName, actor: &Actor) -> Result<(), Error> {
        let rule = |record: &mut Team, now| {
            record.remove_channel(name)?;
            let data = json!({"channel": name, "definition": null});
            Ok(((), vec![team_event(team, EventKind::SettingsChanged, actor, now, data)]))
        };
        fresh(self.change_team(team, rule, None).await?)?;
        self.drivers.0.remove(&(team.clone(), name.clone()));
        self.forget_webhook_verifier(team, name);
        self.passages.forget(team, name);
        Ok(())
    }

    /// Sends a message of no meaning, now, and says what became of it. It costs what every message
    /// costs.
    pub async fn try_channel(
        &self,
        team: &TeamName,
        name: &ChannelName,
        to: &str,
        actor: &Actor,
    ) -> Result<Tried, Error> {
        let view = self.team_over(team, name).await?.ok_or(Refusal::NotFound("team"))?;
        if !view.team.channels.contains_key(name) {
            return Err(Refusal::NotFound("channel").into());
        }
        let driver = self.driver(&view, name).ok_or(Refusal::NoChannel)?;
        self.pay(&view, Destination::of(team, name, to, &self.keys.pseudonym)).await?;
        self.tell_act(team, EventKind::ChannelTested, actor, json!({"channel": name})).await?;
        let settings = &view.effective.settings;
        let text = wording::trial(&settings.locale, settings.brand.name.as_deref());
        let id = format!("{team}.{}", base64url(&self.draw::<12>()));
        let (subject, content, terms) = (Some(text.clone()), Content::Text(text), Terms::default());
        let message = Message { id, to: Address::new(to), subject, content, terms };
        let how = outcome_of(&hand(&*driver, &message, TIMEOUT).await); // somebody waits for the answer
        self.went(&view, name, how, None).await;
        Ok(how)
    }

    /// What a try has shown of a channel is told where it is news: that nothing goes over it any more,
    /// and that something does again. Hardly ever is it news, and then nothing is asked of the store.
    pub(super) async fn hear_of(&self, view: &TeamView, name: &ChannelName, health: Option<Health>) {
        let (Some(health), Some(known)) = (health, view.team.channels.get(name)) else { return };
        if !known.is_news(health) {
            return;
        }
        let team = &view.team.name;
        let rule = |record: &mut Team, now| {
            let channel = record.channels.get_mut(name).ok_or(Refusal::NotFound("channel"))?;
            let (kind, data) = match health {
                Health::Up => (EventKind::ChannelUp, json!({"channel": name})),
                Health::Down(why) => (EventKind::ChannelDown, json!({"channel": name, "reason": why})),
            };
            let told = channel.hear(health, now).then(|| team_event(team, kind, &Actor::Time, now, data));
            Ok(((), told.into_iter().collect()))
        };
        if let Err(error) = self.change_team(team, rule, None).await {
            tracing::warn!(%team, channel = %name, %error, "how a channel stands could not be told; the next try tells it");
        }
    }

    /// The channels that this gateway can speak over: an account that its platform does not take
    /// any more, or whose platform is not here, is none.
    pub(super) fn media(&self, team: &Team) -> Vec<Medium> {
        let usable = |(name, channel): (&ChannelName, &Channel)| {
            let nature = self.driver_for(&team.name, name, channel)?.nature();
            let window = nature.window_hours.map(|hours| Duration::from_secs(3600 * u64::from(hours)));
            let Nature { is_text_message, groups, .. } = nature;
            Some(Medium { channel: name.clone(), is_text_message, window, groups })
        };
        let carries = |(_, channel): &(&ChannelName, &Channel)| channel.definition != session::NAME;
        team.channels.iter().filter(carries).filter_map(usable).collect()
    }

    /// What speaks over a team's channel.
    pub(super) fn driver(&self, team: &TeamView, name: &ChannelName) -> Option<Arc<dyn Driver>> {
        self.driver_for(&team.team.name, name, team.team.channels.get(name)?)
    }

    /// A link that writes a code into the chat with the team's account, where its platform has such links.
    pub fn way_back(&self, team: &TeamView, name: &ChannelName, code: &str) -> Option<String> {
        self.driver(team, name)?.return_link(code)
    }

    fn driver_for(&self, team: &TeamName, name: &ChannelName, channel: &Channel) -> Option<Arc<dyn Driver>> {
        let place = (team.clone(), name.clone());
        if let Some(kept) = self.drivers.0.get(&place).filter(|kept| kept.0 == *channel) {
            return Some(kept.1.clone());
        }
        match self.open_channel(channel) {
            Ok(driver) => {
                self.drivers.0.insert(place, (channel.clone(), driver.clone()));
                Some(driver)
            }
            Err(_) => {
                tracing::warn!(%team, channel = %name, definition = channel.definition, "a channel cannot be used");
                None
            }
        }
    }

    /// Nothing wrong named: there is no such platform.
    fn open_channel(&self, channel: &Channel) -> Result<Arc<dyn Driver>, Vec<FieldError>> {
        let definition = self.registry.find(&channel.definition).ok_or_else(Vec::new)?;
        definition.open(&account(channel))
    }

    fn explain(&self, definition: &str, errors: Vec<FieldError>) -> Refusal {
        if self.registry.find(definition).is_none() {
            let names: Vec<&str> = self.registry.names().collect();
            let unknown = validation::NO_SUCH.with([("words", &names.join(", "))]);
            return Refusal::Invalid(vec![FieldError::at("/definition", unknown)]);
        }
        Refusal::Invalid(errors)
    }
}

/// A channel's account, as its platform takes it.
pub(super) fn account(channel: &Channel) -> Account {
    let text = |secret: &Secret| SecretString::from(String::from_utf8_lossy(secret.expose()).into_owned());
    let secrets: BTreeMap<_, _> = channel.secrets.iter().map(|(name, s)| (name.clone(), text(s))).collect();
    Account { fields: channel.account.clone(), secrets }
}

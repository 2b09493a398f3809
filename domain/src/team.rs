//! A team: its overrides and its keys, in one record. Pure changes; each tells what happened.
//! The record names nobody: customers and interactions are records of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::accounts::channel::{MAX_CHANNELS, TeamChannel};
use crate::accounts::directory::Connected;
use crate::accounts::provider::{MAX_PROVIDERS, Provider};
use crate::base::id::{ChannelName, ProviderName, ScreenName, TeamName, WebhookName};
pub use crate::base::role::Role;
use crate::event::webhook::{MAX_WEBHOOKS, Webhook};
use crate::refusal::Refusal;
use crate::settings::Overrides;
use crate::time::Moment;

pub mod login;
pub mod oidc;
pub mod screen;
pub mod session;
pub mod user;

mod api_keys;
mod security_keys;

pub use api_keys::{ApiKey, Presented};
pub(crate) use security_keys::public_algorithm;
pub use security_keys::{Activation, KeyChange, KeyStatus, Material, SecurityKey};

/// A team has at most so many security keys and so many API keys.
const MAX_KEYS: usize = 100;

/// A team.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Its name, in paths.
    pub name: TeamName,
    /// Its name for people.
    pub title: String,
    /// Since when.
    pub created_at: Moment,
    /// It is being taken away: it answers nobody, and what it kept goes before its record does.
    #[serde(default)]
    pub leaving: bool,
    /// Its own settings.
    pub overrides: Overrides,
    /// Shared with login pages; the newest last.
    pub security_keys: Vec<SecurityKey>,
    /// Of its bots, agents and admins.
    pub api_keys: Vec<ApiKey>,
    /// Which opening screens it has made; each is a record of its own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub screens: BTreeSet<ScreenName>,
    /// Its accounts on chat platforms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<ChannelName, TeamChannel>,
    /// Where its events are told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub webhooks: BTreeMap<WebhookName, Webhook>,
    /// Its accounts with those who check documents.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<ProviderName, Provider>,
    /// How its directory is reached, where it is not the one in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<Connected>,
}

impl Team {
    /// A team without keys.
    pub fn new(name: TeamName, title: String, now: Moment) -> Self {
        let overrides = Overrides::default();
        Self {
            name,
            title,
            created_at: now,
            leaving: false,
            overrides,
            security_keys: Vec::new(),
            api_keys: Vec::new(),
            screens: BTreeSet::new(),
            channels: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            providers: BTreeMap::new(),
            directory: None,
        }
    }

    /// Makes a webhook, or writes it anew; true where it is new.
    pub fn put_webhook(&mut self, name: &WebhookName, webhook: Webhook) -> Result<bool, Refusal> {
        if !self.webhooks.contains_key(name) && self.webhooks.len() >= MAX_WEBHOOKS {
            return Err(Refusal::TooManyWebhooks);
        }
        Ok(self.webhooks.insert(name.clone(), webhook).is_none())
    }

    /// A webhook, to be changed.
    pub fn webhook(&mut self, name: &WebhookName) -> Result<&mut Webhook, Refusal> {
        self.webhooks.get_mut(name).ok_or(Refusal::NotFound("webhook"))
    }

    /// Takes a webhook away.
    pub fn remove_webhook(&mut self, name: &WebhookName) -> Result<Webhook, Refusal> {
        self.webhooks.remove(name).ok_or(Refusal::NotFound("webhook"))
    }

    /// Makes a provider, or writes it anew; true where it is new.
    pub fn put_provider(&mut self, name: &ProviderName, provider: Provider) -> Result<bool, Refusal> {
        if !self.providers.contains_key(name) && self.providers.len() >= MAX_PROVIDERS {
            return Err(Refusal::TooManyProviders);
        }
        Ok(self.providers.insert(name.clone(), provider).is_none())
    }

    /// Takes a provider away.
    pub fn remove_provider(&mut self, name: &ProviderName) -> Result<Provider, Refusal> {
        self.providers.remove(name).ok_or(Refusal::NotFound("provider"))
    }

    /// Makes a channel, or writes it anew; true where it is new.
    pub fn put_channel(&mut self, name: &ChannelName, channel: TeamChannel) -> Result<bool, Refusal> {
        if !self.channels.contains_key(name) && self.channels.len() >= MAX_CHANNELS {
            return Err(Refusal::TooManyChannels);
        }
        Ok(self.channels.insert(name.clone(), channel).is_none())
    }

    /// Takes a channel away.
    pub fn remove_channel(&mut self, name: &ChannelName) -> Result<TeamChannel, Refusal> {
        self.channels.remove(name).ok_or(Refusal::NotFound("channel"))
    }
}

//! Data of events about teams: their settings, keys, providers, directories and webhooks, and the store's epoch.
//! Secrets and settings' values never stand in it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::accounts::directory::DirectoryKind;
use crate::base::id::{ApiKeyId, ChannelName, Kid, ProviderName, TeamName, WebhookName};
use crate::base::role::Role;
use crate::event::value::words;

/// Where a setting was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsLevel {
    /// For all teams.
    System,
    /// For this team.
    Team,
}

/// Which kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Shared with a login page.
    SecurityKey,
    /// A caller's of the API.
    ApiKey,
}

words! { KeyKind, SettingsLevel }

event_data! {
    /// A new team.
    pub struct TeamCreatedData {
        /// The team's name.
        name: TeamName,
    }

    /// A change of settings, or of an account elsewhere.
    pub struct SettingsChangedData {
        /// Where settings were changed.
        level?: SettingsLevel,
        /// Which settings were changed.
        paths?: Vec<String>,
        /// The channel that was changed.
        channel?: ChannelName,
        /// The channel's platform; `null` where the channel was removed.
        definition?: Option<String>,
        /// The provider that was changed.
        provider?: ProviderName,
        /// The provider's kind; `null` where the provider was removed.
        kind?: Option<String>,
        /// The kind of the directory that was connected; `null` where it was removed.
        directory?: Option<DirectoryKind>,
        /// The webhook that was changed.
        webhook?: WebhookName,
        /// The change of the channel or webhook, in a word, such as `rotated`.
        change?: Cow<'static, str>,
    }

    /// A key that was made or revoked.
    pub struct KeyEventData {
        /// Which kind of key.
        kind: KeyKind,
        /// The security key's id.
        kid?: Kid,
        /// The API key's id.
        id?: ApiKeyId,
        /// The role of a new API key.
        role?: Role,
    }

    /// A security key that signs from now on.
    pub struct KeyActivatedData {
        /// Which kind of key.
        kind: KeyKind,
        /// The key's id.
        kid: Kid,
    }

    /// A security key that another one replaces.
    pub struct KeyRetiredData {
        /// Which kind of key.
        kind: KeyKind,
        /// The key's id.
        kid: Kid,
        /// For how many minutes it still verifies.
        after_minutes: u64,
    }

    /// A provider that answers again.
    pub struct ProviderEventData {
        /// The provider's name.
        provider: ProviderName,
    }

    /// A provider that does not answer.
    pub struct ProviderDownData {
        /// The provider's name.
        provider: ProviderName,
        /// Why, in a word.
        reason: Cow<'static, str>,
    }

    /// A directory that answers again.
    pub struct DirectoryEventData {
        /// The directory's kind.
        kind: DirectoryKind,
    }

    /// A directory that does not answer.
    pub struct DirectoryDownData {
        /// The directory's kind.
        kind: DirectoryKind,
        /// Why, in a word.
        reason: Cow<'static, str>,
    }

    /// A webhook that takes nothing.
    pub struct WebhookFailingData {
        /// The webhook's name.
        webhook: WebhookName,
        /// Why, in a word.
        reason: Cow<'static, str>,
        /// The status that it answered with; `null` where it gave no answer.
        status: Option<u16>,
    }

    /// A delivery that an admin had made again.
    pub struct WebhookRedeliveredData {
        /// The webhook's name.
        webhook: WebhookName,
        /// The delivery's id.
        delivery: String,
    }

    /// A new epoch of the store.
    pub struct EpochBegunData {
        /// Its number.
        epoch: u32,
        /// Why it began, in words.
        why: String,
    }
}

impl SettingsChangedData {
    const NOTHING: Self = Self {
        level: None,
        paths: None,
        channel: None,
        definition: None,
        provider: None,
        kind: None,
        directory: None,
        webhook: None,
        change: None,
    };

    /// Settings of a team or of the whole system, by their paths.
    pub fn settings(level: SettingsLevel, paths: Vec<String>) -> Self {
        Self { level: Some(level), paths: Some(paths), ..Self::NOTHING }
    }

    /// A channel, with its platform; without one it was removed.
    pub fn channel(channel: ChannelName, definition: Option<String>) -> Self {
        Self { channel: Some(channel), definition: Some(definition), ..Self::NOTHING }
    }

    /// The secret of a channel was replaced.
    pub fn channel_rotated(channel: ChannelName) -> Self {
        Self { channel: Some(channel), change: Some(Cow::Borrowed("rotated")), ..Self::NOTHING }
    }

    /// A provider, with its kind; without one it was removed.
    pub fn provider(provider: ProviderName, kind: Option<String>) -> Self {
        Self { provider: Some(provider), kind: Some(kind), ..Self::NOTHING }
    }

    /// The directory, by its kind; without one it was removed.
    pub fn directory(kind: Option<DirectoryKind>) -> Self {
        Self { directory: Some(kind), ..Self::NOTHING }
    }

    /// A webhook, with what was done to it.
    pub fn webhook(webhook: WebhookName, change: &'static str) -> Self {
        Self { webhook: Some(webhook), change: Some(Cow::Borrowed(change)), ..Self::NOTHING }
    }
}

impl KeyEventData {
    /// Of a security key.
    pub fn security_key(kid: Kid) -> Self {
        Self { kind: KeyKind::SecurityKey, kid: Some(kid), id: None, role: None }
    }

    /// Of an API key, with its role where it is new.
    pub fn api_key(id: ApiKeyId, role: Option<Role>) -> Self {
        Self { kind: KeyKind::ApiKey, kid: None, id: Some(id), role }
    }
}

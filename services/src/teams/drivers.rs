//! What speaks over teams' channels: opened for an account and kept for as long as that stays the same.
//! It knows the accounts and nothing of the teams that they belong to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_channels::built_in::session;
use countersign_channels::definition::{Account, Registry};
use countersign_channels::{Capabilities, Channel as Driver};
use dashmap::DashMap;
use secrecy::SecretString;

use countersign_domain::accounts::channel::TeamChannel;
use countersign_domain::base::channel_capabilities::ChannelCapabilities;
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::base::validation;
use countersign_domain::base::validation::FieldError;
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::Secret;
use countersign_domain::team::Team;

/// What speaks over teams' channels.
pub struct Drivers {
    /// The chat platforms that teams may have accounts on.
    pub(crate) registry: Registry,
    pub(crate) drivers: OpenedDrivers,
}

impl Drivers {
    /// The channels that this gateway can speak over: an account that its platform does not take
    /// any more, or whose platform is not here, is none.
    pub(crate) fn capabilities(&self, team: &Team) -> Vec<ChannelCapabilities> {
        let usable = |(name, channel): (&ChannelName, &TeamChannel)| {
            let capabilities = self.driver_for(&team.name, name, channel)?.capabilities();
            let free_reply_period = capabilities.window_hours.map(|hours| Duration::from_secs(3600 * u64::from(hours)));
            let Capabilities { is_text_message, takes_back, groups, .. } = capabilities;
            Some(ChannelCapabilities { channel: name.clone(), is_text_message, free_reply_period, takes_back, groups })
        };
        let carries = |(_, channel): &(&ChannelName, &TeamChannel)| channel.definition != session::NAME;
        team.channels.iter().filter(carries).filter_map(usable).collect()
    }

    /// The channel is gone.
    pub(crate) fn forget(&self, team: &TeamName, channel: &ChannelName) {
        self.drivers.0.remove(&(team.clone(), channel.clone()));
    }

    /// The chat platforms that teams may have accounts on.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What speaks over a channel; none where its account cannot be used.
    pub(crate) fn driver_for(
        &self,
        team: &TeamName,
        name: &ChannelName,
        channel: &TeamChannel,
    ) -> Option<Arc<dyn Driver>> {
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
    pub(crate) fn open_channel(&self, channel: &TeamChannel) -> Result<Arc<dyn Driver>, Vec<FieldError>> {
        let definition = self.registry.find(&channel.definition).ok_or_else(Vec::new)?;
        definition.open(&account(channel))
    }

    pub(crate) fn explain(&self, definition: &str, errors: Vec<FieldError>) -> Refusal {
        if self.registry.find(definition).is_none() {
            let names: Vec<&str> = self.registry.names().collect();
            let unknown = validation::NO_SUCH.with([("words", &names.join(", "))]);
            return Refusal::Invalid(vec![FieldError::at("/definition", unknown)]);
        }
        Refusal::Invalid(errors)
    }
}

/// Channels that were opened, with the accounts that they were opened for.
#[derive(Default)]
pub(crate) struct OpenedDrivers(pub(crate) DashMap<(TeamName, ChannelName), (TeamChannel, Arc<dyn Driver>)>);

/// A channel's account, as its platform takes it.
pub(crate) fn account(channel: &TeamChannel) -> Account {
    let text = |secret: &Secret| SecretString::from(String::from_utf8_lossy(secret.expose()).into_owned());
    let secrets: BTreeMap<_, _> = channel.secrets.iter().map(|(name, s)| (name.clone(), text(s))).collect();
    Account { fields: channel.account.clone(), secrets }
}

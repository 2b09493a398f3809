//! A team with everything that follows from its record and the system's settings: keys that are parsed, channels
//! by what they can. It is made anew when either changes, and says nothing of who asks.

use countersign_channels::built_in::{session, webchat};
use url::Url;

use super::{Teams, unreadable};
use crate::engine::Error;
use countersign_domain::accounts::channel::TeamChannel;
use countersign_domain::accounts::directory::DirectoryKind;
use countersign_domain::base::channel_capabilities::ChannelCapabilities;
use countersign_domain::base::id::{ChannelName, Kid};
use countersign_domain::event::webhook::Webhook;
use countersign_domain::proof::assertion::VerifyingKey;
use countersign_domain::secret::MacKey;
use countersign_domain::settings::{Effective, Overrides, effective};
use countersign_domain::team::Team;

/// A team with everything that follows from its record.
#[derive(Clone)]
pub struct TeamView {
    /// The record.
    pub team: Team,
    /// Its settings over the system's.
    pub effective: Effective,
    /// The login page, where authentication URLs lead.
    pub login_page: Option<Url>,
    /// What signs authentication URLs.
    pub signing: Option<(Kid, MacKey)>,
    /// What assertions may be signed with, parsed once.
    pub verifying: Vec<VerifyingKey>,
    /// Its security keys that were not revoked.
    pub security_keys: Vec<Kid>,
    /// Its channels that messages can go over.
    pub channels: Vec<ChannelName>,
    /// Channels that are sessions of pages.
    pub sessions: Vec<ChannelName>,
    /// Those of them that are web chats of the gateway's own.
    pub web_chats: Vec<ChannelName>,
    /// What rules must know of them.
    pub capabilities: Vec<ChannelCapabilities>,
}

impl std::fmt::Debug for TeamView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TeamView({})", self.team.name)
    }
}

impl TeamView {
    /// The webhook that codes go to which the team sends itself.
    pub(crate) fn event_webhook(&self) -> Option<&Webhook> {
        let named = self.effective.settings.delivery.event_webhook.as_deref()?;
        self.team.webhooks.iter().find_map(|(name, webhook)| (name.as_str() == named).then_some(webhook))
    }

    /// Whether customers' passwords are kept here, not in a directory of the team.
    pub(crate) fn keeps_passwords(&self) -> bool {
        self.effective.settings.directory.kind == DirectoryKind::BuiltIn
    }
}

impl Teams {
    /// What follows from a team's record under a system layer. Should two changes at the same moment
    /// have made the layers contradict each other, the team's own stand without the system's.
    pub(super) fn view(&self, team: Team, system: &Overrides) -> Result<TeamView, Error> {
        let alone = |_| {
            tracing::error!(team = %team.name, "its settings contradict the system's: they stand alone until one changes");
            effective(&Overrides::default(), &team.overrides)
        };
        let effective = effective(system, &team.overrides)
            .or_else(alone)
            .map_err(|refusal| unreadable(&format!("the settings of {}", team.name), &refusal))?;
        let signing = team.signing_key().map(|(kid, key)| (kid.clone(), key));
        let capabilities = self.drivers.capabilities(&team);
        let channels: Vec<ChannelName> = capabilities.iter().map(|known| known.channel.clone()).collect();
        let web_chats = channels.iter().filter(|name| is_web_chat(&team, name)).cloned().collect();
        let login_page = effective.settings.authentication_url.as_deref().and_then(|page| Url::parse(page).ok());
        let verifying = team.verifying_keys();
        let security_keys = team.security_keys.iter().filter(|key| !key.is_revoked()).map(|key| key.kid.clone());
        let security_keys = security_keys.collect();
        let is_session = |(_, channel): &(&ChannelName, &TeamChannel)| channel.definition == session::NAME;
        let sessions = team.channels.iter().filter(is_session).map(|(name, _)| name.clone()).collect();
        Ok(TeamView {
            effective,
            login_page,
            signing,
            verifying,
            security_keys,
            channels,
            web_chats,
            sessions,
            capabilities,
            team,
        })
    }
}

/// Whether that channel of the team is a web chat of the gateway's own.
pub(crate) fn is_web_chat(team: &Team, channel: &ChannelName) -> bool {
    team.channels.get(channel).is_some_and(|channel| channel.definition == webchat::NAME)
}

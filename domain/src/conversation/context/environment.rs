//! The surroundings of a conversation that a rule reads: settings, keys, channels and time. They are gathered
//! before the rule runs, so that a rule asks nobody.

use crate::base::channel_capabilities::ChannelCapabilities;
use crate::base::id::{ChannelName, Kid, ProviderName};
use crate::base::way::Way;
use crate::conversation::destination::QuotaReceipt;
use crate::conversation::interaction::Interaction;
use crate::conversation::prepared_questions::Prepared;
use crate::providers::provider_questions::AnswerVerdict;
use crate::secret::keys::Keys;
use crate::settings::Settings;
use crate::time::Moment;

/// The facts beyond the interaction that a rule may read.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The team's effective settings.
    pub settings: &'a Settings,
    /// The gateway's keys.
    pub keys: &'a Keys,
    /// The team's channels that messages can go over.
    pub channels: &'a [ChannelName],
    /// Those of them that are web chats of the gateway's own: who is there has shown nothing yet.
    pub web_chats: &'a [ChannelName],
    /// Channels that are sessions of pages: no messages go over them.
    pub sessions: &'a [ChannelName],
    /// The team's security keys that were not revoked.
    pub security_keys: &'a [Kid],
    /// Capabilities of the team's channels that messages can go over.
    pub capabilities: &'a [ChannelCapabilities],
    /// Whether the team has a webhook that it wants codes at, to send them itself.
    pub sends_itself: bool,
    /// The provider that judges documents; none where the team asks for none.
    pub provider: Option<&'a ProviderName>,
    /// Questions for who is asked in this transaction, where any can be put.
    pub questions: Option<&'a Prepared>,
    /// The providers' verdicts on answers in this transaction.
    pub verdicts: &'a [AnswerVerdict],
    /// The provider that puts questions and judges the answers; none where the gateway does.
    pub asker: Option<&'a ProviderName>,
    /// The receipt for a message, where this transaction may queue one.
    pub quota_receipt: Option<QuotaReceipt>,
    /// The moment.
    pub now: Moment,
    /// The time that has surely passed: lockouts end by it. See `time::clock`.
    pub earliest: Moment,
    /// The store's epoch: what was proved in another one does not count.
    pub epoch: u32,
}

impl<'a> Environment<'a> {
    /// The surroundings of a store's first epoch, by a clock that nobody ever set.
    pub fn at(settings: &'a Settings, keys: &'a Keys, now: Moment) -> Self {
        let (channels, web_chats, capabilities) = (&[], &[], &[]);
        Self {
            settings,
            keys,
            channels,
            web_chats,
            sessions: &[],
            security_keys: &[],
            capabilities,
            sends_itself: false,
            provider: None,
            questions: None,
            verdicts: &[],
            asker: None,
            quota_receipt: None,
            now,
            earliest: now,
            epoch: 0,
        }
    }

    /// Whether messages can go that way at all.
    pub fn serves(&self, way: Way, interaction: &Interaction) -> bool {
        match way {
            Way::Event => self.sends_itself,
            Way::Chat | Way::Sms | Way::Email => self.channels.contains(&way.channel(interaction)),
        }
    }

    /// The capabilities of a channel, where messages can go over it.
    pub fn capabilities_of(&self, channel: &ChannelName) -> Option<&'a ChannelCapabilities> {
        self.capabilities.iter().find(|known| known.channel == *channel)
    }

    /// An end of a lockout as clocks show it.
    pub(super) fn shown(&self, until: Moment) -> Moment {
        until.shown(self.earliest, self.now)
    }
}

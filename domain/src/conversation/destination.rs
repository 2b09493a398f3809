//! Where messages go: what budgets know an address as, and which messages are taken back out of a chat.
//! When a message goes, and how often, the rules say.

use super::interaction::{Interaction, Participant};
use crate::base::channel_capabilities::ChannelCapabilities;
use crate::base::country;
use crate::base::id::{ChannelName, TeamName};
use crate::base::role::ParticipantRole;
use crate::base::way::Way;
use crate::messaging::sending::{DeliveryState, Sending, What};
use crate::secret::{MacKey, Tag};
use crate::time::Moment;

/// A message that lies in a chat though the code in it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The team's channel that it went over.
    pub channel: ChannelName,
    /// Where it went: what the person had for an address then.
    pub to: String,
    /// The platform's id of it.
    pub platform_id: String,
    /// Ours.
    pub message_id: String,
}

/// The codes' messages that have become pointless from one state of an interaction to the next, and that
/// their platforms take back.
pub fn taken_back(before: &Interaction, after: &Interaction, capabilities: &[ChannelCapabilities]) -> Vec<Spent> {
    let gone = |sending: &&Sending| after.sendings.iter().all(|kept| kept.number != sending.number);
    let spent = before.sendings.iter().filter(gone).filter_map(|sending| sending.lies_in_chat(before));
    let takes_back =
        |spent: &Spent| capabilities.iter().any(|known| known.channel == spent.channel && known.takes_back);
    spent.filter(takes_back).collect()
}

/// Where a message goes, told without saying where: what budgets are kept under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Of the address.
    pub tag: Tag,
    /// Whose networks carry it, where it is a phone's.
    pub country: Option<country::Country>,
}

/// The word that a destination's and a team's budgets have been charged for one message there.
/// Only who keeps the budgets gives one out; nothing is queued without.
#[derive(Clone, Copy, Debug)]
pub struct QuotaReceipt(pub Destination);

impl Sending {
    /// Whether what it says is good for anything still.
    pub fn is_wanted(&self, participant: &Participant, now: Moment) -> bool {
        match self.what {
            What::Link { link, .. } => participant.links.iter().any(|live| live.number == link && live.is_live(now)),
            What::Code { challenge, issue } => participant
                .challenge
                .as_ref()
                .is_some_and(|live| live.number == challenge && live.issue() == Some(issue) && live.is_live(now)),
        }
    }

    /// Where a code's message lies, once it was sent.
    fn lies_in_chat(&self, interaction: &Interaction) -> Option<Spent> {
        let was_sent = matches!(self.state, DeliveryState::Sent | DeliveryState::Delivered);
        self.spent_as(interaction, self.platform_id.as_deref().filter(|_| was_sent)?)
    }

    /// Where a code's message lies that the platform knows by that id.
    pub fn spent_as(&self, interaction: &Interaction, platform_id: &str) -> Option<Spent> {
        let is_code = matches!(self.what, What::Code { .. });
        let platform_id = Some(platform_id.to_owned()).filter(|_| is_code)?;
        let to = self.way.address(interaction, interaction.participant(&self.participant)?)?.to_owned();
        let (channel, message_id) = (self.way.channel(interaction), self.message_id(interaction.id));
        Some(Spent { channel, to, platform_id, message_id })
    }
}

impl Way {
    /// The team's channel that it goes over.
    pub fn channel(self, interaction: &Interaction) -> ChannelName {
        match self {
            Self::Chat => interaction.channel.clone(),
            named => named.as_str().parse().expect("the names of ways are names of channels"),
        }
    }

    /// Where it ends: in the conversation only the one who chats is reached.
    pub fn address<'a>(self, interaction: &'a Interaction, participant: &'a Participant) -> Option<&'a str> {
        match self {
            Self::Chat => (participant.role == ParticipantRole::Primary).then_some(interaction.conversation.as_str()),
            Self::Sms => participant.person.phone.as_deref(),
            Self::Email => participant.person.email.as_deref(),
            Self::Event => participant.person.phone.as_deref().or(participant.person.email.as_deref()),
        }
    }

    /// What budgets know the address as. A phone or a mailbox is one person's, whichever team
    /// writes to her; a conversation is known only by its platform and team.
    pub fn destination(
        self,
        interaction: &Interaction,
        participant: &Participant,
        key: &MacKey,
    ) -> Option<Destination> {
        let address = self.address(interaction, participant)?;
        Some(Destination::of(&interaction.team, &self.channel(interaction), address, key))
    }
}

impl Destination {
    /// What an address on a team's channel is known as.
    pub fn of(team: &TeamName, channel: &ChannelName, address: &str, key: &MacKey) -> Self {
        let country = country::of(address);
        let address = address.to_lowercase();
        let anybodys = country.is_some() || address.contains('@');
        let (team, channel) = if anybodys { ("", "") } else { (team.as_str(), channel.as_str()) };
        let tag = key.tag(&[b"destination", team.as_bytes(), channel.as_bytes(), address.as_bytes()]);
        Self { tag, country }
    }
}

//! Messages that the gateway sends itself: what each says, by which way it goes, and how far it
//! came. They lie in the interaction's own record, so none can outlive what it is about.
//!
//! Neither text nor address is kept here: both are read when the message leaves, so that nobody
//! gets what was meant for the person before.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::challenge::DeliverTo;
use super::country;
use super::id::{ChannelName, InteractionId, InvalidName, ParticipantId, TeamName};
use super::interaction::{Interaction, Participant, Role};
use super::is_default;
use super::medium::Medium;
use super::refusal::Refusal;
use super::secret::{MacKey, Tag};
use super::time::Moment;
use super::turn::Around;

/// How long who claimed a message may take to send it and to say so: then it is due again.
pub const LEASE: Duration = Duration::from_secs(10);

/// A receiver that has not answered after so long has lost the answer. Shorter than the lease, so
/// that nobody else sends meanwhile.
pub const TIMEOUT: Duration = Duration::from_secs(7);

/// A platform that has not answered a message after so long has lost the answer. Longer than the lease,
/// which is renewed meanwhile: to ask again sooner would be to send twice.
pub const MAX_ANSWER: Duration = Duration::from_secs(30);

/// A way to a person, as settings call it. `sms` and `email` are the team's channels of those
/// names; `chat` is the interaction's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Into the conversation itself.
    Chat,
    /// To her phone.
    Sms,
    /// To her mail address.
    Email,
    /// To the team's own sender, which a webhook leads to: it knows how to reach the address.
    Event,
}

/// What kind of message it is: a team's own sender is given codes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A code.
    Code,
    /// A link.
    Link,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum What {
    /// A challenge's code, of that issue and no other.
    Code {
        /// The challenge's number within the interaction.
        challenge: u16,
        /// A resend makes another.
        issue: u32,
    },
    /// A link.
    Link {
        /// Its number within the interaction.
        link: u16,
        /// What its secret follows from, with a key outside the store. Gone when it is sent.
        seed: Option<[u8; 16]>,
    },
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// Its number within the interaction.
    pub number: u32,
    /// Whom it is for.
    pub participant: ParticipantId,
    /// What it says.
    pub what: What,
    /// By which way it goes.
    pub way: Way,
    /// By which it goes where this one fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Way>,
    /// The platform's id of it, while that matters: what becomes of it is told under it, and by it a code
    /// that is over is taken out of its chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<String>,
    /// Until when the conversation may be written to freely, as it was when the message was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freely_until: Option<Moment>,
    /// Ways that led nowhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fallen: u32,
    /// How far it came.
    pub state: State,
}

/// How far a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum State {
    /// It waits, or somebody is sending it.
    Queued(Trying),
    /// The platform has it.
    Sent,
    /// The person has it, as the platform says.
    Delivered,
    /// No way led to the person.
    Failed,
}

/// How a message has been tried on its present way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trying {
    /// Tries that were begun, the one under way included.
    pub tries: u32,
    /// Of these, how many may have arrived without an answer.
    pub lost: u32,
    /// When it is due: for who claimed it, the end of the claim.
    pub next: Moment,
    /// When it was first to leave.
    pub since: Moment,
    /// Its turn in what the account may send, where it has waited for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Moment>,
}

impl State {
    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued(_) => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl Sending {
    /// When somebody must look at it.
    pub fn due(&self) -> Option<Moment> {
        match self.state {
            State::Queued(trying) => Some(trying.next),
            State::Sent | State::Delivered | State::Failed => None,
        }
    }

    /// Whether this is the first try on a way that nothing has been paid for yet.
    pub fn is_unpaid(&self) -> bool {
        self.fallen > 0 && matches!(self.state, State::Queued(Trying { tries: 1, .. }))
    }

    /// It will not be sent again: what could make its text goes.
    pub(super) fn forget(&mut self) {
        if let What::Link { seed, .. } = &mut self.what {
            *seed = None;
        }
    }

    /// Its id for the platform: the same however often it is tried, another by another way.
    pub fn message_id(&self, interaction: InteractionId) -> String {
        MessageId { interaction, number: self.number, way: self.way }.to_string()
    }

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
}

/// Our id of a message, `INTERACTION.mNUMBER-WAY`. Platforms give it back with what became of it: so it
/// is found without anything being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId {
    /// The interaction that it is about.
    pub interaction: InteractionId,
    /// Its number within it.
    pub number: u32,
    /// By which way it went.
    pub way: Way,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.m{}-{}", self.interaction, self.number, self.way.as_str())
    }
}

impl FromStr for MessageId {
    type Err = InvalidName;

    /// Only the canonical spelling.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName("a message's id is an interaction's, .m, a number, - and a way");
        let (interaction, rest) = text.split_once(".m").ok_or_else(wrong)?;
        let (number, way) = rest.split_once('-').ok_or_else(wrong)?;
        let way = Way::ALL.into_iter().find(|known| known.as_str() == way).ok_or_else(wrong)?;
        let id = Self { interaction: interaction.parse()?, number: number.parse().map_err(|_| wrong())?, way };
        if id.to_string() == text { Ok(id) } else { Err(wrong()) }
    }
}

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
pub fn taken_back(before: &Interaction, after: &Interaction, media: &[Medium]) -> Vec<Spent> {
    let gone = |sending: &&Sending| after.sendings.iter().all(|kept| kept.number != sending.number);
    let spent = before.sendings.iter().filter(gone).filter_map(|sending| sending.lies_in_chat(before));
    let takes_back = |spent: &Spent| media.iter().any(|medium| medium.channel == spent.channel && medium.takes_back);
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
pub struct Paid(pub Destination);

impl Sending {
    /// Where a code's message lies, once it was sent.
    fn lies_in_chat(&self, interaction: &Interaction) -> Option<Spent> {
        let was_sent = matches!(self.state, State::Sent | State::Delivered);
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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Chat, Self::Sms, Self::Email, Self::Event];

    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Event => "event",
        }
    }

    /// The wish for it alone.
    pub fn as_wish(self) -> DeliverTo {
        match self {
            Self::Chat => DeliverTo::Chat,
            Self::Sms => DeliverTo::Sms,
            Self::Email => DeliverTo::Email,
            Self::Event => DeliverTo::Event,
        }
    }

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
            Self::Chat => (participant.role == Role::Primary).then_some(interaction.conversation.as_str()),
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

/// The ways that a message may take, the first to be tried first.
pub fn ways(
    interaction: &Interaction,
    participant: &Participant,
    around: &Around<'_>,
    to: DeliverTo,
    kind: Kind,
) -> Result<Vec<Way>, Refusal> {
    let settings = around.settings;
    let wanted = match to {
        DeliverTo::Auto => settings.delivery.ways(),
        DeliverTo::Chat => vec![Way::Chat],
        DeliverTo::Sms => vec![Way::Sms],
        DeliverTo::Email => vec![Way::Email],
        DeliverTo::Event => vec![Way::Event],
        DeliverTo::Agent => Vec::new(),
    };
    let fits = |way: &Way| kind == Kind::Code || *way != Way::Event;
    let open: Vec<Way> = wanted.into_iter().filter(fits).filter(|way| around.serves(*way, interaction)).collect();
    if open.is_empty() {
        return Err(Refusal::NoChannel);
    }
    let mut addressed: Vec<(Way, &str)> = Vec::new();
    for way in open {
        let Some(address) = way.address(interaction, participant) else { continue };
        // A conversation by SMS is the phone itself: the same message there again is no other way.
        if addressed
            .iter()
            .all(|(earlier, known)| *known != address || earlier.channel(interaction) != way.channel(interaction))
        {
            addressed.push((way, address));
        }
    }
    if addressed.is_empty() {
        return Err(Refusal::NoAddress);
    }
    let allowed = |address: &str| settings.send_budget.allows(country::of(address));
    let ways: Vec<Way> = addressed.into_iter().filter(|(_, address)| allowed(address)).map(|(way, _)| way).collect();
    if ways.is_empty() { Err(Refusal::CountryNotAllowed) } else { Ok(ways) }
}

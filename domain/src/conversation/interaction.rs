//! The aggregate: one conversation, its participants and everything that must change with them.
//! One record, so that "link spent but flag not up" cannot exist.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::base::id::{ChannelName, Conversation, CustomerId, InteractionId, ParticipantId, TeamName};
use crate::base::role::ParticipantRole;
use crate::is_default;
use crate::messaging::sending::{Sending, What};
use crate::proof::challenge::Challenge;
use crate::proof::confirmation::Confirmation;
use crate::proof::entry::Entry;
use crate::proof::flag::{Customer, Flag};
use crate::proof::link::{Link, LinkPurpose};
use crate::proof::page_proof::{PageProof, PendingProof};
use crate::time::Moment;

/// An interaction has at most so many participants.
pub const MAX_PARTICIPANTS: usize = 20;

/// An interaction's record has at most so many bytes.
pub const MAX_BYTES: usize = 32 * 1024;

/// One conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// Its id, which says where it lies.
    pub id: InteractionId,
    /// Whose it is.
    pub team: TeamName,
    /// Where it is held.
    pub channel: ChannelName,
    /// The platform's id of it.
    pub conversation: Conversation,
    /// Open or closed.
    pub status: InteractionStatus,
    /// Since when.
    pub opened_at: Moment,
    /// When it closes by itself, if nothing happens before.
    pub idle_until: Moment,
    /// Who is in it; the first is the primary.
    pub participants: Vec<Participant>,
    /// Links made so far: the newest one's number.
    pub links_made: u16,
    /// Participants made so far: the newest one's number.
    pub participants_made: u16,
    /// Challenges made so far: the newest one's number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub challenges_made: u16,
    /// Acts that changed nothing else here: what is told of them is saved with something.
    #[serde(default, skip_serializing_if = "is_default")]
    pub audit_marker: u32,
    /// Messages paid for so far: the newest one's number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub messages: u32,
    /// Messages on their way, and those that went for what is still live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sendings: Vec<Sending>,
    /// The device, as the bot described it.
    pub device: Option<Device>,
    /// The store's epoch in which it was last acted on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub epoch: u32,
}

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InteractionStatus {
    /// It does.
    Open,
    /// It ended then.
    Closed(Moment),
}

/// What is known of the customer's device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The bot's fingerprint of it.
    pub fingerprint: Option<String>,
    /// Where it is.
    pub region: Option<String>,
}

/// A person in an interaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// Its id within the interaction.
    pub id: ParticipantId,
    /// Its part.
    pub role: ParticipantRole,
    /// What the bot knows of the person.
    pub person: Person,
    /// Who was proved to be there earlier; another one is a conflict.
    pub subject: Option<CustomerId>,
    /// Which of the directory's records that is, where one was matched: it may have another id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<CustomerId>,
    /// The flag.
    pub flag: Flag,
    /// The live links, one per purpose.
    pub links: Vec<Link>,
    /// The live challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// Whether the person was last said to be there.
    pub online: Option<bool>,
    /// Her way in by an invitation.
    #[serde(default, skip_serializing_if = "Entry::is_empty")]
    pub entry: Entry,
}

/// What a bot or an agent knows of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// What she is called.
    pub name: Option<String>,
    /// In E.164.
    pub phone: Option<String>,
    /// Her mail address.
    pub email: Option<String>,
    /// Who she is said to be.
    pub customer_id: Option<CustomerId>,
}

impl Person {
    /// Where she is reached, in one spelling however it was written: her phone, else her mail
    /// address. Another spelling of it is no other person's.
    pub fn address(&self) -> Option<String> {
        self.phone
            .clone()
            .or_else(|| self.email.as_ref().map(|email| email.nfkc().flat_map(char::to_lowercase).collect()))
    }
}

/// What becomes of a person: absent fields stay, `Some(None)` empties one.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// What she is called.
    pub name: Option<Option<String>>,
    /// In E.164.
    pub phone: Option<Option<String>>,
    /// Her mail address.
    pub email: Option<Option<String>>,
    /// Who she is said to be.
    pub customer_id: Option<Option<CustomerId>>,
}

impl PersonChange {
    /// The person as she is from now on.
    pub fn apply(&self, person: &Person) -> Person {
        Person {
            name: self.name.clone().unwrap_or_else(|| person.name.clone()),
            phone: self.phone.clone().unwrap_or_else(|| person.phone.clone()),
            email: self.email.clone().unwrap_or_else(|| person.email.clone()),
            customer_id: self.customer_id.clone().unwrap_or_else(|| person.customer_id.clone()),
        }
    }
}

impl Participant {
    /// Whether a login or an answer of hers is still to come: a live link, a code that is to come back, a
    /// challenge.
    pub fn is_awaited(&self, now: Moment) -> bool {
        self.challenge.as_ref().is_some_and(|challenge| challenge.is_live(now))
            || self.links.iter().any(|link| link.purpose != LinkPurpose::Entry && link.is_live(now))
    }

    /// The pages of the participant's live login links, and of the live challenge.
    pub fn pages(&self) -> impl Iterator<Item = &PageProof> {
        self.links.iter().map(|link| &link.page).chain(self.challenge.as_ref().map(|challenge| &challenge.page))
    }

    /// Proofs that were accepted and have not raised the flag yet.
    pub fn pending(&self) -> impl Iterator<Item = &PendingProof> {
        self.pages().filter_map(|page| page.pending.as_deref())
    }

    /// Codes that a browser is shown and that must come back through the chat, each with its end.
    pub fn confirmations(&self) -> impl Iterator<Item = (&Confirmation, Moment)> {
        self.pages().filter_map(PageProof::confirmation)
    }

    /// A person who has proved nothing.
    pub fn new(id: ParticipantId, role: ParticipantRole, person: Person) -> Self {
        Self {
            id,
            role,
            person,
            subject: None,
            record: None,
            flag: Flag::default(),
            links: Vec::new(),
            challenge: None,
            online: None,
            entry: Entry::default(),
        }
    }

    /// The customer that this participant is known to be, by proof or by the bot's word.
    pub fn known_as(&self) -> Option<&CustomerId> {
        self.subject.as_ref().or(self.person.customer_id.as_ref())
    }

    /// Every customer that this participant may be: by proof or by the bot's word, by the record that a proof
    /// fits, and by an accepted proof that has not raised the flag yet.
    pub fn may_be(&self) -> impl Iterator<Item = &CustomerId> {
        let pending = self.pending().filter_map(|pending| pending.proof.as_ref()?.customer.as_ref());
        let proved = self.flag.customer().into_iter().chain(pending);
        let proved = proved.flat_map(|customer| [Some(&customer.id), customer.record.as_ref()]);
        proved.chain([self.known_as(), self.record.as_ref()]).flatten()
    }

    /// Whether that is somebody else than who is known: by the directory's records where both are known, else by
    /// what they are called.
    pub fn is_other_than(&self, proved: &Customer) -> bool {
        match (&self.record, &proved.record) {
            (Some(known), Some(proved)) => known != proved,
            _ => self.known_as().is_some_and(|known| *known != proved.id),
        }
    }

    /// The live link of a purpose.
    pub fn link(&self, purpose: LinkPurpose) -> Option<&Link> {
        self.links.iter().find(|link| link.purpose == purpose)
    }

    /// The newest live login link.
    pub fn newest_link(&self) -> Option<&Link> {
        self.links.iter().filter(|link| link.purpose != LinkPurpose::Entry).max_by_key(|link| link.number)
    }
}

impl Interaction {
    /// A participant by id.
    pub fn participant(&self, id: &ParticipantId) -> Option<&Participant> {
        self.participants.iter().find(|p| p.id == *id)
    }

    /// The one who chats.
    pub fn primary(&self) -> &Participant {
        self.participants
            .iter()
            .find(|p| p.role == ParticipantRole::Primary)
            .expect("opening makes exactly one primary, nothing removes it")
    }

    /// The participant that is named, else the primary.
    pub fn named(&self, id: Option<&ParticipantId>) -> Option<&Participant> {
        id.map_or_else(|| Some(self.primary()), |id| self.participant(id))
    }

    /// Whether the conversation goes on at `now`.
    pub fn is_open(&self, now: Moment) -> bool {
        self.status == InteractionStatus::Open && now < self.idle_until
    }

    /// The next moment at which somebody must look at it: time changes something, or a message
    /// is due.
    pub fn alarm(&self) -> Option<Moment> {
        self.deadline().into_iter().chain(self.sendings.iter().filter_map(Sending::due)).min()
    }

    /// A message outlives nothing that it is about: what has ended is sent to nobody.
    pub(crate) fn drop_pointless_sendings(&mut self) {
        let people = &self.participants;
        self.sendings.retain(|sending| {
            let to = people.iter().find(|p| p.id == sending.participant);
            to.is_some_and(|participant| match sending.what {
                What::Link { link, .. } => participant.links.iter().any(|live| live.number == link),
                What::Code { challenge, issue } => participant
                    .challenge
                    .as_ref()
                    .is_some_and(|live| live.number == challenge && live.issue() == Some(issue)),
            })
        });
    }

    /// The next moment at which time alone changes something.
    pub fn deadline(&self) -> Option<Moment> {
        if self.status != InteractionStatus::Open {
            return None;
        }
        let parts = self.participants.iter().flat_map(|p| {
            let links = p.links.iter().filter_map(Link::deadline);
            let asked = p.challenge.iter().flat_map(|c| [c.deadline(), c.judged_until()]).flatten();
            p.flag.deadline().into_iter().chain(links).chain(asked)
        });
        parts.chain([self.idle_until]).min()
    }
}

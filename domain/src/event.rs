//! Events. Those that a decision returns feed the audit trail, the live stream and the metrics;
//! names, addresses, codes and tokens never stand in them.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

pub use crate::base::actor::Actor;
use crate::base::id::{ChannelName, InteractionId, ParticipantId, TeamName};
pub use crate::event::kinds::{EventAudience, EventData, EventKind};
use crate::time::Moment;

pub mod data;
pub mod insight;
mod kinds;
pub mod posting;
mod reading;
pub mod step;
pub mod value;
pub mod webhook;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// Whose.
    pub team: TeamName,
    /// On which channel, where it was in an interaction.
    pub channel: Option<ChannelName>,
    /// In which interaction, where it was in one.
    pub interaction: Option<InteractionId>,
    /// To which participant.
    pub participant: Option<ParticipantId>,
    /// By whom; not told outward, kept by the audit trail.
    pub actor: Actor,
    /// The kind, with whatever else a listener needs.
    pub data: EventData,
}

impl Event {
    /// The kind of the event.
    pub fn kind(&self) -> EventKind {
        self.data.kind()
    }

    /// As it is told outward, under an id: who did it stays with the audit trail.
    pub fn document<'a>(&'a self, id: &'a str) -> EventDocument<'a> {
        let Self { at, team, channel, interaction, participant, actor: _, data } = self;
        let (channel, participant) = (channel.as_ref(), participant.as_ref());
        let (kind, at, interaction) = (self.kind(), at.to_string(), *interaction);
        EventDocument { id, kind, at, team, channel, interaction, participant, data }
    }
}

/// An event as listeners and webhooks read it.
#[derive(Debug, Serialize)]
pub struct EventDocument<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: EventKind,
    at: String,
    team: &'a TeamName,
    channel: Option<&'a ChannelName>,
    interaction: Option<InteractionId>,
    participant: Option<&'a ParticipantId>,
    data: &'a EventData,
}

/// As it is kept. The kind comes first: it says how the data is read.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut fields = s.serialize_struct("Event", 8)?;
        fields.serialize_field("type", &self.kind())?;
        fields.serialize_field("at", &self.at)?;
        fields.serialize_field("team", &self.team)?;
        if let Some(channel) = &self.channel {
            fields.serialize_field("channel", channel)?;
        }
        fields.serialize_field("interaction", &self.interaction)?;
        fields.serialize_field("participant", &self.participant)?;
        fields.serialize_field("actor", &self.actor)?;
        fields.serialize_field("data", &self.data)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests;

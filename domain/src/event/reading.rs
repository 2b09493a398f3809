//! Events read back from where they are kept: the kind, which stands first, says how the data is read.
//! Data with a field that this release does not know is refused, so that no older node drops it.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Event, EventKind};

const FIELDS: &[&str] = &["type", "at", "team", "channel", "interaction", "participant", "actor", "data"];

/// A field of a kept event.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum EventField {
    Type,
    At,
    Team,
    Channel,
    Interaction,
    Participant,
    Actor,
    Data,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_struct("Event", FIELDS, EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let (mut kind, mut at, mut team, mut actor, mut data) = (None::<EventKind>, None, None, None, None);
        let (mut channel, mut interaction, mut participant) = (None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                EventField::Type => kind = Some(map.next_value()?),
                EventField::At => at = Some(map.next_value()?),
                EventField::Team => team = Some(map.next_value()?),
                EventField::Channel => channel = map.next_value()?,
                EventField::Interaction => interaction = map.next_value()?,
                EventField::Participant => participant = map.next_value()?,
                EventField::Actor => actor = Some(map.next_value()?),
                EventField::Data => {
                    let kind = kind.ok_or_else(|| Error::custom("the type of an event stands before its data"))?;
                    data = Some(map.next_value_seed(kind)?);
                }
            }
        }
        let missing = |field| move || Error::missing_field(field);
        Ok(Event {
            at: at.ok_or_else(missing("at"))?,
            team: team.ok_or_else(missing("team"))?,
            channel,
            interaction,
            participant,
            actor: actor.ok_or_else(missing("actor"))?,
            data: data.ok_or_else(missing("data"))?,
        })
    }
}

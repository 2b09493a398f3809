//! The records of messages that are to be taken out of a chat: the commit that hears or ends a code puts them.
//! Who put one takes the message back at once; its alarm hands it to another node, should that one die.

use serde::{Deserialize, Serialize};

use super::Conversations;
use crate::engine::decide::PlainRecord;
use crate::engine::encode;
use crate::names::RETRACTION;
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::conversation::destination::Spent;
use countersign_domain::time::Moment;
use countersign_domain::time::lease::Lease;

/// A message that is to go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retraction {
    /// Whose account takes it back.
    pub team: TeamName,
    /// Over which channel.
    pub channel: ChannelName,
    /// In which conversation it stands.
    pub to: String,
    /// The platform's id of it.
    pub id: String,
    /// It is our own message.
    #[serde(default, skip_serializing_if = "is_theirs")]
    pub is_ours: bool,
    /// Tries that were begun.
    pub tries: u32,
    /// Since when.
    pub since: Moment,
    /// Not before; at once where it was never tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_theirs(is_ours: &bool) -> bool {
    !is_ours
}

impl Retraction {
    /// Its record: who commits it tries it at once.
    pub fn record(&self, name: String, now: Moment) -> PlainRecord {
        PlainRecord { name, bytes: encode(self), alarm: Some(Lease::begin(now).0), ..PlainRecord::default() }
    }
}

impl Conversations {
    /// The record of one of ours.
    pub(crate) fn retraction(&self, team: &TeamName, spent: &Spent, now: Moment) -> PlainRecord {
        let Spent { channel, to, platform_id, .. } = spent.clone();
        let (team, is_ours) = (team.clone(), true);
        let retraction = Retraction { team, channel, to, id: platform_id, is_ours, tries: 1, since: now, due: None };
        retraction.record(self.retraction_name(spent), now)
    }

    /// The records of several.
    pub(crate) fn retractions_of(&self, team: &TeamName, spent: &[Spent], now: Moment) -> Vec<PlainRecord> {
        spent.iter().map(|spent| self.retraction(team, spent, now)).collect()
    }

    /// The name of the record of one of ours.
    pub(crate) fn retraction_name(&self, spent: &Spent) -> String {
        format!("{RETRACTION}{}", self.engine.keys.replay.tag(&[b"taken back", spent.message_id.as_bytes()]).name())
    }
}

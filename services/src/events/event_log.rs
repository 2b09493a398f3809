//! A team's event log: events with their numbers, and where its streams stand.
//! Who numbers them, `relay` says; who reads them, `stream` and `history`.

use std::collections::BTreeMap;

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use super::EventLog;
use crate::engine::{Error, KeyOf, StoredRecord};
use crate::names::{head_name, member};
use countersign_domain::base::id::TeamName;
use countersign_domain::event::Event;

impl EventLog {
    /// Where a team's streams stand. No number up to there is ever given to another event: whatever is read of a
    /// stream or a trail is told only as far as a head that was read before. While nobody confirms the newest
    /// head, the last one that was confirmed here is good enough: its numbers stand.
    pub(crate) async fn head(&self, team: &TeamName) -> Result<StreamHead, Error> {
        match self.engine.record_to_tell(&self.head_key(team)).await {
            Ok(head) => {
                let head = head.unwrap_or_default();
                self.confirmed_heads.remember(team, head.clone());
                Ok(head)
            }
            Err(Error::Away(why)) => self.confirmed_heads.0.get(team).ok_or(Error::Away(why)),
            Err(error) => Err(error),
        }
    }

    /// The record of where a team's streams stand.
    pub(crate) fn head_key(&self, team: &TeamName) -> KeyOf<StreamHead> {
        KeyOf::new(self.engine.team_partition(team), head_name(team))
    }
}

/// Teams whose confirmed heads are remembered, the busiest.
const MAX_HEADS: usize = 10_000;

/// Where streams stood when that was confirmed last.
pub(crate) struct ConfirmedHeads(Cache<TeamName, StreamHead>);

impl ConfirmedHeads {
    /// This head was confirmed.
    pub(crate) fn remember(&self, team: &TeamName, head: StreamHead) {
        self.0.insert(team.clone(), head);
    }
}

impl Default for ConfirmedHeads {
    fn default() -> Self {
        Self(Cache::new(MAX_HEADS))
    }
}

impl StoredRecord for StreamHead {}

/// Where a team's streams stand.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamHead {
    /// The newest event's number.
    pub events: u64,
    /// The newest event that retention took.
    pub gone: u64,
    /// The newest audit entry's number.
    pub audit: u64,
    /// Its hash, hex.
    pub hash: String,
    /// The newest audit entry that retention took, 0 for none; of an older release's team nobody knows, until
    /// retention takes the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_gone: Option<u64>,
    /// Whether the index of locks has been kept since the team began, or was made whole since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locks_kept: bool,
    /// What was taken from each tag's outbox.
    pub taken: BTreeMap<u8, u64>,
}

/// An event with its number in the team's stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbered<E = Event> {
    /// Rises within the team.
    pub number: u64,
    /// What happened.
    pub event: E,
}

impl Numbered {
    /// Its id: ids rise within the team, as numbers and as texts.
    pub fn id(&self) -> String {
        member(self.number)
    }

    /// As it is told outward, in JSON.
    pub fn told(&self) -> String {
        serde_json::to_string(&self.event.document(&self.id())).expect("an event is plain data")
    }
}

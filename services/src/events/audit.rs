//! The audit trail: one entry for each security act, each holding the hash of the one before.
//! Who changes, drops or moves an entry breaks the chain at that place; who cuts its end is
//! seen against the head that comes with every page.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::de::DeserializeSeed as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::EventLog;
use crate::engine::{Error, decode};
use crate::names::{audit_index, member};
use countersign_domain::base::id::TeamName;
use countersign_domain::event::{Actor, Event, EventKind};
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::hex;
use countersign_domain::time::Moment;
use countersign_store::Order;

/// One security act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Its place: 1, 2, 3, …
    pub number: u64,
    /// RFC 3339.
    pub at: String,
    /// Who did it.
    pub actor: Actor,
    /// What, by the event's name.
    pub action: String,
    /// To what: interaction and participant, by id.
    pub object: Map<String, Value>,
    /// What else matters; people by pseudonym.
    pub detail: Map<String, Value>,
    /// The hash of the entry before; of the first, nothing.
    pub previous: String,
    /// SHA-256, hex, of this entry's JSON with an empty `hash`, names in order, without spaces.
    pub hash: String,
}

/// A page of the trail, as callers get it and `audit verify` reads it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trail {
    /// In order.
    pub items: Vec<AuditEntry>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// Where the whole trail stood when the page was read.
    pub head: TrailHead,
}

/// Where a trail stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrailHead {
    /// The newest entry's number.
    pub number: u64,
    /// Its hash.
    pub hash: String,
    /// The newest entry that is past its time: it and those before it are no more. 0: none is; absent: it was not
    /// kept, and is known once the next one goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<u64>,
}

/// Makes the entry of an event. The opaque `state` is the bot's own and stays out.
pub(crate) fn link_entry(number: u64, previous: &str, event: &Event) -> AuditEntry {
    let mut object = Map::new();
    if let Some(id) = event.interaction {
        object.insert("interaction".into(), id.to_string().into());
    }
    if let Some(id) = &event.participant {
        object.insert("participant".into(), id.as_str().into());
    }
    let mut detail = match serde_json::to_value(&event.data) {
        Ok(Value::Object(detail)) => detail,
        _ => unreachable!("data of an event is an object"),
    };
    detail.remove("state");
    let mut entry = AuditEntry {
        number,
        at: event.at.to_string(),
        actor: event.actor.clone(),
        action: event.kind().as_str().to_owned(),
        object,
        detail,
        previous: previous.to_owned(),
        hash: String::new(),
    };
    entry.hash = hash_of(&entry);
    entry
}

impl AuditEntry {
    /// The event that it was made from, read back: nothing where this release does not know its kind, or cannot read
    /// it. Fields of a later release are passed over, and so are those that an earlier one did not tell.
    pub(crate) fn event(&self, team: &TeamName) -> Option<Event> {
        let kind = EventKind::named(&self.action)?;
        let told = kind.fields().into_iter().filter_map(|field| {
            let value = self.detail.get(field.name).cloned();
            let value = value.or_else(|| (field.may_be_null && !field.may_be_absent).then_some(Value::Null));
            Some((field.name.to_owned(), value?))
        });
        let data = kind.deserialize(Value::Object(told.collect())).ok()?;
        let id = |name| self.object.get(name).and_then(Value::as_str);
        Some(Event {
            at: self.at.parse().unwrap_or(Moment(0)),
            team: team.clone(),
            channel: None,
            interaction: id("interaction").and_then(|id| id.parse().ok()),
            participant: id("participant").and_then(|id| id.parse().ok()),
            actor: self.actor.clone(),
            data,
        })
    }
}

/// What is hashed of an entry, with the names of every object in order, so that an entry has one JSON
/// text, however it was stored, sent or reformatted.
#[derive(Serialize)]
struct Hashed<'a> {
    action: &'a str,
    actor: &'a Actor,
    at: &'a str,
    #[serde(serialize_with = "in_order")]
    detail: &'a Map<String, Value>,
    hash: &'static str,
    number: u64,
    #[serde(serialize_with = "in_order")]
    object: &'a Map<String, Value>,
    previous: &'a str,
}

/// An object with its names in order.
fn in_order<S: Serializer>(members: &Map<String, Value>, s: S) -> Result<S::Ok, S::Error> {
    let members: BTreeMap<&str, InOrder<'_>> = members.iter().map(|(name, v)| (name.as_str(), InOrder(v))).collect();
    members.serialize(s)
}

struct InOrder<'a>(&'a Value);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => in_order(members, s),
            Value::Array(items) => s.collect_seq(items.iter().map(InOrder)),
            other => other.serialize(s),
        }
    }
}

fn hash_of(entry: &AuditEntry) -> String {
    let AuditEntry { number, at, actor, action, object, detail, previous, hash: _ } = entry;
    let hashed = Hashed { action, actor, at, detail, hash: "", number: *number, object, previous };
    let text = serde_json::to_vec(&hashed).expect("an entry is plain data");
    hex(digest(&SHA256, &text).as_ref())
}

/// What is wrong with a trail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is not what it was.
    #[error("entry {0} was changed: its hash does not fit its content")]
    Changed(u64),
    /// An entry does not follow the one before it.
    #[error("entry {0} does not follow the entry before it: something was removed, added or moved")]
    Unlinked(u64),
    /// The end is missing.
    #[error("the trail ends at entry {0} and its head says {1}: the end was cut off")]
    Cut(u64, u64),
}

impl Trail {
    /// Checks every hash and every link; the first that is broken is named. A trail that begins
    /// at entry 1 must begin with nothing before it.
    pub fn verify(&self) -> Result<usize, Broken> {
        let mut before: Option<&AuditEntry> = None;
        for entry in &self.items {
            if entry.hash != hash_of(entry) {
                return Err(Broken::Changed(entry.number));
            }
            let follows = match before {
                Some(b) => entry.number == b.number + 1 && entry.previous == b.hash,
                None => entry.number != 1 || entry.previous.is_empty(),
            };
            if !follows {
                return Err(Broken::Unlinked(entry.number));
            }
            before = Some(entry);
        }
        let last = before.map_or(0, |b| b.number);
        let is_over = self.items.is_empty() && self.head.gone == Some(self.head.number);
        if self.next_cursor.is_none() && last != self.head.number && !is_over {
            return Err(Broken::Cut(last, self.head.number));
        }
        // A page that is not the last one ends where it says that the next one begins.
        if let Some(next) = &self.next_cursor
            && *next != last.to_string()
        {
            return Err(Broken::Cut(last, next.parse().unwrap_or(self.head.number)));
        }
        if let Some(b) = before
            && b.number == self.head.number
            && b.hash != self.head.hash
        {
            return Err(Broken::Changed(b.number));
        }
        Ok(self.items.len())
    }
}

impl EventLog {
    /// A page of a team's audit trail, oldest first, after an entry's number.
    pub async fn audit(&self, team: &TeamName, after: u64, limit: usize) -> Result<Trail, Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let head = self.head(team).await?;
        let (index, from) = (audit_index(team), member(after));
        let page =
            self.engine.store.list(self.engine.team_partition(team), &index, Order::Rising, Some(&from), limit).await?;
        let (mut items, is_full) = (Vec::with_capacity(page.len()), page.len() == limit);
        for entry in page {
            items.push(decode::<AuditEntry>(&index, &self.engine.open_at(&index, &entry.bytes)?)?);
        }
        // What was appended while the page was read belongs to the next one.
        items.retain(|entry| entry.number <= head.audit);
        let last = items.last().map_or(after, |entry| entry.number);
        // A page with room left has everything that there is: what its head knows besides is missing.
        let next_cursor = (is_full && last < head.audit).then(|| last.to_string());
        let head = TrailHead { number: head.audit, hash: head.hash, gone: head.audit_gone };
        Ok(Trail { items, next_cursor, head })
    }
}

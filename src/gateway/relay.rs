//! The relay: moves committed events out of the outboxes into their team's stream, numbers
//! them, chains the audit trail and writes the list index, all in one commit of the team's
//! partition.
//!
//! The head of a stream remembers what was taken from each outbox, so a relay that died between
//! appending and trimming, or one that races another node's, appends nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::audit::{Entry, link_entry};
use super::decide::{Change, Plain, Reads};
use super::interactions::Summary;
use super::names::{audit_index, head_name, list_index, member, stream_index};
use super::{Error, Gateway, decode, encode};
use crate::domain::event::Event;
use crate::domain::id::{InteractionId, TeamName};
use crate::domain::refusal::Refusal;
use crate::store::Waiting;

/// Events that are moved at once.
const MOST: usize = 512;

/// Where a team's streams stand.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The newest event's number.
    pub events: u64,
    /// The newest event that retention took.
    pub gone: u64,
    /// The newest audit entry's number.
    pub audit: u64,
    /// Its hash, hex.
    pub hash: String,
    /// What was taken from each tag's outbox.
    pub taken: BTreeMap<u8, u64>,
}

/// An event with its number in the team's stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    /// Rises within the team.
    pub number: u64,
    /// What happened.
    pub event: Event,
}

impl Gateway {
    /// Moves what waits, at most a page; how many events it was.
    pub async fn relay(&self) -> Result<usize, Error> {
        let waiting = self.store.outbox(MOST).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let mut by_team: BTreeMap<TeamName, Vec<(u8, u64, Event)>> = BTreeMap::new();
        let (mut newest, mut held) = (BTreeMap::<u8, u64>::new(), BTreeSet::<u8>::new());
        for Waiting { tag, seq, bytes } in &waiting {
            if held.contains(tag) {
                continue;
            }
            match self.open_at("outbox", bytes) {
                Ok(plain) => match decode::<Event>("outbox", &plain) {
                    Ok(event) => by_team.entry(event.team.clone()).or_default().push((*tag, *seq, event)),
                    // A newer release's. It waits for a node that knows it, and so does what its tag tells after it.
                    Err(error) => {
                        tracing::warn!(tag, seq, %error, "an event waits for a newer node");
                        held.insert(*tag);
                        continue;
                    }
                },
                // One that is damaged must not hold back every team's: it is named, and passed over.
                Err(error) => tracing::error!(tag, seq, %error, "an event is lost: the outbox holds damage"),
            }
            newest.insert(*tag, *seq);
        }
        for (team, events) in &by_team {
            match self.append(team, events).await {
                // This team's streams cannot be followed here; the others' can.
                Err(Error::Damaged(why)) => {
                    tracing::error!(%team, why, "a team's events wait");
                    newest.retain(|tag, _| events.iter().all(|(waits, ..)| waits != tag));
                }
                other => other?,
            }
        }
        for (tag, seq) in &newest {
            self.store.trim_outbox(*tag, *seq).await?;
        }
        self.moved.notify_waiters();
        Ok(waiting.iter().filter(|w| newest.get(&w.tag).is_some_and(|seq| w.seq <= *seq)).count())
    }

    async fn append(&self, team: &TeamName, waiting: &[(u8, u64, Event)]) -> Result<(), Error> {
        let touched: BTreeSet<InteractionId> = waiting.iter().filter_map(|(_, _, e)| e.interaction).collect();
        let mut summaries = Vec::new();
        for id in touched {
            match self.look(id, Some(team)).await {
                Ok(seen) => summaries.push((id, Some(encode(&Summary::of(&seen.interaction))))),
                Err(Error::Refused(Refusal::NotFound(_))) => summaries.push((id, None)),
                Err(Error::Damaged(why)) => tracing::error!(%id, why, "told without its place in the list"),
                Err(error) => return Err(error),
            }
        }
        let reads = Reads { partition: self.team_partition(team), names: vec![head_name(team)] };
        let saved = self.decide(&reads, |records, _| {
            let mut head: Head = records[0].as_ref().map_or(Ok(Head::default()), |b| decode(&reads.names[0], b))?;
            let mut change = Change::nothing(Ok(()));
            let mut news = BTreeSet::new();
            for (tag, seq, event) in waiting {
                if head.taken.get(tag).is_some_and(|taken| seq <= taken) {
                    continue;
                }
                head.taken.insert(*tag, *seq);
                news.extend(event.interaction);
                self.number(&mut head, &mut change, team, event);
            }
            // What another node took was also read by it, perhaps later than here: an older
            // summary must not take the place of a newer one.
            for (id, summary) in summaries.iter().filter(|(id, _)| news.contains(id)) {
                match summary {
                    Some(bytes) => change.enter.push((list_index(team), id.to_string(), bytes.clone())),
                    None => change.remove.push((list_index(team), id.to_string())),
                }
            }
            change.put.push(Plain { name: reads.names[0].clone(), bytes: encode(&head), ..Plain::default() });
            Ok(change)
        });
        Ok(saved.await?.outcome?)
    }

    /// Gives an event its number, and a security act its place in the chain.
    fn number(&self, head: &mut Head, change: &mut Change<()>, team: &TeamName, event: &Event) {
        head.events += 1;
        let numbered = Numbered { number: head.events, event: event.clone() };
        change.enter.push((stream_index(team), member(head.events), encode(&numbered)));
        if event.kind.is_audited() {
            head.audit += 1;
            let entry: Entry = link_entry(head.audit, &head.hash, event);
            head.hash.clone_from(&entry.hash);
            change.enter.push((audit_index(team), member(head.audit), encode(&entry)));
        }
    }

    /// Relays for ever.
    pub async fn relay_forever(&self) {
        loop {
            match self.relay().await {
                Ok(0) => self.store.woken().await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "events cannot be moved");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Where a team's streams stand.
    pub(super) async fn head(&self, team: &TeamName) -> Result<Head, Error> {
        let name = head_name(team);
        let (mut opened, _) =
            self.read(&Reads { partition: self.team_partition(team), names: vec![name.clone()] }).await?;
        opened.pop().flatten().map_or(Ok(Head::default()), |b| decode(&name, &b))
    }
}

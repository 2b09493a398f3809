//! The relay: moves committed events out of the outboxes into their team's stream, numbers
//! them, chains the audit trail and writes the list index, all in one commit of the team's
//! partition. What insights show is counted in the same commit, so nothing is counted twice.
//!
//! The head of a stream remembers what was taken from each outbox, so a relay that died between
//! appending and trimming, or one that races another node's, appends nothing twice.
//!
//! A server may be lost at any time. So an outbox gives out only what is confirmed, and it is trimmed only
//! after the append is confirmed, too: the transaction says so, also where another node has appended.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Relay;
use super::audit::link_entry;
use super::event_log::{Numbered, StreamHead};
use super::insights;
use super::lock_index::Noted;
use crate::conversations::summary::Summary;
use crate::engine::{Effects, Error, KeyOf, Slot, decode, encode};
use crate::names::{audit_index, counting_name, list_index, member, stream_index};
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::event::Event;
use countersign_domain::event::insight::Counting;
use countersign_domain::refusal::Refusal;
use countersign_store::{Outbox, OutboxEvent, StoreError};

/// Events that are moved at once.
const MAX_BATCH: usize = 512;

/// Teams and records that are seen to at the same time, so that they share flushes.
const CONCURRENCY: usize = 32;

/// An interaction and what the list is to keep of it.
type Listed = (InteractionId, Option<Vec<u8>>);

/// What was moved at once.
struct Page {
    moved: usize,
    /// There may be more.
    full: bool,
    /// Why not every outbox was asked.
    missed: Option<StoreError>,
    /// Why a team's stream could not be written.
    away: Option<StoreError>,
    /// Something waits for a newer node, and whose it is, is not known.
    held: bool,
    /// Teams whose streams cannot be followed by this node, and what waits with them.
    waits: Vec<(TeamName, BTreeSet<u8>)>,
}

/// A team whose events wait.
struct Waiting {
    team: TeamName,
    /// The tags whose outboxes they wait in.
    tags: BTreeSet<u8>,
    /// Why asking again may help.
    why: Option<StoreError>,
}

/// What waits, as far as it can be read.
#[derive(Default)]
struct Readable {
    by_team: BTreeMap<TeamName, Vec<(u8, u64, Event)>>,
    /// What was seen of each tag.
    newest: BTreeMap<u8, u64>,
    /// Tags that wait for a newer node.
    held: BTreeSet<u8>,
}

impl Relay {
    /// Moves what waits, at most a page; how many events it was. An error where nothing could be moved, since a
    /// stream's server does not answer or nobody confirms.
    pub async fn relay(&self) -> Result<usize, Error> {
        let Page { moved, away, .. } = self.relay_page().await?;
        match away {
            Some(why) if moved == 0 => Err(why.into()),
            _ => Ok(moved),
        }
    }

    /// Moves everything that waits now, so that lists lag behind nothing that is over; of what is told
    /// meanwhile nothing is waited for. Whoever walks a list next must miss nothing, so it is an error
    /// where an outbox does not answer, and where something of that team's, or of nobody knows whose,
    /// waits for a node that can follow it. A team that stands still holds up itself alone.
    pub(crate) async fn catch_up(&self, team: Option<&TeamName>) -> Result<(), Error> {
        loop {
            let Page { full, missed, away, held, waits, .. } = self.relay_page().await?;
            if let Some(why) = missed.or(away) {
                return Err(why.into());
            }
            if team.is_some_and(|team| held || waits.iter().any(|(waiting, _)| waiting == team)) {
                return Err(Error::Damaged("events wait that this node cannot follow".into()));
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn relay_page(&self) -> Result<Page, Error> {
        let Outbox { waiting, missed } = self.engine.store.outbox(MAX_BATCH).await?;
        if waiting.is_empty() {
            return Ok(Page { moved: 0, full: false, missed, away: None, held: false, waits: Vec::new() });
        }
        let Readable { by_team, mut newest, held } = self.readable(&waiting);
        let teams = stream::iter(by_team).map(|(team, events)| self.append_or_wait(team, events));
        let appended: Vec<Option<Waiting>> = teams.buffer_unordered(CONCURRENCY).try_collect().await?;
        let (mut waits, mut away) = (Vec::new(), None);
        for Waiting { team, tags, why } in appended.into_iter().flatten() {
            away = away.or(why);
            waits.push((team, tags));
        }
        newest.retain(|tag, _| !waits.iter().any(|(_, tags)| tags.contains(tag)));
        self.engine.store.trim_outboxes(&newest).await?;
        self.event_log.has_moved();
        let moved = waiting.iter().filter(|w| newest.get(&w.tag).is_some_and(|seq| w.seq <= *seq)).count();
        let full = waiting.len() >= MAX_BATCH;
        // Where nothing of a full page can be moved, the next one is the same, and nobody sees what is behind it.
        let (full, hides) = (full && moved > 0, full && moved == 0);
        Ok(Page { moved, full, missed, away, held: hides || !held.is_empty(), waits })
    }

    /// Opens what waits.
    fn readable(&self, waiting: &[OutboxEvent]) -> Readable {
        let mut readable = Readable::default();
        for OutboxEvent { tag, seq, bytes } in waiting {
            if readable.held.contains(tag) {
                continue;
            }
            match self.engine.open_at("outbox", bytes) {
                Ok(plain) => match decode::<Event>("outbox", &plain) {
                    Ok(event) => readable.by_team.entry(event.team.clone()).or_default().push((*tag, *seq, event)),
                    // A newer release's. It waits for a node that knows it, and so does what its tag tells after it.
                    Err(error) => {
                        tracing::warn!(tag, seq, %error, "an event waits for a newer node");
                        readable.held.insert(*tag);
                        continue;
                    }
                },
                // One that is damaged must not hold back every team's: it is named, and passed over.
                Err(error) => tracing::error!(tag, seq, %error, "an event is lost: the outbox holds damage"),
            }
            readable.newest.insert(*tag, *seq);
        }
        readable
    }

    /// A team whose events must wait: its streams cannot be followed by this node, or their server does not answer,
    /// or nobody confirms them. It holds up no other team's.
    async fn append_or_wait(&self, team: TeamName, events: Vec<(u8, u64, Event)>) -> Result<Option<Waiting>, Error> {
        let why = match self.append(&team, &events).await {
            Err(Error::Damaged(why)) => {
                tracing::error!(%team, why, "a team's events wait");
                None
            }
            Err(Error::Away(why)) => {
                tracing::warn!(%team, why, "a team's events wait for their server");
                Some(StoreError::Away(why))
            }
            other => return other.map(|()| None),
        };
        Ok(Some(Waiting { team, tags: events.iter().map(|(tag, ..)| *tag).collect(), why }))
    }

    async fn append(&self, team: &TeamName, waiting: &[(u8, u64, Event)]) -> Result<(), Error> {
        let listed = |event: &Event| event.interaction.filter(|_| Summary::may_change_with(event.kind()));
        let touched: BTreeSet<InteractionId> = waiting.iter().filter_map(|(_, _, event)| listed(event)).collect();
        let summaries = stream::iter(touched).map(|id| self.summary(team, id)).buffered(CONCURRENCY);
        let summaries: Vec<_> = summaries.try_filter_map(async |found| Ok(found)).try_collect().await?;
        let counting = KeyOf::<Counting>::new(self.engine.team_partition(team), counting_name(team));
        let append = |(head, counting): &mut (Slot<StreamHead>, Slot<Counting>), effects: &mut Effects, _| {
            let taken = |tag| head.get().and_then(|head| head.taken.get(tag));
            let new: Vec<_> =
                waiting.iter().filter(|(tag, seq, _)| taken(tag).is_none_or(|taken| seq > taken)).collect();
            if new.is_empty() {
                return Ok(head.get().cloned()); // nothing is written, and the head is confirmed as it was read
            }
            let first = || StreamHead { locks_kept: true, audit_gone: Some(0), ..StreamHead::default() };
            let head = head.get_or_insert_with(first);
            let mut news = BTreeSet::new();
            let mut locks = Noted::default();
            let mut counted = Vec::new();
            for (tag, seq, event) in new {
                head.taken.insert(*tag, *seq);
                news.extend(listed(event));
                number(head, effects, team, event);
                locks.heed(event);
                counted.push(event);
            }
            // What another node took was also read by it, perhaps later than here: an older
            // summary must not take the place of a newer one.
            for (id, summary) in summaries.iter().filter(|(id, _)| news.contains(id)) {
                match summary {
                    Some(bytes) => effects.enter(list_index(team), id.to_string(), bytes.clone()),
                    None => effects.remove(list_index(team), id.to_string()),
                }
            }
            insights::count(counting, team, &counted, effects);
            locks.keep(team, effects);
            Ok(Some(head.clone()))
        };
        let head = self.engine.transact(&(self.event_log.head_key(team), counting), append).await?;
        if let Some(head) = head {
            self.event_log.confirmed_heads.remember(team, head);
        }
        self.webhooks.tell_soon(team).await;
        for (event, id) in waiting.iter().filter_map(|(_, _, event)| Some((event, event.interaction?))) {
            self.messaging.show_status(team, id, event.kind());
        }
        Ok(())
    }

    /// What the list keeps of an interaction, None for one that is gone. One that cannot be read has
    /// no place in the list.
    async fn summary(&self, team: &TeamName, id: InteractionId) -> Result<Option<Listed>, Error> {
        match self.conversations.look(id, Some(team)).await {
            Ok(seen) => Ok(Some((id, Some(encode(&Summary::of(&seen.interaction)))))),
            Err(Error::Refused(Refusal::NotFound(_))) => Ok(Some((id, None))),
            Err(Error::Damaged(why)) => {
                tracing::error!(%id, why, "told without its place in the list");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Relays for ever.
    pub async fn relay_forever(&self) {
        loop {
            match self.relay().await {
                Ok(0) => self.engine.store.woken().await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "events cannot be moved");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Gives an event its number, and a security act its place in the chain.
fn number(head: &mut StreamHead, effects: &mut Effects, team: &TeamName, event: &Event) {
    head.events += 1;
    effects.enter(stream_index(team), member(head.events), encode(&Numbered { number: head.events, event }));
    if !event.kind().is_audited() {
        return;
    }
    head.audit += 1;
    let entry = link_entry(head.audit, &head.hash, event);
    head.hash.clone_from(&entry.hash);
    effects.enter(audit_index(team), member(head.audit), encode(&entry));
}

//! What has happened in one interaction, read out of its team's stream: newest first, as far back as is
//! looked. What is older than the stream keeps is in the audit trail alone.

use super::EventLog;
use super::event_log::Numbered;
use crate::conversations::snapshots::Acting;
use crate::engine::{Error, decode};
use crate::names::{member, stream_index};
use countersign_domain::event::EventKind;
use countersign_store::Order;

/// So many events of the team are looked through; a busy team's older ones stay unseen.
const DEEPEST: usize = 4096;

/// At once.
const PAGE: usize = 512;

/// No more are told.
const MAX_ITEMS: usize = 200;

impl EventLog {
    /// The interaction's events, newest first; false where there may be older ones.
    pub async fn history(&self, acting: Acting<'_>) -> Result<(Vec<Numbered>, bool), Error> {
        let snapshot = self.conversations.flag(acting.id, acting.team).await?;
        let team = &snapshot.interaction.team;
        let head = self.head(team).await?;
        let (index, mut after, mut found) = (stream_index(team), Some(member(head.events + 1)), Vec::new());
        for _ in 0..DEEPEST / PAGE {
            let partition = self.engine.team_partition(team);
            let page = self.engine.store.list(partition, &index, Order::Falling, after.as_deref(), PAGE).await?;
            for entry in &page {
                let numbered: Numbered = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                if numbered.event.interaction != Some(acting.id) {
                    continue;
                }
                // By its own beginning, not by the time: what ended while nobody looked is told late, and of
                // when it ended.
                let is_first = numbered.event.kind() == EventKind::InteractionOpened;
                found.push(numbered);
                if is_first && found.len() <= MAX_ITEMS {
                    return Ok((found, true));
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE && found.len() < MAX_ITEMS => after = Some(last.member.clone()),
                Some(_) if found.len() >= MAX_ITEMS => break,
                _ => return Ok((found, true)),
            }
        }
        found.truncate(MAX_ITEMS);
        Ok((found, false))
    }
}

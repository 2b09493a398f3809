//! The audit trail as people go through it: the newest entries first, and the whole chain checked in one go.
//! What an entry is, and when a page of the trail is whole, `audit` says.

use super::EventLog;
use super::audit::{AuditEntry, Broken, Trail};
use crate::engine::decide::MAX_WAIT;
use crate::engine::{Error, decode};
use crate::names::{audit_index, member};
use countersign_domain::base::id::TeamName;
use countersign_domain::refusal::Refusal;
use countersign_store::Order;

/// Entries that one look goes through, however few of them fit.
const MAX_SCANNED: usize = 2_000;

/// Entries that are read at once.
const PAGE: usize = 200;

/// Entries that a check reads at once.
const CHECKED_AT_ONCE: usize = 1_000;

/// A chain that is checked page by page.
#[derive(Debug, Default)]
struct Chain {
    count: u64,
    last: Option<(u64, String)>,
}

impl Chain {
    /// Up to which entry it was checked.
    fn reached(&self) -> u64 {
        self.last.as_ref().map_or(0, |(number, _)| *number)
    }

    /// The next page: whole in itself, and following the one before, or what retention took.
    fn take(&mut self, trail: &Trail) -> Result<(), Broken> {
        let (reached, end) = (self.reached(), trail.head.number);
        // Where nobody knows what retention took, the trail begins where its first page does.
        let unknown = if self.last.is_none() { end } else { 0 };
        let stands = reached.max(trail.head.gone.unwrap_or(unknown));
        let Some(first) = trail.items.first() else {
            return if stands < end { Err(Broken::Cut(stands, end)) } else { Ok(()) };
        };
        let is_next = reached < first.number && first.number <= stands + 1;
        let is_linked = self.last.as_ref().is_none_or(|(n, hash)| first.number != n + 1 || first.previous == *hash);
        if !is_next || !is_linked {
            return Err(Broken::Unlinked(first.number));
        }
        self.count += trail.verify()? as u64;
        self.last = trail.items.last().map(|entry| (entry.number, entry.hash.clone()));
        Ok(())
    }
}

/// What a check of the whole chain came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Entries that are as they were and follow each other.
    pub count: u64,
    /// The number of the last of them.
    pub last: u64,
    /// Where it breaks; none: it is whole.
    pub broken: Option<Broken>,
    /// The hash of the newest, to be compared with one that was noted elsewhere.
    pub head: String,
}

impl EventLog {
    /// Entries of a team's trail, the newest first, those below a number; and below which number to look
    /// further, where there may be more.
    pub async fn audit_back(
        &self,
        team: &TeamName,
        below: Option<u64>,
        most: usize,
        fits: impl Fn(&AuditEntry) -> bool,
    ) -> Result<(Vec<AuditEntry>, Option<u64>), Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let (index, partition) = (audit_index(team), self.engine.team_partition(team));
        let after_head = self.head(team).await?.audit + 1;
        let (mut found, mut below) = (Vec::new(), Some(below.map_or(after_head, |below| below.min(after_head))));
        for _ in 0..MAX_SCANNED / PAGE {
            let after = below.map(member);
            let page = self.engine.store.list(partition, &index, Order::Falling, after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            for entry in page {
                let entry: AuditEntry = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                below = Some(entry.number);
                if fits(&entry) {
                    found.push(entry);
                }
                if found.len() == most {
                    return Ok((found, below.filter(|number| *number > 1)));
                }
            }
            if is_last {
                return Ok((found, None));
            }
        }
        Ok((found, below))
    }

    /// Checks a team's whole trail, as `countersign audit verify` does with pages that were fetched. A node
    /// checks one at a time: it reads all of it.
    pub async fn check_audit(&self, team: &TeamName) -> Result<Checked, Error> {
        let waited = tokio::time::timeout(MAX_WAIT, self.checking.lock()).await;
        let _alone = waited.map_err(|_| Error::Away("another trail is being checked".into()))?;
        let mut chain = Chain::default();
        loop {
            let mut trail = self.audit(team, chain.reached(), CHECKED_AT_ONCE).await?;
            let mut taken = chain.take(&trail);
            if taken.is_err() {
                // Retention may have come between the look at the head and the page.
                trail.head.gone = self.head(team).await?.audit_gone;
                taken = chain.take(&trail);
            }
            if taken.is_err() || trail.next_cursor.is_none() {
                let (count, last, head) = (chain.count, chain.reached(), trail.head.hash);
                return Ok(Checked { count, last, broken: taken.err(), head });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::audit::{TrailHead, link_entry};
    use super::*;
    use countersign_domain::event::Actor;
    use countersign_domain::event::Event;
    use countersign_domain::event::EventData;
    use countersign_domain::event::data::teams::EpochBegunData;
    use countersign_domain::time::Moment;

    fn trail(count: u64) -> Vec<AuditEntry> {
        let mut entries: Vec<AuditEntry> = Vec::new();
        for number in 1..=count {
            let event = Event {
                at: Moment(number),
                team: "acme".parse().expect("a name"),
                channel: None,
                interaction: None,
                participant: None,
                actor: Actor::Owner,
                data: EventData::EpochBegun(EpochBegunData { epoch: 1, why: number.to_string() }),
            };
            let previous = entries.last().map(|entry| entry.hash.clone()).unwrap_or_default();
            entries.push(link_entry(number, &previous, &event));
        }
        entries
    }

    fn pages(entries: &[AuditEntry], of: usize) -> Vec<Trail> {
        let head = entries.last().map(|last| TrailHead { number: last.number, hash: last.hash.clone(), gone: Some(0) });
        let head = head.expect("entries");
        let pages = entries.chunks(of).map(|page| Trail {
            items: page.to_vec(),
            next_cursor: page.last().map(|last| last.number).filter(|n| *n < head.number).map(|n| n.to_string()),
            head: head.clone(),
        });
        pages.collect()
    }

    fn check(pages: &[Trail]) -> (Result<(), Broken>, u64) {
        let mut chain = Chain::default();
        (pages.iter().try_for_each(|page| chain.take(page)), chain.count)
    }

    #[test]
    fn a_chain_is_whole_over_its_pages() {
        let entries = trail(7);
        assert_eq!(check(&pages(&entries, 3)), (Ok(()), 7));
        let mut later = pages(&entries[2..], 2);
        assert_eq!(check(&later), (Err(Broken::Unlinked(3)), 0), "nothing is past its time");
        later.iter_mut().for_each(|page| page.head.gone = Some(2));
        assert_eq!(check(&later), (Ok(()), 5), "what is past its time is no more");
        later.iter_mut().for_each(|page| page.head.gone = None);
        assert_eq!(check(&later), (Ok(()), 5), "what an older release's retention took is not known");
        later.remove(1);
        assert_eq!(check(&later), (Err(Broken::Unlinked(7)), 2), "it took nothing out of the middle");
        let mut between = pages(&entries, 2);
        between.remove(1);
        assert_eq!(check(&between).0, Err(Broken::Unlinked(5)));
        between[1].head.gone = Some(4);
        assert_eq!(check(&between), (Ok(()), 5), "retention came between the pages");
        between[1].head.gone = Some(3);
        assert_eq!(check(&between).0, Err(Broken::Unlinked(5)), "and took less than is missing");
    }

    #[test]
    fn a_chain_breaks_where_an_entry_was_changed_or_taken_out_between_pages() {
        let entries = trail(7);
        let mut changed = pages(&entries, 3);
        changed[1].items[0].detail.insert("epoch".into(), json!(99));
        assert_eq!(check(&changed), (Err(Broken::Changed(4)), 3));
        let mut cut = pages(&entries, 3);
        cut[1].items.remove(0);
        assert_eq!(check(&cut).0, Err(Broken::Unlinked(5)));
        let mut other = trail(7);
        other.iter_mut().for_each(|entry| entry.actor = Actor::Operator);
        let mut moved = pages(&entries, 3);
        moved[1] = pages(&other, 3).remove(1);
        assert!(check(&moved).0.is_err());
        let mut short = pages(&entries, 3);
        let head = short[1].head.clone();
        short[2] = Trail { items: Vec::new(), next_cursor: None, head };
        assert_eq!(check(&short), (Err(Broken::Cut(6, 7)), 6), "the end was cut where a page ended");
        assert_eq!(check(&short[2..]).0, Err(Broken::Cut(0, 7)), "nothing is left");
        short[2].head.gone = None;
        assert_eq!(check(&short).0, Err(Broken::Cut(6, 7)), "an end that was seen to be there before");
        assert_eq!(check(&short[2..]).0, Ok(()), "or all of it is past its time: nobody knows");
        short[2].head.gone = Some(7);
        assert_eq!(check(&short[2..]), (Ok(()), 0), "all of it is past its time");
    }
}

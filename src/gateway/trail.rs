//! The audit trail as people go through it: the newest entries first, and the whole chain checked in one go.
//! What an entry is, and when a page of the trail is whole, `audit` says.

use super::audit::{Broken, Entry, Trail};
use super::names::{audit_index, member};
use super::{Error, Gateway, decode};
use crate::domain::id::TeamName;
use crate::domain::refusal::Refusal;
use crate::store::Order;

/// Entries that one look goes through, however few of them fit.
const MOST_LOOKED_AT: usize = 2_000;

/// Entries that are read at once.
const PAGE: usize = 200;

/// Entries that a check reads at once.
const CHECKED_AT_ONCE: usize = 1_000;

/// A chain that is checked page by page.
#[derive(Debug, Default)]
struct Chain {
    count: u64,
    first: Option<u64>,
    last: Option<(u64, String)>,
}

impl Chain {
    /// The next page: whole in itself, and following the one before.
    fn take(&mut self, trail: &Trail) -> Result<(), Broken> {
        let (first, last) = (trail.items.first(), trail.items.last());
        if let (Some((number, hash)), Some(first)) = (&self.last, first)
            && (first.number != number + 1 || first.previous != *hash)
        {
            return Err(Broken::Unlinked(first.number));
        }
        self.count += trail.verify()? as u64;
        self.first = self.first.or(first.map(|entry| entry.number));
        self.last = last.map(|entry| (entry.number, entry.hash.clone())).or(self.last.take());
        Ok(())
    }
}

/// What a check of the whole chain came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Entries that are as they were and follow each other.
    pub count: u64,
    /// The first of them: entries that are past their time are no more.
    pub from: Option<u64>,
    /// Where it breaks; none: it is whole.
    pub broken: Option<Broken>,
    /// The hash of the newest, to be compared with one that was noted elsewhere.
    pub head: String,
}

impl Gateway {
    /// Entries of a team's trail, the newest first, those below a number; and below which number to look
    /// further, where there may be more.
    pub async fn audit_back(
        &self,
        team: &TeamName,
        below: Option<u64>,
        most: usize,
        fits: impl Fn(&Entry) -> bool,
    ) -> Result<(Vec<Entry>, Option<u64>), Error> {
        self.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let (index, partition) = (audit_index(team), self.team_partition(team));
        let (mut found, mut below) = (Vec::new(), below);
        for _ in 0..MOST_LOOKED_AT / PAGE {
            let after = below.map(member);
            let page = self.store.list(partition, &index, Order::Falling, after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            for entry in page {
                let entry: Entry = decode(&index, &self.open_at(&index, &entry.bytes)?)?;
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

    /// Checks a team's whole trail, as `countersign audit verify` does with pages that were fetched.
    pub async fn check_audit(&self, team: &TeamName) -> Result<Checked, Error> {
        let (mut chain, mut after) = (Chain::default(), 0);
        loop {
            let trail = self.audit(team, after, CHECKED_AT_ONCE).await?;
            let broken = chain.take(&trail).err();
            let goes_on = broken.is_none() && trail.next_cursor.is_some();
            match chain.last.as_ref().filter(|_| goes_on) {
                Some((number, _)) => after = *number,
                None => {
                    let head = trail.head.hash;
                    return Ok(Checked { count: chain.count, from: chain.first, broken, head });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::audit::{TrailHead, link_entry};
    use super::*;
    use crate::domain::event::{Actor, Event, EventKind};
    use crate::domain::time::Moment;

    fn trail(count: u64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=count {
            let event = Event {
                kind: EventKind::SettingsChanged,
                at: Moment(number),
                team: "acme".parse().expect("a name"),
                channel: None,
                interaction: None,
                participant: None,
                actor: Actor::Owner,
                data: [("n".to_owned(), json!(number))].into_iter().collect(),
            };
            let previous = entries.last().map(|entry| entry.hash.clone()).unwrap_or_default();
            entries.push(link_entry(number, &previous, &event));
        }
        entries
    }

    fn pages(entries: &[Entry], of: usize) -> Vec<Trail> {
        let head = entries.last().map(|last| TrailHead { number: last.number, hash: last.hash.clone() });
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
        assert_eq!(check(&pages(&entries[2..], 2)), (Ok(()), 5), "what is past its time is no more");
    }

    #[test]
    fn a_chain_breaks_where_an_entry_was_changed_or_taken_out_between_pages() {
        let entries = trail(7);
        let mut changed = pages(&entries, 3);
        changed[1].items[0].detail.insert("n".into(), json!(99));
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
        short.pop();
        short[1].next_cursor = None;
        assert_eq!(check(&short).0, Err(Broken::Cut(6, 7)));
    }
}

//! Which guess budgets and failure limits of a team have locked or banned somebody: an index beside the audit trail,
//! kept in the commit that makes the trail's entry. So a ban that was told since is found for as long as it lasts,
//! also when its interaction is erased and its entry is past its time; of what was told before the index was kept,
//! it has what the trail still had when housekeeping made it whole. Whether a lock still holds, its budget says.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::from_fn;

use super::Lockouts;
use crate::engine::decide::Confirm;
use crate::engine::{DAY, Effects, Error, Slot, decode};
use crate::events::event_log::StreamHead;
use crate::events::lock_index::{Lock, Noted};
use crate::names::{locked_accounts_index, locks_index};
use countersign_domain::base::id::TeamName;
use countersign_domain::event::EventData;
use countersign_domain::team::login::LoginTag;
use countersign_domain::time::Moment;
use countersign_store::{CommitId, Order};

/// Entries of an index that are read at once where all are, or written.
const PAGE: usize = 1_000;

/// What the index lacks.
#[derive(Default)]
struct Left {
    locks: Noted,
    /// Locked accounts, by their logins' tags.
    accounts: BTreeSet<String>,
    /// Up to which entry the trail was heeded.
    after: u64,
}

impl Left {
    /// Takes out what is entered next.
    fn piece(&mut self, most: usize) -> Self {
        let locks: BTreeMap<_, _> = from_fn(|| self.locks.0.pop_first()).take(most).collect();
        let accounts = from_fn(|| self.accounts.pop_first()).take(most - locks.len()).collect();
        Self { locks: Noted(locks), accounts, after: self.after }
    }

    /// What was not entered after all.
    fn take_back(&mut self, piece: &mut Self) {
        self.locks.0.append(&mut piece.locks.0);
        self.accounts.append(&mut piece.accounts);
    }

    fn is_empty(&self) -> bool {
        self.locks.0.is_empty() && self.accounts.is_empty()
    }
}

impl Lockouts {
    /// The version of the streams' head that the index is whole with. Where it was not kept from the team's
    /// beginning (by an older release, or with a trail that was taken over), housekeeping makes it whole, and no
    /// request waits for that: until then nobody is told half of it.
    pub(crate) async fn whole_locks(&self, team: &TeamName) -> Result<Option<CommitId>, Error> {
        match self.head_with_locks(team).await? {
            Some((_, head)) if !head.locks_kept => {
                Err(Error::Away("who is locked out is still being read from the audit trail".into()))
            }
            found => Ok(found.map(|(version, _)| version)),
        }
    }

    async fn head_with_locks(&self, team: &TeamName) -> Result<Option<(CommitId, StreamHead)>, Error> {
        let read = self.engine.load(&self.event_log.head_key(team)).await?;
        Ok(read.version().zip(read.into_record()))
    }

    /// Makes the index whole, a piece at a time; each is entered only where the trail has not gone on meanwhile,
    /// so that nothing older is written over what a relay has brought.
    async fn make_locks_whole(&self, team: &TeamName) -> Result<(), Error> {
        let mut left = Left::default();
        loop {
            let stood = match self.head_with_locks(team).await? {
                Some((_, head)) if !head.locks_kept => head.audit,
                _ => return Ok(()),
            };
            self.read_on(team, &mut left).await?;
            let mut piece = left.piece(PAGE);
            let enter = |head: &mut Slot<StreamHead>, effects: &mut Effects, _| {
                if head.get().is_none_or(|head| head.audit != stood) {
                    return Ok(false);
                }
                piece.locks.keep(team, effects);
                for tag in &piece.accounts {
                    effects.enter(locked_accounts_index(team), tag, Vec::new());
                }
                if left.is_empty() {
                    head.get_or_default().locks_kept = true;
                }
                effects.confirm(Confirm::Nothing);
                Ok(true)
            };
            if !self.engine.transact(&self.event_log.head_key(team), enter).await? {
                left.take_back(&mut piece);
            }
        }
    }

    /// Heeds what the trail has told since.
    async fn read_on(&self, team: &TeamName, left: &mut Left) -> Result<(), Error> {
        let mut locked = BTreeSet::new();
        loop {
            let trail = self.event_log.audit(team, left.after, PAGE).await?;
            for entry in &trail.items {
                if let Some(event) = entry.event(team) {
                    left.locks.heed(&event);
                    locked.extend(locked_account(event.data));
                }
                left.after = entry.number;
            }
            if trail.next_cursor.is_none() {
                break;
            }
        }
        let now = self.engine.now();
        left.locks.0.retain(|_, lock| lock.as_ref().is_some_and(|lock| !is_long_over(lock, now)));
        left.accounts.extend(self.still_locked(team, &locked).await?);
        Ok(())
    }

    /// Whose accounts of these pseudonyms are locked or banned now, by their logins' tags.
    async fn still_locked(&self, team: &TeamName, pseudonyms: &BTreeSet<String>) -> Result<Vec<String>, Error> {
        let mut tags = Vec::new();
        if pseudonyms.is_empty() {
            return Ok(tags);
        }
        for id in self.logins.ids_of_logins(team).await? {
            if pseudonyms.contains(&self.engine.keys.customer_pseudonym(team, id.as_str())) {
                let state = self.accounts.account_state(team, &id).await?;
                tags.extend(state.is_locked().then(|| LoginTag::of(&self.engine.keys, team, &id).name()));
            }
        }
        Ok(tags)
    }

    /// Takes locks that are over out of an index, unless a relay has come by since: it may have brought the
    /// same one anew.
    pub(crate) async fn forget_locks(
        &self,
        team: &TeamName,
        seen: Option<CommitId>,
        gone: Vec<(String, String)>,
    ) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        let forget = |head: &mut Slot<StreamHead>, effects: &mut Effects, _| {
            if head.version() == seen {
                for (index, member) in &gone {
                    effects.remove(index, member);
                }
                effects.confirm(Confirm::Nothing);
            }
            Ok(())
        };
        self.engine.transact(&self.event_log.head_key(team), forget).await
    }

    /// Makes the index whole where it is not, and takes locks out of it that were over a day ago: nobody may ever
    /// look at them.
    pub(crate) async fn forget_old_locks(&self, team: &TeamName) -> Result<(), Error> {
        let (index, mut after) = (locks_index(team), None::<String>);
        self.make_locks_whole(team).await?;
        let seen = self.whole_locks(team).await?;
        loop {
            let page = self
                .engine
                .store
                .list(self.engine.team_partition(team), &index, Order::Rising, after.as_deref(), PAGE)
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.member.clone());
            let mut gone = Vec::new();
            for entry in page {
                let lock: Lock = decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?;
                gone.extend(is_long_over(&lock, self.engine.now()).then_some((index.clone(), entry.member)));
            }
            self.forget_locks(team, seen, gone).await?;
        }
    }
}

/// What was told of a lock's end was told on another line of time than it ends by: a day is more than enough.
fn is_long_over(lock: &Lock, now: Moment) -> bool {
    lock.until.is_some_and(|until| until.plus(DAY) < now)
}

fn locked_account(data: EventData) -> Option<String> {
    if let EventData::CustomerLocked(data) = data { data.pseudonym } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::lock_index::LockId;

    #[test]
    fn what_an_index_lacks_is_entered_piece_by_piece() {
        let mut left = Left::default();
        let lock = |n: u32| (format!("{n:032x}.otp").parse::<LockId>().expect("a lock's id"), None);
        left.locks.0.extend((0..3).map(lock));
        left.accounts.extend(["a", "b"].map(str::to_owned));
        let mut sizes = Vec::new();
        let first = left.piece(2);
        left.take_back(&mut { first });
        while !left.is_empty() {
            let piece = left.piece(2);
            sizes.push((piece.locks.0.len(), piece.accounts.len()));
        }
        assert_eq!(sizes, [(2, 0), (1, 1), (0, 1)]);
    }
}

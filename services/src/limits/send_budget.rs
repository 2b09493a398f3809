//! The budgets that a message is paid from before it is queued: its destination's, its team's, and
//! whether codes sent to its country come back at all. Each lies in a partition of its own.
//!
//! Spent first, given back where nothing was queued after all: a crash in between errs towards
//! refusing. A team's is spent in small blocks, so that not every message writes one record.

use std::time::Duration;

use dashmap::DashMap;

use super::Limits;
use crate::engine::{Effects, Error, KeyOf, Schedule, Slot, StoredRecord};
use crate::names::{destination_name, team_budget_name};
use crate::teams::TeamView;
use countersign_domain::base::id::TeamName;
use countersign_domain::conversation::destination::{Destination, QuotaReceipt};
use countersign_domain::messaging::send_budget::{ByTeam, DAY, ToDestination};
use countersign_domain::refusal::Refusal;
use countersign_domain::settings::SendBudget;
use countersign_domain::time::Moment;
use countersign_store::Partition;

/// By either line of time nothing of a budget counts after so long.
const KEPT: Duration = DAY.saturating_mul(2);

impl StoredRecord for ByTeam {
    fn schedule(&self, now: Moment) -> Schedule {
        Schedule::expires(now.plus(KEPT))
    }
}

impl StoredRecord for ToDestination {
    fn schedule(&self, now: Moment) -> Schedule {
        Schedule::expires(now.plus(KEPT))
    }
}

fn destination_key(to: Destination) -> KeyOf<ToDestination> {
    KeyOf::new(Partition(to.tag.as_bytes()[31]), destination_name(&to.tag.name()))
}

/// A team's budget is spent in blocks of at most so many.
const LARGEST_BLOCK: u32 = 64;

/// No block is more than this part of what a team may send in a day: others hold blocks, too.
const PART: u32 = 100;

/// A block is given back after so long: what it holds counts from when it was taken.
const BLOCK_SECONDS: u64 = 60;

/// What this node has taken of teams' budgets and not used yet.
#[derive(Default)]
pub(crate) struct Blocks(DashMap<TeamName, Block>);

#[derive(Clone, Copy)]
struct Block {
    left: u32,
    size: u32,
    taken: Moment,
}

impl Blocks {
    /// One of the block, where it is fresh and not used up.
    fn take(&self, team: &TeamName, now: Moment) -> bool {
        let Some(mut block) = self.0.get_mut(team) else { return false };
        let fresh = now < block.taken.plus(Duration::from_secs(BLOCK_SECONDS));
        if fresh && block.left > 0 {
            block.left -= 1;
        } else {
            return false;
        }
        true
    }

    fn give_back(&self, team: &TeamName) {
        if let Some(mut block) = self.0.get_mut(team) {
            block.left += 1;
        }
    }

    /// What is left of the old block, and how large the next one should be: twice as large where
    /// the old one was used up while it was fresh.
    fn next(&self, team: &TeamName, rule: &SendBudget, now: Moment) -> (u32, u32) {
        let Some((_, old)) = self.0.remove(team) else { return (0, 1) };
        let fresh = now < old.taken.plus(Duration::from_secs(BLOCK_SECONDS));
        let most = LARGEST_BLOCK.min(rule.per_team_day / PART).max(1);
        let size = if fresh && old.left == 0 { (old.size * 2).min(most) } else { 1 };
        (old.left, size)
    }

    /// A block was taken, and one of it is used. Where somebody else took one meanwhile, both are
    /// one, as old as the older.
    fn put(&self, team: &TeamName, size: u32, now: Moment) {
        let left = size - 1;
        let mine = Block { left, size, taken: now };
        self.0.entry(team.clone()).and_modify(|block| block.left += left).or_insert(mine);
    }
}

impl Limits {
    /// Pays for one message, or says until when there is no budget.
    pub(crate) async fn pay(&self, team: &TeamView, to: Destination) -> Result<QuotaReceipt, Error> {
        let rule = &team.effective.settings.send_budget;
        if !rule.allows(to.country) {
            return Err(Refusal::CountryNotAllowed.into());
        }
        self.may_send_to(team, to.country).await?;
        let (destination, by_team) = tokio::join!(self.spend_at(rule, to), self.spend_of(team, rule));
        match (destination, by_team) {
            (Ok(()), Ok(())) => Ok(QuotaReceipt(to)),
            (Err(why), Ok(())) => {
                self.budgets.give_back(&team.team.name);
                Err(why)
            }
            (Ok(()), Err(why)) => {
                self.give_back_at(to).await;
                Err(why)
            }
            (Err(why), Err(_)) => Err(why),
        }
    }

    /// Nothing was queued after all.
    pub(crate) async fn give_back(&self, team: &TeamView, to: Destination) {
        self.budgets.give_back(&team.team.name);
        self.give_back_at(to).await;
    }

    async fn spend_at(&self, rule: &SendBudget, to: Destination) -> Result<(), Error> {
        let spend = |record: &mut ToDestination, now| record.spend(rule, now).map_err(Refusal::SendBudget);
        self.change_budget(&destination_key(to), spend).await
    }

    async fn give_back_at(&self, to: Destination) {
        let back = |record: &mut ToDestination, _| {
            record.give_back();
            Ok(())
        };
        if let Err(error) = self.change_budget(&destination_key(to), back).await {
            tracing::warn!(%error, "a destination's budget could not be given back; it frees itself in time");
        }
    }

    async fn spend_of(&self, team: &TeamView, rule: &SendBudget) -> Result<(), Error> {
        let name = &team.team.name;
        if self.budgets.take(name, self.engine.earliest()) {
            return Ok(());
        }
        let now = self.engine.earliest();
        let (unused, wanted) = self.budgets.next(name, rule, now);
        let partition = self.engine.partition_of(&[b"send budget", name.as_str().as_bytes()]);
        let key = KeyOf::<ByTeam>::new(partition, team_budget_name(name));
        let exchange =
            |record: &mut ByTeam, now| record.exchange(unused, wanted, rule, now).map_err(Refusal::SendBudget);
        let given = self.change_budget(&key, exchange).await?;
        self.budgets.put(name, given, now);
        Ok(())
    }

    /// Whether anything has left for a destination within the hour.
    pub(crate) async fn was_sent_to(&self, to: Destination) -> Result<bool, Error> {
        let record = self.engine.record(&destination_key(to)).await?;
        Ok(record.is_some_and(|record| record.is_fresh(self.engine.earliest())))
    }

    /// An end of waiting as clocks show it.
    fn as_shown(&self, refusal: Refusal) -> Refusal {
        match refusal {
            Refusal::SendBudget(until) => Refusal::SendBudget(until.shown(self.engine.earliest(), self.engine.now())),
            other => other,
        }
    }

    /// Changes one budget's record. A refusal changes nothing.
    async fn change_budget<R: StoredRecord + Default, T>(
        &self,
        key: &KeyOf<R>,
        rule: impl Fn(&mut R, Moment) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let change = |slot: &mut Slot<R>, _: &mut Effects, _| {
            let outcome = rule(slot.get_or_default(), self.engine.earliest());
            outcome.map_err(|refusal| self.as_shown(refusal).into())
        };
        self.engine.transact(key, change).await
    }
}

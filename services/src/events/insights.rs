//! What a team's people did, in numbers: hours that are being counted, in the commit that numbers their
//! events, and hours that are over, in an index. Which event counts as what, `domain::insight` says.

use std::collections::BTreeMap;

use super::EventLog;
use crate::engine::decide::Confirm;
use crate::engine::{DAY, Effects, Error, KeyOf, Slot, StoredRecord, decode, encode};
use crate::names::{counting_name, hours_index, member};
use countersign_domain::base::id::TeamName;
use countersign_domain::event::Event;
use countersign_domain::event::insight::{Counting, Hour, HourNumber};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;
use countersign_store::Order;

/// Hours that are read at once.
const PAGE: usize = 1_000;

impl StoredRecord for Counting {}

/// Counts events into the hours that are open. Hours that are over go into the index; where nothing was counted
/// nothing is written.
pub(crate) fn count(slot: &mut Slot<Counting>, team: &TeamName, events: &[&Event], effects: &mut Effects) {
    let mut counting = slot.get().cloned().unwrap_or_default();
    for event in events {
        for (hour, counts) in counting.count(event) {
            effects.enter(hours_index(team), member(hour.0), encode(&counts));
        }
    }
    if slot.get().is_none_or(|before| *before != counting) {
        slot.put(counting);
    }
}

impl EventLog {
    /// What happened in a team in the hours that lie between two moments; the last one is not over when `to` lies
    /// in it. An hour in which nothing happened is left out; what happened within the last second may be.
    pub async fn insights(
        &self,
        team: &TeamName,
        from: Moment,
        to: Moment,
    ) -> Result<BTreeMap<HourNumber, Hour>, Error> {
        self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let (index, partition) = (hours_index(team), self.engine.team_partition(team));
        // Open ones first: one that closes in between is then read twice, and not missed.
        let open = KeyOf::<Counting>::new(partition, counting_name(team));
        let open = self.engine.record(&open).await?.unwrap_or_default();
        let mut hours = open.hours;
        let mut after = HourNumber::of(from).0.checked_sub(1).map(member);
        loop {
            let page = self.engine.store.list(partition, &index, Order::Rising, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            let (is_last, end) = (page.len() < PAGE, last.member.clone());
            for entry in page {
                let hour = entry.member.parse().map_err(|_| Error::Damaged("the index of hours".into()))?;
                hours.insert(HourNumber(hour), decode(&index, &self.engine.open_at(&index, &entry.bytes)?)?);
            }
            if is_last || end > member(HourNumber::of(to).0) {
                break;
            }
            after = Some(end);
        }
        hours.retain(|hour, _| (HourNumber::of(from)..=HourNumber::of(to)).contains(hour));
        Ok(hours)
    }

    /// Takes away hours that are past their time.
    pub(crate) async fn forget_hours(&self, team: &TeamName) -> Result<(), Error> {
        let (index, partition) = (hours_index(team), self.engine.team_partition(team));
        let days = u32::try_from(self.retention.insights).unwrap_or(u32::MAX);
        let Some(newest) = HourNumber::of(self.engine.now().minus(DAY * days)).0.checked_sub(1).map(member) else {
            return Ok(());
        };
        let oldest = self.engine.store.list(partition, &index, Order::Rising, None, 1).await?;
        if oldest.first().is_none_or(|entry| entry.member > newest) {
            return Ok(());
        }
        let forget = |(): &mut (), effects: &mut Effects, _| {
            effects.trim(&index, &newest);
            effects.confirm(Confirm::Nothing);
            Ok(())
        };
        self.engine.transact(&partition, forget).await
    }
}

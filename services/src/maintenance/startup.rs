//! How a gateway finds its store when it starts: sealed with its root key, in which epoch, and at what time.
//! Here a new epoch begins; what that ends is the domain's (`domain::epoch`).

use super::Maintenance;
use super::clock_mark::StartClock;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::epoch::epoch_key;
use crate::engine::{Effects, Error, SYSTEM, Slot};
use crate::names::SEALED_WITH;
use crate::teams::team_event;
use countersign_domain::event::data::teams::EpochBegunData;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::epoch::Epoch;

impl Maintenance {
    /// Whether the root key is the one that this store was sealed with: the first start seals a
    /// record of its own, every later one must be able to open it. Then epoch and time go on from
    /// where the store has them; with `trust_clock` a clock that was set back is believed.
    pub async fn recognise(&self, trust_clock: bool) -> Result<(), Error> {
        let reads = Reads { partition: SYSTEM, names: vec![SEALED_WITH.into()] };
        let saved = self.engine.decide(&reads, |records, _| {
            let mut change = Change::nothing(Ok(()));
            if records[0].is_none() {
                change.put.push(PlainRecord { name: SEALED_WITH.into(), ..PlainRecord::default() });
            }
            Ok(change)
        });
        saved.await?.outcome?;
        self.engine.see_epoch().await?;
        match self.wake(trust_clock).await? {
            // A full disk is no reason not to start: the mark is saved again and again.
            StartClock::Good => match self.save_mark(false).await {
                Err(Error::Away(why)) => {
                    tracing::warn!(why, "where the clock stands cannot be saved yet");
                    Ok(())
                }
                saved => saved,
            },
            StartClock::SetBack(by) => {
                self.begin_epoch(&format!("the clock was set back by {} s", by.as_secs())).await?;
                self.wake_all().await?;
                // Last: until then the next start finds the clock set back again.
                self.save_mark(true).await
            }
        }
    }

    /// Begins a new epoch: no flag stands, no link and no identity token of before counts. Every
    /// team's audit trail says so.
    pub async fn begin_epoch(&self, why: &str) -> Result<Epoch, Error> {
        let begin = |slot: &mut Slot<Epoch>, effects: &mut Effects, now| {
            let number = slot.get().map_or(0, |before| before.number) + 1;
            let epoch = Epoch { number, since: Some(now), why: why.to_owned() };
            slot.put(epoch.clone());
            effects.confirm(Confirm::Read);
            Ok(epoch)
        };
        let epoch = self.engine.transact(&epoch_key(), begin).await?;
        tracing::warn!(epoch = epoch.number, why, "a new epoch begins: no flag stands, and no earlier link counts");
        self.engine.enter(epoch.clone());
        self.announce(&epoch).await?;
        Ok(epoch)
    }

    async fn announce(&self, epoch: &Epoch) -> Result<(), Error> {
        let mut after: Option<String> = None;
        loop {
            let page = self.teams.list_teams(after.as_deref(), 100).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.to_string());
            for (team, _) in &page {
                let told = self.teams.change_team(
                    team,
                    |_, now| {
                        let data = EpochBegunData { epoch: epoch.number, why: epoch.why.clone() };
                        Ok(((), vec![team_event(team, EventData::EpochBegun(data), &Actor::Operator, now)]))
                    },
                    None,
                );
                match told.await {
                    Ok(_) | Err(Error::Refused(Refusal::NotFound(_))) => {} // it is leaving
                    Err(error) => return Err(error),
                }
            }
        }
        self.relay.catch_up(None).await
    }
}

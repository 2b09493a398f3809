//! Counts of codes that left and codes that came back, by team and country, and whether messages
//! still go there. This node counts in memory and adds its counts to the record every second, so
//! that neither a code nor its answer waits for it; a crash loses a second of counts.

use std::time::Duration;

use dashmap::DashMap;

use super::Limits;
use crate::engine::decide::Confirm;
use crate::engine::{DAY, Effects, Error, KeyOf, Schedule, Slot, StoredRecord};
use crate::names::conversion_guard_name;
use crate::teams::{TeamView, team_event};
use countersign_domain::base::country::Country;
use countersign_domain::base::id::TeamName;
use countersign_domain::event::data::messages::SendingEventData;
use countersign_domain::event::{Actor, EventData};
use countersign_domain::messaging::conversion_guard::{ConversionGuard, ConversionVerdict};
use countersign_domain::refusal::Refusal;
use countersign_domain::time::Moment;

/// What is known of a country counts for so long.
const FRESH: Duration = Duration::from_secs(1);

impl StoredRecord for ConversionGuard {
    fn schedule(&self, now: Moment) -> Schedule {
        Schedule::expires(now.plus(DAY * 3))
    }
}

/// A team's codes to one country.
type Place = (TeamName, Country);

/// Codes that this node has counted and not yet added.
#[derive(Clone, Copy, Default)]
struct Counted {
    sent: u64,
    back: u64,
}

/// What a record said when it was read.
#[derive(Clone, Copy)]
struct Known {
    paused_until: Option<Moment>,
    read_at: Duration,
}

/// What this node has counted, and what it knows.
#[derive(Default)]
pub(crate) struct ConversionCounts {
    counted: DashMap<Place, Counted>,
    known: DashMap<Place, Known>,
}

impl Limits {
    /// Refuses what would go to a country that no codes come back from.
    pub(crate) async fn may_send_to(&self, team: &TeamView, country: Option<Country>) -> Result<(), Error> {
        let Some(country) = country else { return Ok(()) };
        let place = (team.team.name.clone(), country);
        let known = self.conversion_guard.known.get(&place).map(|kept| *kept);
        let paused_until = match known.filter(|known| self.engine.clock.elapsed().saturating_sub(known.read_at) < FRESH)
        {
            Some(known) => known.paused_until,
            // Adding nothing reads the record, and lets time end a pause.
            None => self.add_counts(&place, Counted::default()).await?,
        };
        match paused_until {
            Some(until) => Err(Refusal::SendBudget(until).into()),
            None => Ok(()),
        }
    }

    /// A code left.
    pub(crate) fn count_sent(&self, team: &TeamName, country: Option<Country>) {
        if let Some(country) = country {
            self.conversion_guard.counted.entry((team.clone(), country)).or_default().sent += 1;
        }
    }

    /// A code came back.
    pub(crate) fn count_back(&self, team: &TeamName, country: Option<Country>) {
        if let Some(country) = country {
            self.conversion_guard.counted.entry((team.clone(), country)).or_default().back += 1;
        }
    }

    /// Adds what was counted here to the records. What cannot be added is kept and keeps nothing else
    /// from being added; the error is the last of such.
    pub async fn add_all_counts(&self) -> Result<(), Error> {
        let mut told = Ok(());
        let places: Vec<_> = self.conversion_guard.counted.iter().map(|entry| entry.key().clone()).collect();
        for place in places {
            let Some((_, counts)) = self.conversion_guard.counted.remove(&place) else { continue };
            if let Err(error) = self.add_counts(&place, counts).await {
                let mut kept = self.conversion_guard.counted.entry(place).or_default();
                *kept = Counted { sent: kept.sent + counts.sent, back: kept.back + counts.back };
                told = Err(error);
            }
        }
        told
    }

    /// Adds counts for ever, every second.
    pub async fn add_counts_forever(&self) {
        loop {
            tokio::time::sleep(FRESH).await;
            if let Err(error) = self.add_all_counts().await {
                tracing::warn!(%error, "counts of codes wait for the store");
            }
        }
    }

    /// Adds to a record and judges it; until when nothing is sent there, where that is so.
    async fn add_counts(&self, place: &Place, counts: Counted) -> Result<Option<Moment>, Error> {
        let (team, country) = place;
        let code = country.to_string();
        let read_at = self.engine.clock.elapsed();
        let partition = self.engine.partition_of(&[b"returns", team.as_str().as_bytes(), code.as_bytes()]);
        let key = KeyOf::<ConversionGuard>::new(partition, conversion_guard_name(team, &code));
        let add = |slot: &mut Slot<ConversionGuard>, effects: &mut Effects, now| {
            let before = slot.get().cloned().unwrap_or_default();
            let mut conversion_guard = before.clone();
            let verdict = conversion_guard.count(counts.sent, counts.back, self.engine.earliest());
            let until = conversion_guard.until();
            if conversion_guard == before {
                return Ok(until);
            }
            slot.put(conversion_guard);
            effects.confirm(Confirm::Nothing);
            let data = SendingEventData { country: code.clone(), until };
            let data = match verdict {
                ConversionVerdict::Same => None,
                ConversionVerdict::Paused => Some(EventData::SendingPaused(data)),
                ConversionVerdict::Resumed => Some(EventData::SendingResumed(data)),
            };
            effects.tell_all(data.map(|data| team_event(team, data, &Actor::Time, now)));
            Ok(until)
        };
        let paused_until = self.engine.transact(&key, add).await?;
        self.conversion_guard.known.insert(place.clone(), Known { paused_until, read_at });
        Ok(paused_until)
    }
}

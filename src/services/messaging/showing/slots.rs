//! What is to be shown next: of each conversation one thing at a time, so that nothing older comes
//! after something newer; of each team so much and no more, so that a platform that hangs holds up
//! its own team alone. What has to wait before it is tried again holds no place meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::base::id::{InteractionId, TeamName};

/// Conversations that are shown at the same time.
const CONCURRENCY: usize = 16;

/// Of these, one team's.
const OF_A_TEAM: usize = 4;

/// So often a platform is asked that does not answer, waiting twice as long each time.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(30);

/// What waits and what is under way, by team.
#[derive(Default)]
pub(super) struct ShowingSlots {
    slots: BTreeMap<TeamName, TeamSlots>,
    flying: usize,
}

#[derive(Default)]
struct TeamSlots {
    waiting: BTreeMap<InteractionId, Waits>,
    flying: BTreeSet<InteractionId>,
}

/// A conversation that is to be shown.
#[derive(Clone, Copy, Debug)]
struct Waits {
    from: Instant,
    tries: u32,
}

/// One that is being shown.
#[derive(Clone, Debug)]
pub(super) struct StatusDisplay {
    pub team: TeamName,
    pub id: InteractionId,
    /// Tries before this one.
    tries: u32,
}

/// What became of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landed {
    /// Agents see how it stands.
    Done,
    /// Something was shown; by now it may stand otherwise.
    Shown,
    /// To be tried again, after so long where the platform has said it.
    Retry(Option<Duration>),
}

impl ShowingSlots {
    /// It may stand otherwise than what agents see.
    pub fn add(&mut self, team: &TeamName, id: InteractionId, now: Instant) {
        let slots = self.slots.entry(team.clone()).or_default();
        slots.waiting.insert(id, Waits { from: now, tries: 0 });
    }

    /// What is to be shown now; it stands as under way until it has landed.
    pub fn next(&mut self, now: Instant) -> Option<StatusDisplay> {
        if self.flying >= CONCURRENCY {
            return None;
        }
        let free = self.slots.iter_mut().filter_map(|(team, slots)| Some((slots.first(now)?, team, slots)));
        let (id, team, slots) = free.min_by_key(|(_, _, slots)| slots.flying.len())?;
        let tries = slots.waiting.remove(&id)?.tries;
        slots.flying.insert(id);
        self.flying += 1;
        Some(StatusDisplay { team: team.clone(), id, tries })
    }

    /// When there may be something to show that only waits for its time.
    pub fn wakes(&self) -> Option<Instant> {
        if self.flying >= CONCURRENCY {
            return None;
        }
        let free = self.slots.values().filter(|slots| slots.flying.len() < OF_A_TEAM);
        free.flat_map(TeamSlots::from).min()
    }

    /// A flight has ended. False where it was the last try.
    pub fn landed(&mut self, flight: &StatusDisplay, how: Landed, now: Instant) -> bool {
        let Some(slots) = self.slots.get_mut(&flight.team) else { return true };
        self.flying -= usize::from(slots.flying.remove(&flight.id));
        let tries = flight.tries + 1;
        let again = match how {
            Landed::Done => None,
            Landed::Shown => Some(Waits { from: now, tries: 0 }),
            Landed::Retry(_) if tries >= TRIES => None,
            Landed::Retry(after) => {
                let wait = after.unwrap_or_else(|| FIRST_WAIT.saturating_mul(1 << flight.tries)).min(MAX_WAIT);
                Some(Waits { from: now + wait, tries })
            }
        };
        // What happened meanwhile has begun anew.
        let waits = slots.waiting.contains_key(&flight.id);
        if let Some(again) = again.filter(|_| !waits) {
            slots.waiting.insert(flight.id, again);
        }
        if slots.waiting.is_empty() && slots.flying.is_empty() {
            self.slots.remove(&flight.team);
        }
        waits || again.is_some() || !matches!(how, Landed::Retry(_))
    }
}

impl TeamSlots {
    fn first(&self, now: Instant) -> Option<InteractionId> {
        if self.flying.len() >= OF_A_TEAM {
            return None;
        }
        let mut waiting = self.waiting.iter().filter(|(id, _)| !self.flying.contains(id));
        waiting.find(|(_, waits)| waits.from <= now).map(|(id, _)| *id)
    }

    fn from(&self) -> impl Iterator<Item = Instant> {
        self.waiting.iter().filter(|(id, _)| !self.flying.contains(id)).map(|(_, waits)| waits.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Moment;

    fn team(name: &str) -> TeamName {
        name.parse().expect("a name")
    }

    fn id(number: u8) -> InteractionId {
        InteractionId::new(Moment(number.into()), [number; 10], number)
    }

    #[test]
    fn of_one_conversation_one_thing_is_shown_at_a_time() {
        let (mut slots, now, bank) = (ShowingSlots::default(), Instant::now(), team("bank"));
        slots.add(&bank, id(1), now);
        let first = slots.next(now).expect("it waits");
        slots.add(&bank, id(1), now); // the customer signed out
        assert!(slots.next(now).is_none(), "not before the older has landed");
        assert!(slots.landed(&first, Landed::Done, now));
        let second = slots.next(now).expect("it is not forgotten");
        assert_eq!(second.id, id(1));
        assert!(slots.landed(&second, Landed::Shown, now));
        let third = slots.next(now).expect("after something was shown it is looked at again");
        assert!(slots.landed(&third, Landed::Done, now));
        assert!(slots.next(now).is_none() && slots.wakes().is_none() && slots.slots.is_empty());
    }

    #[test]
    fn a_platform_that_hangs_holds_up_its_own_team_alone() {
        let (mut slots, now) = (ShowingSlots::default(), Instant::now());
        for number in 0..16 {
            slots.add(&team("a"), id(number), now);
        }
        slots.add(&team("z"), id(1), now);
        let flights: Vec<_> = std::iter::from_fn(|| slots.next(now)).collect();
        let of = |name: &str| flights.iter().filter(|flight| flight.team == team(name)).count();
        assert_eq!((of("a"), of("z")), (OF_A_TEAM, 1));
        for name in ["b", "c", "d", "e"] {
            (0..16).for_each(|number| slots.add(&team(name), id(number), now));
        }
        assert_eq!(std::iter::from_fn(|| slots.next(now)).count(), CONCURRENCY - flights.len());
        assert_eq!(slots.wakes(), None, "there is no room");
        assert!(slots.landed(&flights[0], Landed::Retry(None), now));
        assert_eq!(slots.next(now).map(|flight| flight.team), Some(team("e")), "whoever has least goes first");
    }

    #[test]
    fn what_waits_to_be_tried_again_holds_no_place() {
        let (mut slots, mut now, bank) = (ShowingSlots::default(), Instant::now(), team("bank"));
        (0..16).for_each(|number| slots.add(&bank, id(number), now));
        let mut tried = 0;
        while let Some(flight) = slots.next(now) {
            assert!(slots.landed(&flight, Landed::Retry(None), now));
            tried += 1;
        }
        assert_eq!((tried, slots.wakes()), (16, Some(now + FIRST_WAIT)));
        slots.add(&bank, id(3), now);
        assert_eq!(slots.next(now).map(|flight| flight.id), Some(id(3)), "something new is not held back");
        // One conversation is tried so often, with growing waits, and then given up.
        let (mut slots, began) = (ShowingSlots::default(), now);
        slots.add(&bank, id(1), now);
        let mut waits = Vec::new();
        loop {
            let flight = slots.next(now).expect("its time has come");
            if !slots.landed(&flight, Landed::Retry(None), now) {
                break;
            }
            let from = slots.wakes().expect("it waits");
            assert!(slots.next(now).is_none());
            waits.push((from - now).as_secs());
            now = from;
        }
        assert_eq!((waits, (now - began).as_secs(), slots.slots.len()), (vec![1, 2, 4, 8], 15, 0));
        slots.add(&bank, id(1), now);
        let flight = slots.next(now).expect("it waits");
        slots.landed(&flight, Landed::Retry(Some(Duration::from_secs(3_600))), now);
        assert_eq!(slots.wakes(), Some(now + MAX_WAIT));
    }
}

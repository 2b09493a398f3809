//! What is to be shown next: of each conversation one thing at a time, so that nothing older comes
//! after something newer; of each team so much and no more, so that a platform that hangs holds up
//! its own team alone. What has to wait before it is tried again holds no place meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::id::{InteractionId, TeamName};

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
pub(super) struct Lanes {
    lanes: BTreeMap<TeamName, Lane>,
    flying: usize,
}

#[derive(Default)]
struct Lane {
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
pub(super) struct Flight {
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
    Again(Option<Duration>),
}

impl Lanes {
    /// It may stand otherwise than what agents see.
    pub fn add(&mut self, team: &TeamName, id: InteractionId, now: Instant) {
        let lane = self.lanes.entry(team.clone()).or_default();
        lane.waiting.insert(id, Waits { from: now, tries: 0 });
    }

    /// What is to be shown now; it stands as under way until it has landed.
    pub fn next(&mut self, now: Instant) -> Option<Flight> {
        if self.flying >= CONCURRENCY {
            return None;
        }
        let free = self.lanes.iter_mut().filter_map(|(team, lane)| Some((lane.first(now)?, team, lane)));
        let (id, team, lane) = free.min_by_key(|(_, _, lane)| lane.flying.len())?;
        let tries = lane.waiting.remove(&id)?.tries;
        lane.flying.insert(id);
        self.flying += 1;
        Some(Flight { team: team.clone(), id, tries })
    }

    /// When there may be something to show that only waits for its time.
    pub fn wakes(&self) -> Option<Instant> {
        if self.flying >= CONCURRENCY {
            return None;
        }
        let free = self.lanes.values().filter(|lane| lane.flying.len() < OF_A_TEAM);
        free.flat_map(Lane::from).min()
    }

    /// A flight has ended. False where it was the last try.
    pub fn landed(&mut self, flight: &Flight, how: Landed, now: Instant) -> bool {
        let Some(lane) = self.lanes.get_mut(&flight.team) else { return true };
        self.flying -= usize::from(lane.flying.remove(&flight.id));
        let tries = flight.tries + 1;
        let again = match how {
            Landed::Done => None,
            Landed::Shown => Some(Waits { from: now, tries: 0 }),
            Landed::Again(_) if tries >= TRIES => None,
            Landed::Again(after) => {
                let wait = after.unwrap_or_else(|| FIRST_WAIT.saturating_mul(1 << flight.tries)).min(MAX_WAIT);
                Some(Waits { from: now + wait, tries })
            }
        };
        // What happened meanwhile has begun anew.
        let waits = lane.waiting.contains_key(&flight.id);
        if let Some(again) = again.filter(|_| !waits) {
            lane.waiting.insert(flight.id, again);
        }
        if lane.waiting.is_empty() && lane.flying.is_empty() {
            self.lanes.remove(&flight.team);
        }
        waits || again.is_some() || !matches!(how, Landed::Again(_))
    }
}

impl Lane {
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
        let (mut lanes, now, bank) = (Lanes::default(), Instant::now(), team("bank"));
        lanes.add(&bank, id(1), now);
        let first = lanes.next(now).expect("it waits");
        lanes.add(&bank, id(1), now); // the customer signed out
        assert!(lanes.next(now).is_none(), "not before the older has landed");
        assert!(lanes.landed(&first, Landed::Done, now));
        let second = lanes.next(now).expect("it is not forgotten");
        assert_eq!(second.id, id(1));
        assert!(lanes.landed(&second, Landed::Shown, now));
        let third = lanes.next(now).expect("after something was shown it is looked at again");
        assert!(lanes.landed(&third, Landed::Done, now));
        assert!(lanes.next(now).is_none() && lanes.wakes().is_none() && lanes.lanes.is_empty());
    }

    #[test]
    fn a_platform_that_hangs_holds_up_its_own_team_alone() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        for number in 0..16 {
            lanes.add(&team("a"), id(number), now);
        }
        lanes.add(&team("z"), id(1), now);
        let flights: Vec<_> = std::iter::from_fn(|| lanes.next(now)).collect();
        let of = |name: &str| flights.iter().filter(|flight| flight.team == team(name)).count();
        assert_eq!((of("a"), of("z")), (OF_A_TEAM, 1));
        for name in ["b", "c", "d", "e"] {
            (0..16).for_each(|number| lanes.add(&team(name), id(number), now));
        }
        assert_eq!(std::iter::from_fn(|| lanes.next(now)).count(), CONCURRENCY - flights.len());
        assert_eq!(lanes.wakes(), None, "there is no room");
        assert!(lanes.landed(&flights[0], Landed::Again(None), now));
        assert_eq!(lanes.next(now).map(|flight| flight.team), Some(team("e")), "whoever has least goes first");
    }

    #[test]
    fn what_waits_to_be_tried_again_holds_no_place() {
        let (mut lanes, mut now, bank) = (Lanes::default(), Instant::now(), team("bank"));
        (0..16).for_each(|number| lanes.add(&bank, id(number), now));
        let mut tried = 0;
        while let Some(flight) = lanes.next(now) {
            assert!(lanes.landed(&flight, Landed::Again(None), now));
            tried += 1;
        }
        assert_eq!((tried, lanes.wakes()), (16, Some(now + FIRST_WAIT)));
        lanes.add(&bank, id(3), now);
        assert_eq!(lanes.next(now).map(|flight| flight.id), Some(id(3)), "something new is not held back");
        // One conversation is tried so often, with growing waits, and then given up.
        let (mut lanes, began) = (Lanes::default(), now);
        lanes.add(&bank, id(1), now);
        let mut waits = Vec::new();
        loop {
            let flight = lanes.next(now).expect("its time has come");
            if !lanes.landed(&flight, Landed::Again(None), now) {
                break;
            }
            let from = lanes.wakes().expect("it waits");
            assert!(lanes.next(now).is_none());
            waits.push((from - now).as_secs());
            now = from;
        }
        assert_eq!((waits, (now - began).as_secs(), lanes.lanes.len()), (vec![1, 2, 4, 8], 15, 0));
        lanes.add(&bank, id(1), now);
        let flight = lanes.next(now).expect("it waits");
        lanes.landed(&flight, Landed::Again(Some(Duration::from_secs(3_600))), now);
        assert_eq!(lanes.wakes(), Some(now + MAX_WAIT));
    }
}

//! Whether a message may go over a channel now: its circuit says whether that is any use, its
//! account's limit when its turn is. Both only ever make it wait, or take the next way.
//!
//! The rules are `domain::circuit_breaker` and `domain::rate_limit`; what goes, `sending` knows.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::Mutex;

use super::Limits;
use crate::engine::{Effects, Error, KeyOf, Schedule, Slot, StoredRecord};
use crate::names::rate_limit_name;
use crate::teams::{TeamCache, TeamView};
use countersign_domain::base::id::{ChannelName, TeamName};
use countersign_domain::messaging::attempt::AttemptResult;
use countersign_domain::messaging::attempt::Trying;
use countersign_domain::messaging::circuit_breaker::CircuitBreaker;
use countersign_domain::messaging::rate_limit::{RateLimit, TakenSlots};
use countersign_domain::time::Moment;
use countersign_domain::time::lease::TIMEOUT;

/// A record of a pace says nothing any more after so long.
const KEPT: Duration = Duration::from_secs(2 * 3600);

type Place = (TeamName, ChannelName);

impl StoredRecord for RateLimit {
    fn schedule(&self, now: Moment) -> Schedule {
        Schedule::expires(now.plus(KEPT))
    }
}

/// What this node has seen of channels that fail, and what it has taken of their limits.
#[derive(Default)]
pub(crate) struct ChannelLimits {
    circuit_breakers: DashMap<Place, CircuitBreaker>,
    /// Who finds none left takes more while the others wait: of a block that each took, all but the last
    /// one's would be lost, and nobody would send meanwhile.
    slots: DashMap<Place, Arc<Mutex<Option<TakenSlots>>>>,
}

impl TeamCache for ChannelLimits {
    /// A channel was written anew or taken away: what was seen of it says nothing of the next.
    fn forget_channel(&self, team: &TeamName, channel: &ChannelName) {
        let place = (team.clone(), channel.clone());
        self.circuit_breakers.remove(&place);
        self.slots.remove(&place);
    }
}

impl Limits {
    /// Why a message does not go now; none where it does.
    pub(crate) async fn held_back(
        &self,
        team: &TeamView,
        channel: &ChannelName,
        limit: Option<NonZeroU32>,
        trying: Trying,
    ) -> Result<Option<AttemptResult>, Error> {
        if let Some(wait) = self.is_shut(team, channel) {
            return Ok(Some(AttemptResult::Shut(wait)));
        }
        if let Some(limit) = limit
            && trying.slot.is_none()
            && let Some(delayed) = self.wait_for_turn(&team.team.name, channel, limit, trying.next).await?
        {
            return Ok(Some(delayed));
        }
        Ok(self.let_go(team, channel).map(AttemptResult::Shut))
    }

    fn is_shut(&self, team: &TeamView, channel: &ChannelName) -> Option<Duration> {
        let place = (team.team.name.clone(), channel.clone());
        self.channel_limits.circuit_breakers.get(&place)?.is_shut(is_down(team, channel), self.engine.now())
    }

    /// One message goes; on a channel that is down no other does until it is told how that went.
    fn let_go(&self, team: &TeamView, channel: &ChannelName) -> Option<Duration> {
        let (down, now) = (is_down(team, channel), self.engine.now());
        let place = (team.team.name.clone(), channel.clone());
        if !down && !self.channel_limits.circuit_breakers.contains_key(&place) {
            return None; // nearly always
        }
        let mut circuit_breaker = self.channel_limits.circuit_breakers.entry(place).or_default();
        let shut = circuit_breaker.is_shut(down, now);
        if shut.is_none() {
            circuit_breaker.lets_go(down, now);
        }
        shut
    }

    /// How a message went that was let go: the circuit learns it, and what is news is told.
    pub(crate) async fn went(
        &self,
        team: &TeamView,
        channel: &ChannelName,
        how: AttemptResult,
        trying: Option<Trying>,
    ) {
        let place = (team.team.name.clone(), channel.clone());
        let health = if how == AttemptResult::Sent {
            self.channel_limits.circuit_breakers.remove(&place);
            how.health(trying)
        } else {
            let jitter = self.engine.draw::<1>()[0];
            self.channel_limits.circuit_breakers.entry(place).or_default().hear(how, trying, self.engine.now(), jitter)
        };
        self.channels.hear_of(team, channel, health).await;
    }

    /// The moment of a message's turn, where that is not now, or where its claim ends too soon to use it.
    async fn wait_for_turn(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        limit: NonZeroU32,
        until: Moment,
    ) -> Result<Option<AttemptResult>, Error> {
        let slots = self.channel_limits.slots.entry((team.clone(), channel.clone())).or_default().clone();
        let mut slots = slots.lock().await;
        let slot = match slots.as_mut().and_then(|slots| slots.next(limit, self.engine.now())) {
            Some(slot) => slot,
            None => match self.take_turns(team, channel, limit).await? {
                Ok(taken) => {
                    let slots = slots.insert(taken);
                    slots.next(limit, self.engine.now()).unwrap_or(self.engine.now())
                }
                Err(wait) => return Ok(Some(AttemptResult::Shut(wait))),
            },
        };
        let now = self.engine.now();
        Ok((slot > now || now.plus(TIMEOUT) > until).then_some(AttemptResult::Deferred(slot)))
    }

    async fn take_turns(
        &self,
        team: &TeamName,
        channel: &ChannelName,
        limit: NonZeroU32,
    ) -> Result<Result<TakenSlots, Duration>, Error> {
        let partition = self.engine.partition_of(&[b"pace", team.as_str().as_bytes(), channel.as_str().as_bytes()]);
        let key = KeyOf::<RateLimit>::new(partition, rate_limit_name(team, channel));
        let take = |slot: &mut Slot<RateLimit>, _: &mut Effects, now| {
            let mut rate_limit = slot.get().cloned().unwrap_or_default();
            let taken = rate_limit.take(limit, now);
            if taken.is_ok() {
                slot.put(rate_limit);
            }
            Ok(taken)
        };
        self.engine.transact(&key, take).await
    }
}

/// As far as the team's record says.
fn is_down(team: &TeamView, channel: &ChannelName) -> bool {
    team.team.channels.get(channel).is_some_and(|channel| channel.down_since.is_some())
}

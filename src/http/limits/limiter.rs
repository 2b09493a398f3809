//! Limits of one address: how often it may ask for what browsers ask, and how many streams of it may stand open.
//! What servers call is not limited by how often they do: see `failures`. `client` says what an address is; the
//! layers answer an address that asks too often.

use std::collections::VecDeque;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use governor::clock::{Clock, DefaultClock, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// Pages for one address: a burst of 300 and 30 a second after it, which is more than the 200 in any 10
/// seconds that are promised. As many failures one source may have.
const BURST: NonZeroU32 = NonZeroU32::new(300).expect("300 is not 0");
const PER_SECOND: NonZeroU32 = NonZeroU32::new(30).expect("30 is not 0");

/// Addresses that are remembered before those at rest are forgotten.
pub(crate) const MAX_REMEMBERED: usize = 50_000;

/// Requests between two times of forgetting.
const FORGET_EVERY: u64 = 10_000;

/// Counts what each address asked for, or whatever else is counted by. An address at rest is forgotten; a
/// busy one is not.
pub(crate) struct Limiter<C: Clock = DefaultClock, K: Hash + Eq + Clone = IpAddr> {
    by_key: RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<C::Instant>>,
    asked: AtomicU64,
}

impl<C: Clock, K: Hash + Eq + Clone> Limiter<C, K> {
    pub(crate) fn new(clock: C) -> Self {
        Self::of(Quota::per_second(PER_SECOND).allow_burst(BURST), clock)
    }

    fn of(quota: Quota, clock: C) -> Self {
        Self { by_key: RateLimiter::dashmap_with_clock(quota, clock), asked: AtomicU64::new(0) }
    }

    pub(crate) fn allows(&self, key: K) -> bool {
        // Forgetting looks at every key, so a flood of them must not make each request do it.
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if asked.is_multiple_of(FORGET_EVERY) && self.by_key.len() > MAX_REMEMBERED {
            self.by_key.retain_recent();
            self.by_key.shrink_to_fit();
        }
        self.by_key.check_key(&key).is_ok()
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }
}

/// Messages that one address may have sent to somebody by a page of ours, in any hour: codes that are sent
/// again, links to another password.
const ASKED_AN_HOUR: usize = 20;
const HOUR: Duration = Duration::from_secs(3600);

/// Counts what each address has had sent.
pub(crate) struct SendLimiter<C: Clock = DefaultClock> {
    by_address: DashMap<IpAddr, VecDeque<C::Instant>>,
    asked: AtomicU64,
    clock: C,
}

impl<C: Clock> SendLimiter<C> {
    pub(crate) fn new(clock: C) -> Self {
        Self { by_address: DashMap::new(), asked: AtomicU64::new(0), clock }
    }

    /// One more is asked for. An error: how long to wait for that.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), Duration> {
        let now = self.clock.now();
        let age = |at: C::Instant| Duration::from(now.duration_since(at));
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if asked.is_multiple_of(FORGET_EVERY) && self.by_address.len() > MAX_REMEMBERED {
            self.by_address.retain(|_, times| times.back().is_some_and(|newest| age(*newest) < HOUR));
        }
        let mut times = self.by_address.entry(address).or_default();
        while times.front().is_some_and(|oldest| age(*oldest) >= HOUR) {
            times.pop_front();
        }
        match times.front().filter(|_| times.len() >= ASKED_AN_HOUR) {
            Some(oldest) => Err(HOUR.saturating_sub(age(*oldest))),
            None => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

/// Tries to sign in to the consoles from one address: a house of agents in the morning, and no list of
/// passwords.
const MAX_BURST: NonZeroU32 = NonZeroU32::new(60).expect("60 is not 0");

/// Counts tries to sign in: sixty at once, and one more every ten seconds.
pub(crate) struct SignInLimiter(Limiter);

impl Default for SignInLimiter {
    fn default() -> Self {
        let quota = Quota::with_period(Duration::from_secs(10)).expect("ten seconds are some").allow_burst(MAX_BURST);
        Self(Limiter::of(quota, DefaultClock::default()))
    }
}

impl SignInLimiter {
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        self.0.allows(address)
    }
}

/// What each address has standing open, and how much of it it may have.
pub(crate) struct OpenStreams {
    open: Arc<DashMap<IpAddr, usize>>,
    most: usize,
}

/// A place among those of its address, for as long as it is held.
pub(crate) struct StreamSlot {
    streams: Arc<DashMap<IpAddr, usize>>,
    address: IpAddr,
}

impl OpenStreams {
    /// None yet.
    pub(crate) fn of(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// None where the address has as many as it may.
    pub(crate) fn place(&self, address: IpAddr) -> Option<StreamSlot> {
        let mut open = self.open.entry(address).or_default();
        if *open >= self.most {
            return None;
        }
        *open += 1;
        Some(StreamSlot { streams: self.open.clone(), address })
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        self.streams.remove_if_mut(&self.address, |_, open| {
            *open -= 1;
            *open == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn household(n: u64) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from(u128::from(n) << 64))
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_share_of_each_second() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::new(clock.clone());
        let taken = || (0..1_000).filter(|_| limiter.allows(household(1))).count();
        assert_eq!(taken(), 300);
        clock.advance(Duration::from_secs(1));
        assert_eq!(taken(), 30);
        assert!(limiter.allows(household(2)), "another has its own");
        clock.advance(Duration::from_secs(10));
        assert_eq!(taken(), 300);
    }

    /// §2 of what is promised: twenty in any hour, whenever they came, and each address has its own.
    #[test]
    fn an_address_has_twenty_messages_sent_in_any_hour() {
        let clock = FakeRelativeClock::default();
        let asking = SendLimiter::new(clock.clone());
        let minutes = |n: u64| Duration::from_secs(60 * n);
        for n in 0..20 {
            assert!(asking.take(household(1)).is_ok(), "{n}");
            clock.advance(minutes(2));
        }
        assert_eq!(asking.take(household(1)), Err(minutes(20)));
        assert!(asking.take(household(2)).is_ok());
        clock.advance(minutes(20));
        assert!(asking.take(household(1)).is_ok() && asking.take(household(1)).is_err(), "the first is forgotten");
    }

    #[test]
    fn an_address_has_so_many_streams_and_each_that_ends_makes_room() {
        let streams = OpenStreams::of(256);
        let mut places: Vec<_> = (0..1_000).filter_map(|_| streams.place(household(1))).collect();
        assert_eq!(places.len(), 256);
        let other = streams.place(household(2)).expect("another has its own");
        places.pop();
        places.extend(streams.place(household(1)));
        assert_eq!((places.len(), streams.place(household(1)).is_none()), (256, true));
        drop((places, other));
        assert!(streams.open.is_empty(), "who has none is forgotten");
    }

    /// A134: addresses that came once are forgotten, however many they are; one that comes too often
    /// is not, whoever comes in between.
    #[test]
    fn a134_a_crowd_is_forgotten_and_a_busy_address_is_not() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::new(clock.clone());
        let busy = household(u64::MAX);
        while limiter.allows(busy) {}
        let most = MAX_REMEMBERED + 2 * usize::try_from(FORGET_EVERY).expect("it is small");
        for n in 0..200_000 {
            assert!(limiter.allows(household(n)), "each comes once");
            assert!(limiter.len() <= most, "{} addresses are remembered", limiter.len());
            if n % 5_000 == 0 {
                // Who came once is forgotten after a thirtieth of a second, the busy one after ten seconds.
                clock.advance(Duration::from_millis(60));
                while limiter.allows(busy) {} // with the time, one or two are due to it
            }
        }
        assert!(!limiter.allows(busy), "it has its share and no new burst");
    }
}

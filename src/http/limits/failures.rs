//! What requests may cost that prove nothing, where servers call: login pages with post-backs, chat platforms at
//! `/in`, identity providers with verdicts, back ends with API keys.
//!
//! A server calls from one address for thousands of customers, so how often it calls is no sign of an attack, and
//! nothing here counts requests. Only failures are counted: requests without a valid signature, for a link or a
//! channel that is not there, with a key that nobody holds. Each failure counts for its address, for what it is
//! about (a link, a channel, a provider, a key), and for the team.
//!
//! Too many failures refuse nobody beforehand either, because an attacker can make a genuine server fail: a login
//! page's server posts what a visitor brought along, and a platform's servers call whatever channel somebody
//! points them at. A source that fails too often is judged one request at a time, in order, and all such sources
//! share as many places as there are processors. What is right passes as soon as it was judged. What fails again
//! is told 429 and is not written to the log. So a flood takes at most one processor from those who share its
//! source, all floods together no more than there are, and a right request waits for signatures to be checked and
//! for nothing else.
//!
//! One thing is refused beforehand: a post-back for a link whose signed answers fitted no record of the directory
//! too often, since each of them asks the company's directory. That costs nobody but that link.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use dashmap::DashMap;
use governor::clock::{Clock, DefaultClock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limiter::{Limiter, MAX_REMEMBERED};
use crate::domain::base::id::TeamName;
use crate::domain::refusal::Refusal;
use crate::http::requests::problem::Problem;
use crate::http::requests::problem_types;
use crate::services::engine::Error;

/// A source that has failed too often is judged one request at a time until so long after its last failure.
const WATCHED: Duration = Duration::from_secs(1);

/// Judging that takes longer waits for somebody else (a store, a platform's keys), and holds up nobody behind it.
const MAX_EXCLUSIVE: Duration = Duration::from_millis(50);

/// From where a request comes and what it is about, as it says itself before it is judged.
#[derive(Clone, Copy)]
pub(crate) struct RequestSource<'a> {
    /// What is asked: failures of one kind do not count for another.
    pub kind: &'static str,
    /// The client's.
    pub address: Option<IpAddr>,
    /// A link's handle, a channel, a provider, a key.
    pub about: &'a str,
    /// Where it is known.
    pub team: Option<&'a TeamName>,
}

/// Failures by source, and those sources that have too many.
pub(crate) struct Failures<C: Clock = DefaultClock> {
    budget: Limiter<C, u64>,
    watched: DashMap<u64, Watched<C::Instant>>,
    places: Arc<Semaphore>,
    hasher: RandomState,
    clock: C,
}

struct Watched<I> {
    until: I,
    line: Arc<Semaphore>,
}

/// A request's turn to be judged: the first in its source's line, and one of the places.
struct Context {
    _line: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl<C: Clock + Clone> Failures<C> {
    pub(crate) fn new(clock: C) -> Self {
        let places = available_parallelism().map_or(1, usize::from);
        Self {
            budget: Limiter::new(clock.clone()),
            watched: DashMap::new(),
            places: Arc::new(Semaphore::new(places)),
            hasher: RandomState::new(),
            clock,
        }
    }

    /// Whether a request is proved; a failure is counted.
    pub(crate) async fn judge<T>(
        &self,
        source: &RequestSource<'_>,
        judging: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, NotTaken> {
        let judged = self.in_turn(source, judging).await;
        judged.map_err(|error| match is_failure(&error) && self.count(source) {
            true => NotTaken::TooOften,
            false => NotTaken::Refused(error),
        })
    }

    /// The answer to a request that cannot even be read; it counts as a failure.
    pub(crate) fn unread(&self, source: &RequestSource<'_>, problem: Problem) -> Problem {
        if self.count(source) { too_often() } else { problem }
    }

    /// Judges a request; in its turn, where its source has failed too often.
    pub(crate) async fn in_turn<T>(&self, source: &RequestSource<'_>, judging: impl Future<Output = T>) -> T {
        let Some(turn) = self.turn(source).await else { return judging.await };
        let mut judging = pin!(judging);
        tokio::select! {
            biased;
            told = &mut judging => return told,
            () = tokio::time::sleep(MAX_EXCLUSIVE) => drop(turn),
        }
        judging.await
    }

    /// Counts a failure. Whether its source has failed too often.
    pub(crate) fn count(&self, source: &RequestSource<'_>) -> bool {
        let mut too_often = false;
        for key in self.keys(source).into_iter().flatten().filter(|key| !self.budget.allows(*key)) {
            too_often = true;
            self.watch(key);
        }
        too_often
    }

    /// Whether too many failures are about the same.
    pub(crate) fn has_too_many(&self, source: &RequestSource<'_>) -> bool {
        let [about, ..] = self.keys(source);
        let watched = about.and_then(|key| self.watched.get(&key));
        watched.is_some_and(|watched| self.clock.now() < watched.until)
    }

    /// It waits in one line alone, the narrowest: nobody who waits holds a place in another.
    async fn turn(&self, source: &RequestSource<'_>) -> Option<Context> {
        let now = self.clock.now();
        let line_of = |key| self.watched.get(&key).filter(|it| now < it.until).map(|it| it.line.clone());
        let line = self.keys(source).into_iter().flatten().find_map(line_of)?;
        let line = line.acquire_owned().await.expect("the semaphore is never closed");
        let place = self.places.clone().acquire_owned().await.expect("the semaphore is never closed");
        Some(Context { _line: line, _place: place })
    }

    fn watch(&self, key: u64) {
        let now = self.clock.now();
        if self.watched.len() >= MAX_REMEMBERED {
            self.watched.retain(|_, watched| now < watched.until);
        }
        let until = now + WATCHED.into();
        let made = || Watched { until, line: Arc::new(Semaphore::new(1)) };
        self.watched.entry(key).or_insert_with(made).until = until;
    }

    /// What it counts for, the narrowest first.
    fn keys(&self, source: &RequestSource<'_>) -> [Option<u64>; 3] {
        let RequestSource { kind, address, about, team } = *source;
        [
            Some(self.hasher.hash_one((kind, "about", team, about))),
            team.map(|team| self.hasher.hash_one((kind, "team", team))),
            address.map(|address| self.hasher.hash_one((kind, "address", address))),
        ]
    }
}

/// Why a request was not taken.
pub(crate) enum NotTaken {
    /// It has failed, and so have too many of its source.
    TooOften,
    /// What the gateway says.
    Refused(Error),
}

/// The problem that it is answered with.
impl From<NotTaken> for Problem {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::TooOften => too_often(),
            NotTaken::Refused(error) => error.into(),
        }
    }
}

/// Whether it says that nothing was proved. What is refused later was asked for by whom it should be.
fn is_failure(error: &Error) -> bool {
    use Refusal::{BadAssertion, NotFound, Unproved};
    matches!(error, Error::Refused(BadAssertion(_) | NotFound(_) | Unproved(_)))
}

pub(crate) fn too_often() -> Problem {
    let says = "Too many requests of this address, or about this link, channel, provider, key or team, have failed. \
        One that is right is still taken.";
    Problem::of(&problem_types::TOO_MANY_REQUESTS).saying(says).after(WATCHED.as_secs())
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn source<'a>(last: u8, about: &'a str, team: Option<&'a TeamName>) -> RequestSource<'a> {
        RequestSource { kind: "test", address: Some(IpAddr::from([192, 0, 2, last])), about, team }
    }

    fn until_watched(
        failures: &Failures<FakeRelativeClock>,
        sources: impl IntoIterator<Item = RequestSource<'static>>,
    ) -> usize {
        sources.into_iter().position(|source| failures.count(&source)).expect("it is too often at last")
    }

    #[test]
    fn address_subject_and_team_each_may_fail_so_often() {
        let failures = Failures::new(FakeRelativeClock::default());
        let many: Vec<&'static str> = (0..1_000).map(|n| &*format!("link-{n}").leak()).collect();
        let team: &'static TeamName = Box::leak(Box::new("acme".parse().expect("a name")));
        let of = |n: usize| u8::try_from(n % 200).expect("it is small");
        assert_eq!(until_watched(&failures, many.iter().map(|about| source(1, about, None))), 300, "one address");
        let other = Failures::new(FakeRelativeClock::default());
        assert_eq!(until_watched(&other, (0..1_000).map(|n| source(of(n), "link", None))), 300, "one link");
        let other = Failures::new(FakeRelativeClock::default());
        let of_team = many.iter().enumerate().map(|(n, about)| source(of(n), about, Some(team)));
        assert_eq!(until_watched(&other, of_team), 300, "one team");
        assert!(
            !failures.count(&RequestSource { kind: "other", ..source(1, many[0], None) }),
            "another kind has its own"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_fails_is_judged_one_at_a_time_and_never_refused() {
        let clock = FakeRelativeClock::default();
        let failures = Failures::new(clock.clone());
        let one = source(1, "link", None);
        while !failures.count(&one) {}
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let judged = |source: RequestSource<'static>| {
            let (failures, now, most) = (&failures, &now, &most);
            async move {
                let judging = async {
                    most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    now.fetch_sub(1, Ordering::Relaxed);
                };
                failures.in_turn(&source, judging).await;
            }
        };
        join_all((0..100).map(|_| judged(one))).await;
        assert_eq!(most.swap(0, Ordering::Relaxed), 1);
        // The same address about something else waits in the address's line, another address about that link in
        // the link's, and who has nothing to do with it in none.
        join_all((0..100).map(|_| judged(source(1, "other", None)))).await;
        assert_eq!(most.swap(0, Ordering::Relaxed), 1);
        join_all((0..100).map(|_| judged(source(2, "other", None)))).await;
        assert_eq!(most.swap(0, Ordering::Relaxed), 100);
        clock.advance(WATCHED);
        join_all((0..100).map(|_| judged(one))).await;
        assert_eq!(most.load(Ordering::Relaxed), 100, "it has failed no more");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_somebody_else_holds_up_nobody() {
        let failures = Failures::new(FakeRelativeClock::default());
        let one = source(1, "link", None);
        while !failures.count(&one) {}
        let mut slow = Box::pin(failures.in_turn(&one, pending::<()>()));
        assert!((&mut slow).now_or_never().is_none());
        let mut next = Box::pin(failures.in_turn(&one, ready(())));
        assert!((&mut next).now_or_never().is_none(), "it waits for its turn");
        tokio::select! {
            () = &mut slow => unreachable!("it is never ready"),
            () = tokio::time::sleep(MAX_EXCLUSIVE) => {}
        }
        tokio::select! {
            () = slow => unreachable!("it is never ready"),
            () = next => {}
        }
    }

    /// Failing about ever new things leaves little behind.
    #[test]
    fn what_is_remembered_of_failures_is_bounded() {
        let clock = FakeRelativeClock::default();
        let failures = Failures::new(clock.clone());
        for n in 0..200_000_u32 {
            let about = n.to_string();
            failures.count(&RequestSource { address: Some(IpAddr::from(n.to_be_bytes())), ..source(1, &about, None) });
            if n % 5_000 == 0 {
                clock.advance(Duration::from_millis(60));
            }
        }
        assert!(failures.budget.len() < 3 * MAX_REMEMBERED, "{}", failures.budget.len());
        assert!(failures.watched.is_empty());
    }
}

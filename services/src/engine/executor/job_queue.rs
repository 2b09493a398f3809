//! The next job to run: of each key one at a time, so that nothing older comes after something newer; of
//! each team so many and no more, so that a platform that hangs holds up its own team alone. A job that was put
//! off holds no place meanwhile.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;
use std::time::Duration;

use tokio::time::Instant;

use countersign_domain::base::id::TeamName;

/// How jobs of one kind are done.
pub(crate) struct JobPolicy {
    /// The name of the kind in logs.
    pub name: &'static str,
    /// Jobs that run at the same time: a receiver that is slow to answer must not keep the others waiting.
    pub concurrency: usize,
    /// Of these, one team's.
    pub of_a_team: usize,
    /// How often a lease is renewed while its job is attempted. Where it is not, an attempt must end before.
    pub renewed_every: Option<Duration>,
}

impl JobPolicy {
    /// So many at the same time, whosever they are, each within its lease.
    pub const fn new(name: &'static str, concurrency: usize) -> Self {
        Self { name, concurrency, of_a_team: concurrency, renewed_every: None }
    }
}

/// The right to do a job.
pub(crate) trait Claim: Send + 'static {
    /// The key of a job. Jobs of the same key run one at a time, and of those that wait the newest counts.
    type Key: Clone + Debug + Ord + Send;
    /// How jobs of this kind are done.
    const POLICY: JobPolicy;

    /// Its key.
    fn key(&self) -> Self::Key;

    /// The team whose jobs it may hold up; none where all count together.
    fn team(&self) -> Option<TeamName> {
        None
    }
}

/// The next claim when a job has ended.
#[derive(Debug)]
pub(crate) enum Next<C> {
    /// Nothing.
    Done,
    /// The next job of the key, at once and before those that wait.
    AtOnce(C),
    /// Another attempt after so long, unless something newer comes meanwhile.
    Later(C, Duration),
}

/// The jobs that wait and those that run, by team.
pub(super) struct JobQueue<C: Claim> {
    teams: BTreeMap<Option<TeamName>, TeamJobs<C>>,
    running: usize,
}

struct TeamJobs<C: Claim> {
    slots: BTreeMap<C::Key, JobSlot<C>>,
    /// Keys that may run, in the order in which they came.
    ready: VecDeque<C::Key>,
    /// Keys that were put off.
    delayed: BTreeSet<(Instant, C::Key)>,
    running: usize,
}

/// All about one key. It waits in `ready` or `delayed` where it does not run.
struct JobSlot<C> {
    /// The claim that follows at once on the job that ran.
    following: Option<C>,
    waiting: Option<C>,
    delayed: Option<Instant>,
    is_running: bool,
}

impl<C: Claim> Default for JobQueue<C> {
    fn default() -> Self {
        Self { teams: BTreeMap::new(), running: 0 }
    }
}

impl<C: Claim> JobQueue<C> {
    /// Adds a claim at the end; where another of its key waits, in its stead.
    pub fn push(&mut self, claim: C) {
        self.teams.entry(claim.team()).or_default().push(claim);
    }

    /// The next that may run now; it holds a place until it has finished. The team with the fewest goes first.
    pub fn next(&mut self, now: Instant) -> Option<C> {
        if self.running >= C::POLICY.concurrency {
            return None;
        }
        let teams = self.teams.values_mut().filter(|team| team.has_room());
        let team = teams.filter_map(|team| team.has_ready(now).then_some(team)).min_by_key(|team| team.running)?;
        let claim = team.start()?;
        self.running += 1;
        Some(claim)
    }

    /// When there may be something to do that only waits for its time.
    pub fn wakes(&self) -> Option<Instant> {
        if self.running >= C::POLICY.concurrency {
            return None;
        }
        let free = self.teams.values().filter(|team| team.has_room());
        free.filter_map(|team| team.delayed.first()).map(|(from, _)| *from).min()
    }

    /// Delayed jobs are due.
    pub fn wake(&mut self) {
        self.teams.values_mut().for_each(|team| while team.wake_first(None) {});
    }

    /// A job has ended. A delayed job gives way to one that came meanwhile; one that follows at once goes before it.
    pub fn finish(&mut self, key: &C::Key, team: &Option<TeamName>, next: Next<C>, now: Instant) {
        let Some(jobs) = self.teams.get_mut(team) else { return };
        self.running -= 1;
        jobs.finish(key, next, now);
        if jobs.slots.is_empty() {
            self.teams.remove(team);
        }
    }
}

impl<C: Claim> Default for TeamJobs<C> {
    fn default() -> Self {
        Self { slots: BTreeMap::new(), ready: VecDeque::new(), delayed: BTreeSet::new(), running: 0 }
    }
}

impl<C> Default for JobSlot<C> {
    fn default() -> Self {
        Self { following: None, waiting: None, delayed: None, is_running: false }
    }
}

impl<C: Claim> TeamJobs<C> {
    fn has_room(&self) -> bool {
        self.running < C::POLICY.of_a_team
    }

    fn has_ready(&mut self, now: Instant) -> bool {
        while self.wake_first(Some(now)) {}
        !self.ready.is_empty()
    }

    /// Makes the first that was put off ready, where its time has come; without a time it has.
    fn wake_first(&mut self, now: Option<Instant>) -> bool {
        let is_due = |(from, _): &&(Instant, C::Key)| now.is_none_or(|now| *from <= now);
        let Some((_, key)) = self.delayed.first().filter(is_due).cloned() else { return false };
        self.hasten(&key);
        true
    }

    /// A delayed job is ready.
    fn hasten(&mut self, key: &C::Key) {
        if let Some(from) = self.slots.get_mut(key).and_then(|slot| slot.delayed.take()) {
            self.delayed.remove(&(from, key.clone()));
            self.ready.push_back(key.clone());
        }
    }

    fn push(&mut self, claim: C) {
        let key = claim.key();
        let slot = self.slots.entry(key.clone()).or_default();
        let is_alone = slot.waiting.replace(claim).is_none() && slot.following.is_none() && !slot.is_running;
        match is_alone {
            true => self.ready.push_back(key),
            false => self.hasten(&key),
        }
    }

    fn start(&mut self) -> Option<C> {
        let slot = self.slots.get_mut(&self.ready.pop_front()?)?;
        slot.is_running = true;
        self.running += 1;
        slot.following.take().or_else(|| slot.waiting.take())
    }

    fn finish(&mut self, key: &C::Key, next: Next<C>, now: Instant) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        slot.is_running = false;
        self.running -= 1;
        match (next, slot.waiting.is_some()) {
            (Next::AtOnce(claim), _) => {
                slot.following = Some(claim);
                self.ready.push_front(key.clone());
            }
            (_, true) => self.ready.push_back(key.clone()),
            (Next::Later(claim, wait), false) => {
                let from = now + wait;
                (slot.waiting, slot.delayed) = (Some(claim), Some(from));
                self.delayed.insert((from, key.clone()));
            }
            (Next::Done, false) => {
                self.slots.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(1);

    /// A job of a team, about a number; the letter tells claims of one key apart.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Job(&'static str, u8, char);

    impl Claim for Job {
        type Key = u8;
        const POLICY: JobPolicy = JobPolicy { of_a_team: 4, ..JobPolicy::new("test", 16) };

        fn key(&self) -> u8 {
            self.1
        }

        fn team(&self) -> Option<TeamName> {
            self.0.parse().ok()
        }
    }

    fn finish(queue: &mut JobQueue<Job>, job: Job, next: Next<Job>, now: Instant) {
        queue.finish(&job.key(), &job.team(), next, now);
    }

    #[test]
    fn jobs_of_one_key_run_one_at_a_time() {
        let (mut queue, now) = (JobQueue::default(), Instant::now());
        let [a, b, c] = ['a', 'b', 'c'].map(|letter| Job("bank", 1, letter));
        queue.push(a);
        assert_eq!(queue.next(now), Some(a));
        queue.push(b);
        queue.push(c);
        assert_eq!(queue.next(now), None, "not before the older has ended");
        finish(&mut queue, a, Next::Later(a, WAIT), now);
        assert_eq!(queue.next(now), Some(c), "the newest counts");
        queue.push(b);
        finish(&mut queue, c, Next::AtOnce(a), now);
        assert_eq!(queue.next(now), Some(a), "what follows at once goes first");
        finish(&mut queue, a, Next::Done, now);
        assert_eq!(queue.next(now), Some(b), "and what came meanwhile is not forgotten");
        finish(&mut queue, b, Next::Done, now);
        assert!(queue.next(now).is_none() && queue.wakes().is_none() && queue.teams.is_empty());
    }

    #[test]
    fn jobs_start_in_the_order_of_their_claims() {
        let (mut queue, now) = (JobQueue::default(), Instant::now());
        for number in [3, 1, 2] {
            queue.push(Job("bank", number, 'a'));
        }
        queue.push(Job("bank", 3, 'b'));
        let order: Vec<_> = std::iter::from_fn(|| queue.next(now)).collect();
        assert_eq!(order, [Job("bank", 3, 'b'), Job("bank", 1, 'a'), Job("bank", 2, 'a')]);
    }

    #[test]
    fn slow_team_holds_up_only_itself() {
        let (mut queue, now) = (JobQueue::default(), Instant::now());
        (0..16).for_each(|number| queue.push(Job("a", number, 'a')));
        queue.push(Job("z", 1, 'a'));
        let running: Vec<_> = std::iter::from_fn(|| queue.next(now)).collect();
        let of = |name: &str| running.iter().filter(|job| job.0 == name).count();
        assert_eq!((of("a"), of("z")), (Job::POLICY.of_a_team, 1));
        for name in ["b", "c", "d", "e"] {
            (0..16).for_each(|number| queue.push(Job(name, number, 'a')));
        }
        assert_eq!(std::iter::from_fn(|| queue.next(now)).count(), Job::POLICY.concurrency - running.len());
        assert_eq!(queue.wakes(), None, "there is no room");
        finish(&mut queue, running[0], Next::Later(running[0], WAIT), now);
        assert_eq!(queue.next(now).map(|job| job.0), Some("e"), "whoever has fewest goes first");
    }

    #[test]
    fn delayed_job_holds_no_place() {
        let (mut queue, now) = (JobQueue::default(), Instant::now());
        (0..16).for_each(|number| queue.push(Job("bank", number, 'a')));
        let mut tried = 0;
        while let Some(job) = queue.next(now) {
            finish(&mut queue, job, Next::Later(job, WAIT), now);
            tried += 1;
        }
        assert_eq!((tried, queue.wakes()), (16, Some(now + WAIT)));
        queue.push(Job("bank", 3, 'b'));
        assert_eq!(queue.next(now), Some(Job("bank", 3, 'b')), "something new is not held back");
        assert_eq!(queue.next(now), None);
        assert!(queue.next(now + WAIT).is_some(), "its time has come");
        queue.wake();
        assert!(queue.next(now).is_some(), "or nobody waits for it");
    }
}

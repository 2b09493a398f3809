//! The executor of jobs: what a node does behind the replies, at the right of a claim. Each kind of job says how
//! one is loaded, attempted and settled; queue, leases, renewal and the end are the same for all.
//!
//! Claims wait in memory alone. A job that must not be lost has a record with an alarm: a claim that nobody settled
//! lapses with its lease, and whoever hears the alarm claims the job again. So to stop, the loops are dropped.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use self::job_queue::JobQueue;
pub(crate) use self::job_queue::{Claim, JobPolicy, Next};
use super::{Engine, Error};
use countersign_domain::base::id::TeamName;
use countersign_domain::refusal::Refusal;
use countersign_domain::time::lease::{Lease, TIMEOUT};

mod job_queue;

/// A lease that has less left is renewed before the attempt begins; renewals within it have the rest.
const MIN_LEASE_LEFT: Duration = Duration::from_secs(5);

/// A kind of job, by its claims.
pub(crate) trait JobKind<C: Claim>: Sync {
    /// A job as it is loaded.
    type Job: Send + Sync;
    /// How an attempt ended.
    type Attempt: Send;

    /// The job, where it is wanted still and the claim is the newest.
    fn load(&self, claim: C) -> impl Future<Output = Result<Option<Self::Job>, Error>> + Send;

    /// Until when it is this node's; none where two nodes may do it at the same time.
    fn lease(&self, _job: &Self::Job) -> Option<Lease> {
        None
    }

    /// Begins the lease anew; false where the job is not this node's any more.
    fn renew(&self, _job: &Self::Job) -> impl Future<Output = Result<bool, Error>> + Send {
        async { Ok(true) }
    }

    /// Does it.
    fn attempt(&self, job: &Self::Job) -> impl Future<Output = Result<Self::Attempt, Error>> + Send;

    /// Saves how it ended, and says what follows.
    fn settle(&self, job: Self::Job, attempt: Self::Attempt) -> impl Future<Output = Result<Next<C>, Error>> + Send;
}

/// The jobs of one kind that this node is to do.
pub(crate) struct Executor<C: Claim> {
    engine: Arc<Engine>,
    queue: Mutex<JobQueue<C>>,
    woken: Notify,
}

impl<C: Claim> Executor<C> {
    /// An executor that has nothing to do.
    pub fn new(engine: &Arc<Engine>) -> Self {
        Self { engine: engine.clone(), queue: Mutex::default(), woken: Notify::new() }
    }

    /// Adds a job that was claimed here.
    pub fn push(&self, claim: C) {
        self.queue().push(claim);
        self.woken.notify_one();
    }

    /// Does what waits until nothing does, and what was put off with it; how many jobs it was.
    pub async fn run<K: JobKind<C>>(&self, kind: &K) -> usize {
        self.queue().wake();
        let (mut running, mut count) = (FuturesUnordered::new(), 0);
        loop {
            while let Ok(claim) = self.next() {
                running.push(self.execute(kind, claim));
            }
            match running.next().await {
                Some(is_done) => count += usize::from(is_done),
                None => return count,
            }
        }
    }

    /// Does for ever what comes, at once.
    pub async fn run_forever<K: JobKind<C>>(&self, kind: &K) {
        let mut running = FuturesUnordered::new();
        loop {
            let wakes = loop {
                match self.next() {
                    Ok(claim) => running.push(self.execute(kind, claim)),
                    Err(wakes) => break wakes,
                }
            };
            tokio::select! {
                Some(_) = running.next() => {}
                () = self.woken.notified() => {}
                () = sleep_until(wakes.unwrap_or_else(Instant::now)), if wakes.is_some() => {}
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, JobQueue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next that may run; otherwise when one that was put off may.
    fn next(&self) -> Result<C, Option<Instant>> {
        let mut queue = self.queue();
        queue.next(Instant::now()).ok_or_else(|| queue.wakes())
    }

    /// False where it was put off.
    async fn execute<K: JobKind<C>>(&self, kind: &K, claim: C) -> bool {
        let mut place = Place { executor: self, key: claim.key(), team: claim.team(), next: Next::Done };
        place.next = match self.try_to_execute(kind, claim).await {
            Ok(next) => next,
            Err(Error::Refused(Refusal::NotFound(_))) => Next::Done,
            Err(error) => {
                tracing::error!(job = C::POLICY.name, key = ?place.key, %error, "a job waits for its claim to lapse");
                Next::Done
            }
        };
        !matches!(place.next, Next::Later(..))
    }

    async fn try_to_execute<K: JobKind<C>>(&self, kind: &K, claim: C) -> Result<Next<C>, Error> {
        let Some(job) = kind.load(claim).await? else { return Ok(Next::Done) };
        if let Some(lease) = kind.lease(&job)
            && !self.has_time(kind, &job, lease).await?
        {
            return Ok(Next::Done); // whoever makes the next claim has the time for it
        }
        let attempt = match C::POLICY.renewed_every {
            None => kind.attempt(&job).await?,
            Some(every) => tokio::select! {
                attempt = kind.attempt(&job) => attempt?,
                never = keep(kind, &job, every) => match never {},
            },
        };
        kind.settle(job, attempt).await
    }

    /// Whether the lease lasts until an attempt can have ended, or until it is renewed.
    async fn has_time<K: JobKind<C>>(&self, kind: &K, job: &K::Job, lease: Lease) -> Result<bool, Error> {
        let now = self.engine.now();
        match C::POLICY.renewed_every {
            None => Ok(lease.leaves(TIMEOUT, now)),
            Some(_) if lease.is_over(now) => Ok(false),
            Some(_) => Ok(lease.leaves(MIN_LEASE_LEFT, now) || kind.renew(job).await?),
        }
    }
}

/// The place of a job that runs. It is free again when this is dropped, with the loop or after the job.
struct Place<'a, C: Claim> {
    executor: &'a Executor<C>,
    key: C::Key,
    team: Option<TeamName>,
    next: Next<C>,
}

impl<C: Claim> Drop for Place<'_, C> {
    fn drop(&mut self) {
        let next = std::mem::replace(&mut self.next, Next::Done);
        self.executor.queue().finish(&self.key, &self.team, next, Instant::now());
    }
}

/// Renews a job's lease for as long as it is attempted: no other node finds it lapsed.
async fn keep<C: Claim, K: JobKind<C>>(kind: &K, job: &K::Job, every: Duration) -> Infallible {
    loop {
        sleep(every).await;
        if let Err(error) = kind.renew(job).await {
            tracing::warn!(job = C::POLICY.name, %error, "the lease of a job could not be renewed");
        }
    }
}

//! The way between one node and the store: every question draws its fate from the seed. It may be
//! lost, be done and its answer lost, be slow in both directions (so that questions overtake each
//! other), or arrive twice; and a node that died hears nothing any more.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use countersign::store::{
    Batch, CommitOutcome, IndexEntry, Order, Outbox, Partition, Record, RecordKey, Store, StoreError, VersionIndex,
};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::trace::{Trace, short};
use super::truth::Truth;

/// How long a node waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What the ways are like; the same for all nodes.
#[derive(Default)]
pub struct Weather {
    /// Of a thousand questions so many do not arrive.
    pub lost: AtomicU64,
    /// … are done and not answered.
    pub unanswered: AtomicU64,
    /// … are done twice, where they are commits or trimmings.
    pub twice: AtomicU64,
    /// … take up to four seconds each way.
    pub slow: AtomicU64,
    /// The store takes no commit: it has no room.
    pub full: AtomicBool,
    /// Faults so far.
    pub faults: AtomicU64,
}

impl Weather {
    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        for part in [&self.lost, &self.unanswered, &self.twice, &self.slow] {
            part.store(0, Ordering::SeqCst);
        }
        self.full.store(false, Ordering::SeqCst);
    }
}

/// One life of one node's way to the store.
pub struct Network {
    pub name: String,
    pub truth: Arc<Truth>,
    pub chance: Arc<Chance>,
    pub trace: Arc<Trace>,
    pub weather: Arc<Weather>,
    /// Nothing arrives either way.
    pub cut: Arc<AtomicBool>,
    /// Ended with the node.
    pub died: CancellationToken,
}

struct PacketOutcome {
    arrives: bool,
    answered: bool,
    again: Option<Duration>,
    there: Duration,
    back: Duration,
}

impl Network {
    fn delay(&self) -> Duration {
        let most = match self.chance.below(1000) {
            n if n < self.weather.slow.load(Ordering::SeqCst) => 4000,
            n if n < 100 => 300,
            n if n < 350 => 30,
            _ => 2,
        };
        Duration::from_millis(self.chance.below(most + 1))
    }

    /// A process and its own disk: nothing between them is lost or doubled, it is only slow.
    fn packet_outcome(&self, writes: bool) -> PacketOutcome {
        let (there, back) = (self.delay(), self.delay());
        if self.truth.keeps_board() {
            return PacketOutcome { arrives: true, answered: true, again: None, there, back };
        }
        let odds = |part: &AtomicU64| self.chance.odds(part.load(Ordering::SeqCst));
        let cut = self.cut.load(Ordering::SeqCst);
        let (arrives, answered) = (!odds(&self.weather.lost) && !cut, !odds(&self.weather.unanswered) && !cut);
        let again = (odds(&self.weather.twice) && writes).then(|| 3 * self.delay());
        PacketOutcome { arrives, answered, again, there, back }
    }

    async fn ask<T: fmt::Debug + Send + 'static>(
        &self,
        what: String,
        writes: bool,
        act: impl Fn(&Truth) -> T + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        if self.died.is_cancelled() {
            return pending().await;
        }
        let packet_outcome = self.packet_outcome(writes);
        let (tell, told) = oneshot::channel();
        let (truth, trace, name) = (self.truth.clone(), self.trace.clone(), self.name.clone());
        if !packet_outcome.arrives || !packet_outcome.answered || packet_outcome.again.is_some() {
            self.weather.faults.fetch_add(1, Ordering::SeqCst);
        }
        // What is on its way arrives also where the node dies meanwhile.
        tokio::spawn(async move {
            sleep(packet_outcome.there).await;
            if !packet_outcome.arrives {
                trace.say(format_args!("{name} {what}: lost"));
                return sleep(TIMEOUT).await; // nobody answers, and nobody says so
            }
            let answer = act(&truth);
            let ending = if packet_outcome.answered { "" } else { ": not answered" };
            if writes || !packet_outcome.answered {
                trace.say(format_args!("{name} {what}{ending}"));
            } else {
                trace.hush(format_args!("{name} {what}"));
            }
            if let Some(again) = packet_outcome.again {
                let (truth, trace) = (truth.clone(), trace.clone());
                tokio::spawn(async move {
                    sleep(again).await;
                    trace.say(format_args!("{name} {what}: again, {:?}", act(&truth)));
                });
            }
            sleep(packet_outcome.back).await;
            if packet_outcome.answered {
                let _ = tell.send(answer); // the node may have lost patience, or its life
            } else {
                sleep(TIMEOUT).await;
            }
        });
        let answer = timeout(TIMEOUT, told).await;
        if self.died.is_cancelled() {
            return pending().await;
        }
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(StoreError::Away("no answer in time".to_owned())),
        }
    }
}

#[async_trait]
impl Store for Network {
    async fn get(&self, partition: Partition, names: &[String]) -> Result<Vec<Option<Record>>, StoreError> {
        let (names, short) = (names.to_vec(), names.iter().map(|name| short(name)).collect::<Vec<_>>().join(" "));
        self.ask(format!("get {short}"), false, move |truth| truth.read(partition, &names)).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError> {
        let full = self.weather.full.load(Ordering::SeqCst);
        if full && !self.died.is_cancelled() {
            self.weather.faults.fetch_add(1, Ordering::SeqCst);
            return Err(StoreError::Full("no room".to_owned()));
        }
        let names: Vec<String> = batch.put.iter().map(|put| short(&put.name)).collect();
        let what = format!("commit {:?} {} +{}", batch.id, names.join(" "), batch.events.len());
        let outcome = self.ask(what, true, move |truth| truth.apply(&batch)).await;
        if let Ok(CommitOutcome::Conflict) = outcome {
            self.trace.say(format_args!("{} had a conflict", self.name));
        }
        outcome
    }

    async fn due(&self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, StoreError> {
        self.ask("due".to_owned(), false, move |truth| truth.claim(now, limit, lease_ms)).await
    }

    async fn outbox(&self, limit: usize) -> Result<Outbox, StoreError> {
        self.ask("outbox".to_owned(), false, move |truth| truth.waiting(limit)).await.map(Outbox::whole)
    }

    async fn trim_outbox(&self, tag: u8, seq: u64) -> Result<(), StoreError> {
        self.ask(format!("trim {tag} to {seq}"), true, move |truth| truth.trim(tag, seq)).await
    }

    async fn list(
        &self,
        partition: Partition,
        index: &str,
        order: Order,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<IndexEntry>, StoreError> {
        let (index, after) = (index.to_owned(), after.map(str::to_owned));
        let what = format!("list {index}");
        self.ask(what, false, move |truth| truth.page(partition, &index, order, after.as_deref(), limit)).await
    }

    fn version_index(&self, key: &RecordKey) -> VersionIndex {
        self.truth.version_index(key)
    }

    async fn woken(&self) {
        if self.truth.keeps_board() {
            self.truth.woken().await
        } else {
            sleep(Duration::from_millis(250)).await
        }
        if self.died.is_cancelled() {
            pending::<()>().await;
        }
    }

    async fn sweep(&self, now: u64) -> Result<usize, StoreError> {
        let act = move |truth: &Truth| if truth.keeps_board() { truth.drop_expired(now) } else { 0 };
        self.ask("sweep".to_owned(), false, act).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ask("ping".to_owned(), false, |_| ()).await
    }
}

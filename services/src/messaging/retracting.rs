//! Messages that are taken out of a chat behind the reply: a code that somebody typed, and one of ours
//! whose code is over, where their platform can do that. Nothing depends on it, since such a code is dead
//! wherever it stands.
//!
//! Each is a record of its own, put by the commit that heard or ended the code. Who put it does it at once; its
//! alarm hands it to whoever finds it, should that node die. Done twice it does no harm.

use std::time::Duration;

use countersign_channels::{Author, DeliveryError, MessageAddress};

use super::Messaging;
use crate::conversations::committed::{CommitObserver, Committed};
use crate::conversations::retractions::Retraction;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::executor::{Claim, Executor, JobKind, JobPolicy, Next};
use crate::engine::{Error, decode};
use countersign_domain::base::id::{InteractionId, TeamName};
use countersign_domain::conversation::destination::Spent;
use countersign_domain::messaging::attempt::BACKOFF;
use countersign_domain::time::lease::TIMEOUT;
use countersign_store::{CommitId, Partition, RecordKey};

/// After so long nobody tries any more: who was to see it has seen it.
const MAX_RETRY_TIME: Duration = Duration::from_secs(3600);

/// A message that is to be taken back was committed here, or its alarm has come.
pub(crate) struct RetractionClaim(pub RecordKey);

impl Claim for RetractionClaim {
    type Key = RecordKey;
    const POLICY: JobPolicy = JobPolicy::new("retraction", 32);

    fn key(&self) -> RecordKey {
        self.0.clone()
    }
}

/// A message that is to be taken back now.
pub(crate) struct RetractionJob {
    key: RecordKey,
    retraction: Retraction,
    version: CommitId,
}

/// The messages that this node is to take back.
pub(crate) type Retractions = Executor<RetractionClaim>;

impl CommitObserver for Retractions {
    fn committed(&self, commit: &Committed<'_>) {
        commit.retractions.iter().cloned().for_each(|key| self.push(RetractionClaim(key)));
    }
}

impl Messaging {
    /// The record of one that is to be taken back was put, or its alarm has come.
    pub(crate) fn take_back(&self, key: RecordKey) {
        self.retractions.push(RetractionClaim(key));
    }

    /// A code's message that has left while the code ended: nobody else knows of it.
    pub(crate) async fn take_back_late(&self, team: &TeamName, id: InteractionId, spent: Spent) -> Result<(), Error> {
        let reads =
            Reads { partition: Partition(id.partition()), names: vec![self.conversations.retraction_name(&spent)] };
        let saved = self.engine.decide(&reads, |_, now| {
            let put = vec![self.conversations.retraction(team, &spent, now)];
            Ok(Change { put, confirm: Confirm::Nothing, ..Change::nothing(Ok(())) })
        });
        saved.await?.outcome?;
        self.take_back(RecordKey { partition: reads.partition, name: reads.names[0].clone() });
        Ok(())
    }
}

impl JobKind<RetractionClaim> for Messaging {
    type Job = RetractionJob;
    /// When to try again, where that may help.
    type Attempt = Option<Duration>;

    async fn load(&self, RetractionClaim(key): RetractionClaim) -> Result<Option<RetractionJob>, Error> {
        let reads = Reads { partition: key.partition, names: vec![key.name.clone()] };
        // One that is over leaves an empty record, to be swept.
        let opened = self.engine.read(&reads).await?.pop().flatten();
        let Some(opened) = opened.filter(|opened| !opened.is_empty()) else { return Ok(None) };
        let retraction: Retraction = decode(&key.name, &opened)?;
        // A retraction that is due later than anybody waits was delayed by a clock that has been set back. Else another has
        // tried it since the alarm came: its own alarm stands.
        let now = self.engine.now();
        let waits = retraction.due.is_some_and(|due| now < due && due.since(now) < MAX_RETRY_TIME);
        Ok((!waits).then_some(RetractionJob { key, retraction, version: opened.version }))
    }

    async fn attempt(&self, job: &RetractionJob) -> Result<Option<Duration>, Error> {
        let kept = &job.retraction;
        let view = self.teams.team(&kept.team).await?;
        let Some(driver) = view.and_then(|view| self.channels.driver(&view, &kept.channel)) else { return Ok(None) };
        let (to, jitter) = (MessageAddress::new(&kept.to), self.engine.draw::<1>()[0]);
        let whose = if kept.is_ours { Author::Ours } else { Author::Theirs };
        let taken = tokio::time::timeout(TIMEOUT, driver.retract(whose, &to, &kept.id)).await;
        let (again, label) = match taken.unwrap_or(Err(DeliveryError::Ambiguous)) {
            Ok(()) => (None, "gone"),
            Err(DeliveryError::RetryAfter(wait)) => (Some(wait.max(Duration::from_secs(1))), "later"),
            Err(DeliveryError::Retry(_) | DeliveryError::Ambiguous) => {
                (Some(BACKOFF.wait(kept.tries, jitter)), "later")
            }
            Err(DeliveryError::Fallback(_) | DeliveryError::Permanent(_) | DeliveryError::AuthBroken(_)) => {
                (None, "stays")
            }
        };
        metrics::counter!("countersign_retractions_total", "outcome" => label).increment(1);
        Ok(again)
    }
    async fn settle(&self, job: RetractionJob, again: Option<Duration>) -> Result<Next<RetractionClaim>, Error> {
        let RetractionJob { key: RecordKey { partition, name }, retraction: kept, version } = job;
        let reads = Reads { partition, names: vec![name.clone()] };
        let saved = self.engine.decide(&reads, |records, now| {
            if records[0].as_ref().is_none_or(|record| record.version != version) {
                return Ok(Change { confirm: Confirm::Nothing, ..Change::nothing(Ok(())) }); // another was quicker
            }
            let name = name.clone();
            let put = match again.filter(|_| now.since(kept.since) < MAX_RETRY_TIME) {
                Some(wait) => {
                    let due = Some(now.plus(wait));
                    let next = Retraction { tries: kept.tries + 1, due, ..kept.clone() };
                    PlainRecord { alarm: due, ..next.record(name, now) }
                }
                None => PlainRecord { name, expires: Some(now), ..PlainRecord::default() },
            };
            Ok(Change { put: vec![put], confirm: Confirm::Nothing, ..Change::nothing(Ok(())) })
        });
        saved.await?.outcome?;
        Ok(Next::Done)
    }
}

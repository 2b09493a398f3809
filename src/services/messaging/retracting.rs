//! Messages that are taken out of a chat behind the reply: a code that somebody typed, and one of ours
//! whose code is over, where their platform can do that. Nothing depends on it, since such a code is dead
//! wherever it stands.
//!
//! Each is a record of its own, put by the commit that heard or ended the code. Who put it does it at once; its
//! alarm hands it to whoever finds it, should that node die. Done twice it does no harm.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_channels::{Author, DeliveryError, MessageAddress};

use super::Messaging;
use crate::domain::base::id::{InteractionId, TeamName};
use crate::domain::conversation::destination::Spent;
use crate::domain::messaging::attempt::BACKOFF;
use crate::domain::time::lease::TIMEOUT;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::queue::Queue;
use crate::engine::{Error, decode};
use crate::services::conversations::committed::{CommitObserver, Committed};
use crate::services::conversations::retractions::Retraction;
use crate::store::{Partition, RecordKey};

/// Retractions that are tried at the same time.
const CONCURRENCY: usize = 32;

/// After so long nobody tries any more: who was to see it has seen it.
const MAX_RETRY_TIME: Duration = Duration::from_secs(3600);

/// What this node is to take back.
#[derive(Default)]
pub(crate) struct Retractions {
    queue: Queue<RecordKey>,
    /// Those that wait and those that are being taken back: an alarm may come for one of them.
    known: Mutex<HashSet<RecordKey>>,
}

impl Retractions {
    /// One that was committed here, or whose alarm has come.
    pub fn push(&self, key: RecordKey) {
        if self.known().insert(key.clone()) {
            self.queue.push(key);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashSet<RecordKey>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitObserver for Retractions {
    fn committed(&self, commit: &Committed<'_>) {
        commit.retractions.iter().cloned().for_each(|key| self.push(key));
    }
}

impl Messaging {
    /// The record of one that is to be taken back was put, or its alarm has come.
    pub(crate) fn take_back(&self, key: RecordKey) {
        self.retractions.push(key);
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
        self.retractions.push(RecordKey { partition: reads.partition, name: reads.names[0].clone() });
        Ok(())
    }

    /// Takes back what this node is to take back so far; how many messages it was.
    pub async fn take_messages_back(&self) -> usize {
        self.retractions.queue.drain(CONCURRENCY, |key| self.take_one_back(key)).await
    }

    /// Takes messages back for ever, at once when there is one.
    pub async fn take_messages_back_forever(&self) {
        self.retractions.queue.serve(CONCURRENCY, |key| self.take_one_back(key)).await;
    }

    async fn take_one_back(&self, key: RecordKey) {
        if let Err(error) = self.try_to_take_back(&key).await {
            tracing::error!(%error, "a message to be taken back waits for its alarm to come again");
        }
        self.retractions.known().remove(&key);
    }

    async fn try_to_take_back(&self, key: &RecordKey) -> Result<(), Error> {
        let reads = Reads { partition: key.partition, names: vec![key.name.clone()] };
        // One that is over leaves an empty record, to be swept.
        let opened = self.engine.read(&reads).await?.pop().flatten();
        let Some(opened) = opened.filter(|opened| !opened.is_empty()) else { return Ok(()) };
        let kept: Retraction = decode(&key.name, &opened)?;
        // What is due later than anybody waits was put off by a clock that has been set back.
        if kept.due.is_some_and(|due| self.engine.now() < due && due.since(self.engine.now()) < MAX_RETRY_TIME) {
            return Ok(()); // another has tried it since the alarm came: its own alarm stands
        }
        let again = self.try_retraction(&kept).await?;
        let saved = self.engine.decide(&reads, |records, now| {
            if records[0].as_ref().is_none_or(|record| record.version != opened.version) {
                return Ok(Change { confirm: Confirm::Nothing, ..Change::nothing(Ok(())) }); // another was quicker
            }
            let name = key.name.clone();
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
        Ok(saved.await?.outcome?)
    }

    /// When to try again, where that may help.
    async fn try_retraction(&self, kept: &Retraction) -> Result<Option<Duration>, Error> {
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
}

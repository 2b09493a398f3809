//! Messages that are taken out of a chat behind the reply: a code that somebody typed, where its
//! platform can do that. Nothing depends on it, since a code that was heard is dead wherever it stands.
//!
//! Each is a record of its own, put by the commit that heard the code. Who put it does it at once; its
//! alarm hands it to whoever finds it, should that node die. Done twice it does no harm.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_channels::{Address, DeliveryError, Whose};
use serde::{Deserialize, Serialize};

use super::decide::{Change, Confirm, Plain, Reads};
use super::queue::Queue;
use super::{Error, Gateway, decode, encode};
use crate::domain::id::{ChannelName, TeamName};
use crate::domain::rules::send::backoff;
use crate::domain::sending::{LEASE, PATIENCE};
use crate::domain::time::Moment;
use crate::store::Key;

/// Retractions that are tried at the same time.
const ABREAST: usize = 32;

/// After so long nobody tries any more: who was to see it has seen it.
const LONGEST_TRYING: Duration = Duration::from_secs(3600);

/// A message that is to go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retraction {
    /// Whose account takes it back.
    pub team: TeamName,
    /// Over which channel.
    pub channel: ChannelName,
    /// In which conversation it stands.
    pub to: String,
    /// The platform's id of it.
    pub id: String,
    /// Tries that were begun.
    pub tries: u32,
    /// Since when.
    pub since: Moment,
    /// Not before; at once where it was never tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
}

/// What this node is to take back.
#[derive(Default)]
pub(super) struct Retractions {
    queue: Queue<Key>,
    /// Those that wait and those that are being taken back: an alarm may come for one of them.
    known: Mutex<HashSet<Key>>,
}

impl Retractions {
    /// One that was committed here, or whose alarm has come.
    pub fn push(&self, key: Key) {
        if self.known().insert(key.clone()) {
            self.queue.push(key);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Retraction {
    /// Its record: who commits it tries it at once.
    pub fn record(&self, name: String, now: Moment) -> Plain {
        Plain { name, bytes: encode(self), alarm: Some(now.plus(LEASE)), ..Plain::default() }
    }
}

impl Gateway {
    /// Takes back what this node is to take back so far; how many messages it was.
    pub async fn take_messages_back(&self) -> usize {
        self.retractions.queue.drain(ABREAST, |key| self.take_one_back(key)).await
    }

    /// Takes messages back for ever, at once when there is one.
    pub async fn take_messages_back_forever(&self) {
        self.retractions.queue.serve(ABREAST, |key| self.take_one_back(key)).await;
    }

    async fn take_one_back(&self, key: Key) {
        if let Err(error) = self.try_to_take_back(&key).await {
            tracing::error!(%error, "a message to be taken back waits for its alarm to come again");
        }
        self.retractions.known().remove(&key);
    }

    async fn try_to_take_back(&self, key: &Key) -> Result<(), Error> {
        let reads = Reads { partition: key.partition, names: vec![key.name.clone()] };
        // One that is over leaves an empty record, to be swept.
        let opened = self.read(&reads).await?.pop().flatten();
        let Some(opened) = opened.filter(|opened| !opened.is_empty()) else { return Ok(()) };
        let kept: Retraction = decode(&key.name, &opened)?;
        if kept.due.is_some_and(|due| self.now() < due) {
            return Ok(()); // another has tried it since the alarm came: its own alarm stands
        }
        let again = self.try_retraction(&kept).await?;
        let saved = self.decide(&reads, |records, now| {
            if records[0].as_ref().is_none_or(|record| record.version != opened.version) {
                return Ok(Change { confirm: Confirm::Nothing, ..Change::nothing(Ok(())) }); // another was quicker
            }
            let name = key.name.clone();
            let put = match again.filter(|_| now.since(kept.since) < LONGEST_TRYING) {
                Some(wait) => {
                    let due = Some(now.plus(wait));
                    let next = Retraction { tries: kept.tries + 1, due, ..kept.clone() };
                    Plain { alarm: due, ..next.record(name, now) }
                }
                None => Plain { name, expires: Some(now), ..Plain::default() },
            };
            Ok(Change { put: vec![put], confirm: Confirm::Nothing, ..Change::nothing(Ok(())) })
        });
        Ok(saved.await?.outcome?)
    }

    /// When to try again, where that may help.
    async fn try_retraction(&self, kept: &Retraction) -> Result<Option<Duration>, Error> {
        let view = self.team(&kept.team).await?;
        let Some(driver) = view.and_then(|view| self.driver(&view, &kept.channel)) else { return Ok(None) };
        let (to, jitter) = (Address::new(&kept.to), self.draw::<1>()[0]);
        let taken = tokio::time::timeout(PATIENCE, driver.retract(Whose::Theirs, &to, &kept.id)).await;
        let (again, label) = match taken.unwrap_or(Err(DeliveryError::Ambiguous)) {
            Ok(()) => (None, "gone"),
            Err(DeliveryError::RetryAfter(wait)) => (Some(wait.max(Duration::from_secs(1))), "later"),
            Err(DeliveryError::Retry(_) | DeliveryError::Ambiguous) => (Some(backoff(kept.tries, jitter)), "later"),
            Err(DeliveryError::Fallback(_) | DeliveryError::Permanent(_) | DeliveryError::AuthBroken(_)) => {
                (None, "stays")
            }
        };
        metrics::counter!("countersign_retractions_total", "outcome" => label).increment(1);
        Ok(again)
    }
}

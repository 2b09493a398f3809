//! Messages that are taken out of a chat behind the reply: a code that somebody typed, and one of ours
//! whose code is over, where their platform can do that. Nothing depends on it, since such a code is dead
//! wherever it stands.
//!
//! Each is a record of its own, put by the commit that heard or ended the code. Who put it does it at once; its
//! alarm hands it to whoever finds it, should that node die. Done twice it does no harm.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_channels::{Address, DeliveryError, Whose};
use serde::{Deserialize, Serialize};

use super::decide::{Change, Confirm, Plain, Reads};
use super::names::RETRACTION;
use super::queue::Queue;
use super::teams::TeamView;
use super::{Error, Gateway, decode, encode};
use crate::domain::id::{ChannelName, InteractionId, TeamName};
use crate::domain::interaction::Interaction;
use crate::domain::rules::send::backoff;
use crate::domain::sending::{LEASE, Spent, TIMEOUT, spent};
use crate::domain::time::Moment;
use crate::store::{Key, Partition};

/// Retractions that are tried at the same time.
const CONCURRENCY: usize = 32;

/// After so long nobody tries any more: who was to see it has seen it.
const MAX_RETRY_TIME: Duration = Duration::from_secs(3600);

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
    /// It is our own message.
    #[serde(default, skip_serializing_if = "is_theirs")]
    pub is_ours: bool,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_theirs(is_ours: &bool) -> bool {
    !is_ours
}

impl Retraction {
    /// Its record: who commits it tries it at once.
    pub fn record(&self, name: String, now: Moment) -> Plain {
        Plain { name, bytes: encode(self), alarm: Some(now.plus(LEASE)), ..Plain::default() }
    }
}

impl Gateway {
    /// Codes of ours that are over by a change of their interaction, and that their platforms take back.
    pub(super) fn to_take_back(&self, team: &TeamView, before: &Interaction, after: &Interaction) -> Vec<Spent> {
        if before.sendings.is_empty() {
            return Vec::new(); // nearly always
        }
        let mut spent = spent(before, after);
        spent.retain(|spent| self.driver(team, &spent.channel).is_some_and(|driver| driver.nature().takes_back));
        spent
    }

    /// The record of one of ours.
    fn retraction(&self, team: &TeamName, spent: &Spent, now: Moment) -> Plain {
        let Spent { channel, to, platform_id, .. } = spent.clone();
        let (team, is_ours) = (team.clone(), true);
        let retraction = Retraction { team, channel, to, id: platform_id, is_ours, tries: 1, since: now, due: None };
        retraction.record(self.name_of(spent), now)
    }

    /// The records of several.
    pub(super) fn retractions_of(&self, team: &TeamName, spent: &[Spent], now: Moment) -> Vec<Plain> {
        spent.iter().map(|spent| self.retraction(team, spent, now)).collect()
    }

    fn name_of(&self, spent: &Spent) -> String {
        format!("{RETRACTION}{}", self.keys.replay.tag(&[b"taken back", spent.message_id.as_bytes()]).name())
    }

    /// They are saved: what is to be done is done behind the reply.
    pub(super) fn take_back_ours(&self, id: InteractionId, spent: &[Spent]) {
        for spent in spent {
            self.retractions.push(Key { partition: Partition(id.partition()), name: self.name_of(spent) });
        }
    }

    /// A code's message that has left while the code ended: nobody else knows of it.
    pub(super) async fn take_back_late(&self, team: &TeamName, id: InteractionId, spent: Spent) -> Result<(), Error> {
        let reads = Reads { partition: Partition(id.partition()), names: vec![self.name_of(&spent)] };
        let saved = self.decide(&reads, |_, now| {
            let put = vec![self.retraction(team, &spent, now)];
            Ok(Change { put, confirm: Confirm::Nothing, ..Change::nothing(Ok(())) })
        });
        saved.await?.outcome?;
        self.take_back_ours(id, &[spent]);
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
        // What is due later than anybody waits was put off by a clock that has been set back.
        if kept.due.is_some_and(|due| self.now() < due && due.since(self.now()) < MAX_RETRY_TIME) {
            return Ok(()); // another has tried it since the alarm came: its own alarm stands
        }
        let again = self.try_retraction(&kept).await?;
        let saved = self.decide(&reads, |records, now| {
            if records[0].as_ref().is_none_or(|record| record.version != opened.version) {
                return Ok(Change { confirm: Confirm::Nothing, ..Change::nothing(Ok(())) }); // another was quicker
            }
            let name = key.name.clone();
            let put = match again.filter(|_| now.since(kept.since) < MAX_RETRY_TIME) {
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
        let whose = if kept.is_ours { Whose::Ours } else { Whose::Theirs };
        let taken = tokio::time::timeout(TIMEOUT, driver.retract(whose, &to, &kept.id)).await;
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

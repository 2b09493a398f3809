//! After a clock that was ahead is set back on purpose: whatever waits in the store waits for a moment
//! that is no more. Each record that has an alarm is looked after once, whenever it would have come.
//!
//! What that means for what waits is said by each: interactions begin their epoch, posts and webhooks are
//! due, messages are taken back.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use super::Maintenance;
use super::alarms::{CONCURRENCY, MAX_BATCH};
use crate::conversations::retractions::Retraction;
use crate::conversations::snapshots::RequestContext;
use crate::engine::decide::{Change, Confirm, PlainRecord, Reads};
use crate::engine::{Error, decode};
use crate::events::webhooks::cursor_record;
use crate::names::RETRACTION;
use countersign_domain::base::id::InteractionId;
use countersign_domain::messaging::webhook_cursor::WebhookCursor;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::flag::maintain;
use countersign_domain::time::Moment;
use countersign_store::RecordKey;

/// Later than any alarm. The moment is added, so that who tries again is not kept away by the leases of
/// who died at it.
const BEYOND: u64 = 1 << 52;

impl Maintenance {
    /// Looks after everything that waits. A node that dies at it has not saved that the clock is believed:
    /// the next start asks for that again.
    pub(crate) async fn wake_all(&self) -> Result<(), Error> {
        let (beyond, mut keys) = (BEYOND + self.engine.now().0, BTreeSet::new());
        loop {
            let page = self.engine.store.due(beyond, MAX_BATCH, 1).await?;
            let known = keys.len();
            keys.extend(page);
            if keys.len() == known {
                break;
            }
        }
        tracing::info!(records = keys.len(), "what waits is looked after by the clock that was set back");
        let woken = stream::iter(&keys).map(|key| self.wake_one(key)).buffer_unordered(CONCURRENCY);
        let woken: Vec<Result<(), Error>> = woken.collect().await;
        woken.into_iter().collect()
    }

    async fn wake_one(&self, key: &RecordKey) -> Result<(), Error> {
        match key.name.split_once('/') {
            Some(("i", id)) => {
                let Ok(id) = id.parse::<InteractionId>() else { return Ok(()) };
                match self.conversations.run(RequestContext::by_time(id), maintain::wake).await {
                    Ok(_) => Ok(()),
                    Err(Error::Refused(Refusal::NotFound(_))) => self.put_anew(key, |_, _| None).await,
                    Err(error) => Err(error),
                }
            }
            Some(("q", _)) => self.messaging.change_outbox(key, |outbox, now| outbox.wake(now)).await.map(drop),
            Some(("v", _)) => {
                let wake = |bytes: &[u8], now| {
                    let mut cursor: WebhookCursor = decode(&key.name, bytes).ok()?;
                    cursor.wake(now);
                    Some(cursor_record(key.name.clone(), &cursor))
                };
                self.put_anew(key, wake).await
            }
            _ if key.name.starts_with(RETRACTION) => {
                let wake = |bytes: &[u8], now| {
                    let kept: Retraction = decode(&key.name, bytes).ok()?;
                    Some(Retraction { due: None, since: kept.since.min(now), ..kept }.record(key.name.clone(), now))
                };
                self.put_anew(key, wake).await
            }
            _ => Ok(()),
        }
    }

    /// Puts a record again as it is to be now; one that cannot be read is put as it is, and is due.
    async fn put_anew(&self, key: &RecordKey, how: impl Fn(&[u8], Moment) -> Option<PlainRecord>) -> Result<(), Error> {
        let reads = Reads { partition: key.partition, names: vec![key.name.clone()] };
        let saved = self.engine.decide(&reads, |records, now| {
            let Some(bytes) = &records[0] else { return Ok(Change::nothing(Ok(()))) };
            let as_it_is = || PlainRecord {
                name: key.name.clone(),
                bytes: bytes.to_vec(),
                alarm: Some(now),
                ..PlainRecord::default()
            };
            let put = how(bytes, now).unwrap_or_else(as_it_is);
            Ok(Change { put: vec![put], confirm: Confirm::Nothing, ..Change::nothing(Ok(())) })
        });
        Ok(saved.await?.outcome?)
    }
}

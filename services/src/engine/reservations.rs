//! Reservations of idempotency keys, and where replies are remembered. A key is reserved before its request runs, so
//! that the same key with another body is refused wherever that body would lead.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decide::Confirm;
use super::records::{KeyOf, Schedule, Slot, StoredRecord};
use super::replay::ReplyKey;
use super::transact::Effects;
use super::{DAY, Engine, Error};
use countersign_domain::refusal::Refusal;
use countersign_domain::secret::Tag;
use countersign_domain::time::Moment;

/// After so long a request that has no reply is taken to have died.
const RUNNING: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reservation {
    body: Tag,
    /// When the key came first: it counts for a day from then, however often it is replayed.
    at: Moment,
    /// When its request began to run last.
    since: Moment,
}

impl StoredRecord for Reservation {
    fn schedule(&self, _: Moment) -> Schedule {
        Schedule::expires(self.at.plus(DAY))
    }
}

impl Engine {
    /// Reserves an idempotency key for a caller's request.
    pub async fn reserve(&self, caller: &Tag, key: &str, body: &[u8]) -> Result<ReplyKey, Error> {
        let tag = self.keys.replay.tag(&[b"key", caller.as_bytes(), key.as_bytes()]);
        let body = self.keys.replay.tag(&[b"body", body]);
        let (partition, name) = (self.partition_of(&[b"replay", tag.as_bytes()]), format!("r/{}", tag.name()));
        let reserve = |slot: &mut Slot<Reservation>, effects: &mut Effects, now| {
            let found = slot.get().filter(|found| now < found.at.plus(DAY));
            if found.is_some_and(|found| found.body != body) {
                return Err(Refusal::IdempotencyMismatch.into());
            }
            if found.is_some_and(|found| now < found.since.plus(RUNNING)) {
                return Ok(false);
            }
            let at = found.map_or(now, |found| found.at);
            slot.put(Reservation { body, at, since: now });
            effects.confirm(Confirm::Read);
            Ok(true)
        };
        let is_new = self.transact(&KeyOf::new(partition, &name), reserve).await?;
        let secret = self.keys.replay.tag(&[b"reply", caller.as_bytes(), key.as_bytes()]);
        Ok(ReplyKey {
            name: format!("y/{}", tag.name()),
            key: *secret.as_bytes(),
            is_new,
            reservation: Some((partition, name)),
        })
    }

    /// A refused request used nothing up: its key may come again.
    pub async fn release(&self, place: &ReplyKey) {
        let (Some((partition, name)), true) = (&place.reservation, place.is_new) else { return };
        let release = |slot: &mut Slot<Reservation>, effects: &mut Effects, _| {
            slot.delete();
            effects.confirm(Confirm::Nothing);
            Ok(())
        };
        if let Err(error) = self.transact(&KeyOf::new(*partition, name), release).await {
            tracing::warn!(%error, "an idempotency key could not be released; it frees itself in a minute");
        }
    }

    /// Where the reply to a message that a bot passed on is remembered.
    pub fn message_place(&self, interaction: &[u8; 16], message: &str) -> ReplyKey {
        self.place_of(b"message", interaction, message)
    }

    /// Where it is remembered what became of a message that came to an address.
    pub(crate) fn received_place(&self, address: &Tag, message: &str) -> ReplyKey {
        self.place_of(b"received", address.as_bytes(), message)
    }

    /// Where the reply to what has a name of its own among others of its kind is remembered.
    pub(crate) fn place_of(&self, kind: &[u8], of: &[u8], own: &str) -> ReplyKey {
        let tag = self.keys.replay.tag(&[kind, of, own.as_bytes()]);
        let secret = self.keys.replay.tag(&[&[kind, b" reply"].concat(), of, own.as_bytes()]);
        ReplyKey { name: format!("m/{}", tag.name()), key: *secret.as_bytes(), is_new: true, reservation: None }
    }
}

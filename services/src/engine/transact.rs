//! Transactions over typed records: a rule reads and changes slots, and says what else is to be done. How a commit
//! is made and repeated after a conflict is `decide`'s.

use super::decide::{Change, Confirm, OpenedRecord, Reads};
use super::records::{KeyOf, Located, ReadSet, StoredRecord, Writes, plain_record};
use super::replay::executed;
use super::{Engine, Error, Execution, IdempotencyRecord};
use countersign_domain::event::Event;
use countersign_domain::time::Moment;

/// The effects of a transaction beside the changes of the records that it has read.
pub(crate) struct Effects {
    change: Change<()>,
    confirm: Confirm,
    now: Moment,
}

impl Effects {
    fn new(now: Moment) -> Self {
        Self { change: Change::nothing(Ok(())), confirm: Confirm::Written, now }
    }

    /// Writes a record that was not read.
    pub fn put<R: StoredRecord>(&mut self, key: &KeyOf<R>, record: &R) {
        self.change.put.push(plain_record(key.name.clone(), record, self.now));
    }

    /// Deletes a record, read or not.
    pub fn delete(&mut self, name: impl Into<String>) {
        self.change.delete.push(name.into());
    }

    /// Enters a member into an index, with its content.
    pub fn enter(&mut self, index: impl Into<String>, member: impl Into<String>, content: Vec<u8>) {
        self.change.enter.push((index.into(), member.into(), content));
    }

    /// Removes a member from an index.
    pub fn remove(&mut self, index: impl Into<String>, member: impl Into<String>) {
        self.change.remove.push((index.into(), member.into()));
    }

    /// Removes an index's members up to this one.
    pub fn trim(&mut self, index: impl Into<String>, member: impl Into<String>) {
        self.change.trim.push((index.into(), member.into()));
    }

    /// Tells an event.
    pub fn tell(&mut self, event: Event) {
        self.change.events.push(event);
    }

    /// Tells events, in their order.
    pub fn tell_all(&mut self, events: impl IntoIterator<Item = Event>) {
        self.change.events.extend(events);
    }

    /// Waits for less than that the commit is confirmed. It means something only where something is saved.
    pub fn confirm(&mut self, confirm: Confirm) {
        self.confirm = confirm;
    }
}

impl Engine {
    /// Reads records, lets a rule change them and commits what it changed, again and again until no other writer
    /// comes between. A refusal saves nothing.
    ///
    /// The rule may run more than once: it touches nothing but its slots and its effects.
    pub(crate) async fn transact<S: ReadSet + Located, T>(
        &self,
        records: &S,
        rule: impl Fn(&mut S::Slots, &mut Effects, Moment) -> Result<T, Error>,
    ) -> Result<T, Error> {
        executed(self.transact_once(records, None, rule).await?)
    }

    /// The same for a request that may come again: its reply is kept, and what it did is not done twice.
    pub(crate) async fn transact_once<S: ReadSet + Located, T>(
        &self,
        records: &S,
        idempotency: Option<&IdempotencyRecord<'_, T>>,
        rule: impl Fn(&mut S::Slots, &mut Effects, Moment) -> Result<T, Error>,
    ) -> Result<Execution<T>, Error> {
        let mut reads = reads_of(records);
        reads.names.extend(idempotency.map(IdempotencyRecord::name));
        let saved = self.decide(&reads, |read, now| {
            if let (Some(idempotency), Some(kept)) = (idempotency, read.last())
                && let Some(reply) = idempotency.earlier(kept, now)?
            {
                return Ok(Change::nothing(Ok(Execution::Replayed(reply))));
            }
            let mut slots = records.open(&mut read.iter())?;
            let mut effects = Effects::new(now);
            let outcome = match rule(&mut slots, &mut effects, now) {
                Ok(outcome) => outcome,
                Err(Error::Refused(refusal)) => return Ok(Change::nothing(Err(refusal))),
                Err(error) => return Err(error),
            };
            let Effects { mut change, confirm, .. } = effects;
            let mut writes = Writes::default();
            S::close(slots, now, &mut writes);
            change.put.splice(..0, writes.put);
            change.delete.splice(..0, writes.delete);
            change.put.extend(idempotency.map(|idempotency| idempotency.keep(self, &outcome, now)));
            if change.saves() {
                change.confirm = confirm;
            }
            Ok(change.map(|()| Execution::Executed(outcome)))
        });
        Ok(saved.await?.outcome?)
    }

    /// Reads records, to be looked at.
    pub(crate) async fn load<S: ReadSet + Located>(&self, records: &S) -> Result<S::Slots, Error> {
        records.open(&mut self.read(&reads_of(records)).await?.iter())
    }

    /// A record; none where there is none.
    pub(crate) async fn record<R: StoredRecord>(&self, key: &KeyOf<R>) -> Result<Option<R>, Error> {
        Ok(self.load(key).await?.into_record())
    }

    /// A record for somebody who is told of it: nothing that might still be forgotten.
    pub(crate) async fn record_to_tell<R: StoredRecord>(&self, key: &KeyOf<R>) -> Result<Option<R>, Error> {
        let read: Vec<Option<OpenedRecord>> = self.read_to_tell(&reads_of(key)).await?;
        Ok(key.open(&mut read.iter())?.into_record())
    }
}

fn reads_of<S: ReadSet + Located>(records: &S) -> Reads {
    let mut names = Vec::new();
    records.name(&mut names);
    Reads { partition: records.partition(), names }
}

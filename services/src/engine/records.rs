//! Records as types: where a record of one kind lies, how it was read, and what a transaction makes of it.
//! A record is written again only where the transaction asked to change it.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::decide::{OpenedRecord, PlainRecord};
use super::{Error, decode, encode};
use countersign_domain::time::Moment;
use countersign_store::{CommitId, Partition, RecordKey};

/// When a record's alarm is due, and when the store may drop it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Schedule {
    pub alarm: Option<Moment>,
    pub expires: Option<Moment>,
}

impl Schedule {
    /// Dropped from then on.
    pub fn expires(at: Moment) -> Self {
        Self { expires: Some(at), ..Self::default() }
    }
}

/// A type that the store keeps as records.
pub(crate) trait StoredRecord: Serialize + DeserializeOwned {
    /// The alarm and the expiry of the record, written at `now`.
    fn schedule(&self, _now: Moment) -> Schedule {
        Schedule::default()
    }
}

/// The name of a record of one kind, and the partition that it lies in.
pub(crate) struct KeyOf<R> {
    pub partition: Partition,
    pub name: String,
    kind: PhantomData<fn() -> R>,
}

impl<R> KeyOf<R> {
    /// The record with that name.
    pub fn new(partition: Partition, name: impl Into<String>) -> Self {
        Self { partition, name: name.into(), kind: PhantomData }
    }
}

impl<R> From<KeyOf<R>> for RecordKey {
    fn from(key: KeyOf<R>) -> Self {
        Self { partition: key.partition, name: key.name }
    }
}

/// The names of several records of one kind in one partition.
pub(crate) struct KeysOf<R> {
    partition: Partition,
    names: Vec<String>,
    kind: PhantomData<fn() -> R>,
}

impl<R> KeysOf<R> {
    /// The records with those names.
    pub fn new(partition: Partition, names: Vec<String>) -> Self {
        Self { partition, names, kind: PhantomData }
    }
}

/// A record within a transaction.
pub(crate) struct Slot<R> {
    name: String,
    version: Option<CommitId>,
    record: Option<R>,
    is_changed: bool,
}

impl<R: StoredRecord> Slot<R> {
    fn open(name: &str, read: Option<&OpenedRecord>) -> Result<Self, Error> {
        let record = read.map(|bytes| decode(name, bytes)).transpose()?;
        let version = read.map(|read| read.version);
        Ok(Self { name: name.to_owned(), version, record, is_changed: false })
    }

    /// The record, where there is one.
    pub fn get(&self) -> Option<&R> {
        self.record.as_ref()
    }

    /// The version that was read.
    pub fn version(&self) -> Option<CommitId> {
        self.version
    }

    /// The record, to be changed and written.
    pub fn get_mut(&mut self) -> Option<&mut R> {
        self.is_changed |= self.record.is_some();
        self.record.as_mut()
    }

    /// The record, or a new one, to be changed and written.
    pub fn get_or_insert_with(&mut self, new: impl FnOnce() -> R) -> &mut R {
        self.is_changed = true;
        self.record.get_or_insert_with(new)
    }

    /// Writes a record in the place of what there was.
    pub fn put(&mut self, record: R) {
        self.record = Some(record);
        self.is_changed = true;
    }

    /// Deletes the record.
    pub fn delete(&mut self) {
        self.record = None;
        self.is_changed = true;
    }

    /// The record itself.
    pub fn into_record(self) -> Option<R> {
        self.record
    }

    fn close(self, now: Moment, writes: &mut Writes) {
        let Self { name, record, is_changed, .. } = self;
        match record {
            _ if !is_changed => {}
            Some(record) => writes.put.push(plain_record(name, &record, now)),
            None => writes.delete.push(name),
        }
    }
}

impl<R: StoredRecord + Default> Slot<R> {
    /// The record, or a default one, to be changed and written.
    pub fn get_or_default(&mut self) -> &mut R {
        self.get_or_insert_with(R::default)
    }
}

/// A record as it is written at `now`.
pub(crate) fn plain_record<R: StoredRecord>(name: String, record: &R, now: Moment) -> PlainRecord {
    let Schedule { alarm, expires } = record.schedule(now);
    PlainRecord { name, bytes: encode(record), alarm, expires }
}

/// The records that slots leave to be written.
#[derive(Default)]
pub(crate) struct Writes {
    pub put: Vec<PlainRecord>,
    pub delete: Vec<String>,
}

/// The records that a transaction reads: all in one partition, as one moment shows them.
pub(crate) trait ReadSet {
    /// The records, to be read and changed.
    type Slots;

    /// Adds their names.
    fn name(&self, names: &mut Vec<String>);

    /// Takes one record for each name, in the same order.
    fn open<'r>(&self, read: &mut impl Iterator<Item = &'r Option<OpenedRecord>>) -> Result<Self::Slots, Error>;

    /// Adds what was changed.
    fn close(slots: Self::Slots, now: Moment, writes: &mut Writes);
}

/// A set of records that says which partition all of them lie in.
pub(crate) trait Located {
    /// The partition.
    fn partition(&self) -> Partition;
}

impl Located for Partition {
    fn partition(&self) -> Partition {
        *self
    }
}

impl<R> Located for KeyOf<R> {
    fn partition(&self) -> Partition {
        self.partition
    }
}

impl<R> Located for KeysOf<R> {
    fn partition(&self) -> Partition {
        self.partition
    }
}

impl<A: Located, B> Located for (A, B) {
    fn partition(&self) -> Partition {
        self.0.partition()
    }
}

impl<A: Located, B, C> Located for (A, B, C) {
    fn partition(&self) -> Partition {
        self.0.partition()
    }
}

/// Nothing is read: what is written depends on nothing.
impl ReadSet for Partition {
    type Slots = ();

    fn name(&self, _: &mut Vec<String>) {}

    fn open<'r>(&self, _: &mut impl Iterator<Item = &'r Option<OpenedRecord>>) -> Result<(), Error> {
        Ok(())
    }

    fn close((): (), _: Moment, _: &mut Writes) {}
}

impl<R: StoredRecord> ReadSet for KeyOf<R> {
    type Slots = Slot<R>;

    fn name(&self, names: &mut Vec<String>) {
        names.push(self.name.clone());
    }

    fn open<'r>(&self, read: &mut impl Iterator<Item = &'r Option<OpenedRecord>>) -> Result<Slot<R>, Error> {
        Slot::open(&self.name, read.next().and_then(Option::as_ref))
    }

    fn close(slot: Slot<R>, now: Moment, writes: &mut Writes) {
        slot.close(now, writes);
    }
}

/// A record that is read where its name is known.
impl<S: ReadSet> ReadSet for Option<S> {
    type Slots = Option<S::Slots>;

    fn name(&self, names: &mut Vec<String>) {
        self.iter().for_each(|set| set.name(names));
    }

    fn open<'r>(&self, read: &mut impl Iterator<Item = &'r Option<OpenedRecord>>) -> Result<Option<S::Slots>, Error> {
        self.as_ref().map(|set| set.open(read)).transpose()
    }

    fn close(slots: Option<S::Slots>, now: Moment, writes: &mut Writes) {
        if let Some(slots) = slots {
            S::close(slots, now, writes);
        }
    }
}

impl<R: StoredRecord> ReadSet for KeysOf<R> {
    type Slots = Vec<Slot<R>>;

    fn name(&self, names: &mut Vec<String>) {
        names.extend_from_slice(&self.names);
    }

    fn open<'r>(&self, read: &mut impl Iterator<Item = &'r Option<OpenedRecord>>) -> Result<Vec<Slot<R>>, Error> {
        self.names.iter().map(|name| Slot::open(name, read.next().and_then(Option::as_ref))).collect()
    }

    fn close(slots: Vec<Slot<R>>, now: Moment, writes: &mut Writes) {
        slots.into_iter().for_each(|slot| slot.close(now, writes));
    }
}

macro_rules! read_sets {
    ($(($first:ident $($more:ident)*))*) => {$(
        #[allow(non_snake_case, reason = "one name for a type and its value")]
        impl<$first: ReadSet, $($more: ReadSet),*> ReadSet for ($first, $($more),*) {
            type Slots = ($first::Slots, $($more::Slots),*);

            fn name(&self, names: &mut Vec<String>) {
                let ($first, $($more),*) = self;
                $first.name(names);
                $($more.name(names);)*
            }

            fn open<'r>(
                &self,
                read: &mut impl Iterator<Item = &'r Option<OpenedRecord>>,
            ) -> Result<Self::Slots, Error> {
                let ($first, $($more),*) = self;
                Ok(($first.open(read)?, $($more.open(read)?),*))
            }

            fn close(slots: Self::Slots, now: Moment, writes: &mut Writes) {
                let ($first, $($more),*) = slots;
                $first::close($first, now, writes);
                $($more::close($more, now, writes);)*
            }
        }
    )*};
}

read_sets! { (A B) (A B C) }

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Counter(u64);

    impl StoredRecord for Counter {
        fn schedule(&self, now: Moment) -> Schedule {
            Schedule { alarm: Some(Moment(self.0)), expires: Some(now) }
        }
    }

    const NOW: Moment = Moment(7);

    fn key(name: &str) -> KeyOf<Counter> {
        KeyOf::new(Partition(3), name)
    }

    fn closed<S: ReadSet>(records: &S, change: impl FnOnce(&mut S::Slots)) -> Writes {
        let mut names = Vec::new();
        records.name(&mut names);
        let absent = vec![None; names.len()];
        let mut slots = records.open(&mut absent.iter()).expect("nothing to be read");
        change(&mut slots);
        let mut writes = Writes::default();
        S::close(slots, NOW, &mut writes);
        writes
    }

    #[test]
    fn only_changed_records_are_written() {
        let writes = closed(&(key("a"), key("b"), Some(key("c"))), |(a, b, c)| {
            assert_eq!((a.get(), a.version()), (None, None));
            b.get_or_default().0 += 5;
            c.as_mut().expect("it is read").delete();
        });
        assert_eq!(writes.delete, ["c"]);
        let [put] = writes.put.as_slice() else { panic!("one record") };
        assert_eq!((put.name.as_str(), put.bytes.as_slice()), ("b", &b"5"[..]));
        assert_eq!((put.alarm, put.expires), (Some(Moment(5)), Some(NOW)));
    }

    #[test]
    fn absent_records_are_no_change() {
        let writes = closed(&KeysOf::<Counter>::new(Partition(3), vec!["a".into(), "b".into()]), |slots| {
            assert!(slots.iter_mut().all(|slot| slot.get_mut().is_none()));
        });
        assert!(writes.put.is_empty() && writes.delete.is_empty());
    }

    #[test]
    fn a_record_without_a_name_is_not_read() {
        let writes = closed(&(key("a"), None::<KeyOf<Counter>>), |(_, unnamed)| assert!(unnamed.is_none()));
        assert!(writes.put.is_empty() && writes.delete.is_empty());
    }
}

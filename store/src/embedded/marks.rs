//! What makes damage seen: each row carries a mark of itself, and `meta` holds the sum of all
//! marks of each table, changed in the commit that changes the rows.
//!
//! A row that was changed from outside no longer fits its mark; one that vanished, or came back, no
//! longer fits the sum. A record's mark covers all but its bytes, which are sealed under its name and
//! version by whoever put them. This tells damage, not malice: nothing here is a secret, so the hash is a fast one.

use xxhash_rust::xxh3::Xxh3Default;

/// A mark, as SQLite's integers are. Sums of marks wrap.
pub(super) type RecordMark = i64;

/// Everything of a record but its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHead<'r> {
    pub name: &'r str,
    pub partition: u8,
    pub version: [u8; 16],
    pub version_index: bool,
    /// Milliseconds since 1970, never negative. The same for `expires`.
    pub alarm: Option<i64>,
    pub expires: Option<i64>,
}

impl RecordHead<'_> {
    pub(super) fn mark(&self) -> RecordMark {
        let moment = |moment: Option<i64>| moment.unwrap_or(-1).to_be_bytes();
        let small = [b'r', self.partition, u8::from(self.version_index)];
        digest(&[&small, &self.version, &moment(self.alarm), &moment(self.expires), self.name.as_bytes()])
    }
}

pub(super) fn of_entry(partition: u8, list: &str, member: &str, bytes: &[u8]) -> RecordMark {
    let lengths = [list.len(), member.len()].map(|length| (length as u64).to_be_bytes());
    digest(&[&[b'e', partition], &lengths[0], &lengths[1], list.as_bytes(), member.as_bytes(), bytes])
}

pub(super) fn of_waiting(seq: i64, tag: u8, bytes: &[u8]) -> RecordMark {
    digest(&[&[b'w', tag], &seq.to_be_bytes(), bytes])
}

/// What `meta` says of the whole store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Commits that changed something, since the store was made.
    pub commits: u64,
    /// The number of the last event.
    pub events: u64,
    /// The sums of the marks in each table.
    pub records: Sum,
    pub entries: Sum,
    pub waiting: Sum,
}

impl Totals {
    /// The row's own mark. `id` is the store's.
    pub(super) fn mark(&self, id: &[u8]) -> RecordMark {
        let numbers = [self.commits, self.events].map(u64::to_be_bytes);
        let sums = [self.records, self.entries, self.waiting].map(|sum| sum.0.to_be_bytes());
        digest(&[b"m", id, numbers.as_flattened(), sums.as_flattened()])
    }
}

/// A sum of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum(pub RecordMark);

impl Sum {
    pub(super) fn add(&mut self, mark: RecordMark) {
        self.0 = self.0.wrapping_add(mark);
    }

    pub(super) fn take(&mut self, mark: RecordMark) {
        self.0 = self.0.wrapping_sub(mark);
    }

    /// A row's old mark, where there was one, gives way to its new one, where there is one.
    pub(super) fn change(&mut self, old: Option<RecordMark>, new: Option<RecordMark>) {
        self.take(old.unwrap_or(0));
        self.add(new.unwrap_or(0));
    }
}

fn digest(parts: &[&[u8]]) -> RecordMark {
    let mut sum = Xxh3Default::new();
    parts.iter().for_each(|part| sum.update(part));
    sum.digest().cast_signed()
}

/// Tells one store from every other.
pub(super) type StoreId = [u8; 16];

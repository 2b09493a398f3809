//! What a store held before its fault, and whether it is still told right: each answer is the one
//! that was acknowledged, or an error. An absence is an answer, too.
//!
//! Bytes of a record are sealed by the gateway under its name and version; a store alone may hand
//! out damaged ones, and they are counted: `sealed` shows that they do not open.

use std::{collections::BTreeMap, path::Path};

use countersign::store::{
    CommitId, IndexEntry, Order, OutboxEvent, Partition, RecordKey, Store, StoreError, VersionIndex, embedded::Embedded,
};
use rusqlite::{Connection, Row};

/// All alarms have rung by then, and everything with an end has ended.
const LATER: u64 = 1 << 50;

struct Known {
    key: RecordKey,
    version: CommitId,
    bytes: Vec<u8>,
    version_index: bool,
    alarm: bool,
    expires: bool,
}

/// What a store holds.
pub struct Contents {
    records: Vec<Known>,
    lists: BTreeMap<(u8, String), Vec<IndexEntry>>,
    waiting: Vec<OutboxEvent>,
}

/// What became of a store that a fault befell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is there, and right.
    Whole,
    /// It did not open.
    Refused,
    /// It opened, and then said that it is damaged.
    Named,
    /// All is there, and the gateway's seal has to refuse the bytes of a record.
    Sealed,
}

impl Contents {
    /// Reads a store that is whole past ourselves.
    pub fn of(folder: &Path) -> Self {
        let tables = Connection::open(folder.join("store.db")).expect("it opens");
        let records = rows(
            &tables,
            "SELECT partition, name, version, bytes, board, alarm IS NOT NULL, expires IS NOT NULL FROM record",
            |row| {
                Ok(Known {
                    key: RecordKey { partition: Partition(row.get(0)?), name: row.get(1)? },
                    version: CommitId(row.get(2)?),
                    bytes: row.get(3)?,
                    version_index: row.get(4)?,
                    alarm: row.get(5)?,
                    expires: row.get(6)?,
                })
            },
        );
        let entries =
            rows(&tables, "SELECT partition, list, member, bytes FROM entry ORDER BY partition, list, member", |row| {
                let entry =
                    IndexEntry { index: row.get(1)?, member: row.get(2)?, bytes: row.get::<_, Vec<u8>>(3)?.into() };
                Ok((row.get::<_, u8>(0)?, entry))
            });
        let mut lists: BTreeMap<_, Vec<IndexEntry>> = BTreeMap::new();
        for (partition, entry) in entries {
            lists.entry((partition, entry.index.clone())).or_default().push(entry);
        }
        let waiting = rows(&tables, "SELECT tag, seq, bytes FROM outbox ORDER BY seq", |row| {
            let seq = row.get::<_, i64>(1)?.unsigned_abs();
            Ok(OutboxEvent { tag: row.get(0)?, seq, bytes: row.get::<_, Vec<u8>>(2)?.into() })
        });
        Self { records, lists, waiting }
    }

    /// Opens a folder, asks for everything, and judges the answers.
    ///
    /// # Panics
    /// Where an answer is wrong and nothing says so.
    pub async fn judge(&self, folder: &Path) -> Verdict {
        let store = match Embedded::open(folder) {
            Ok(store) => store,
            Err(StoreError::Damaged(_)) => return Verdict::Refused,
            Err(other) => panic!("refused, and not for damage: {other}"),
        };
        match self.compare(&store).await {
            Ok(true) => Verdict::Whole,
            Ok(false) => Verdict::Sealed,
            Err(StoreError::Damaged(_)) => Verdict::Named,
            Err(other) => panic!("an error that does not say damage: {other}"),
        }
    }

    async fn compare(&self, store: &Embedded) -> Result<bool, StoreError> {
        let mut sealed = true;
        for known in &self.records {
            let [found] =
                <[_; 1]>::try_from(store.get(known.key.partition, std::slice::from_ref(&known.key.name)).await?)
                    .expect("one name, one answer");
            let found = found.unwrap_or_else(|| panic!("{:?} is silently absent", known.key));
            assert_eq!(found.version, known.version, "{:?} is another", known.key);
            sealed &= found.bytes == known.bytes;
            if known.version_index {
                assert_eq!(store.version_index(&known.key), VersionIndex::Version(known.version), "{:?}", known.key);
            }
        }
        // What decides about nobody is proved behind the start.
        store.proved().await?;
        for ((partition, list), entries) in &self.lists {
            let found = store.list(Partition(*partition), list, Order::Rising, None, 100_000).await?;
            assert_eq!(&found, entries, "{list}");
        }
        assert_eq!(store.outbox(100_000).await?.waiting, self.waiting);
        let mut due = store.due(LATER, 100_000, 10).await?;
        let mut alarms: Vec<RecordKey> =
            self.records.iter().filter(|known| known.alarm).map(|known| known.key.clone()).collect();
        due.sort();
        alarms.sort();
        assert_eq!(due, alarms);
        assert_eq!(store.sweep(LATER).await?, self.records.iter().filter(|known| known.expires).count());
        Ok(sealed)
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.records.len()
    }
}

fn rows<T>(tables: &Connection, sql: &str, row: impl Fn(&Row) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = tables.prepare(sql).expect("a store's tables");
    statement.query_map([], row).and_then(Iterator::collect).expect("whole rows")
}

//! One turn of the writer: a transaction, what the changes in it do to the tables and to the sums
//! of their marks, and what the rest of the store learns once it is flushed. It refuses to know who
//! asked and what is waited for.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Params, params};

use super::{
    failure::Failure,
    marks::{self, RecordHead, RecordMark, Totals},
    tables::{self, columns, count},
};
use crate::{Batch, CommitId, CommitOutcome, Expect, Partition, RecordKey};

/// How many expired records one change removes, so that commits come in between.
pub(super) const SLICE: usize = 500;

/// The open transaction of one group of changes.
pub(super) struct WriteTransaction<'c> {
    pub connection: &'c Connection,
    /// What the store comes to with what was done so far.
    pub totals: Totals,
    /// Changes of the flag board.
    pub version_index: Vec<(Box<str>, Option<CommitId>)>,
    /// Events or alarms may be waiting.
    pub wakes: bool,
}

/// The records that a batch names, as they stand: version and mark.
type WriteVersions<'b> = HashMap<&'b str, Option<(CommitId, RecordMark)>>;

impl WriteTransaction<'_> {
    pub(super) fn commit(&mut self, batch: &Batch) -> Result<CommitOutcome, Failure> {
        let mut versions = self.versions(batch)?;
        if let Some(outcome) = decided(batch, &versions) {
            return Ok(outcome);
        }
        self.records(batch, &mut versions)?;
        self.entries(batch)?;
        for event in &batch.events {
            self.totals.events += 1;
            let (seq, tag) = (count(self.totals.events), batch.partition.tag());
            let mark = marks::of_waiting(seq, tag, event);
            self.connection
                .prepare_cached("INSERT INTO outbox (seq, tag, mark, bytes) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![seq, tag, mark, &event[..]])?;
            self.totals.waiting.add(mark);
        }
        self.totals.commits += 1;
        self.wakes |= !batch.events.is_empty() || batch.put.iter().any(|put| put.alarm.is_some());
        Ok(CommitOutcome::Committed)
    }

    fn versions<'b>(&self, batch: &'b Batch) -> Result<WriteVersions<'b>, Failure> {
        let expected = batch.expect.iter().map(|(name, _)| name);
        let names = expected.chain(batch.put.iter().map(|put| &put.name)).chain(&batch.delete);
        let mut versions = WriteVersions::new();
        for name in names {
            if !versions.contains_key(name.as_str()) {
                versions.insert(name, tables::version_and_mark(self.connection, name)?);
            }
        }
        Ok(versions)
    }

    fn records<'b>(&mut self, batch: &'b Batch, versions: &mut WriteVersions<'b>) -> Result<(), Failure> {
        let mut put_record = self.connection.prepare_cached(
            "INSERT INTO record (name, partition, version, board, alarm, expires, mark, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (name) DO UPDATE SET partition = ?2, version = ?3, board = ?4, alarm = ?5,
             expires = ?6, mark = ?7, bytes = ?8",
        )?;
        for put in &batch.put {
            let head = RecordHead {
                name: &put.name,
                partition: batch.partition.0,
                version: batch.id.0,
                version_index: put.version_index,
                alarm: put.alarm.map(count),
                expires: put.expires.map(count),
            };
            let mark = head.mark();
            let (name, bytes) = (head.name, &put.bytes[..]);
            let RecordHead { partition, version, version_index, alarm, expires, .. } = head;
            put_record.execute(params![name, partition, version, version_index, alarm, expires, mark, bytes])?;
            let old = versions.insert(name, Some((batch.id, mark))).flatten();
            self.totals.records.change(old.map(|(_, mark)| mark), Some(mark));
            if put.version_index {
                self.version_index.push((put.name.as_str().into(), Some(batch.id)));
            }
        }
        for name in &batch.delete {
            self.connection.prepare_cached("DELETE FROM record WHERE name = ?1")?.execute([name])?;
            let old = versions.insert(name, None).flatten();
            self.totals.records.change(old.map(|(_, mark)| mark), None);
            self.version_index.push((name.as_str().into(), None));
        }
        Ok(())
    }

    fn entries(&mut self, batch: &Batch) -> Result<(), Failure> {
        let partition = batch.partition.0;
        for entry in &batch.enter {
            let mark = marks::of_entry(partition, &entry.index, &entry.member, &entry.bytes);
            let row = params![partition, entry.index, entry.member, mark, &entry.bytes[..]];
            // Nearly all are new.
            let new = "INSERT INTO entry (partition, list, member, mark, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
                       ON CONFLICT DO NOTHING";
            let mut old = None;
            if self.connection.prepare_cached(new)?.execute(row)? == 0 {
                old = tables::entered(self.connection, partition, &entry.index, &entry.member)?;
                let other = "UPDATE entry SET mark = ?4, bytes = ?5 WHERE partition = ?1 AND list = ?2 AND member = ?3";
                self.connection.prepare_cached(other)?.execute(row)?;
            }
            self.totals.entries.change(old, Some(mark));
        }
        for (index, member) in &batch.remove {
            let sql = "DELETE FROM entry WHERE partition = ?1 AND list = ?2 AND member = ?3 RETURNING mark";
            self.removed(sql, params![partition, index, member])?
                .into_iter()
                .for_each(|mark| self.totals.entries.take(mark));
        }
        for (index, member) in &batch.trim {
            let sql = "DELETE FROM entry WHERE partition = ?1 AND list = ?2 AND member <= ?3 RETURNING mark";
            self.removed(sql, params![partition, index, member])?
                .into_iter()
                .for_each(|mark| self.totals.entries.take(mark));
        }
        Ok(())
    }

    /// The marks of the rows that a statement removes.
    fn removed(&self, sql: &str, what: impl Params) -> rusqlite::Result<Vec<RecordMark>> {
        self.connection.prepare_cached(sql)?.query_map(what, |row| row.get(0))?.collect()
    }

    /// The lease is the alarm itself, moved on: whoever puts the record meanwhile sets it anew.
    pub(super) fn due(&mut self, now: u64, limit: usize, lease_ms: u64) -> Result<Vec<RecordKey>, Failure> {
        let until = Some(count(now.saturating_add(lease_ms)));
        let mut statement = self.connection.prepare_cached(concat!(
            "SELECT rowid, ",
            columns!(),
            " FROM record WHERE alarm <= ?1 ORDER BY alarm LIMIT ?2"
        ))?;
        let mut rows = statement.query([count(now), count(limit)])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            let (head, old) = tables::head(row, 1)?;
            let new = RecordHead { alarm: until, ..head }.mark();
            self.totals.records.change(Some(old), Some(new));
            let key = RecordKey { partition: Partition(head.partition), name: head.name.to_owned() };
            due.push((row.get::<_, i64>(0)?, new, key));
        }
        for (row, mark, _) in &due {
            self.connection
                .prepare_cached("UPDATE record SET alarm = ?2, mark = ?3 WHERE rowid = ?1")?
                .execute(params![row, until, mark])?;
        }
        Ok(due.into_iter().map(|(_, _, key)| key).collect())
    }

    /// Writes as much as a commit does and takes it away again, to learn whether there is room. An
    /// update to the same value would not do: SQLite writes no page that stays as it is.
    pub(super) fn touch(&self) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("INSERT INTO outbox (seq, tag, mark, bytes) VALUES (0, 0, 0, zeroblob(32768))")?
            .execute([])?;
        self.connection.prepare_cached("DELETE FROM outbox WHERE seq = 0")?.execute([])?;
        Ok(())
    }

    /// One walk for all tags: what waits is numbered through.
    pub(super) fn trim_outboxes(&mut self, taken: &BTreeMap<u8, u64>) -> rusqlite::Result<()> {
        let newest = taken.values().max().copied().unwrap_or(0);
        let mut waiting = self.connection.prepare_cached("SELECT seq, tag, mark FROM outbox WHERE seq <= ?1")?;
        let mut forget = self.connection.prepare_cached("DELETE FROM outbox WHERE seq = ?1")?;
        let mut rows = waiting.query([count(newest)])?;
        let mut gone = Vec::new();
        while let Some(row) = rows.next()? {
            let (seq, tag): (i64, u8) = (row.get(0)?, row.get(1)?);
            if taken.get(&tag).is_some_and(|newest| seq <= count(*newest)) {
                gone.push((seq, row.get(2)?));
            }
        }
        for (seq, mark) in gone {
            forget.execute([seq])?;
            self.totals.waiting.take(mark);
        }
        Ok(())
    }

    /// Removes one slice of what has expired, as it is in this transaction: a record that a
    /// commit before it put again is judged by its new `expires`.
    pub(super) fn sweep(&mut self, now: u64) -> Result<usize, Failure> {
        let mut statement = self.connection.prepare_cached(concat!(
            "DELETE FROM record WHERE rowid IN
             (SELECT rowid FROM record WHERE expires < ?1 ORDER BY expires LIMIT ?2)
             RETURNING ",
            columns!()
        ))?;
        let mut rows = statement.query([count(now), count(SLICE)])?;
        let mut removed = 0;
        while let Some(row) = rows.next()? {
            let (head, mark) = tables::head(row, 0)?;
            if head.expires.is_none_or(|expires| expires >= count(now)) {
                return Err(tables::damaged(format_args!("the place of {} among what expires", head.name)));
            }
            self.totals.records.take(mark);
            self.version_index.push((head.name.into(), None));
            removed += 1;
        }
        Ok(removed)
    }
}

/// What the batch comes to without doing anything: a repetition or a conflict.
fn decided(batch: &Batch, versions: &WriteVersions<'_>) -> Option<CommitOutcome> {
    let found = |name: &str| versions.get(name).copied().flatten().map(|(version, _)| version);
    let ours = |name: &str| found(name) == Some(batch.id);
    let fits = |(name, expect): &(String, Expect)| {
        found(name)
            == match expect {
                Expect::Absent => None,
                Expect::Version(version) => Some(*version),
            }
    };
    if batch.expect.iter().any(|(name, _)| ours(name)) || batch.put.iter().any(|put| ours(&put.name)) {
        return Some(CommitOutcome::Committed);
    }
    (!batch.expect.iter().all(fits)).then_some(CommitOutcome::Conflict)
}

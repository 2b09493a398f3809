//! One turn of the writer: a transaction, what the changes in it do to the tables, and what the
//! rest of the store learns once it is flushed. It refuses to know who asked and what is waited for.

use rusqlite::{Connection, params};

use super::tables::{self, count};
use crate::store::{Batch, CommitId, Expect, Key, Outcome, Partition};

/// How many expired records one change removes, so that commits come in between.
pub(super) const SLICE: usize = 500;

/// The open transaction of one group of changes.
pub(super) struct Turn<'c> {
    pub connection: &'c Connection,
    /// Commits that changed something, since the store was made.
    pub commits: u64,
    /// The number of the last event.
    pub events: u64,
    /// Changes of the flag board.
    pub board: Vec<(Box<str>, Option<CommitId>)>,
    /// Events or alarms may be waiting.
    pub wakes: bool,
}

impl Turn<'_> {
    pub(super) fn commit(&mut self, batch: &Batch) -> rusqlite::Result<Outcome> {
        if let Some(outcome) = self.decided(batch)? {
            return Ok(outcome);
        }
        self.records(batch)?;
        self.entries(batch)?;
        for event in &batch.events {
            self.events += 1;
            self.connection
                .prepare_cached("INSERT INTO outbox (seq, tag, bytes) VALUES (?1, ?2, ?3)")?
                .execute(params![count(self.events), batch.partition.tag(), &event[..]])?;
        }
        self.commits += 1;
        self.wakes |= !batch.events.is_empty() || batch.put.iter().any(|put| put.alarm.is_some());
        Ok(Outcome::Committed)
    }

    /// What the batch comes to without doing anything: a repetition or a conflict.
    fn decided(&self, batch: &Batch) -> rusqlite::Result<Option<Outcome>> {
        let mut conflict = false;
        for (name, expect) in &batch.expect {
            let found = tables::version(self.connection, name)?;
            if found == Some(batch.id) {
                return Ok(Some(Outcome::Committed));
            }
            conflict |= found
                != match expect {
                    Expect::Absent => None,
                    Expect::Version(version) => Some(*version),
                };
        }
        for put in &batch.put {
            let seen = batch.expect.iter().any(|(name, _)| *name == put.name);
            if !seen && tables::version(self.connection, &put.name)? == Some(batch.id) {
                return Ok(Some(Outcome::Committed));
            }
        }
        Ok(conflict.then_some(Outcome::Conflict))
    }

    fn records(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        let mut put_record = self.connection.prepare_cached(
            "INSERT INTO record (name, partition, version, board, alarm, expires, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (name) DO UPDATE SET partition = ?2, version = ?3, board = ?4, alarm = ?5,
             expires = ?6, bytes = ?7",
        )?;
        for put in &batch.put {
            put_record.execute(params![
                put.name,
                batch.partition.0,
                batch.id.0,
                put.board,
                put.alarm.map(count),
                put.expires.map(count),
                &put.bytes[..],
            ])?;
            if put.board {
                self.board.push((put.name.as_str().into(), Some(batch.id)));
            }
        }
        for name in &batch.delete {
            self.connection.prepare_cached("DELETE FROM record WHERE name = ?1")?.execute([name])?;
            self.board.push((name.as_str().into(), None));
        }
        Ok(())
    }

    fn entries(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        let partition = batch.partition.0;
        for entry in &batch.enter {
            self.connection
                .prepare_cached(
                    "INSERT INTO entry (partition, list, member, bytes) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET bytes = ?4",
                )?
                .execute(params![partition, entry.index, entry.member, &entry.bytes[..]])?;
        }
        for (index, member) in &batch.remove {
            self.connection
                .prepare_cached("DELETE FROM entry WHERE partition = ?1 AND list = ?2 AND member = ?3")?
                .execute(params![partition, index, member])?;
        }
        for (index, member) in &batch.trim {
            self.connection
                .prepare_cached("DELETE FROM entry WHERE partition = ?1 AND list = ?2 AND member <= ?3")?
                .execute(params![partition, index, member])?;
        }
        Ok(())
    }

    /// The lease is the alarm itself, moved on: whoever puts the record meanwhile sets it anew.
    pub(super) fn due(&mut self, now: u64, limit: usize, lease_ms: u64) -> rusqlite::Result<Vec<Key>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT rowid, partition, name FROM record WHERE alarm <= ?1 ORDER BY alarm LIMIT ?2")?;
        let key = |row: &rusqlite::Row| {
            Ok((row.get::<_, i64>(0)?, Key { partition: Partition(row.get(1)?), name: row.get(2)? }))
        };
        let due: Vec<(i64, Key)> = statement.query_map([count(now), count(limit)], key)?.collect::<Result<_, _>>()?;
        let until = count(now.saturating_add(lease_ms));
        for (row, _) in &due {
            self.connection.prepare_cached("UPDATE record SET alarm = ?2 WHERE rowid = ?1")?.execute([row, &until])?;
        }
        Ok(due.into_iter().map(|(_, key)| key).collect())
    }

    /// Writes what changes nothing, to learn whether there is room again.
    pub(super) fn touch(&self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("UPDATE meta SET commits = commits")?.execute([])?;
        Ok(())
    }

    pub(super) fn trim_outbox(&mut self, tag: u8, seq: u64) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM outbox WHERE seq <= ?1 AND tag = ?2")?
            .execute(params![count(seq), tag])?;
        Ok(())
    }

    /// Removes one slice of what has expired, as it is in this transaction: a record that a
    /// commit before it put again is judged by its new `expires`.
    pub(super) fn sweep(&mut self, now: u64) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM record WHERE rowid IN
             (SELECT rowid FROM record WHERE expires < ?1 ORDER BY expires LIMIT ?2)
             RETURNING name",
        )?;
        let swept: Vec<Box<str>> =
            statement.query_map([count(now), count(SLICE)], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let removed = swept.len();
        self.board.extend(swept.into_iter().map(|name| (name, None)));
        Ok(removed)
    }
}

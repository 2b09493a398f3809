//! The tables, how a connection to them is set up, and everything that only reads them.
//! What a commit does to them stands in `turn`; what the bytes in them mean is nobody's here.

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, config::DbConfig, params};

use super::folder::Folder;
use crate::store::{CommitId, Entry, Order, Partition, Record, Waiting};

/// `bytes` stands last, so that what the start reads lies before any overflow page. Records have
/// row ids, which keeps new ones together; the name's index does it by the names' beginnings.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record (
  name TEXT NOT NULL UNIQUE, partition INTEGER NOT NULL, version BLOB NOT NULL,
  board INTEGER NOT NULL, alarm INTEGER, expires INTEGER, bytes BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS record_alarm ON record (alarm) WHERE alarm IS NOT NULL;
CREATE INDEX IF NOT EXISTS record_expires ON record (expires) WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS entry (
  partition INTEGER NOT NULL, list TEXT NOT NULL, member TEXT NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (partition, list, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY, tag INTEGER NOT NULL, bytes BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS meta (
  one INTEGER PRIMARY KEY CHECK (one = 1), commits INTEGER NOT NULL, events INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, 0, 0) ON CONFLICT DO NOTHING;
";

/// The connection that writes, with the tables in place.
pub(super) fn writing(folder: Option<&Folder>) -> rusqlite::Result<Connection> {
    let connection = match folder {
        Some(folder) => Connection::open_with_flags(folder.database(), flags() | OpenFlags::SQLITE_OPEN_CREATE)?,
        None => Connection::open_in_memory()?,
    };
    set_up(&connection)?;
    connection.pragma_update(None, "page_size", 4096)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -(64 << 10))?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE;{SCHEMA}COMMIT"))?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reading(folder: &Folder) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(folder.database(), flags())?;
    set_up(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // Only the ledger's owner may end a life of the log: see ledger.rs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", false)?;
    // Ours is the only process; a shell or a backup may hold the file for a moment.
    connection.busy_timeout(std::time::Duration::from_secs(2))
}

/// The last commit's number and the last event's.
pub(super) fn numbers(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    connection.query_row("SELECT commits, events FROM meta", [], |row| Ok((number(row, 0)?, number(row, 1)?)))
}

/// Every record that is kept on the flag board.
pub(super) fn board(connection: &Connection, mut each: impl FnMut(Box<str>, CommitId)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT name, version FROM record WHERE board")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, CommitId(row.get(1)?));
    }
    Ok(())
}

pub(super) fn version(connection: &Connection, name: &str) -> rusqlite::Result<Option<CommitId>> {
    connection
        .prepare_cached("SELECT version FROM record WHERE name = ?1")?
        .query_row([name], |row| row.get(0).map(CommitId))
        .optional()
}

pub(super) fn get(connection: &Connection, names: &[String]) -> rusqlite::Result<Vec<Option<Record>>> {
    let mut statement = connection.prepare_cached("SELECT version, bytes FROM record WHERE name = ?1")?;
    let record = |row: &Row| Ok(Record { version: CommitId(row.get(0)?), bytes: bytes(row, 1)? });
    names.iter().map(|name| statement.query_row([name], record).optional()).collect()
}

pub(super) fn outbox(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<Waiting>> {
    connection
        .prepare_cached("SELECT tag, seq, bytes FROM outbox ORDER BY seq LIMIT ?1")?
        .query_map([count(limit)], |row| Ok(Waiting { tag: row.get(0)?, seq: number(row, 1)?, bytes: bytes(row, 2)? }))?
        .collect()
}

pub(super) fn list(
    connection: &Connection,
    partition: Partition,
    index: &str,
    order: Order,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<Entry>> {
    let (beyond, direction) = match (order, after) {
        (Order::Rising, Some(_)) => ("member > ?3", "ASC"),
        (Order::Falling, Some(_)) => ("member < ?3", "DESC"),
        (Order::Rising, None) => ("?3 IS NULL", "ASC"),
        (Order::Falling, None) => ("?3 IS NULL", "DESC"),
    };
    let sql = format!(
        "SELECT member, bytes FROM entry WHERE partition = ?1 AND list = ?2 AND {beyond}
         ORDER BY member {direction} LIMIT ?4"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(params![partition.0, index, after, count(limit)], |row| {
            Ok(Entry { index: index.to_owned(), member: row.get(0)?, bytes: bytes(row, 1)? })
        })?
        .collect()
}

fn bytes(row: &Row, column: usize) -> rusqlite::Result<Bytes> {
    row.get(column).map(|bytes: Vec<u8>| Bytes::from(bytes))
}

fn number(row: &Row, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    number.try_into().map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// SQLite's integers are signed; a moment or a number beyond them is as good as their end.
pub(super) fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

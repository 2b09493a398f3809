//! The tables, how a connection to them is set up, and everything that only reads them. A row that
//! does not fit its mark is never told. What a commit does stands in `transaction`; what the bytes mean is
//! nobody's here.

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, config::DbConfig, params};

use super::{
    failure::Failure,
    folder::Folder,
    marks::{self, RecordHead, RecordMark, StoreId, Sum, Totals},
};
use crate::{CommitId, IndexEntry, Order, OutboxEvent, Partition, Record};

/// `bytes` stands last, so that what the start reads lies before any overflow page. Records have
/// row ids, which keeps new ones together; the name's index does it by the names' beginnings.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record (
  name TEXT NOT NULL UNIQUE, partition INTEGER NOT NULL, version BLOB NOT NULL, board INTEGER NOT NULL,
  alarm INTEGER, expires INTEGER, mark INTEGER NOT NULL, bytes BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS record_alarm ON record (alarm) WHERE alarm IS NOT NULL;
CREATE INDEX IF NOT EXISTS record_expires ON record (expires) WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS entry (
  partition INTEGER NOT NULL, list TEXT NOT NULL, member TEXT NOT NULL, mark INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (partition, list, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY, tag INTEGER NOT NULL, mark INTEGER NOT NULL, bytes BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS meta (
  one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL, commits INTEGER NOT NULL, events INTEGER NOT NULL,
  records INTEGER NOT NULL, entries INTEGER NOT NULL, waiting INTEGER NOT NULL, mark INTEGER NOT NULL
) STRICT;
";

/// A record's columns in the order of [`RecordHead`], and its mark.
macro_rules! columns {
    () => {
        "name, partition, version, board, alarm, expires, mark"
    };
}
pub(super) use columns;

/// The connection that writes, with the tables of a new store in place.
pub(super) fn making(folder: Option<&Folder>) -> rusqlite::Result<Connection> {
    let connection = match folder {
        Some(folder) => Connection::open_with_flags(folder.database(), flags() | OpenFlags::SQLITE_OPEN_CREATE)?,
        None => Connection::open_in_memory()?,
    };
    connection.pragma_update(None, "page_size", 4096)?;
    write_ahead(&connection)?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE;{SCHEMA}COMMIT"))?;
    let id: StoreId = connection.query_row("SELECT randomblob(16)", [], |row| row.get(0))?;
    let new = Totals::default();
    // Where the first start was interrupted, there is one.
    connection.execute(
        "INSERT INTO meta VALUES (1, ?1, 0, 0, 0, 0, 0, ?2) ON CONFLICT DO NOTHING",
        params![id, new.mark(&id)],
    )?;
    Ok(connection)
}

/// The connection that writes to a store that was made before.
pub(super) fn writing(folder: &Folder) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(folder.database(), flags())?;
    write_ahead(&connection)?;
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

fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    set_up(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -(8 << 10))
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // Only the ledger's owner may end a life of the log: see ledger.rs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A statement is planned once, and not anew for each limit that is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // Ours is the only process; a shell or a backup may hold the file for a moment.
    connection.busy_timeout(std::time::Duration::from_secs(2))
}

/// Whether the tables are those of a new store: a damaged name or definition is neither mended nor
/// taken for a table that is still to be made.
pub(super) fn are_ours(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(shape(connection)? == shape(&making(None)?)?)
}

fn shape(connection: &Connection) -> rusqlite::Result<Vec<[Option<String>; 4]>> {
    let mut statement =
        connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?;
    let object = |row: &Row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
    statement.query_map([], object)?.collect()
}

/// Which store it is, and its totals.
pub(super) fn totals(connection: &Connection) -> Result<(StoreId, Totals), Failure> {
    let sql = "SELECT id, commits, events, records, entries, waiting, mark FROM meta WHERE one = 1";
    let (id, totals, mark) = connection.query_row(sql, [], |row| {
        let sum = |column| row.get(column).map(Sum);
        let (commits, events) = (number(row, 1)?, number(row, 2)?);
        let totals = Totals { commits, events, records: sum(3)?, entries: sum(4)?, waiting: sum(5)? };
        Ok((row.get::<_, StoreId>(0)?, totals, row.get::<_, RecordMark>(6)?))
    })?;
    if totals.mark(&id) == mark { Ok((id, totals)) } else { Err(damaged("its totals")) }
}

pub(super) fn save(connection: &Connection, id: &StoreId, totals: &Totals) -> rusqlite::Result<()> {
    let Totals { commits, events, records, entries, waiting } = totals;
    connection
        .prepare_cached(
            "UPDATE meta SET commits = ?1, events = ?2, records = ?3, entries = ?4, waiting = ?5, mark = ?6",
        )?
        .execute([count(*commits), count(*events), records.0, entries.0, waiting.0, totals.mark(id)])?;
    Ok(())
}

/// What does not fit its mark.
pub(super) fn damaged(what: impl std::fmt::Display) -> Failure {
    Failure::Damaged(format!("{what} is damaged"))
}

/// A record's head from the columns that [`columns!`] names, the first of them at `first`.
pub(super) fn head<'r>(row: &'r Row, first: usize) -> Result<(RecordHead<'r>, RecordMark), Failure> {
    let name = row.get_ref(first)?.as_str().map_err(|_| damaged("a record's name"))?;
    let head = RecordHead {
        name,
        partition: row.get(first + 1)?,
        version: row.get(first + 2)?,
        version_index: row.get(first + 3)?,
        alarm: row.get(first + 4)?,
        expires: row.get(first + 5)?,
    };
    let mark = row.get(first + 6)?;
    if head.mark() == mark { Ok((head, mark)) } else { Err(damaged(format_args!("the record {name}"))) }
}

/// A record's version and mark.
pub(super) fn version_and_mark(connection: &Connection, name: &str) -> Result<Option<(CommitId, RecordMark)>, Failure> {
    let mut statement = connection.prepare_cached(concat!("SELECT ", columns!(), " FROM record WHERE name = ?1"))?;
    let mut rows = statement.query([name])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (head, mark) = head(row, 0)?;
    Ok(Some((CommitId(head.version), mark)))
}

pub(super) fn get(connection: &Connection, names: &[String]) -> Result<Vec<Option<Record>>, Failure> {
    let mut statement =
        connection.prepare_cached(concat!("SELECT ", columns!(), ", bytes FROM record WHERE name = ?1"))?;
    let mut get = |name: &String| {
        let mut rows = statement.query([name])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (head, _) = head(row, 0)?;
        Ok(Some(Record { version: CommitId(head.version), bytes: bytes(row, 7)? }))
    };
    names.iter().map(&mut get).collect()
}

/// An entry's mark.
pub(super) fn entered(c: &Connection, partition: u8, list: &str, member: &str) -> rusqlite::Result<Option<RecordMark>> {
    c.prepare_cached("SELECT mark FROM entry WHERE partition = ?1 AND list = ?2 AND member = ?3")?
        .query_row(params![partition, list, member], |row| row.get(0))
        .optional()
}

pub(super) fn outbox(connection: &Connection, limit: usize) -> Result<Vec<OutboxEvent>, Failure> {
    let mut statement = connection.prepare_cached("SELECT seq, tag, mark, bytes FROM outbox ORDER BY seq LIMIT ?1")?;
    let mut rows = statement.query([count(limit)])?;
    let mut waiting = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, tag, bytes) = (row.get(0)?, row.get(1)?, bytes(row, 3)?);
        if marks::of_waiting(seq, tag, &bytes) != row.get::<_, RecordMark>(2)? {
            return Err(damaged(format_args!("the waiting event {seq}")));
        }
        waiting.push(OutboxEvent { tag, seq: number(row, 0)?, bytes });
    }
    Ok(waiting)
}

pub(super) fn list(
    connection: &Connection,
    Partition(partition): Partition,
    index: &str,
    order: Order,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<IndexEntry>, Failure> {
    let (beyond, direction) = match (order, after) {
        (Order::Rising, Some(_)) => ("member > ?3", "ASC"),
        (Order::Falling, Some(_)) => ("member < ?3", "DESC"),
        (Order::Rising, None) => ("?3 IS NULL", "ASC"),
        (Order::Falling, None) => ("?3 IS NULL", "DESC"),
    };
    let sql = format!(
        "SELECT member, mark, bytes FROM entry WHERE partition = ?1 AND list = ?2 AND {beyond}
         ORDER BY member {direction} LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![partition, index, after, count(limit)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = IndexEntry { index: index.to_owned(), member: row.get(0)?, bytes: bytes(row, 2)? };
        if marks::of_entry(partition, index, &entry.member, &entry.bytes) != row.get::<_, RecordMark>(1)? {
            return Err(damaged(format_args!("the entry {} of {index}", entry.member)));
        }
        page.push(entry);
    }
    Ok(page)
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

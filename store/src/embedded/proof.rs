//! What is proved of a store before it answers, and what behind the start: that every row fits its
//! mark, that none is missing, and that each can be found.
//!
//! An absent record is an answer, too (no lockout, no use of an identity token), so records and the
//! index of their names are read whole before anybody is answered; indexes and streams, which
//! admit nobody, behind the start. Mends nothing.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    thread,
};

use rusqlite::Connection;

use super::{
    failure::Failure,
    marks::{self, Sum, Totals},
    shared::SharedState,
    tables::{self, columns, damaged},
};
use crate::CommitId;

/// Reads all heads of records and the index of their names, each on its own connection, and fills
/// the flag board.
pub(super) fn records(
    rows: &Connection,
    names: Connection,
    totals: &Totals,
    shared: &SharedState,
) -> Result<Connection, Failure> {
    let (heads, index) = thread::scope(|scope| {
        let index = scope.spawn(move || index(&names).map(|places| (places, names)));
        (heads(rows, totals, shared), index.join())
    });
    let places = heads?;
    let (found, names) = index.map_err(|_| damaged("the index of names"))??;
    if places == found { Ok(names) } else { Err(damaged("the index of names")) }
}

/// Where records lie: a sum over name and row, which does not depend on the order.
#[derive(Default, PartialEq, Eq)]
struct Places(u64);

impl Places {
    fn add(&mut self, name: &str, row: i64) {
        let mut hasher = DefaultHasher::new();
        (name, row).hash(&mut hasher);
        self.0 = self.0.wrapping_add(hasher.finish());
    }
}

fn heads(connection: &Connection, totals: &Totals, shared: &SharedState) -> Result<Places, Failure> {
    let mut statement = connection.prepare(concat!("SELECT rowid, ", columns!(), " FROM record NOT INDEXED"))?;
    let mut rows = statement.query([])?;
    let (mut places, mut sum) = (Places::default(), Sum::default());
    while let Some(row) = rows.next()? {
        let (head, mark) = tables::head(row, 1)?;
        places.add(head.name, row.get(0)?);
        sum.add(mark);
        if head.version_index {
            shared.version_index.insert(head.name.into(), CommitId(head.version));
        }
    }
    if sum == totals.records { Ok(places) } else { Err(lacking("records")) }
}

/// A tree that is in order when it is read through is one in which each name is found.
fn index(connection: &Connection) -> Result<Places, Failure> {
    let mut statement = connection.prepare("SELECT rowid, name FROM record ORDER BY name")?;
    let mut rows = statement.query([])?;
    let (mut places, mut before) = (Places::default(), String::new());
    while let Some(row) = rows.next()? {
        let name = row.get_ref(1)?.as_str().map_err(|_| damaged("the index of names"))?;
        if name <= before.as_str() {
            return Err(damaged("the index of names"));
        }
        places.add(name, row.get(0)?);
        before.clear();
        before.push_str(name);
    }
    Ok(places)
}

/// Reads all of the store behind the start, as one moment shows it: what cannot be read or is
/// missing ends the store now, not when somebody needs it.
pub(super) fn behind(connection: &Connection, shared: &SharedState) {
    match rest(connection) {
        Ok(()) => {
            tracing::debug!("the store is sound");
            shared.proved.send_replace(true);
        }
        Err(Failure::Interrupted) => {}
        Err(failure) => shared.failed(&failure),
    }
}

fn rest(connection: &Connection) -> Result<(), Failure> {
    connection.execute_batch("BEGIN")?;
    let (_, totals) = tables::totals(connection)?;
    if entries(connection)? != totals.entries {
        return Err(lacking("entries"));
    }
    if waiting(connection)? != totals.waiting {
        return Err(lacking("waiting events"));
    }
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    connection.execute_batch("COMMIT")?;
    if verdict == "ok" { Ok(()) } else { Err(Failure::Damaged(verdict)) }
}

fn lacking(rows: &str) -> Failure {
    Failure::Damaged(format!("store.db is damaged: some of its {rows} are missing, or are older than the others"))
}

fn entries(connection: &Connection) -> Result<Sum, Failure> {
    let mut statement = connection.prepare("SELECT partition, list, member, mark, bytes FROM entry")?;
    let mut rows = statement.query([])?;
    let mut sum = Sum::default();
    while let Some(row) = rows.next()? {
        let text = |column| -> Result<&str, Failure> { row.get_ref(column)?.as_str().map_err(|_| damaged("an entry")) };
        let bytes = row.get_ref(4)?.as_blob().map_err(|_| damaged("an entry"))?;
        let mark = row.get(3)?;
        if marks::of_entry(row.get(0)?, text(1)?, text(2)?, bytes) != mark {
            return Err(damaged("an entry"));
        }
        sum.add(mark);
    }
    Ok(sum)
}

fn waiting(connection: &Connection) -> Result<Sum, Failure> {
    let mut statement = connection.prepare("SELECT seq, tag, mark, bytes FROM outbox")?;
    let mut rows = statement.query([])?;
    let mut sum = Sum::default();
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(3)?.as_blob().map_err(|_| damaged("a waiting event"))?;
        let mark = row.get(2)?;
        if marks::of_waiting(row.get(0)?, row.get(1)?, bytes) != mark {
            return Err(damaged("a waiting event"));
        }
        sum.add(mark);
    }
    Ok(sum)
}

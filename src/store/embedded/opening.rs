//! Opening a store: what is checked before SQLite may touch the files, and what after.
//! It refuses to mend or to guess: what is torn or missing is named, and a loss is
//! accepted only where the options say so.

use std::{
    fmt::Display,
    io,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, ErrorCode};

use super::{Options, failure::Failure, folder::Folder, ledger::Ledger, shared::Shared, tables, wal, writer::Writer};

/// Everything an open store on a disk consists of.
pub(super) struct Opened {
    pub writer: Writer,
    pub reader: Connection,
    pub check: Connection,
}

/// Opens the store in a folder, or refuses by name.
pub(super) fn open(path: &Path, options: Options, shared: &Arc<Shared>) -> Result<Opened, Failure> {
    let mut folder = Folder::take(path)?;
    let ledger = ledger(&folder, options)?;
    let missing = ledger.missing(wal::walk(&folder.log())?);
    judge(&folder, options, missing, "its write-ahead log (store.db-wal) is torn or gone")?;

    let writing = with_reserve(&folder, || tables::writing(Some(&folder)))?;
    let (commits, _) = tables::numbers(&writing)?;
    let behind = ledger.last().saturating_sub(commits);
    judge(&folder, options, behind, "store.db is older than its ledger")?;
    folder.finish()?;

    let reader = tables::reading(&folder)?;
    let check = tables::reading(&folder)?;
    let mut writer = Writer::new(writing, Some((Arc::new(folder), ledger)), Arc::clone(shared))?;
    match writer.checkpoint() {
        // What was accepted as lost must not be missed again at the next start.
        Ok(false) if missing + behind > 0 => {
            return Err(Failure::Busy("the ledger cannot begin anew while somebody reads".into()));
        }
        Err(failure) if missing + behind > 0 => return Err(failure),
        Err(Failure::Damaged(why)) => return Err(Failure::Damaged(why)),
        Ok(_) | Err(_) => {}
    }
    tables::board(&reader, |name, version| {
        shared.board.insert(name, version);
    })?;
    Ok(Opened { writer, reader, check })
}

fn ledger(folder: &Folder, options: Options) -> Result<Ledger, Failure> {
    match Ledger::open(&folder.ledger(), folder.is_fresh() || options.accept_loss) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(refused(folder, "its ledger (commits) is gone, so nobody can say whether commits are missing"))
        }
        ledger => Ok(ledger?),
    }
}

fn judge(folder: &Folder, options: Options, missing: u64, why: &str) -> Result<(), Failure> {
    if missing == 0 {
        return Ok(());
    }
    let text = format!("{why}: {missing} acknowledged commits are missing");
    if options.accept_loss {
        tracing::warn!(missing, "{text}; going on without them");
        return Ok(());
    }
    Err(refused(folder, text))
}

fn refused(folder: &Folder, why: impl Display) -> Failure {
    let path = folder.path().display();
    Failure::Damaged(format!("{path}: {why}. Restore a backup, or accept the loss to go on without them"))
}

/// On a full disk SQLite finds no room for the log's index; the reserve makes some.
fn with_reserve(folder: &Folder, open: impl Fn() -> rusqlite::Result<Connection>) -> Result<Connection, Failure> {
    open()
        .or_else(|error| {
            let room = matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
            );
            if room && folder.spend_reserve() {
                tracing::warn!(%error, "the disk is full: the store's reserve is spent");
                return open();
            }
            Err(error)
        })
        .map_err(Failure::from)
}

/// Reads all of the store behind the start: a page that cannot be read ends it now, not when
/// somebody needs it.
pub(super) fn check(connection: &Connection, shared: &Shared) {
    let verdict = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match verdict {
        Ok(text) if text == "ok" => tracing::debug!("the store is sound"),
        Ok(text) => shared.failed(&Failure::Damaged(text)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {}
        Err(error) => shared.failed(&error.into()),
    }
}

/// A named thread of the store.
pub(super) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Failure> {
    Ok(thread::Builder::new().name(name.to_owned()).spawn(work)?)
}

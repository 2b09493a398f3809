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

use super::{
    EmbeddedOptions, failure::Failure, folder::Folder, ledger::Ledger, marks::StoreId, marks::Totals, proof,
    shared::SharedState, tables, wal, writer::Writer,
};

/// Everything an open store on a disk consists of.
pub(super) struct OpenStore {
    pub writer: Writer,
    pub reader: Connection,
    pub folder: Arc<Folder>,
    pub check: Connection,
}

/// Opens the store in a folder, or refuses by name.
pub(super) fn open(path: &Path, options: EmbeddedOptions, shared: &Arc<SharedState>) -> Result<OpenStore, Failure> {
    let mut folder = Folder::take(path)?;
    let Stands { writing, totals, ledger, lost } = match folder.store() {
        None => make(&mut folder)?,
        Some(store) => find(&folder, store, options)?,
    };
    let rows = tables::reading(&folder)?;
    let names = tables::reading(&folder)?;
    let check = proof::records(&rows, names, &totals, shared).map_err(|failure| named(&folder, failure))?;
    let folder = Arc::new(folder);
    let mut writer = Writer::new(writing, Some((Arc::clone(&folder), ledger)), Arc::clone(shared))?;
    match writer.checkpoint() {
        // What was accepted as lost must not be missed again at the next start.
        Ok(false) if lost => {
            return Err(Failure::Busy("the ledger cannot begin anew while somebody reads".into()));
        }
        Err(failure) if lost => return Err(failure),
        Err(Failure::Damaged(why)) => return Err(Failure::Damaged(why)),
        Ok(_) | Err(_) => {}
    }
    Ok(OpenStore { writer, reader: rows, folder, check })
}

/// A store whose tables are open, and which is the one that its folder names.
struct Stands {
    writing: Connection,
    totals: Totals,
    ledger: Ledger,
    /// Whether commits are missing, and that was accepted.
    lost: bool,
}

fn make(folder: &mut Folder) -> Result<Stands, Failure> {
    let writing = with_reserve(folder, || tables::making(Some(folder)))?;
    let (store, totals) = tables::totals(&writing)?;
    let mut ledger = Ledger::begin(&folder.ledger(), store)?;
    // The file alone must hold the tables before its absence is a loss.
    writing.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    ledger.rebase(totals.commits)?;
    folder.finish(store)?;
    Ok(Stands { writing, totals, ledger, lost: false })
}

fn find(folder: &Folder, store: StoreId, options: EmbeddedOptions) -> Result<Stands, Failure> {
    let ledger = ledger(folder, store, options)?;
    let missing = ledger.missing(wal::walk(&folder.log())?);
    judge(folder, options, missing, "its write-ahead log (store.db-wal) is torn or gone")?;

    let writing = with_reserve(folder, || tables::writing(folder)).map_err(|failure| named(folder, failure))?;
    if !tables::are_ours(&writing).map_err(|error| named(folder, error.into()))? {
        return Err(refused(folder, "store.db is damaged: its tables are not those of a store"));
    }
    let (found, totals) = tables::totals(&writing).map_err(|failure| named(folder, failure))?;
    if found != store {
        return Err(refused(folder, "store.db or its log is another store's"));
    }
    let behind = ledger.last().saturating_sub(totals.commits);
    judge(folder, options, behind, "store.db is older than its ledger")?;
    Ok(Stands { writing, totals, ledger, lost: missing + behind > 0 })
}

fn ledger(folder: &Folder, store: StoreId, options: EmbeddedOptions) -> Result<Ledger, Failure> {
    let found = match Ledger::open(&folder.ledger(), store) {
        Ok(ledger) if ledger.is_blank() => Err("damaged, empty or another store's"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("gone"),
        ledger => Ok(ledger?),
    };
    match found {
        Ok(ledger) => Ok(ledger),
        Err(how) if options.accept_loss => {
            folder.note_data_loss(&format!("its ledger was {how}"))?;
            Ok(Ledger::begin(&folder.ledger(), store)?)
        }
        Err(how) => Err(refused(
            folder,
            format_args!("its ledger (commits) is {how}, so nobody can say whether commits are missing"),
        )),
    }
}

/// Says in which store the damage is.
fn named(folder: &Folder, failure: Failure) -> Failure {
    match failure {
        Failure::Damaged(why) => refused(folder, why),
        other => other,
    }
}

fn judge(folder: &Folder, options: EmbeddedOptions, missing: u64, why: &str) -> Result<(), Failure> {
    if missing == 0 {
        return Ok(());
    }
    let text = format!("{why}: {missing} acknowledged commits are missing");
    if options.accept_loss {
        tracing::warn!(missing, "{text}; going on without them");
        return folder.note_data_loss(&text);
    }
    Err(refused(folder, format_args!("{text}, and only knowingly (--accept-loss) may it go on without them")))
}

fn refused(folder: &Folder, why: impl Display) -> Failure {
    let path = folder.path().display();
    Failure::Damaged(format!("{path}: {why}. Restore a backup"))
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

/// Starts a named thread of the store.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Failure> {
    Ok(thread::Builder::new().name(name.to_owned()).spawn(work)?)
}

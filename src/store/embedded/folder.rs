//! The data folder: whose it is, who has it open, and what lies in it.
//!
//! It refuses, by name, a folder that is not ours or that another process has open, knows which
//! store belongs in it, and keeps a megabyte in reserve so that a store on a full disk can still be
//! opened. Knows no table.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{failure::Failure, tables::StoreId};

const MARKER: &str = "countersign.store";
/// Before the id of the store, in hexadecimal digits.
const MADE: &str = "countersign store 2 ";
const MAKING: &str = "countersign store 2, not finished\n";
const LOCK: &str = "lock";
const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 1 << 20;

/// A folder that is ours, and ours alone until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    store: Option<StoreId>,
    _lock: File,
}

impl Folder {
    /// Takes the folder; an absent or empty one becomes a new store.
    pub(super) fn take(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| refused(path, &error.to_string()))?;
        let marker = match fs::read_to_string(path.join(MARKER)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(refused(path, &format!("{MARKER} cannot be read: {error}"))),
        };
        if marker.is_none()
            && let Some(stranger) = stranger(path)?
        {
            return Err(refused(
                path,
                &format!("it holds {stranger} but no {MARKER}: this folder is not a store of ours"),
            ));
        }
        let lock = lock(path)?;
        let store = match marker.as_deref() {
            None | Some(MAKING) => None,
            Some(text) => Some(made(text).ok_or_else(|| {
                refused(path, &format!("{MARKER} names a format that this version does not know, or is damaged"))
            })?),
        };
        let folder = Self { path: path.to_owned(), store, _lock: lock };
        if store.is_none() {
            folder.mark(MAKING)?;
        } else if fs::metadata(folder.database()).map_or(0, |file| file.len()) == 0 {
            return Err(refused(path, "store.db is missing or empty"));
        }
        Ok(folder)
    }

    /// The store that belongs in it; `None` while it is still to be made.
    pub(super) fn store(&self) -> Option<StoreId> {
        self.store
    }

    /// The store stands: from now on its absence is a loss and not a beginning.
    pub(super) fn finish(&mut self, store: StoreId) -> Result<(), Failure> {
        self.mark(&format!("{MADE}{:032x}\n", u128::from_be_bytes(store)))?;
        self.store = Some(store);
        // Where the folder was made just now, those that it lies in must remember it, too.
        for above in self.path.ancestors().skip(1) {
            let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
            match File::open(above).and_then(|folder| folder.sync_all()) {
                Err(error) if error.kind() != ErrorKind::PermissionDenied => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("store.db")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("store.db-wal")
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.path.join("commits")
    }

    /// Puts a megabyte aside, where there is none. Without room for it there is none: no error.
    pub(super) fn keep_reserve(&self) {
        let path = self.path.join(RESERVE);
        if !path.exists() && fs::write(&path, vec![0; RESERVE_BYTES]).is_err() {
            let _ = fs::remove_file(path);
        }
    }

    /// Gives the megabyte back to the disk; whether there was one.
    pub(super) fn spend_reserve(&self) -> bool {
        fs::remove_file(self.path.join(RESERVE)).is_ok()
    }

    /// Writes the marker whole or not at all.
    fn mark(&self, text: &str) -> Result<(), Failure> {
        let write = || -> io::Result<()> {
            let draft = self.path.join("countersign.store.new");
            let mut file = File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, self.path.join(MARKER))?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(Failure::from)
    }
}

/// The store that a marker names, where it is one of ours as it was written.
fn made(marker: &str) -> Option<StoreId> {
    let digits = marker.strip_prefix(MADE)?.strip_suffix('\n')?;
    let id = u128::from_str_radix(digits, 16).ok()?;
    (format!("{id:032x}") == digits).then_some(id.to_be_bytes())
}

/// Something in a folder without our marker that we would not have put there first.
fn stranger(path: &Path) -> Result<Option<String>, Failure> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        // A file system's own folder, and what an interrupted first start leaves.
        if name != "lost+found" && name != LOCK && name != "countersign.store.new" {
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

fn lock(path: &Path) -> Result<File, Failure> {
    let file = File::options().create(true).truncate(false).write(true).open(path.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(path, "another process has this store open")),
        Err(TryLockError::Error(error)) => Err(refused(path, &format!("its lock cannot be taken: {error}"))),
    }
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::Damaged(format!("{}: {why}", path.display()))
}

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

use super::{failure::Failure, marks::StoreId};

const MARKER: &str = "countersign.store";
/// Before the id of the store, in hexadecimal digits.
const MADE: &str = "countersign store 2 ";
const MAKING: &str = "countersign store 2, not finished\n";
/// Not a marker that opens: half a store must not pass for a new one.
const RECEIVING: &str = "countersign store 2, a backup is being put back\n";
const DATA_LOSS: &str = "breach";
const LOCK: &str = "lock";
const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 1 << 20;

/// A folder that is ours, and ours alone until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    store: Option<StoreId>,
    /// None beside the process that has it.
    lock: Option<Lock>,
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
            && let Some(foreign_entry) = foreign_entry(path)?
        {
            return Err(refused(
                path,
                &format!("it holds {foreign_entry} but no {MARKER}: this folder is not a store of ours"),
            ));
        }
        let lock = lock(path)?;
        let store = match marker.as_deref() {
            None | Some(MAKING) => None,
            Some(RECEIVING) => {
                return Err(refused(
                    path,
                    "a backup was being put back and that did not end: empty it, and restore again",
                ));
            }
            Some(text) => Some(made(text).ok_or_else(|| {
                refused(path, &format!("{MARKER} names a format that this version does not know, or is damaged"))
            })?),
        };
        let folder = Self { path: path.to_owned(), store, lock: Some(lock) };
        if store.is_none() {
            folder.mark(MAKING)?;
        } else if fs::metadata(folder.database()).map_or(0, |file| file.len()) == 0 {
            return Err(refused(path, "store.db is missing or empty"));
        }
        Ok(folder)
    }

    /// An absent or empty folder, for a backup to be put into.
    pub(super) fn receive(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| refused(path, &error.to_string()))?;
        if let Some(foreign_entry) = foreign_entry(path)? {
            return Err(refused(
                path,
                &format!("it holds {foreign_entry}: a backup is put back only where nothing is"),
            ));
        }
        let folder = Self { path: path.to_owned(), store: None, lock: Some(lock(path)?) };
        folder.mark(RECEIVING)?;
        Ok(folder)
    }

    /// The folder of a store that stands, to be read whoever has it open.
    pub(super) fn beside(path: &Path) -> Result<Self, Failure> {
        let marker = fs::read_to_string(path.join(MARKER)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => refused(path, "there is no store in it"),
            _ => refused(path, &format!("{MARKER} cannot be read: {error}")),
        })?;
        let store =
            made(&marker).ok_or_else(|| refused(path, "the store in it was not finished, or is of another version"))?;
        let lock = File::options().write(true).open(path.join(LOCK))?;
        let lock = lock.try_lock().is_ok().then_some(Lock(lock));
        Ok(Self { path: path.to_owned(), store: Some(store), lock })
    }

    /// Whether no other process has it.
    pub(super) fn is_ours(&self) -> bool {
        self.lock.is_some()
    }

    /// Why it may lack what was acknowledged, until somebody has taken note of that.
    pub(super) fn data_loss(&self) -> Result<Option<String>, Failure> {
        match fs::read_to_string(self.path.join(DATA_LOSS)) {
            Ok(why) => Ok(Some(why)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn note_data_loss(&self, why: &str) -> Result<(), Failure> {
        self.write(DATA_LOSS, why)
    }

    /// It was taken note of.
    pub(super) fn heal(&self) -> Result<(), Failure> {
        match fs::remove_file(self.path.join(DATA_LOSS)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        Ok(File::open(&self.path)?.sync_all()?)
    }

    /// Takes away what was put into it, so that it is as it was received.
    pub(super) fn abandon(self) {
        let files =
            ["store.db", "store.db-wal", "store.db-shm", "store.db.new", "commits", DATA_LOSS, RESERVE, MARKER, LOCK];
        for file in files {
            let _ = fs::remove_file(self.path.join(file)); // it may not be there
        }
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

    fn mark(&self, text: &str) -> Result<(), Failure> {
        self.write(MARKER, text)
    }

    /// Writes a file whole or not at all.
    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let write = || -> io::Result<()> {
            let draft = self.path.join(format!("{name}.new"));
            let mut file = File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, self.path.join(name))?;
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
fn foreign_entry(path: &Path) -> Result<Option<String>, Failure> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        // A file system's own folder, and what an interrupted first start leaves.
        if name != "lost+found" && name != LOCK && name != "countersign.store.new" {
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

/// That no other process has the folder. It is given up in so many words: a program that is just being started
/// from this process holds its files open for a moment, and would keep what a closed file alone gives up.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock(); // the file is closed next
    }
}

fn lock(path: &Path) -> Result<Lock, Failure> {
    let file = File::options().create(true).truncate(false).write(true).open(path.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(refused(path, "another process has this store open")),
        Err(TryLockError::Error(error)) => Err(refused(path, &format!("its lock cannot be taken: {error}"))),
    }
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::Damaged(format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_being_started_keeps_no_lock() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("store");
        let folder = Folder::take(&path).expect("it is new");
        assert!(Folder::take(&path).is_err(), "it is ours alone");
        let inherited = folder.lock.as_ref().map(|lock| lock.0.try_clone().expect("as a new process has it"));
        drop(folder);
        Folder::take(&path).expect("it was given up");
        drop(inherited);
    }
}

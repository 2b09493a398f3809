//! The data folder: whose it is, who has it open, and what lies in it.
//!
//! It refuses, by name, a folder that is not ours or that another process has open, and keeps a
//! megabyte in reserve so that a store on a full disk can still be opened. Knows no table.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::failure::Failure;

const MARKER: &str = "countersign.store";
const MADE: &str = "countersign store 1\n";
const MAKING: &str = "countersign store 1, not finished\n";
const LOCK: &str = "lock";
const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 1 << 20;

/// A folder that is ours, and ours alone until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    fresh: bool,
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
        let fresh = match marker.as_deref() {
            None | Some(MAKING) => true,
            Some(MADE) => false,
            Some(_) => return Err(refused(path, &format!("{MARKER} names a format that this version does not know"))),
        };
        let folder = Self { path: path.to_owned(), fresh, _lock: lock };
        if fresh {
            folder.mark(MAKING)?;
        } else if !folder.database().exists() {
            return Err(refused(path, "store.db is missing"));
        }
        Ok(folder)
    }

    /// Whether the store in it is still to be made.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The store stands: from now on its absence is a loss and not a beginning.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        if self.fresh {
            self.mark(MADE)?;
            self.fresh = false;
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

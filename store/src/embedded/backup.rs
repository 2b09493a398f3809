//! A copy of a store in one file, made beside whoever has the store open, and put back where no
//! store is. What the file holds is sealed as the store is; the key to it is nobody's here.
//!
//! The file is a database that SQLite can read, then its manifest (JSON), then the SHA-256 of both,
//! the manifest's length (4 bytes, big-endian) and `MAGIC`. A file without that end is no backup.
//!
//! The copy reads one snapshot. As long as it does, the write-ahead log cannot start over, and grows.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use serde::{Deserialize, Serialize};

use super::{
    failure::Failure,
    folder::Folder,
    ledger::Ledger,
    marks::StoreId,
    tables::{self, damaged},
    wal,
};
use crate::StoreError;

const MAGIC: &[u8; 16] = b"countersign bak1";
const END: u64 = 32 + 4 + 16;

/// A manifest is far shorter.
const MAX_MANIFEST_BYTES: u64 = 4096;

/// Pages that are copied between two words about progress.
const PAGES: i32 = 512;
const PIECE: usize = 1 << 20;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this file: 1.
    pub format: u32,
    /// The store's id, 32 hexadecimal digits.
    pub store: String,
    /// When it was made, milliseconds since 1970.
    pub made_at: u64,
    /// The last commit in it.
    pub commits: u64,
    /// Of the database in it.
    pub bytes: u64,
}

/// Told now and then: so many bytes of so many.
pub type ByteProgress<'p> = &'p mut dyn FnMut(u64, u64);

/// Copies the store in `folder` to a new file, which appears whole or not at all.
///
/// # Errors
/// `Damaged` where there is no store, where acknowledged commits are missing or the copy cannot be
/// read; `Full` and `Away` as their names say. A file that is there already is left alone.
pub fn make(folder: &Path, file: &Path, now: u64, progress: ByteProgress<'_>) -> Result<Manifest, StoreError> {
    if file.exists() {
        return Err(taken(file).into());
    }
    let folder = Folder::beside(folder)?;
    let store = folder.store().ok_or_else(|| damaged("the marker of its folder"))?;
    let draft =
        tempfile::Builder::new().prefix(".countersign-backup-").tempfile_in(above(file)).map_err(Failure::from)?;
    let commits = copy(&folder, store, draft.path(), progress)?;
    let bytes = draft.as_file().metadata().map_err(Failure::from)?.len();
    let store = format!("{:032x}", u128::from_be_bytes(store));
    let manifest = Manifest { format: 1, store, made_at: now, commits, bytes };
    end(draft.path(), &manifest).map_err(Failure::from)?;
    let placed = draft.persist_noclobber(file).map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => taken(file),
        _ => refused.error.into(),
    });
    placed?;
    File::open(above(file)).and_then(|folder| folder.sync_all()).map_err(Failure::from)?;
    Ok(manifest)
}

/// Copies one snapshot; the number of its last commit.
fn copy(folder: &Folder, store: StoreId, draft: &Path, progress: ByteProgress<'_>) -> Result<u64, Failure> {
    // Read first: what it names must be in a snapshot that begins later.
    let ledger = Ledger::open(&folder.ledger(), store)?;
    if ledger.is_blank() && folder.is_ours() {
        return Err(lost("its ledger (commits) is damaged"));
    }
    if folder.is_ours() && ledger.missing(wal::walk(&folder.log())?) > 0 {
        return Err(lost("its write-ahead log (store.db-wal) is torn or gone"));
    }
    let source = tables::reading(folder)?;
    source.execute_batch("BEGIN")?;
    let (found, totals) = tables::totals(&source)?;
    if found != store {
        return Err(damaged("store.db: it is another store's"));
    }
    if totals.commits < ledger.last() {
        return Err(lost("store.db is older than its ledger"));
    }
    let mut copy = Connection::open(draft)?;
    // It appears by being renamed: until then nothing of it must survive anything.
    copy.pragma_update(None, "journal_mode", "OFF")?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    {
        let steps = Backup::new(&source, &mut copy)?;
        loop {
            let step = steps.step(PAGES)?;
            let all = u64::from(steps.progress().pagecount.unsigned_abs());
            let left = u64::from(steps.progress().remaining.unsigned_abs());
            progress((all - left.min(all)) * 4096, all * 4096);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        }
    }
    let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(totals.commits) } else { Err(damaged(format_args!("the copy: {verdict}"))) }
}

fn end(draft: &Path, manifest: &Manifest) -> io::Result<()> {
    let mut file = File::options().read(true).append(true).open(draft)?;
    let text = serde_json::to_vec(manifest)?;
    let mut hash = Context::new(&SHA256);
    pieces(&mut (&file).take(manifest.bytes), |piece| {
        hash.update(piece);
        Ok(())
    })?;
    hash.update(&text);
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    file.write_all(&[&text[..], hash.finish().as_ref(), &length.to_be_bytes(), MAGIC].concat())?;
    file.sync_all()
}

/// Reads a backup from its first byte to its last; what it says of itself, where it is whole.
///
/// # Errors
/// `Damaged`, with the reason, where it is not.
pub fn verify(file: &Path, progress: ByteProgress<'_>) -> Result<Manifest, StoreError> {
    Ok(read(file, progress, |_| Ok(()))?)
}

/// Puts a backup back into an absent or empty folder. The store says that it is not what it was
/// until `Embedded::heal`.
///
/// # Errors
/// `Damaged` where the folder is not empty, somebody has it open or the file is not whole; then
/// the folder is as it was.
pub fn put_back(file: &Path, folder: &Path, made_at: &str, progress: ByteProgress<'_>) -> Result<Manifest, StoreError> {
    let mut folder = Folder::receive(folder)?;
    match fill(file, &mut folder, made_at, progress) {
        Ok(manifest) => Ok(manifest),
        Err(failure) => {
            folder.abandon();
            Err(failure.into())
        }
    }
}

/// Takes away a store that was put back and is not wanted after all.
///
/// # Errors
/// Where its folder is not a store's, or somebody has it open.
pub fn take_away(folder: &Path) -> Result<(), StoreError> {
    Folder::take(folder)?.abandon();
    Ok(())
}

fn fill(file: &Path, folder: &mut Folder, made_at: &str, progress: ByteProgress<'_>) -> Result<Manifest, Failure> {
    let draft = folder.path().join("store.db.new");
    let mut out = File::create(&draft)?;
    let manifest = read(file, progress, |piece| out.write_all(piece))?;
    out.sync_all()?;
    let store = u128::from_str_radix(&manifest.store, 16).map_err(|_| damaged("the backup's manifest"))?.to_be_bytes();
    std::fs::rename(&draft, folder.database())?;
    let mut ledger = Ledger::begin(&folder.ledger(), store)?;
    ledger.rebase(manifest.commits)?;
    folder.note_data_loss(&format!("a backup of {made_at} was put back, with its commit {}", manifest.commits))?;
    folder.finish(store)?;
    Ok(manifest)
}

/// Gives the database in it to `take`, piece by piece, and proves that all of it was there.
fn read(
    file: &Path,
    progress: ByteProgress<'_>,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<Manifest, Failure> {
    let no_backup = |why: &str| Failure::Damaged(format!("{}: {why}", file.display()));
    let mut from = File::open(file).map_err(|error| no_backup(&error.to_string()))?;
    let all = from.metadata()?.len();
    let mut ending = [0; END as usize];
    from.seek(SeekFrom::Start(all.saturating_sub(END)))?;
    from.read_exact(&mut ending).map_err(|_| no_backup("it is no backup"))?;
    if !ending.ends_with(MAGIC) {
        return Err(no_backup("it is no backup of ours, or its end is missing"));
    }
    let length = u64::from(u32::from_be_bytes(ending[32..36].try_into().expect("four bytes")));
    let bytes = all.checked_sub(END + length).filter(|_| length <= MAX_MANIFEST_BYTES);
    let bytes = bytes.ok_or_else(|| no_backup("it is damaged"))?;
    from.seek(SeekFrom::Start(0))?;
    let mut from = BufReader::with_capacity(PIECE, from);
    let (mut hash, mut done) = (Context::new(&SHA256), 0);
    pieces(&mut (&mut from).take(bytes), |piece| {
        hash.update(piece);
        done += piece.len() as u64;
        progress(done, bytes);
        take(piece)
    })?;
    let mut text = Vec::new();
    from.take(length).read_to_end(&mut text)?;
    hash.update(&text);
    if hash.finish().as_ref() != &ending[..32] {
        return Err(no_backup("it is damaged: its content is not what was written"));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| no_backup(&error.to_string()))?;
    if manifest.format != 1 || manifest.bytes != bytes {
        return Err(no_backup("it is of a format that this version does not know"));
    }
    Ok(manifest)
}

fn pieces(from: &mut impl Read, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(()),
            read => each(&piece[..read])?,
        }
    }
}

fn above(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn taken(file: &Path) -> Failure {
    Failure::Damaged(format!("{} is there already: a backup is never written over anything", file.display()))
}

fn lost(why: &str) -> Failure {
    Failure::Damaged(format!("{why}: acknowledged commits are missing, and a copy would lack them, too"))
}

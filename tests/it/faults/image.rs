//! A store's folder as bytes, and everything that a bad disk may do to them.
//!
//! Images are written where writing costs nothing: what is tried is what the bytes say, not a flush.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use countersign::ambient::Entropy;
use tempfile::TempDir;

use crate::world::ambient::SeededEntropy;

/// SQLite's pages in our stores, in bytes.
pub const PAGE: usize = 4096;

/// The files of a store, by name. What a start makes anew is not among them.
#[derive(Clone, Default)]
pub struct Image(pub BTreeMap<String, Vec<u8>>);

impl Image {
    /// A folder as a killed process would leave it now.
    pub fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        for file in fs::read_dir(folder).expect("it is there") {
            let file = file.expect("it can be listed");
            let name = file.file_name().into_string().expect("ours are in ASCII");
            if !["store.db-shm", "reserve", "lock"].contains(&name.as_str()) {
                files.insert(name, fs::read(file.path()).expect("it can be read"));
            }
        }
        Self(files)
    }

    /// A new folder that holds it.
    pub fn written(&self) -> TempDir {
        let folder = light();
        for (name, bytes) in &self.0 {
            fs::write(folder.path().join(name), bytes).expect("there is room");
        }
        // A start would write it, to no end here.
        fs::write(folder.path().join("reserve"), "").expect("there is room");
        folder
    }

    pub fn file(&mut self, name: &str) -> &mut Vec<u8> {
        self.0.get_mut(name).expect("the store has such a file")
    }
}

/// A folder in memory, where the system has such.
pub fn light() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder")
}

/// A fault of any kind, somewhere; what it was. `before` is an older state of `store.db`.
pub fn befall(image: &mut Image, before: &[u8], chance: &Chance) -> String {
    let file = ["store.db", "store.db", "store.db-wal", "commits"][chance.below(4)];
    // After a clean end the log is empty.
    let file = if image.file(file).is_empty() { "store.db" } else { file };
    let bytes = image.file(file);
    let length = bytes.len();
    match chance.below(16) {
        0 => {
            let page = chance.below(length.div_ceil(PAGE));
            let end = length.min((page + 1) * PAGE);
            bytes[page * PAGE..end].fill(0);
            format!("page {page} of {file} was zeroed")
        }
        1 => {
            let more = chance.below(3 * PAGE);
            bytes.extend((0..more).map(|_| u8::try_from(chance.below(256)).expect("a byte")));
            format!("{more} bytes were appended to {file}")
        }
        // A write that was acknowledged and never came to the disk.
        2 => {
            let db = image.file("store.db");
            let page = chance.below(db.len().min(before.len()) / PAGE);
            let place = page * PAGE..(page + 1) * PAGE;
            db[place.clone()].copy_from_slice(&before[place]);
            format!("page {page} is as it was before")
        }
        3 => {
            let db = image.file("store.db");
            let (page, other) = (chance.below(db.len() / PAGE), chance.below(db.len() / PAGE));
            for at in 0..PAGE {
                db.swap(page * PAGE + at, other * PAGE + at);
            }
            format!("pages {page} and {other} changed places")
        }
        _ => {
            // Heads decide more than the bytes behind them: every second flip is in one.
            let head = if chance.below(2) == 0 { 100 } else { PAGE };
            let page = chance.below(length.div_ceil(PAGE));
            let byte = (page * PAGE + chance.below(head)).min(length - 1);
            let bit = u8::try_from(chance.below(8)).expect("one of eight");
            bytes[byte] ^= 1 << bit;
            format!("bit {bit} of byte {byte} of {file} flipped")
        }
    }
}

/// Chance that a seed repeats.
pub struct Chance(SeededEntropy);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// One of 0..n; 0 where n is.
    pub fn below(&self, n: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % n.max(1) as u64).expect("below a length")
    }
}

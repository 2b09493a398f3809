//! The side file `commits`: what was acknowledged, told apart from what SQLite says it holds.
//!
//! Slot 0 is a *base*: the commit up to which the database file alone, without its write-ahead
//! log, holds everything. It is flushed before SQLite may start the log over. Each slot after it
//! is one flush of this life of the log: the last commit in it, the log's salts and how many
//! frames the log had then. Those are not flushed: they survive a kill, and after a loss of power
//! an older ledger only sees less, never wrong. Each slot's check covers the id of the store that it
//! belongs to, so another store's ledger cannot be read as this one's. Knows no table.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    marks::StoreId,
    wal::{Salts, Whole},
};

const SLOT: usize = 32;

/// Slots for twice the flushes after which the log is started over.
const ROOM: usize = 2048 * SLOT;

/// One flush. `life` counts the bases: what an earlier life of the log left behind differs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    life: u64,
    commit: u64,
    salts: Salts,
    frames: u32,
}

impl Slot {
    fn bytes(&self, store: &[u8]) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[..8].copy_from_slice(&self.life.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.commit.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.salts);
        bytes[24..28].copy_from_slice(&self.frames.to_be_bytes());
        let check = digest(&SHA256, &[store, &bytes[..28]].concat());
        bytes[28..].copy_from_slice(&check.as_ref()[..4]);
        bytes
    }

    fn read(bytes: &[u8], store: &[u8]) -> Option<Self> {
        let slot = Self {
            life: u64::from_be_bytes(bytes[..8].try_into().ok()?),
            commit: u64::from_be_bytes(bytes[8..16].try_into().ok()?),
            salts: bytes[16..24].try_into().ok()?,
            frames: u32::from_be_bytes(bytes[24..28].try_into().ok()?),
        };
        (slot.bytes(store) == bytes).then_some(slot)
    }
}

/// The ledger of one open store.
#[derive(Debug)]
pub(super) struct Ledger {
    file: File,
    store: StoreId,
    slots: Vec<Slot>,
}

impl Ledger {
    /// The ledger of a new store. Its room is taken at once, so that a full disk leaves some for
    /// an ordinary life of the log.
    pub(super) fn begin(path: &Path, store: StoreId) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        file.write_all(&[0; ROOM])?;
        Ok(Self { file, store, slots: Vec::new() })
    }

    /// Reads what stands there, as far as it belongs together and to this store.
    pub(super) fn open(path: &Path, store: StoreId) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut slots: Vec<Slot> = Vec::new();
        for slot in bytes.chunks_exact(SLOT).map_while(|slot| Slot::read(slot, &store)) {
            let follows = match slots.first() {
                None => slot.frames == 0,
                Some(base) => slot.life == base.life && slot.frames > 0,
            };
            if !follows {
                break;
            }
            slots.push(slot);
        }
        Ok(Self { file, store, slots })
    }

    /// Whether nothing in it can be read. One that was begun has its base.
    pub(super) fn is_blank(&self) -> bool {
        self.slots.is_empty()
    }

    /// The last commit that was acknowledged, as far as this file knows.
    pub(super) fn last(&self) -> u64 {
        self.slots.last().map_or(0, |slot| slot.commit)
    }

    /// How many acknowledged commits the write-ahead log no longer holds.
    pub(super) fn missing(&self, log: Option<Whole>) -> u64 {
        let Some(last) = self.slots.last().filter(|last| last.frames > 0) else {
            return 0;
        };
        let held = log.filter(|log| log.salts == last.salts).map_or(0, |log| log.frames);
        if held >= last.frames {
            return 0;
        }
        // At least one: a flush without commits (a lease, a sweep) is missing, too.
        let kept = self.slots.iter().rev().find(|slot| slot.frames <= held);
        last.commit.saturating_sub(kept.map_or(0, |slot| slot.commit)).max(1)
    }

    /// From now on the database file alone holds everything up to `commit`.
    pub(super) fn rebase(&mut self, commit: u64) -> io::Result<()> {
        if let [base] = self.slots[..]
            && base.commit == commit
        {
            return Ok(());
        }
        let base = Slot { life: self.life() + 1, commit, salts: [0; 8], frames: 0 };
        self.put(0, &base)?;
        self.file.sync_data()?;
        self.slots = vec![base];
        Ok(())
    }

    /// A flush was acknowledged.
    pub(super) fn note(&mut self, commit: u64, salts: Salts, frames: u32) -> io::Result<()> {
        let slot = Slot { life: self.life(), commit, salts, frames };
        self.put(self.slots.len(), &slot)?;
        self.slots.push(slot);
        Ok(())
    }

    fn life(&self) -> u64 {
        self.slots.first().map_or(0, |base| base.life)
    }

    fn put(&mut self, at: usize, slot: &Slot) -> io::Result<()> {
        self.file.seek(SeekFrom::Start((at * SLOT) as u64))?;
        self.file.write_all(&slot.bytes(&self.store))
    }
}

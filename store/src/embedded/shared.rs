//! What the store's threads and its callers have in common: the flag board, the bell, the counts,
//! and whether the store is dead.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dashmap::DashMap;
use tokio::sync::{Notify, watch};

use super::failure::Failure;
use crate::CommitId;

/// What the threads and the callers have in common.
pub(super) struct SharedState {
    pub version_index: DashMap<Box<str>, CommitId>,
    pub woken: Notify,
    pub dead: watch::Sender<Option<String>>,
    /// Whether all of the store has been read and found sound.
    pub proved: watch::Sender<bool>,
    /// Whether the last flush found no room.
    pub full: AtomicBool,
    pub flushes: AtomicU64,
    pub commits: AtomicU64,
}

impl Default for SharedState {
    fn default() -> Self {
        Self {
            version_index: DashMap::new(),
            woken: Notify::new(),
            dead: watch::Sender::new(None),
            proved: watch::Sender::new(false),
            full: AtomicBool::new(false),
            flushes: AtomicU64::new(0),
            commits: AtomicU64::new(0),
        }
    }
}

impl SharedState {
    /// Why nothing here can be trusted any more, if so.
    pub(super) fn death(&self) -> Option<String> {
        self.dead.borrow().clone()
    }

    pub(super) fn failed(&self, failure: &Failure) {
        tracing::error!(?failure, "the store failed");
        match failure {
            Failure::Busy(_) | Failure::Interrupted => {}
            Failure::Full(_) => self.full.store(true, Ordering::Relaxed),
            Failure::Damaged(why) => {
                self.dead.send_if_modified(|dead| {
                    let first = dead.is_none();
                    if first {
                        *dead = Some(why.clone());
                    }
                    first
                });
            }
        }
    }

    pub(super) fn flushed(&self, commits: u64) {
        self.full.store(false, Ordering::Relaxed);
        self.flushes.fetch_add(1, Ordering::Relaxed);
        self.commits.fetch_add(commits, Ordering::Relaxed);
    }

    /// What a flush has made true.
    pub(super) fn learn(&self, version_index: Vec<(Box<str>, Option<CommitId>)>, wakes: bool) {
        for (name, version) in version_index {
            match version {
                Some(version) => self.version_index.insert(name, version),
                None => self.version_index.remove(&name).map(|(_, version)| version),
            };
        }
        if wakes {
            // Who waits now, and one who was just about to.
            self.woken.notify_waiters();
            self.woken.notify_one();
        }
    }
}

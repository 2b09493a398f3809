//! What may go wrong beneath the embedded store, sorted by what is to be done about it.
//!
//! It owns the judgement of SQLite's and the system's error codes, and knows no table.

use std::io;

use rusqlite::{ErrorCode, ffi};

use crate::StoreError;

/// A failure that every waiting caller is told, so unlike `StoreError` it can be copied.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Somebody else holds the file (a shell, a backup): the next attempt may succeed.
    Busy(String),
    /// No room: what was asked did not happen, the store goes on.
    Full(String),
    /// Nothing that follows can be trusted: the store ends here.
    Damaged(String),
    /// The store ends before a check of it has.
    Interrupted,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        let Some(code) = error.sqlite_error() else {
            // A row of a shape that we never write.
            return Self::Damaged(text);
        };
        match code.code {
            ErrorCode::DiskFull => Self::Full(text),
            // The index of the write-ahead log could not grow: the disk is full there, too.
            _ if code.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::Full(text),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory => Self::Busy(text),
            ErrorCode::OperationInterrupted => Self::Interrupted,
            _ => Self::Damaged(text),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let text = error.to_string();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(text),
            _ => Self::Damaged(text),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy(text) => Self::Away(text),
            Failure::Full(text) => Self::Full(text),
            Failure::Damaged(text) => Self::Damaged(text),
            Failure::Interrupted => Self::Away("the store is being closed".into()),
        }
    }
}

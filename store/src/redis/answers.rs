//! Answers of Redis: values, read strictly, and errors, sorted: which end a call, and which only say where to go
//! on. Every error of the driver ends here.

use bytes::Bytes;
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::{CommitId, Record, StoreError};

/// What is to be done after an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// The server does not have the library: it was emptied, or is new.
    Load,
    /// The slot is on its way; the server at this address is to be asked, with `ASKING`.
    Ask { host: String, port: u16 },
    /// It will pass.
    Wait,
    /// Another server is primary; which, is to be found out.
    Look,
    /// The same, and this connection is good for nothing any more. Whether the command was
    /// carried out is not known.
    Leave,
    /// It is the answer.
    Give,
}

impl NextStep {
    pub(super) fn after(error: &RedisError) -> Self {
        use ServerErrorKind as Said;
        match error.kind() {
            ErrorKind::Server(Said::Ask) => error
                .redirect_node()
                .and_then(|(address, _)| address.rsplit_once(':'))
                .map_or(Self::Wait, |(host, port)| {
                    port.parse().map_or(Self::Wait, |port| Self::Ask { host: host.to_owned(), port })
                }),
            ErrorKind::Server(Said::TryAgain | Said::BusyLoading) => Self::Wait,
            ErrorKind::Server(Said::Moved | Said::ReadOnly | Said::ClusterDown | Said::MasterDown) => Self::Look,
            ErrorKind::Server(Said::ResponseError)
                if error.detail().is_some_and(|text| text.contains("Function not found")) =>
            {
                Self::Load
            }
            ErrorKind::Io => Self::Leave,
            _ => Self::Give,
        }
    }
}

/// An answer that is not what the question asks for.
pub(super) fn unread(what: &str) -> StoreError {
    StoreError::Damaged(format!("Redis answered what cannot be read: {what}"))
}

/// The driver's error as the port has it.
pub(super) fn sorted(error: RedisError) -> StoreError {
    let text = error.to_string();
    match (error.code(), error.kind()) {
        // MISCONF: it cannot write its snapshot, in practice for want of room.
        (Some("OOM" | "MISCONF"), _) => StoreError::Full(text),
        (Some("WRONGTYPE" | "DAMAGED" | "EMPTIED"), _) | (_, ErrorKind::Parse | ErrorKind::UnexpectedReturnType) => {
            StoreError::Damaged(text)
        }
        _ => StoreError::Away(text),
    }
}

/// A record as a key holds it.
pub(super) fn record(value: Value) -> Result<Option<Record>, StoreError> {
    if matches!(value, Value::Nil) {
        return Ok(None);
    }
    let whole = bytes(value)?;
    let Some(version) = whole.first_chunk() else {
        return Err(unread("a record without a version"));
    };
    Ok(Some(Record { version: CommitId(*version), bytes: whole.slice(version.len()..) }))
}

/// A list, and what stands after it.
pub(super) fn list_and_rest(value: Value) -> Result<(Vec<Value>, Value), StoreError> {
    let [list, rest] = <[Value; 2]>::try_from(array(value)?).map_err(|_| unread("not two answers"))?;
    Ok((array(list)?, rest))
}

/// A list.
pub(super) fn array(value: Value) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(unread("not a list")),
    }
}

/// A text of bytes.
pub(super) fn bytes(value: Value) -> Result<Bytes, StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(Bytes::from(bytes)),
        _ => Err(unread("not bytes")),
    }
}

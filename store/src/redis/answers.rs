//! What Redis answers, sorted: which errors end a call, and which only say where to go on.
//! Every error of the driver ends here.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::StoreError;

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

//! Limits and counts of requests: by address, of failures, of uploads; and whose address a request comes from.
//! It knows no handler.

pub(crate) mod client;
pub(crate) mod counts;
pub(crate) mod failures;
pub(crate) mod limiter;
pub(crate) mod upload_limiter;

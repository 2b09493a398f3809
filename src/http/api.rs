//! The API, one file a resource.
//! It translates between callers and services.

pub mod conversations;
pub mod teams;

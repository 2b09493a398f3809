//! The channels that are written in Rust, where no definition file can describe them: mail, the gateway's own web
//! chat, sessions of pages, and the recorder. Each has a `Definition` of its own.

pub mod recorder;
pub mod session;
pub mod smtp;
pub mod webchat;

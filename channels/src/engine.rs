//! The engine: a definition's tables, and the channel of an account that speaks as they say. One engine serves all
//! platforms. It reads no definition and judges no account: `platform` does.

pub mod file;
pub mod line;
pub mod outcome;
pub mod request;
pub mod units;

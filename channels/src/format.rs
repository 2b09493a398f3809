//! The parts that definition files are written in: texts with holes, tests on what a platform says, requests, and
//! how webhooks are proved, answered and read.
//! `engine::file` is the whole file.

pub mod call;
pub mod inbound;
pub mod key_encoding;
pub mod matching;
pub mod template;

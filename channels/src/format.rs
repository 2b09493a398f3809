//! The parts that definition files are written in: texts with holes, tests on what a platform says, and requests.
//! `engine::file` is the whole file.

pub mod call;
pub mod matching;
pub mod template;

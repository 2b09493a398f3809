//! Measures the sources of Countersign: cycles, names, sizes and documentation.
//! It reads them as syntax, without types and without expanding macros.

pub mod definitions;
pub mod graph;
pub mod modules;
pub mod references;
pub mod sources;
pub mod tests_removed;

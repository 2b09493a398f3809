//! Measures the sources of Countersign: cycles, names, sizes and documentation.
//! It reads them as syntax, without types and without expanding macros; `figures` says how each is counted.

use std::path::Path;

pub mod definitions;
pub mod figure;
pub mod figures;
pub mod graph;
pub mod limits;
pub mod modules;
pub mod references;
pub mod sources;
pub mod tests_removed;
pub mod words;

use figure::Figure;
use sources::{Error, Sources};

/// All figures of the workspace whose manifest lies in `root`, in the order in which they are printed.
///
/// # Errors
/// A file that cannot be read or parsed, or a manifest without the packages' names.
pub fn measure(root: &Path) -> Result<Vec<Figure>, Error> {
    Ok(figures::all(&Sources::read(root)?))
}

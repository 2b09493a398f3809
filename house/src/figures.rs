//! All figures. Each module holds those of one subject, each in a function that says how it is counted.
//! Tests are apart everywhere, and this crate is not measured.

pub mod cycles;
pub mod documentation;
pub mod functions;
pub mod proof_methods;
pub mod sizes;
pub mod structs;
pub mod types;

use crate::figure::Figure;
use crate::sources::Sources;
use crate::words;

/// All figures, in the order in which they are printed.
pub fn all(sources: &Sources) -> Vec<Figure> {
    let mut found = cycles::figures(sources);
    found.extend(types::figures(sources));
    found.push(words::figure(sources));
    found.extend(structs::figures(sources));
    found.extend(functions::figures(sources));
    found.extend(sizes::figures(sources));
    found.push(documentation::figure(sources));
    found.extend(proof_methods::figures(sources));
    found
}

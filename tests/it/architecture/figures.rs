//! Holds the figures of the sources to their limits in `house/figures.toml`.
//! The crate `countersign-house` says how each figure is counted, and what breaks a limit.

use countersign_house::{limits, measure};

#[test]
fn figures_keep_their_limits() {
    let root = super::root();
    let figures = measure(&root).expect("the sources can be read and parsed");
    let text = std::fs::read_to_string(root.join(limits::PATH)).expect("the limits are there");
    let wrong = limits::check(&figures, &text);
    assert!(wrong.is_empty(), "{} figures do not keep their limits:\n{}", wrong.len(), wrong.join("\n"));
}

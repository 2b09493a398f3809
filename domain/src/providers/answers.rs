//! Answers to questions, as they were given.
//! They are compared elsewhere, and print nowhere.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Answers to a set of questions, in its order. They do not print.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Answers(pub(crate) Vec<String>);

//! What requests hold, read strictly, and what is answered where something is wrong.
//! Who asks, and for what, is nothing of it.

pub mod body;
pub mod multipart;
pub mod problem;
pub mod problem_types;
pub mod query;

//! What providers of document checks and of questions are asked, and what they say.
//! How they are asked is nothing of the domain.

pub mod answers;
pub mod identity;
pub mod provider_questions;
pub mod question_rule;

//! Rules for the chat: whether a typed text is an answer, a confirmation code or conversation, and what a platform
//! says of whose browser it was.

pub(crate) mod confirm;
pub mod hear;
pub mod linked;
pub mod receive;

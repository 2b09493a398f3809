//! Callers and their roles, and the layers that every request passes.
//! What is answered, the handlers say.

pub mod caller;
pub mod layers;
pub mod replies;
pub mod session;

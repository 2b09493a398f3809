//! Who may ask, and what every request passes.
//! What is answered, the handlers say.

pub mod caller;
pub mod layers;
pub mod replies;
pub mod session;

//! Who may ask, how often, and what every request passes.
//! What is answered, the handlers say.

pub mod caller;
pub mod counts;
pub mod failures;
pub mod layers;
pub mod limiter;
pub mod replies;
pub mod session;

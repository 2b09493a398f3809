//! Connections: accepted, kept within limits, and ended.
//! What is asked over one, the router says.

pub mod connection;
pub mod connection_life;
pub mod connection_limits;
pub mod host;
pub mod incoming_body;
pub mod io_timeout;
pub mod serve;

//! Small types that all rooms use: names, methods, roles, ways to a person.
//! What follows from them, the rooms say.

pub mod actor;
pub mod binding;
pub mod channel_capabilities;
pub mod country;
pub mod id;
pub mod method;
pub mod named;
pub mod own_address;
pub mod role;
pub mod validation;
pub mod way;

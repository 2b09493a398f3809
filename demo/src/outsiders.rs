//! The data of those who are outside the gateway: the bank with its login page, the channels and phones of
//! its customers, the provider that judges documents. The API of the gateway is known to none of them.

pub(crate) mod bank;
pub(crate) mod channel;
pub(crate) mod events;
pub(crate) mod identity;
pub(crate) mod phones;

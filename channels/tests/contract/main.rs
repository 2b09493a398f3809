//! What every shipped definition owes: against a real server that plays the platform it asks for
//! what the platform documents, to the letter; no text that people write leaves its place; and
//! each of its table of errors means what it says.
//!
//! What a platform's side looks like stands in `tests/platforms/NAME.toml`, written from its
//! documentation and never made by the engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod case;
mod decoded;
mod definitions;
mod doubt;
mod errors;
mod foreign;
mod heard;
#[path = "../foreign/homeserver.rs"]
mod homeserver;
mod hostile;
#[path = "../foreign/interop.rs"]
mod interop;
mod kannel;
mod mail;
mod outages;
mod outside;
mod page;
#[path = "../foreign/ports.rs"]
mod ports;
mod requests;
mod rooms;
mod server;
mod synapse;
mod tokens;
mod vectors;

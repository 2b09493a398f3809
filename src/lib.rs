//! Countersign: a gateway that lets a conversation prove who is in it.
//!
//! A bot, an agent or a website asks "let this person prove who they are"; the gateway sends a
//! login link into the chat, hears the login page's answer, and keeps one flag for everyone who
//! needs it: *this participant is authenticated, by this method, until this moment*.
//!
//! ```text
//! main ─ cli ─ app ─ http ─ services ─ engine ─ store     ← embedded (SQLite), redis
//!               │             ├─ domain
//!               │             ├─ directory   ← LDAP, PostgreSQL, HTTP
//!               │             └─ identity    ← mitek, signed
//!               ├ demo (an outsider: it knows only the HTTP API)
//!               └ the composition root: it alone sees concrete adapters
//! ```
//!
//! Where to add what: a rule in `domain::rules`, a setting in `domain::settings::table`, an
//! operation in `http` over a use case in `services`, a database in `store`, a chat platform in
//! the crate `countersign-channels`. `tests/it/architecture.rs` holds the arrows.

pub mod app;
pub mod cli;
pub mod config;
pub mod http;

pub use countersign_ambient as ambient;
pub use countersign_demo as demo;
pub use countersign_directory as directory;
pub use countersign_domain as domain;
pub use countersign_identity as identity;
pub use countersign_pages as pages;
pub use countersign_pictures as pictures;
pub use countersign_services as services;
pub use countersign_store as store;

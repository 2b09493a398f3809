//! Proofs and the flag that they raise: links, challenges, pages, bindings, lockouts.
//! When one counts, the rules say.

pub mod assertion;
pub mod challenge;
pub mod confirmation;
pub mod entry;
pub mod flag;
pub mod link;
pub mod lockout;
pub mod methods;
pub mod mrz;
pub mod page_proof;
pub mod redaction;

//! Links: how one is issued, opened, entered by and answered. A link proves nothing by itself;
//! what comes back through it does.

pub mod continue_link;
pub mod enter;
pub mod invite;
pub mod issue;
pub mod page;
pub mod postback;

//! Documents for browsers: their headers, their language, the browser that asks, and refusals that people read.
//! What a page shows, its own file says.

pub mod browser;
pub mod notices;
pub mod page;
pub mod policy;
pub mod reader;

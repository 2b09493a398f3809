//! Rules for pages in a browser: answers, uploads and logins there, and the form that binds a proof to the browser
//! or the chat.

pub mod bind;
pub mod finish;
pub mod hosted;
pub mod on_page;
pub mod photo;

//! The hosted pages as HTML, and the files that they load: for customers, developers, and the company's own people.
//!
//! Owns templates, texts, styles and scripts, all compiled in. Refuses to know requests, tokens
//! and rules: `http` says what a page shall say, this module says how it looks. Every page works
//! without JavaScript and under a policy that allows neither inline script nor inline style.

pub mod admin;
mod assets;
mod brand;
pub mod consoles;
mod customers;
mod developers;
mod embedded;
mod render;
pub mod sections;
mod texts;
mod view_parts;

#[cfg(test)]
extern crate self as countersign_pages; // what the gallery, which other tests draw, too, calls it
#[cfg(test)]
mod tests;

pub use assets::{Asset, asset};
pub use brand::{Brand, brand_css};
pub use customers::answer::{AnswerError, AnswerKind, AnswerPage, SentTo};
pub use customers::chat::ChatPage;
pub use customers::done::{AnsweredRequest, Done, DoneState, LinkedPlatform, Returning, WayOn};
pub use customers::landing::{LandingPage, LandingPurpose, ScreenDocument};
pub use customers::login::{CustomerLoginPage, LoginError, RequestedInput};
pub use customers::notice::{Notice, RefusedPage};
pub use customers::participant::{ShownAddressKind, ShownRole};
pub use customers::photo::{Photo, PhotoError, PhotoState};
pub use customers::questions::{AskedQuestion, QuestionsPage};
pub use developers::ProblemPage;
pub use render::Pages;
pub use texts::{asked, in_english, language_for};
pub use view_parts::{App, End};

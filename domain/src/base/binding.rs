//! What shows that the person who proved themselves is the one who chats.
//! When a binding is reached, `page_proof` and the rules say.

use serde::{Deserialize, Serialize};

crate::named! {
    /// The evidence that the person who proved themselves is the one who chats, from the weakest to the strongest.
    #[derive(PartialOrd, Ord)]
    pub enum Binding {
        /// Nothing does.
        None = "none",
        /// Nothing does: who proved themselves is at one browser, and that browser alone is known.
        Browser = "browser",
        /// The answer was a message of the conversation itself.
        Typed = "typed",
        /// The code that the browser was shown came back through the chat.
        Code = "code",
        /// The chat's own platform says whose browser it is.
        Platform = "platform",
        /// The chat's own window opened the page, and the browser that did so came back from it.
        Opener = "opener",
        /// The website that runs the chat vouched.
        Token = "token",
    }
}

impl Binding {
    /// Those that count for an intent that lists none.
    pub const USUAL: [Self; 5] = [Self::Typed, Self::Code, Self::Platform, Self::Opener, Self::Token];
}

/// What a page belongs to, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageSource {
    /// A login link.
    Link(u16),
    /// A challenge.
    Challenge(u16),
}

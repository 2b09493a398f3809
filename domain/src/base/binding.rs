//! What shows that the person who proved themselves is the one who chats.
//! When a binding is reached, `page_proof` and the rules say.

use serde::{Deserialize, Serialize};

/// What shows that the person who proved themselves is the one who chats. From the weakest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// Nothing does.
    None,
    /// Nothing does: who proved themselves is at one browser, and that browser alone is known.
    Browser,
    /// The answer was a message of the conversation itself.
    Typed,
    /// The code that the browser was shown came back through the chat.
    Code,
    /// The chat's own platform says whose browser it is.
    Platform,
    /// The chat's own window opened the page, and the browser that did so came back from it.
    Opener,
    /// The website that runs the chat vouched.
    Token,
}

impl Binding {
    /// All, from the weakest on.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Browser, Self::Typed, Self::Code, Self::Platform, Self::Opener, Self::Token];

    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Browser => "browser",
            Self::Typed => "typed",
            Self::Code => "code",
            Self::Platform => "platform",
            Self::Opener => "opener",
            Self::Token => "token",
        }
    }

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

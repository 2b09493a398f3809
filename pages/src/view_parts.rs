//! Small things that several pages tell: an end and how far off it is, and the app that the page was opened
//! in. It knows neither clocks nor requests: both are given.

use serde::Serialize;

/// When something ends, told twice: as a moment, and as a span that needs no clock of the reader's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// RFC 3339 UTC.
    pub at: String,
    /// Whole seconds until then.
    pub seconds_left: u64,
}

/// An app that opens links in a browser of its own. Passwords and passkeys of the person's real browser are
/// out of reach there, and some login pages refuse to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum App {
    /// Facebook.
    Facebook,
    /// Messenger.
    Messenger,
    /// Instagram.
    Instagram,
    /// WhatsApp.
    WhatsApp,
    /// Telegram.
    Telegram,
    /// LINE.
    Line,
    /// Viber.
    Viber,
    /// WeChat.
    WeChat,
    /// TikTok.
    TikTok,
    /// LinkedIn.
    LinkedIn,
    /// One that does not say its name.
    Unnamed,
}

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
#[allow(missing_docs, reason = "names of apps")]
pub enum App {
    Facebook,
    Messenger,
    Instagram,
    WhatsApp,
    Telegram,
    Line,
    Viber,
    WeChat,
    TikTok,
    LinkedIn,
    /// One that does not say its name.
    Unnamed,
}

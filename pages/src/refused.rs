//! Why a page is refused: each reason has words of its own in every language.
//! Which one it is, the handlers say.

/// The refusals that have words of their own. Unknown and expired links may be told alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The link's time is over.
    Expired,
    /// The link was used.
    Used,
    /// A newer link replaces it.
    Superseded,
    /// The link was reported.
    Reported,
    /// There is no such link.
    Unknown,
    /// Too many tries from one address.
    TooMany,
    /// Too many wrong answers: a lock.
    Locked,
    /// Too many locks: a ban.
    Banned,
    /// The form is too old, or another browser's.
    Stale,
    /// The login was not confirmed in the chat.
    NotConfirmed,
    /// The gateway cannot answer now.
    Unavailable,
    /// There is no code to type.
    NoCode,
    /// The code's time is over.
    CodeOver,
    /// The invitation is over.
    EntryOver,
    /// The link to another password is over.
    ResetOver,
    /// The picture is too large.
    PhotoTooLarge,
    /// Another browser began.
    OtherBrowser,
    /// The browser keeps no cookies.
    NoCookies,
}

impl Refused {
    /// Every refusal, for tests and galleries.
    pub const ALL: [Refused; 18] = [
        Refused::Expired,
        Refused::Used,
        Refused::Superseded,
        Refused::Reported,
        Refused::Unknown,
        Refused::TooMany,
        Refused::Locked,
        Refused::Banned,
        Refused::Stale,
        Refused::NotConfirmed,
        Refused::Unavailable,
        Refused::NoCode,
        Refused::CodeOver,
        Refused::EntryOver,
        Refused::ResetOver,
        Refused::PhotoTooLarge,
        Refused::OtherBrowser,
        Refused::NoCookies,
    ];

    /// Its word in the texts' keys.
    pub fn text_key(self) -> &'static str {
        match self {
            Refused::Expired => "expired",
            Refused::Used => "used",
            Refused::Superseded => "superseded",
            Refused::Reported => "reported",
            Refused::Unknown => "unknown",
            Refused::TooMany => "too_many",
            Refused::Locked => "locked",
            Refused::Banned => "banned",
            Refused::Stale => "stale",
            Refused::NotConfirmed => "not_confirmed",
            Refused::Unavailable => "unavailable",
            Refused::NoCode => "no_code",
            Refused::CodeOver => "code_over",
            Refused::EntryOver => "entry_over",
            Refused::ResetOver => "reset_over",
            Refused::PhotoTooLarge => "photo_too_large",
            Refused::OtherBrowser => "other_browser",
            Refused::NoCookies => "no_cookies",
        }
    }
}

//! Refusals, told to a person: each has words of its own in every language.
//! The handlers say which one it is.

use serde::Serialize;

use crate::brand::Brand;
use crate::texts;
use crate::view_parts::End;

/// A refusal, told to a person.
#[derive(Serialize)]
pub struct Notice {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// The heading.
    pub title: String,
    /// What happened.
    pub text: String,
    /// The next step for the reader.
    pub hint: String,
    /// When it may be tried again, where that is known.
    pub until: Option<End>,
}

impl Notice {
    /// The notice for a refusal, in the words of `locale`.
    pub fn of(refused: RefusedPage, brand: Brand, locale: &str) -> Notice {
        let lang = texts::language(locale);
        let say = |part: &str| {
            let key = format!("notice.{}.{part}", refused.text_key());
            texts::text(lang, &key).expect("every refusal has its three texts: tests").to_owned()
        };
        Notice {
            brand,
            locale: locale.to_owned(),
            title: say("title"),
            text: say("text"),
            hint: say("hint"),
            until: None,
        }
    }
}

/// The refusals that have words of their own. Unknown and expired links may be told alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedPage {
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

impl RefusedPage {
    /// Every refusal, for tests and galleries.
    pub const ALL: [RefusedPage; 18] = [
        RefusedPage::Expired,
        RefusedPage::Used,
        RefusedPage::Superseded,
        RefusedPage::Reported,
        RefusedPage::Unknown,
        RefusedPage::TooMany,
        RefusedPage::Locked,
        RefusedPage::Banned,
        RefusedPage::Stale,
        RefusedPage::NotConfirmed,
        RefusedPage::Unavailable,
        RefusedPage::NoCode,
        RefusedPage::CodeOver,
        RefusedPage::EntryOver,
        RefusedPage::ResetOver,
        RefusedPage::PhotoTooLarge,
        RefusedPage::OtherBrowser,
        RefusedPage::NoCookies,
    ];

    /// Its word in the texts' keys.
    pub fn text_key(self) -> &'static str {
        match self {
            RefusedPage::Expired => "expired",
            RefusedPage::Used => "used",
            RefusedPage::Superseded => "superseded",
            RefusedPage::Reported => "reported",
            RefusedPage::Unknown => "unknown",
            RefusedPage::TooMany => "too_many",
            RefusedPage::Locked => "locked",
            RefusedPage::Banned => "banned",
            RefusedPage::Stale => "stale",
            RefusedPage::NotConfirmed => "not_confirmed",
            RefusedPage::Unavailable => "unavailable",
            RefusedPage::NoCode => "no_code",
            RefusedPage::CodeOver => "code_over",
            RefusedPage::EntryOver => "entry_over",
            RefusedPage::ResetOver => "reset_over",
            RefusedPage::PhotoTooLarge => "photo_too_large",
            RefusedPage::OtherBrowser => "other_browser",
            RefusedPage::NoCookies => "no_cookies",
        }
    }
}

//! The end of a visit: which browser has come, how the visit ended, and the way back to the chat.
//! The handler decides how it ended; this file says what the page holds.

use serde::Serialize;

use super::participant::{ShownAddressKind, ShownRole};
use crate::brand::Brand;
use crate::view_parts::End;

/// The page that a browser comes to after a login or a right answer: its form says which browser has come.
#[derive(Serialize)]
pub struct Returning {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// The done page's token; goes to `/d` in the field `page`, with `act=finish`.
    pub page: String,
    /// Whether it was posted once without a cookie; goes back in the field `again`.
    pub again: bool,
}

/// The page after the login, or after a report.
#[derive(Default, Serialize)]
pub struct Done {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// How it ended.
    pub state: DoneState,
    /// Where the chat is (`https://wa.me/…`, `sms:…`); shown only with a scheme that leads to a chat.
    pub return_link: Option<String>,
    /// How the chat's own platform says whose browser this is; none where it cannot.
    pub platform: Option<LinkedPlatform>,
    /// Where this browser wants to come in; none where it came to log in from a chat.
    pub way_on: Option<WayOn>,
}

/// A chat platform that says itself whose browser comes to it.
#[derive(Serialize)]
pub struct LinkedPlatform {
    /// What people call it.
    pub name: String,
    /// Where it is; none: the page's own form leads there, with `act=link`.
    pub url: Option<String>,
}

/// The invitation that a browser was sent to the login page from: the way on is its Continue.
#[derive(Serialize)]
pub struct WayOn {
    /// Path that Continue posts to, with `act=continue`.
    pub action: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
}

/// The request that a login answered, and how it is disowned.
#[derive(Clone, Serialize)]
pub struct AnsweredRequest {
    /// The channel's name.
    pub channel: String,
    /// The chat's own address, masked.
    pub address: String,
    /// When the link was asked for, RFC 3339 UTC.
    pub asked_at: String,
    /// Whole minutes since then.
    pub minutes_ago: u64,
    /// The participant's name, where the caller wants it shown.
    pub customer_name: Option<String>,
    /// The participant's part in the conversation.
    pub role: ShownRole,
    /// The account that logged in, as its owner sees it; only for the browser that began.
    pub account: Option<String>,
    /// The done page's token; goes to `/d` in the field `page`. The field `act` says which form it is.
    pub page: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
}

/// How a visit ended.
#[derive(Default, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DoneState {
    /// Logged in; the code shown here must still arrive from the chat.
    Code {
        /// The confirmation code.
        code: String,
        /// When the code ends, RFC 3339 UTC.
        expires_at: String,
        /// Seconds left until then; the script counts down from here, not from its own clock.
        seconds_left: u64,
        /// The request behind it.
        #[serde(flatten)]
        asked: AnsweredRequest,
    },
    /// The flag is set. A person who logged in without having asked for it can still say so.
    Authenticated {
        /// When the flag falls.
        expires_at: End,
        /// The request behind it.
        #[serde(flatten)]
        asked: AnsweredRequest,
    },
    /// The code was right; the chat goes on by itself.
    Passed,
    /// The person is in the conversation.
    Entered,
    /// Another password was chosen.
    PasswordChanged,
    /// The login page refused.
    Denied,
    /// The person gave up at the login page.
    Cancelled,
    /// "This wasn't me" was pressed.
    Reported,
    /// Another browser has come than the one that began: it is asked which address it chats with.
    Address {
        /// The kind of that address.
        asks: ShownAddressKind,
        /// Whether what was typed before was not it.
        wrong: bool,
        /// The request behind it.
        #[serde(flatten)]
        asked: AnsweredRequest,
    },
    /// Another browser has come than the one that began, and nothing was confirmed.
    OtherBrowser {
        /// The request behind it.
        #[serde(flatten)]
        asked: AnsweredRequest,
    },
    /// The same, and the person may begin again in this browser.
    StartAgain {
        /// The request behind it.
        #[serde(flatten)]
        asked: AnsweredRequest,
    },
    /// Another browser went on.
    Elsewhere,
    /// A document is still being checked.
    Judging,
    /// Nothing more to do here; back to the chat.
    #[default]
    Ended,
}

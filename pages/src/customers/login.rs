//! What the pages of accounts are given: logging in, the code besides a password, and another password.
//! They know words for what is asked, and neither names nor passwords.

use serde::Serialize;

use super::participant::ShownAddressKind;
use crate::brand::Brand;

/// A page of an account: one form, beside it what else one may do.
#[derive(Serialize)]
pub struct CustomerLoginPage {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// What is asked for.
    pub asks: RequestedInput,
    /// Why the last try did not help; stands beside the fields.
    pub error: Option<LoginError>,
    /// Path that every form posts to; the field `act` says which it is.
    pub action: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
    /// The form's own name for what is sent with it; goes back in the field `attempt`.
    pub attempt: String,
}

/// What is asked for.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RequestedInput {
    /// Which address this browser chats with: it is not the one that began.
    Address {
        /// What kind of address that is.
        address: ShownAddressKind,
    },
    /// Name and password.
    Password {
        /// Whether a link to another password can be asked for.
        forgotten: bool,
        /// Whether a code is enough.
        by_code: bool,
    },
    /// The name of an account whose password was forgotten.
    Forgot,
    /// Nothing more: a link is on its way, if there is such an account.
    ResetSent,
    /// The name of an account that a code is to be sent to.
    ByCode,
    /// A code that is enough.
    LoginCode {
        /// The name as it was typed; goes back in the field `username`.
        username: String,
    },
    /// A code besides the password.
    Code {
        /// Goes back in the field `account`; it says nobody's name.
        account: String,
    },
    /// Another password.
    NewPassword {
        /// Characters that it needs.
        length: usize,
        /// When the link ends, RFC 3339 UTC.
        expires_at: String,
    },
}

/// What went wrong, in the few ways that a person can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginError {
    /// Name or password are not right, or nothing is taken now: which of these it was is not told.
    Wrong,
    /// The code is not right, or over.
    WrongCode,
    /// It is not the address of the chat.
    WrongAddress,
    /// The two new passwords are not the same.
    Differ,
    /// The new password is too short, or has no letter or no digit.
    Weak,
    /// The new password is what everybody tries first, or the account's own name.
    Common,
}

//! What the code page is given: one field, how often it may still be tried, and when another code may
//! be asked for. Knows words for what is asked and never the code itself.

use serde::Serialize;

use crate::brand::Brand;
use crate::view_parts::End;

/// The page that asks for a code or a PIN.
#[derive(Serialize)]
pub struct AnswerPage {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// What is asked for.
    pub wanted: AnswerKind,
    /// Why the last answer, or the last wish for a new code, did not help; stands beside the field.
    pub error: Option<AnswerError>,
    /// Wrong answers that are still taken; none where the code is over.
    pub tries_left: Option<u32>,
    /// When the code ends; none where it does not end by itself.
    pub expires_at: Option<End>,
    /// Seconds until another code may be sent; none where this page cannot send one.
    pub resend_in: Option<u64>,
    /// Path that every form posts to; the field `act` says which it is.
    pub action: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
    /// Goes back in the field `attempt`, so that an answer that is sent twice counts once.
    pub attempt: String,
}

/// What is asked for, and where the person has it from.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AnswerKind {
    /// A one-time code that was sent.
    Sent {
        /// How many digits.
        digits: u64,
        /// Where it went; none where that is not known yet, or will not be.
        to: Option<SentTo>,
    },
    /// A one-time code that a person says.
    Told {
        /// How many digits.
        digits: u64,
    },
    /// A number that was agreed on.
    Pin,
}

/// Where a code went.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SentTo {
    /// Into the conversation itself.
    Chat,
    /// To this address, masked.
    Address(String),
}

/// What went wrong, in the few ways that a person can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerError {
    /// It is not the one.
    Wrong,
    /// It cannot be one: too long, too short, or no digits.
    NotACode,
    /// This code does not count any more.
    Over,
    /// Another was sent a moment ago.
    TooEarly,
    /// No more codes are sent for now.
    NoMoreCodes,
}

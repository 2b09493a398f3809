//! The page behind a link, before anything is proved: who asks for what, and the team's own opening screen.
//! The handler decides whether the link is good; this file says what the page holds.

use serde::Serialize;

use super::participant::ShownRole;
use crate::brand::Brand;
use crate::view_parts::{App, End};

/// Why a link was made; decides the wording of its landing page.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LandingPurpose {
    /// A login before the chat begins.
    PreChat,
    /// A login while the chat runs.
    MidChat,
    /// An invitation to a conversation; the landing page is its opening screen.
    Entry,
    /// A code or a PIN is asked for on the next page; the landing page is its opening screen.
    Code,
}

/// The page behind a link: who asks, and the choice between going on and reporting.
#[derive(Serialize)]
pub struct LandingPage {
    /// Whose page this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// The channel's name, as in the contract (`whatsapp`, `webchat`).
    pub channel: String,
    /// The chat's own address, masked: `+372•••••345`.
    pub address: String,
    /// The participant's name, where the caller wants it shown.
    pub customer_name: Option<String>,
    /// The participant's part in the conversation.
    pub role: ShownRole,
    /// When the link was asked for, RFC 3339 UTC.
    pub asked_at: String,
    /// Whole minutes since then.
    pub minutes_ago: u64,
    /// Decides title and lead.
    pub purpose: LandingPurpose,
    /// When the link ends; `None`: never.
    pub expires_at: Option<End>,
    /// The purpose of the login, in the team's words.
    pub intent_label: Option<String>,
    /// Path that both forms post to; the field `act` says `continue` or `report`.
    pub action: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
    /// Origins whose chat page may prove that it opened this window; empty: no handshake.
    pub opener_origins: Vec<String>,
    /// Going on without that proof is useless: the script holds Continue back until it came.
    pub opener_required: bool,
    /// The app in whose own browser this stands, where a login page is to follow.
    pub in_app: Option<App>,
    /// Path of the team's own opening screen, which stands in a frame; none: the page's own words.
    pub screen: Option<String>,
}

/// A team's own opening screen, as the document of a frame.
pub struct ScreenDocument<'a> {
    /// HTML that was cleaned when it was saved.
    pub html: &'a str,
    /// The language that the page around it speaks.
    pub locale: &'a str,
}

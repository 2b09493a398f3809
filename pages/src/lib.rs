//! What the customer and the developer see: the hosted pages as HTML, and the files that they load.
//!
//! Owns templates, texts, styles and scripts, all compiled in. Refuses to know requests, tokens
//! and rules: `http` says what a page shall say, this module says how it looks. Every page works
//! without JavaScript and under a policy that allows neither inline script nor inline style.

pub mod admin;
mod answer;
mod assets;
mod brand;
pub mod consoles;
mod customer_login;
mod developers;
mod embedded;
mod photo;
mod questions;
mod refused;
mod render;
pub mod sections;
mod texts;
mod view_parts;

#[cfg(test)]
extern crate self as countersign_pages; // what the gallery, which other tests draw, too, calls it
#[cfg(test)]
mod tests;

pub use answer::{AnswerError, AnswerKind, AnswerPage, ScreenDocument, SentTo};
pub use assets::{Asset, asset};
pub use brand::{Brand, brand_css};
pub use customer_login::{CustomerLoginPage, LoginError, RequestedInput};
pub use developers::ProblemPage;
pub use photo::{Photo, PhotoError, PhotoState};
pub use questions::{AskedQuestion, QuestionsPage};
pub use refused::RefusedPage;
pub use render::Pages;
pub use texts::{asked, in_english, language_for};
pub use view_parts::{App, End};

use serde::Serialize;

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
    /// What the login is for, in the team's words.
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

/// A participant's part in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownRole {
    /// The one who chats.
    Primary,
    /// Another who must prove themselves.
    Cosigner,
}

/// What a conversation's address is to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownAddressKind {
    /// A phone number.
    Phone,
    /// A mail address.
    Mail,
    /// Nothing that they know by heart.
    Other,
}

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
    /// Who logged in, for the browser that began alone.
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
    /// The flag is set. Whoever logged in without having asked for it can still say so.
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
        /// What kind of address that is.
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
    /// What to do now.
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

/// The window of a web chat, which its script fills.
#[derive(Serialize)]
pub struct ChatPage {
    /// Whose chat this is.
    pub brand: Brand,
    /// BCP 47 tag of the wanted language; falls back to English.
    pub locale: String,
    /// What the script's requests begin with.
    pub path: String,
    /// Origins whose page may stand around it.
    pub origins: Vec<String>,
}

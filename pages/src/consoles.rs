//! What the company's own people see: the pages by which they come in, the consoles' frame, and the agent
//! console's documents, which their scripts fill. Owns how they look and what they say; what somebody may see
//! is decided before anything is drawn.

use minijinja::value::Serde;
use minijinja::{Value, context};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;

use super::render::Pages;
use super::sections::AdminSection;

/// Where somebody is with signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInStep {
    /// Who, and by what.
    First,
    /// The app's code.
    Code,
}

/// What was not right, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInProblem {
    /// Name or password are wrong.
    Wrong,
    /// The code is wrong.
    Code,
    /// The OpenID provider cannot be reached.
    ProviderAway,
    /// The OpenID provider's answer is wrong.
    ProviderBad,
    /// The OpenID provider has let nobody in.
    ProviderRefused,
    /// The form is too old.
    Stale,
    /// Nothing was typed.
    Nothing,
    /// The two passwords differ.
    NotTheSame,
    /// The old password is wrong.
    OldPassword,
    /// The password is too short.
    Short,
    /// The password has characters that cannot be used.
    Unusable,
    /// The password has no letter.
    NoLetter,
    /// The password has no digit.
    NoDigit,
    /// The password is a common one.
    Common,
    /// The password is made of the person's own data.
    Own,
}

/// The page to sign in on.
#[derive(Serialize)]
pub struct SignInPage {
    /// Of `language_for`.
    pub language: String,
    /// How far it went.
    pub step: SignInStep,
    /// Why it went no further.
    pub trouble: Option<SignInProblem>,
    /// What was typed.
    pub team: String,
    /// What was typed.
    pub name: String,
    /// Where it leads.
    pub next: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
    /// There is an OpenID provider.
    pub provider: bool,
    /// There is an owner's key.
    pub owner_key: bool,
    /// Nobody but the owner can be there yet: her form is unfolded.
    pub fresh: bool,
}

/// The page behind a set-password link.
#[derive(Serialize)]
pub struct SetPasswordPage {
    /// Of `language_for`.
    pub language: String,
    /// Path that the form posts to.
    pub action: String,
    /// Whose password.
    pub name: String,
    /// Her team.
    pub team: String,
    /// Goes back in the field `nonce`.
    pub nonce: String,
    /// Why it was not taken.
    pub trouble: Option<SignInProblem>,
}

/// What stands around every page of somebody who is in.
#[derive(Serialize)]
pub struct Shell {
    /// Of `language_for`.
    pub language: String,
    /// Which page this is: `agent`, `admin` or `account`.
    pub page: &'static str,
    /// By which its forms and scripts show that they are ours.
    pub csrf_token: String,
    /// The team that it is about.
    pub team: Option<String>,
    /// Teams that may be looked at: name and title.
    pub teams: Vec<(String, String)>,
    /// Who is in; none: the owner.
    pub name: Option<String>,
    /// `agent`, `admin` or `owner`.
    pub role: &'static str,
    /// She may open the admin console.
    pub administers: bool,
    /// What a page of the admin console is about; none on any other.
    pub admin_section: Option<AdminSection>,
}

/// Somebody's own account.
#[derive(Serialize)]
pub struct OwnAccountPage {
    /// Around it.
    pub frame: Shell,
    /// She has a password here.
    pub local: bool,
    /// She has an authenticator app.
    pub has_app: bool,
    /// An app that is being taken.
    pub enrolment: Option<Enrolment>,
    /// What was not right.
    pub trouble: Option<SignInProblem>,
}

/// What an authenticator app reads.
#[derive(Serialize)]
pub struct Enrolment {
    /// For a phone that shows this page itself.
    pub url: String,
    /// To be typed.
    pub secret: String,
    /// Modules on a side, quiet zone included.
    pub size: i32,
    /// The dark modules, as an SVG path.
    pub path: String,
}

/// The agent console's list.
#[derive(Serialize)]
pub struct Agent {
    /// Around it.
    pub frame: Shell,
    /// What a new conversation must be given.
    pub admits: Admits,
}

/// What a new conversation must be given, by the team's policy.
#[derive(Default, Serialize)]
pub struct Admits {
    /// A PIN is agreed on.
    pub pin: bool,
    /// The code goes by the other address, so both are needed.
    pub both: bool,
    /// Codes may be shown to agents.
    pub shows_codes: bool,
    /// The team's channels.
    pub channels: Vec<String>,
}

/// One interaction in a frame.
#[derive(Serialize)]
pub struct FramePage {
    /// Of `language_for`.
    pub language: String,
    /// Its id.
    pub interaction: String,
    /// Its team.
    pub team: String,
    /// What the script changes for a session.
    pub token: String,
    /// Whether agents see codes.
    pub shows_codes: bool,
}

/// Modules of a QR code's quiet zone (ISO/IEC 18004 §9.1).
const QUIET: i32 = 4;

impl Enrolment {
    /// Of an `otpauth:` address.
    pub fn of(url: &str) -> Self {
        let code = QrCode::encode_text(url, QrCodeEcc::Medium).expect("such an address is far below what a code holds");
        let dark = |(x, y): &(i32, i32)| code.get_module(*x, *y);
        let modules = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y))).filter(dark);
        let path = modules.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET)).collect();
        let secret = url.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
        let fours = secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
        Self { url: url.to_owned(), secret: fours, size: code.size() + 2 * QUIET, path }
    }
}

impl Pages {
    /// The page to sign in on.
    pub fn sign_in(&self, page: &SignInPage) -> String {
        self.staff("signin.html", &page.language, page)
    }

    /// The page behind a set-password link.
    pub fn set_password(&self, page: &SetPasswordPage) -> String {
        self.staff("set_password.html", &page.language, page)
    }

    /// Somebody's own account.
    pub fn account(&self, page: &OwnAccountPage) -> String {
        self.staff("account.html", &page.frame.language, page)
    }

    /// The agent console.
    pub fn agent(&self, page: &Agent) -> String {
        self.staff("agent.html", &page.frame.language, page)
    }

    /// One interaction in a frame.
    pub fn frame(&self, page: &FramePage) -> String {
        self.staff("frame.html", &page.language, page)
    }

    pub(super) fn staff(&self, template: &str, lang: &str, page: &impl Serialize) -> String {
        let (dir, page) = (super::texts::direction(lang), Value::from(Serde(page)));
        self.draw(template, context! { lang, dir, page })
    }
}

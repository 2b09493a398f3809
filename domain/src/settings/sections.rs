//! The settings as rules read them, one type for each section. Bounds and defaults stand in `table`;
//! what no rule reads yet stays in the JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{DeliveryRules, SendBudget};
use crate::accounts::directory::DirectoryKind;
use crate::base::binding::Binding;
use crate::base::method::Method;
use crate::customer::matching;
use crate::providers::question_rule;
use crate::time::Moment;

/// A span in minutes that may have no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minutes {
    /// So many.
    Of(u64),
    /// `"never"`: no end.
    Never,
}

impl Minutes {
    /// The end of a span that begins at `now`.
    pub fn after(self, now: Moment) -> Option<Moment> {
        match self {
            Self::Of(minutes) => Some(now.plus_minutes(minutes)),
            Self::Never => None,
        }
    }
}

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match Value::deserialize(d)? {
            Value::String(s) if s == "never" => Ok(Self::Never),
            value => value.as_u64().map(Self::Of).ok_or_else(|| serde::de::Error::custom("not minutes")),
        }
    }
}

impl Serialize for Minutes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Of(minutes) => s.serialize_u64(*minutes),
            Self::Never => s.serialize_str("never"),
        }
    }
}

/// Effective settings as the rules read them. Fields that no rule reads yet stay in the JSON.
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    /// The external login page.
    pub authentication_url: Option<String>,
    /// Origins that may open, embed or be returned to.
    pub allowed_origins: Vec<String>,
    /// How long a flag lasts.
    pub authentication_timeout_minutes: u64,
    /// Idle time after which an interaction closes.
    pub interaction_timeout_minutes: u64,
    /// How long a flag lasts at most since the first proof.
    pub absolute_timeout_minutes: u64,
    /// What binds a proof on a page to the chat.
    pub binding: BindingRule,
    /// What becomes of a proof that another browser finishes.
    pub other_browser: OtherBrowser,
    /// Login links.
    pub link: LinkRules,
    /// What failed answers lead to.
    pub lockout: Lockout,
    /// Who the customer is.
    pub directory: DirectoryRules,
    /// How pages look.
    pub brand: BrandSettings,
    /// Which language pages speak.
    pub locale: String,
    /// What the bot may want to do.
    pub intents: BTreeMap<String, Intent>,
    /// How people come in by an invitation.
    pub entry: EntryRules,
    /// One-time codes.
    pub otp: OtpRules,
    /// Numbers that were agreed on.
    pub pin: PinRules,
    /// By which ways messages go.
    pub delivery: DeliveryRules,
    /// How many may leave.
    pub send_budget: SendBudget,
    /// Checks of documents.
    pub photo_id: PhotoIdRules,
    /// When a code is wanted besides a password.
    pub two_factor: TwoFactor,
    /// Whether a code is enough to log in.
    pub login_otp: bool,
    /// What a password must be.
    pub password: PasswordRules,
    /// How long who logged in stays so.
    pub ticket: TicketRules,
    /// Questions.
    pub kba: KbaRules,
}

/// `link`.
#[derive(Clone, Debug, Deserialize)]
pub struct LinkRules {
    /// How long a link lives.
    pub ttl_minutes: Minutes,
    /// Whether the landing page may be left out.
    pub landing: LandingSetting,
}

/// `link.landing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LandingSetting {
    /// Always.
    Required,
    /// A caller may ask for the signed URL itself.
    Optional,
}

/// `binding`: what must show that the browser which finished a proof on a page is the chat's. The last two are no
/// settings: where there is no chat, or a door lets a browser in and the chat's flag cannot be raised by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindingRule {
    /// The strongest that the channel allows, never `none`.
    Auto,
    /// The chat's own window must have opened the page, and nothing else counts.
    Opener,
    /// A code must come back through the chat.
    Code,
    /// The proof is enough.
    None,
    /// There is no chat: the browser that started must finish.
    Browser,
    /// The browser that finished is let in, and no flag is raised.
    AdmitOnly,
}

/// `other_browser`: what becomes of a proof that another browser finishes than the one that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OtherBrowser {
    /// It is asked which address it chats with, and then shown a code for the chat.
    Ask,
    /// It is refused.
    Refuse,
}

/// `lockout`.
#[derive(Clone, Debug, Deserialize)]
pub struct Lockout {
    /// Failed answers that lock.
    pub threshold: u32,
    /// How long the first lock lasts.
    pub duration_minutes: u64,
    /// Each lock lasts so many times the one before.
    pub growth: u64,
    /// The lockout that bans; 0 never.
    pub max_lockouts: u32,
}

/// `directory`.
#[derive(Clone, Debug, Deserialize)]
pub struct DirectoryRules {
    /// Where the company's customers are.
    pub kind: DirectoryKind,
    /// Private data that must match a record.
    #[serde(rename = "match")]
    pub matching: Vec<matching::Rule>,
}

/// `brand`.
#[derive(Clone, Debug, Deserialize)]
pub struct BrandSettings {
    /// Who the person deals with.
    pub name: Option<String>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// A picture as `data:image/…;base64,…`; an address is taken, and not shown.
    pub logo: Option<String>,
}

impl BrandSettings {
    /// Whether the logo lies where pages load nothing from.
    pub(super) fn logo_is_elsewhere(&self) -> bool {
        self.logo.as_deref().is_some_and(|logo| !logo.starts_with("data:"))
    }
}

/// `entry`.
#[derive(Clone, Debug, Deserialize)]
pub struct EntryRules {
    /// Whether people must prove anything to come in.
    pub require_authentication: bool,
    /// What they prove the first time.
    pub first: Method,
    /// What they prove when they come again; nothing where they are not asked again.
    pub subsequent: Option<Method>,
    /// How long they must have been away to be asked again.
    pub offline_minutes: u64,
    /// How long an invitation lives.
    pub ttl_minutes: Minutes,
    /// Where they are let in to.
    pub admit_url: Option<String>,
}

/// `otp.send_when`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SendWhen {
    /// When the person is at the page that asks for it.
    Arrival,
    /// With the invitation.
    Invite,
}

/// `pin`.
#[derive(Clone, Debug, Deserialize)]
pub struct PinRules {
    /// The team's own opening screen.
    pub opening_screen: Option<String>,
}

/// `otp`.
#[derive(Clone, Debug, Deserialize)]
pub struct OtpRules {
    /// How many digits a code has.
    pub length: u8,
    /// How long a code lives.
    pub expires_minutes: Minutes,
    /// The words around a code; `#PIN#` stands where it goes.
    pub message: String,
    /// Whether codes are sent to customers at all.
    pub send_to_customer: bool,
    /// Wrong answers that end a code.
    pub max_tries: u32,
    /// Whether agents may see a code once its receiver is at its page.
    pub show_to_agents: bool,
    /// When codes for coming in are sent.
    pub send_when: SendWhen,
    /// Whether codes must be sent by another way than the invitation was.
    pub second_channel: bool,
}

impl OtpRules {
    /// Whether codes are neither sent nor shown.
    pub fn reaches_nobody(&self) -> bool {
        !self.send_to_customer && !self.show_to_agents
    }
}

/// `kba`.
#[derive(Clone, Debug, Deserialize)]
pub struct KbaRules {
    /// Whether questions are put at all.
    pub enabled: bool,
    /// Who puts them and judges the answers instead of the gateway.
    pub provider: Option<String>,
    /// How many are put.
    pub questions: usize,
    /// How many must be answered rightly.
    pub must_match: usize,
    /// How long a set is answered.
    pub expires_minutes: u64,
    /// What may be asked.
    pub ask: Vec<question_rule::QuestionRule>,
    /// Which fields of a customer's record the provider is sent, besides its id.
    pub send: Vec<String>,
}

impl KbaRules {
    /// Whether they can be put, where the provider that is named is there or is not.
    pub fn is_there(&self, provider: bool) -> bool {
        self.enabled && (self.provider.is_none() || provider)
    }
}

/// `photo_id`.
#[derive(Clone, Debug, Deserialize)]
pub struct PhotoIdRules {
    /// Whether documents are asked for at all.
    pub enabled: bool,
    /// Who judges them.
    pub provider: Option<String>,
    /// Attempts with unclear or wrong pictures that lock.
    pub quality_threshold: u32,
    authentication_threshold: u32,
    lockout_minutes: u64,
    max_lockouts: u32,
}

impl PhotoIdRules {
    /// The lockout that failed documents lead to.
    pub fn lockout(&self) -> Lockout {
        Lockout {
            threshold: self.authentication_threshold,
            duration_minutes: self.lockout_minutes,
            growth: 1,
            max_lockouts: self.max_lockouts,
        }
    }
}

/// `two_factor`.
#[derive(Clone, Debug, Deserialize)]
pub struct TwoFactor {
    /// At every login.
    pub always: bool,
    /// Where the device is not one that was validated.
    pub on_fingerprint_change: bool,
    /// Where the region is not the one that was validated last.
    pub on_region_change: bool,
}

/// `password`.
#[derive(Clone, Debug, Deserialize)]
pub struct PasswordRules {
    /// Characters.
    pub min_length: usize,
}

/// `ticket`.
#[derive(Clone, Debug, Deserialize)]
pub struct TicketRules {
    /// How long an access token lives.
    pub access_minutes: u64,
    /// How long a refresh token lives that nobody uses.
    pub refresh_minutes: u64,
}

/// One intent of `intents`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Methods that count.
    pub accept: Vec<Method>,
    /// How old the proof may be; absent: as old as the flag.
    #[serde(default)]
    pub max_age_minutes: Option<u64>,
    /// What people read.
    #[serde(default)]
    pub label: Option<String>,
    /// With it a login counts only where its `acr` is one of these.
    #[serde(default)]
    pub acr: Vec<String>,
    /// Bindings that count; where none is listed, all but `browser` and `none`.
    #[serde(default)]
    pub bindings: Vec<Binding>,
}

impl Intent {
    /// Whether a proof that is bound so counts.
    pub fn takes(&self, binding: Binding) -> bool {
        match self.bindings.as_slice() {
            [] => Binding::USUAL.contains(&binding),
            listed => listed.contains(&binding),
        }
    }
}

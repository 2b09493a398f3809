//! Where Countersign's messages go: the port that every chat platform is spoken to through, and
//! the engine that makes a platform of one TOML file.
//!
//! A channel carries a message to an address and says how that went. It knows nothing of
//! interactions, flags, tokens or stores: Cargo forbids it to. What a delivery error means for
//! the message (again, elsewhere, never) is part of the port; what to do about it is not.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

pub mod account;
pub mod ambient;
pub mod auth;
pub mod built_in;
pub mod definition;
pub mod egress;
pub mod engine;
pub mod format;
pub mod http_client;
pub mod inbound;
pub mod platform;
pub mod validation;

/// Something to say to a person.
#[derive(Clone, Debug)]
pub struct Message {
    /// The sender's own id of it: the same one again is the same message.
    pub id: String,
    /// Where to: E.164 with `+`, a mail address, or the platform's own id.
    pub to: MessageAddress,
    /// The line above it, where the platform has one: mail does.
    pub subject: Option<String>,
    /// What.
    pub content: Content,
    /// What holds for it at the moment when it leaves.
    pub terms: Terms,
}

/// What holds for a message at the moment when it leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The person has written so lately that she may be written to freely.
    pub freely: bool,
    /// For so many whole seconds what it says is good for anything; none: for ever.
    pub seconds: Option<u64>,
}

/// Where a message goes. It does not print: logs carry ids, never addresses.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageAddress(String);

impl MessageAddress {
    /// An address as the platform writes it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the platform's API.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MessageAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What a message holds. Each platform renders each kind by its own law.
#[derive(Clone, Debug)]
pub enum Content {
    /// Plain words.
    Text(String),
    /// A link to be opened, with the words around it. The URL is a secret until it is used.
    Link {
        /// What the person reads.
        text: String,
        /// What she opens.
        url: SecretString,
    },
    /// A one-time code.
    Code {
        /// What the person reads; holds [`PIN`] wherever the code goes.
        text: String,
        /// The code.
        code: SecretString,
    },
}

/// Where the code goes in a code's text.
pub const PIN: &str = "#PIN#";

impl Content {
    /// The whole text, for a platform that has no form of its own for links and codes. It opens
    /// what it says: it is for the platform alone.
    pub fn plain(&self) -> SecretString {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Link { text, url } => format!("{text}\n{}", url.expose_secret()).into(),
            Self::Code { text, code } => text.replace(PIN, code.expose_secret()).into(),
        }
    }
}

/// A message that the platform has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The platform's id of it, where it gives one.
    pub platform_id: Option<String>,
}

/// How a delivery failed, in the only distinction that the sender needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The platform says when to come back.
    #[error("again after {0:?}")]
    RetryAfter(Duration),
    /// It may work later.
    #[error("again later: {0}")]
    Retry(&'static str),
    /// It will never work here: take the next channel of the team's order.
    #[error("not over this channel: {0}")]
    Fallback(&'static str),
    /// It will never work.
    #[error("never: {0}")]
    Permanent(&'static str),
    /// The account's credentials are refused: nothing works until an admin acts.
    #[error("the account is refused: {0}")]
    AuthBroken(&'static str),
    /// Nobody knows whether it was sent: send the same once more, at most twice.
    #[error("the answer was lost")]
    Ambiguous,
}

/// Why nothing was taken back.
pub const NOT_POSSIBLE: &str = "not-possible";

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The person.
    Theirs,
    /// We.
    Ours,
}

/// What a platform's agents may know of who chats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationStatus {
    /// Whether it is proved who it is.
    pub is_authenticated: bool,
    /// Until when, as RFC 3339; empty where it is not.
    pub until: String,
    /// By what, as the contract names methods, separated by commas; empty where it is not.
    pub methods: String,
}

/// What a channel is, as far as others go by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Its messages are text messages: each part is paid for, and phones look for codes in them.
    pub is_text_message: bool,
    /// For how many hours after the person's last words it may write freely; none: always.
    pub window_hours: Option<u16>,
    /// How ids of conversations begin that are groups.
    pub groups: Vec<String>,
    /// What it has sent can be taken out of the chat.
    pub takes_back: bool,
    /// What it tells of messages that it took.
    pub receipts: Receipts,
}

impl Capabilities {
    /// Whether an address is a group's, as far as it tells.
    pub fn is_group(&self, to: &str) -> bool {
        self.groups.iter().any(|beginning| to.starts_with(beginning))
    }
}

/// How a platform tells what became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receipts {
    /// Not at all.
    #[default]
    None,
    /// Under our own id of the message.
    ByOurs,
    /// Under the platform's id alone.
    ByTheirs,
}

/// How a browser that has logged in gets its platform to say whose it is.
#[derive(Clone, Debug)]
pub enum Linking {
    /// It goes there.
    To(SecretString),
    /// The platform is asked first, when the person wants to go: [`Channel::ask_to_link`].
    Asked,
}

/// A way to reach people.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// Its name, as settings and events call it.
    fn name(&self) -> &str;

    /// Hands one message to the platform. Sends at most once itself; the sender repeats.
    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError>;

    /// The platform's id of a message, where it is ours to choose: it is known before anything is sent.
    fn chosen_id(&self, _message: &Message) -> Option<String> {
        None
    }

    /// What it is, as far as others go by it.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// How many messages of this account a minute may bring; none: as many as there are. The sender
    /// keeps to it.
    fn max_per_minute(&self) -> Option<NonZeroU32> {
        None
    }

    /// Takes a message out of the chat: `id` is the platform's, as it was heard or sent.
    ///
    /// # Errors
    ///
    /// [`NOT_POSSIBLE`] where the platform cannot do that. Nothing depends on it.
    async fn retract(&self, _what: Author, _to: &MessageAddress, _id: &str) -> Result<(), DeliveryError> {
        Err(DeliveryError::Permanent(NOT_POSSIBLE))
    }

    /// Whether agents on the platform are shown who was proved.
    fn shows_status(&self) -> bool {
        false
    }

    /// Shows the platform's agents how it stands with who chats there.
    ///
    /// # Errors
    ///
    /// [`NOT_POSSIBLE`] where the platform cannot do that.
    async fn show_status(&self, _to: &MessageAddress, _standing: &AuthenticationStatus) -> Result<(), DeliveryError> {
        Err(DeliveryError::Permanent(NOT_POSSIBLE))
    }

    /// How a browser that has logged in gets the platform to say whose it is. `nonce` is what the login
    /// is known by; the platform tells it again, of the person that it knows the browser as.
    fn linking(&self, _nonce: &SecretString) -> Option<Linking> {
        None
    }

    /// Where such a browser goes, from a platform that must be asked for it: for whoever chats there.
    ///
    /// # Errors
    ///
    /// [`NOT_POSSIBLE`] where the platform has no such way.
    async fn ask_to_link(&self, _to: &MessageAddress, _nonce: &SecretString) -> Result<SecretString, DeliveryError> {
        Err(DeliveryError::Permanent(NOT_POSSIBLE))
    }

    /// A link that writes a code into the chat with this account, for the person to send; none
    /// where the platform has no such links.
    fn return_link(&self, _code: &str) -> Option<String> {
        None
    }
}

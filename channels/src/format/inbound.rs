//! The part of the definition format that says how what comes in is proved, answered and read.
//! Here are its tables; in the modules below, what its proofs, its handshakes and its places in documents mean.

use serde::Deserialize;

use crate::format::call::PlatformCall;
use crate::format::matching::{Condition, Pointer};
use crate::format::template::values::{KnownAccount, RequestMoment, Values};

pub mod handshake;
pub mod over;
pub mod proof;
pub mod request;
pub mod shared;
pub mod signed;
pub mod sns;
pub mod take;
pub mod token;
pub mod verify;
pub mod words;

use handshake::Handshake;
use request::{BodyFormat, Unwrap};
use take::Take;
use verify::VerifyFormat;
use words::Edit;

/// `[inbound]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundFormat {
    /// What the sender's id is worth.
    pub assurance: Assurance,
    /// What the body is.
    pub format: BodyFormat,
    /// How it may be packed on its way. Proofs look at it as it came.
    pub packed: Option<Packing>,
    /// What is read in place of the body: a document inside of it. Applied in order, where there.
    #[serde(default)]
    pub unwrap: Vec<Unwrap>,
    /// What the platform is answered when all is well.
    #[serde(default)]
    pub reply: ReplyFormat,
    /// How a request is proved: one of these must hold.
    pub verify: Vec<VerifyFormat>,
    /// What the platform asks before it sends anything.
    #[serde(default)]
    pub handshake: Vec<Handshake>,
    /// What a person said.
    #[serde(default)]
    pub message: Vec<MessageFormat>,
    /// What became of a message of ours.
    #[serde(default)]
    pub receipt: Vec<ReceiptFormat>,
    /// The platform's word that who opened a link is who chats.
    #[serde(default)]
    pub linked: Vec<LinkedFormat>,
    /// Invitations that are accepted.
    #[serde(default)]
    pub invited: Vec<InvitedFormat>,
    /// How it is asked who reads along, where messages do not say it.
    pub members: Option<Members>,
}

impl InboundFormat {
    /// What comes in for one account: what is for another of the same webhook's is not accepted.
    #[must_use]
    pub fn of_account(&self, known: &KnownAccount) -> Self {
        let values = Values::of_account(known, RequestMoment { unix: 0, chance: [0; 16] });
        let fill =
            |tests: &mut Vec<Condition>| *tests = tests.iter().filter_map(|test| test.of_account(&values)).collect();
        let mut own = self.clone();
        own.message.iter_mut().for_each(|shape| fill(&mut shape.accept_if));
        own.receipt.iter_mut().for_each(|shape| fill(&mut shape.accept_if));
        own.linked.iter_mut().for_each(|shape| fill(&mut shape.accept_if));
        own.invited.iter_mut().for_each(|shape| fill(&mut shape.accept_if));
        own
    }
}

/// What a sender's id is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Assurance {
    /// The platform has authenticated the person.
    Platform,
    /// Anybody can write under it: sender numbers of text messages.
    Spoofable,
    /// As good as the channel behind the platform, which it does not tell.
    Inherited,
}

impl Assurance {
    /// The word for it.
    pub fn wire_name(self) -> &'static str {
        self.into()
    }
}

/// How a body may be packed: its `Content-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packing {
    /// RFC 1952.
    Gzip,
}

/// What a platform is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplyFormat {
    /// The status.
    pub status: u16,
    /// The body's media type.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Default for ReplyFormat {
    fn default() -> Self {
        Self { status: 200, content_type: "text/plain".into(), body: String::new() }
    }
}

/// `[[inbound.message]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageFormat {
    /// Where the messages lie: `*` is each item of a list. None: the document is one.
    pub each: Option<Pointer>,
    /// It is a message where all of these hold.
    #[serde(default)]
    pub accept_if: Vec<Condition>,
    /// Who wrote it.
    pub sender: Take,
    /// The conversation, as messages are sent there; none: the sender.
    pub conversation: Option<Take>,
    /// Whether the platform's conversations have one sender each, though they are called by another name.
    #[serde(default)]
    pub one_sender: bool,
    /// What it says.
    pub text: Take,
    /// What is done to that first.
    #[serde(default)]
    pub edit: Vec<Edit>,
    /// Its id: the same one again is the same message.
    pub id: Take,
    /// Who reads along.
    pub audience: AudienceRule,
}

/// Who reads along.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AudienceRule {
    /// Nobody: the platform has no groups.
    Direct,
    /// Nobody where all of these hold, else a group.
    DirectIf(Vec<Condition>),
    /// The platform does not say.
    Unknown,
}

/// `[[inbound.receipt]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptFormat {
    /// Where the receipts lie.
    pub each: Option<Pointer>,
    /// It is one where all of these hold.
    #[serde(default)]
    pub accept_if: Vec<Condition>,
    /// The platform's id of the message.
    pub id: Take,
    /// Our own id of it, as it was sent as `{id}`; none: the platform does not say it.
    pub ours: Option<Take>,
    /// What it says of it.
    pub state: Take,
    /// Its words for: on the phone.
    #[serde(default)]
    pub delivered: Vec<String>,
    /// Its words for: seen.
    #[serde(default)]
    pub read: Vec<String>,
    /// Its words for: it never will be.
    #[serde(default)]
    pub failed: Vec<String>,
}

/// `[[inbound.linked]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkedFormat {
    /// Where they lie.
    pub each: Option<Pointer>,
    /// It is one where all of these hold.
    pub accept_if: Vec<Condition>,
    /// Who opened the link.
    pub sender: Take,
    /// The conversation; none: the sender.
    pub conversation: Option<Take>,
    /// What the link carried.
    pub token: Take,
}

/// `[[inbound.invited]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitedFormat {
    /// Where invitations lie.
    pub each: Option<Pointer>,
    /// It is one where all of these hold.
    pub accept_if: Vec<Condition>,
    /// The conversation that it is an invitation to, as messages are sent there.
    pub to: Take,
    /// Its id.
    pub id: Take,
    /// How it is accepted.
    pub join: PlatformCall,
}

/// `[inbound.members]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// What is asked, of a message's conversation.
    pub ask: PlatformCall,
    /// The list, or the table, of who is there.
    pub members: Pointer,
    /// So many are alone together: the person and we.
    pub most: usize,
}

//! A definition file: the types that its TOML is read into. A type refuses what it can while it is read, so that
//! the error has its line; `platform::check` judges what spans several tables. `channels/README.md` teaches the format.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Deserialize;

use super::outcome::{ErrorRow, MessageIdPlace};
use super::units::Unit;
use crate::account::{FieldDefinition, FieldShape, SecretField};
use crate::auth::Auth;
use crate::format::call::body::Node;
use crate::format::call::{HttpMethod, PlatformCall};
use crate::format::inbound::InboundFormat;
use crate::format::matching::{Condition, Pointer};
use crate::format::template::Template;
use crate::format::template::address::UrlTemplate;

/// One definition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What it is.
    pub platform: PlatformHeader,
    /// What an account says, by name.
    #[serde(default)]
    pub account: BTreeMap<String, FieldDefinition>,
    /// What an account keeps to itself, by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretField>,
    /// What it can do beyond sending.
    #[serde(default)]
    pub can: Can,
    /// How a request proves whose it is: the first way that the account can go.
    pub auth: Vec<Auth>,
    /// How messages go.
    pub send: Send,
    /// How messages are taken back.
    #[serde(default)]
    pub retract: Retract,
    /// How agents on the platform are shown who was proved.
    pub shown: Option<StatusFormat>,
    /// How the platform is made to say whose browser has logged in.
    pub linking: Option<LinkingFormat>,
    /// What the platform answers.
    pub answer: ResponseFormat,
    /// What its refusals mean; the first that fits counts.
    #[serde(default)]
    pub errors: Vec<ErrorRow>,
    /// What comes in.
    pub inbound: Option<InboundFormat>,
}

/// `[platform]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformHeader {
    /// What teams call it: `[a-z0-9-]`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Where it is; an account's `base_url` takes its place. None: an account must say.
    pub origin: Option<UrlTemplate>,
    /// What an address looks like; one that does not is refused before anything is asked.
    #[serde(default)]
    pub to: FieldShape,
    /// The parts of an address, separated by one space each, where it has several.
    #[serde(default)]
    pub address: Vec<String>,
    /// What an address may look like, where there are several kinds: it is the part of that name.
    #[serde(default)]
    pub kinds: BTreeMap<String, FieldShape>,
    /// Of each of these lists an account has exactly one field.
    #[serde(default)]
    pub one_of: Vec<Vec<String>>,
}

/// `[retract]`: a code that was typed, or one that we sent, goes from the chat where the platform can do
/// that. Nothing depends on it: a code that was used is dead wherever it stands.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retract {
    /// A person's message.
    pub heard: Option<PlatformCall>,
    /// A message that we sent.
    pub sent: Option<PlatformCall>,
}

/// `[shown]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusFormat {
    /// Fields that the account must have for this.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What is asked for, of a conversation.
    pub call: PlatformCall,
}

/// `[linking]`: after the login, never before it. What a platform puts into a link when it is opened
/// can be handed on with the link; what it says of the browser that comes back cannot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkingFormat {
    /// Fields that the account must have for this.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What the platform is asked for first, of the conversation.
    pub ask: Option<PlatformCall>,
    /// Where in its answer `{linking.token}` stands.
    pub token: Option<Pointer>,
    /// Where the browser goes, with `{linking.nonce}`: the platform tells it again, and of whom.
    pub back: UrlTemplate,
}

/// `[can]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Can {
    /// Whether it may write first.
    pub initiate: bool,
    /// For how many hours after the person's last words it may write freely.
    pub window_hours: Option<u16>,
    /// What becomes of links' previews.
    pub preview: Preview,
    /// A link that writes a code into the chat for the person to send: `{code}` is what it carries.
    pub return_link: Option<UrlTemplate>,
    /// Whether its messages are text messages.
    pub text_message: bool,
    /// Fields of the account with the values of which they are.
    pub text_message_where: BTreeMap<String, Vec<String>>,
    /// How ids of conversations begin that are groups.
    pub groups: Vec<String>,
}

impl Can {
    /// Whether an account's messages are text messages.
    pub fn is_text_message(&self, fields: &BTreeMap<String, String>) -> bool {
        let says = |(name, values): (&String, &Vec<String>)| fields.get(name).is_some_and(|own| values.contains(own));
        self.text_message || !self.text_message_where.is_empty() && self.text_message_where.iter().all(says)
    }
}

/// What becomes of links' previews.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Preview {
    /// Whoever shows the message may fetch the link.
    #[default]
    Fetched,
    /// The platform is told not to, or the link hangs on a button that is not fetched.
    Suppressed,
    /// The platform has no previews.
    None,
}

/// `[send]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The request's method.
    #[serde(default)]
    pub method: HttpMethod,
    /// The request's path, below the origin.
    pub path: UrlTemplate,
    /// What the body is.
    pub encoding: BodyEncoding,
    /// The body's media type where it is not the encoding's own.
    pub content_type: Option<String>,
    /// The request's query.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// The request's headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Whether the platform drops the same message when it comes again.
    #[serde(default)]
    pub idempotent: bool,
    /// How many messages a minute the platform takes from an account that says nothing else.
    pub max_per_minute: Option<NonZeroU32>,
    /// What is in the body of every kind.
    pub common: Option<Node>,
    /// Plain words: the first form that an account and a message fit.
    pub text: Vec<MessageTemplate>,
    /// Links; none: as plain words.
    #[serde(default)]
    pub link: Vec<MessageTemplate>,
    /// Codes; none: as plain words.
    #[serde(default)]
    pub code: Vec<MessageTemplate>,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyEncoding {
    /// A JSON document.
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// None: what it would hold stands in the query.
    Query,
}

/// One form of a kind of message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageTemplate {
    /// Fields that the account must have for this form.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Only while the person may be written to freely.
    #[serde(default)]
    pub freely: bool,
    /// Only for texts that have no characters but these.
    pub alphabet: Option<Alphabet>,
    /// How long each part may be.
    #[serde(default)]
    pub limits: LengthLimits,
    /// In what that is counted.
    #[serde(default)]
    pub unit: Unit,
    /// The body.
    pub body: Node,
}

/// An alphabet that a text may need to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    /// GSM 03.38: text messages of 160 characters.
    Gsm,
}

/// How long the parts of a message may be, in the form's unit.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthLimits {
    /// `{text}`
    pub text: Option<usize>,
    /// `{plain}`
    pub plain: Option<usize>,
    /// `{url}`
    pub url: Option<usize>,
    /// `{code}`
    pub code: Option<usize>,
}

/// `[answer]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseFormat {
    /// The message was taken where one of these fits.
    pub success: Vec<Condition>,
    /// Where its id stands.
    pub message_id: MessageIdPlace,
}

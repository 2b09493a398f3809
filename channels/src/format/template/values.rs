//! What fills a template's holes: the message's parts, the account's fields and secrets, the time.
//! Everything is a value of one message; nothing here escapes or sends.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Hole, HoleName, ValueFilter};
use crate::{AuthenticationStatus, Content, Message, PIN};

/// The fields and secrets of an account, judged.
#[derive(Clone, Debug, Default)]
pub struct KnownAccount {
    /// Fields by name, as text.
    pub fields: BTreeMap<String, String>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, SecretString>,
}

/// A moment and its chance: what a request has that no other has.
#[derive(Clone, Copy, Debug)]
pub struct RequestMoment {
    /// Seconds since 1970.
    pub unix: u64,
    /// Drawn for this request.
    pub chance: [u8; 16],
}

/// What a message's templates are filled with.
pub struct Values<'a> {
    known: &'a KnownAccount,
    at: RequestMoment,
    said: Option<Said<'a>>,
    status: Option<&'a AuthenticationStatus>,
    linking: Option<&'a LinkingValues>,
}

/// What a browser that logged in carries to its platform.
pub struct LinkingValues {
    /// What the login is known by.
    pub nonce: SecretString,
    /// What the platform has given for this, where it was asked.
    pub token: Option<SecretString>,
}

/// The parts of a message.
struct Said<'a> {
    message: &'a Message,
    parts: &'a [(String, String)],
    text: Cow<'a, str>,
    plain: SecretString,
}

impl<'a> Values<'a> {
    /// Of an account alone: what asks for tokens has no message.
    pub fn of_account(known: &'a KnownAccount, at: RequestMoment) -> Self {
        Self { known, at, said: None, status: None, linking: None }
    }

    /// Of a message.
    pub fn of_message(
        known: &'a KnownAccount,
        at: RequestMoment,
        message: &'a Message,
        parts: &'a [(String, String)],
    ) -> Self {
        let text = match &message.content {
            Content::Text(text) | Content::Link { text, .. } => Cow::Borrowed(text.as_str()),
            Content::Code { text, code } => Cow::Owned(text.replace(PIN, code.expose_secret())),
        };
        let said = Said { message, parts, text, plain: message.content.plain() };
        Self { known, at, said: Some(said), status: None, linking: None }
    }

    /// With how it stands with who chats.
    pub fn with_status(self, status: Option<&'a AuthenticationStatus>) -> Self {
        Self { status, ..self }
    }

    /// With what a browser carries to the platform.
    pub fn with_linking(self, linking: &'a LinkingValues) -> Self {
        Self { linking: Some(linking), ..self }
    }

    /// When.
    pub fn at(&self) -> RequestMoment {
        self.at
    }

    /// The account's fields.
    pub fn fields(&self) -> &'a BTreeMap<String, String> {
        &self.known.fields
    }

    /// What fills a hole; none where it is a field that the account leaves out, or a part that the
    /// message has not.
    pub fn of(&self, hole: &Hole) -> Option<String> {
        let value = self.named(&hole.name)?;
        Some(match hole.filter {
            None => value,
            Some(ValueFilter::Digits) => value.chars().filter(char::is_ascii_digit).collect(),
            Some(ValueFilter::Base64) => BASE64_STANDARD.encode(value),
            Some(ValueFilter::First) => value.split(' ').next().unwrap_or_default().to_owned(),
            Some(ValueFilter::Last) => value.rsplit(' ').next().unwrap_or_default().to_owned(),
        })
    }

    fn named(&self, name: &HoleName) -> Option<String> {
        match name {
            HoleName::Account(field) => self.known.fields.get(field).cloned(),
            HoleName::Secret(name) => self.known.secrets.get(name).map(|secret| secret.expose_secret().to_owned()),
            HoleName::Hmac(secret, key) => {
                let (secret, key) = (self.known.secrets.get(secret)?, self.known.secrets.get(key)?);
                let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
                Some(super::escape::hex(hmac::sign(&key, secret.expose_secret().as_bytes()).as_ref()))
            }
            HoleName::Unix => Some(self.at.unix.to_string()),
            HoleName::Timestamp => Some(timestamp(self.at.unix)),
            HoleName::RandomUuid => Some(uuid(self.at.chance)),
            HoleName::FlagState => {
                let is_authenticated = self.status?.is_authenticated;
                Some(if is_authenticated { "authenticated" } else { "unauthenticated" }.to_owned())
            }
            HoleName::FlagUntil => Some(self.status?.until.clone()),
            HoleName::FlagMethods => Some(self.status?.methods.clone()),
            HoleName::FlagWords => self.status.map(words),
            HoleName::LinkingNonce => Some(self.linking?.nonce.expose_secret().to_owned()),
            HoleName::LinkingToken => Some(self.linking?.token.as_ref()?.expose_secret().to_owned()),
            _ => self.said.as_ref()?.named(name, self.known),
        }
    }
}

/// How it stands, in words.
fn words(status: &AuthenticationStatus) -> String {
    let AuthenticationStatus { is_authenticated, until, methods } = status;
    match is_authenticated {
        true => format!("authenticated until {until}, by {}", methods.replace(',', ", ")),
        false => "unauthenticated".to_owned(),
    }
}

impl Said<'_> {
    fn named(&self, name: &HoleName, known: &KnownAccount) -> Option<String> {
        match (name, &self.message.content) {
            (HoleName::To, _) => Some(self.message.to.as_str().to_owned()),
            (HoleName::Part(part), _) => {
                let found = self.parts.iter().find(|(name, _)| name == part);
                found.map(|(_, value)| value.clone())
            }
            (HoleName::Text, _) => Some(self.text.clone().into_owned()),
            (HoleName::Plain, _) => Some(self.plain.expose_secret().to_owned()),
            (HoleName::Url, Content::Link { url, .. }) => Some(url.expose_secret().to_owned()),
            (HoleName::UrlRest, Content::Link { url, .. }) => {
                let base = known.fields.get("link_base")?;
                url.expose_secret().strip_prefix(base.as_str()).map(str::to_owned)
            }
            (HoleName::Code, Content::Code { code, .. }) => Some(code.expose_secret().to_owned()),
            (HoleName::Subject, _) => self.message.subject.clone(),
            (HoleName::Id, _) => Some(self.message.id.clone()),
            (HoleName::Uuid, _) => Some(uuid_of(&self.message.id)),
            (HoleName::Ttl, _) => self.message.terms.seconds.map(|seconds| seconds.to_string()),
            (HoleName::TtlWithin(field), _) => {
                let most = known.fields.get(field).and_then(|most| number_of(most));
                self.message.terms.seconds.into_iter().chain(most).min().map(|seconds| seconds.to_string())
            }
            _ => None,
        }
    }
}

/// The number that a field begins with: `600` of `600s`.
fn number_of(field: &str) -> Option<u64> {
    field.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Seconds since 1970 as RFC 3339.
pub fn timestamp(unix: u64) -> String {
    let moment = i64::try_from(unix).ok().and_then(|unix| Timestamp::from_second(unix).ok());
    moment.unwrap_or(Timestamp::MAX).to_string()
}

/// The UUID of a message's id: the same one for the same id, so that a platform which drops
/// repetitions by a UUID drops ours.
pub fn uuid_of(id: &str) -> String {
    let hash = digest(&SHA256, id.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    uuid(bytes)
}

/// RFC 9562, version 8: bytes of one's own making.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = super::escape::hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_messages_uuid_follows_from_its_id() {
        assert_eq!(uuid_of("a"), uuid_of("a"));
        assert_ne!(uuid_of("a"), uuid_of("b"));
        let uuid = uuid_of("a");
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"));
    }

    /// As Meta's proof of the app's secret is documented.
    #[test]
    fn one_secret_is_proved_by_another() {
        let key = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let mut known = KnownAccount::default();
        known.secrets.insert("token".into(), "EAAJB-page-token".to_owned().into());
        let hole = Hole { name: HoleName::Hmac("token".into(), "app".into()), filter: None };
        let of = |known: &KnownAccount| Values::of_account(known, RequestMoment { unix: 0, chance: [0; 16] }).of(&hole);
        assert_eq!(of(&known), None);
        known.secrets.insert("app".into(), key.to_owned().into());
        let proof = "67f178c4986a8481d04b6ecd96bec3bb8d16361d82609ebd91306a3f6d2f8f5e";
        assert_eq!(of(&known).as_deref(), Some(proof));
    }

    #[test]
    fn a_timestamp_is_rfc_3339() {
        assert_eq!(timestamp(1_795_217_522), "2026-11-20T23:32:02Z");
    }
}

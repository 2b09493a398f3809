//! What comes in from a platform: proved over its raw bytes, then read into what a person said,
//! what became of a message, or whose link it was. A `WebhookVerifier` is an account's; it knows no
//! conversation, no code and no team.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;

use crate::MessageAddress;
use crate::engine::line::Line;
use crate::format::inbound::handshake::HandshakeReply;
use crate::format::inbound::proof::{Against, VerificationError};
use crate::format::inbound::request::InboundRequest;
use crate::format::inbound::verify::VerifyFormat;
use crate::format::inbound::{Assurance, InboundFormat, Packing, ReplyFormat};
use crate::format::template::values::KnownAccount;
use crate::http_client::HttpClient;

pub mod keys;
pub mod packed;
pub mod reading;
pub mod room;

use keys::PlatformKeys;

/// Something that a person said.
#[derive(Clone, Debug)]
pub struct SpokenMessage {
    /// The platform's id of it: the same one again is the same message.
    pub message_id: String,
    /// Who said it, as the platform calls the person.
    pub sender: MessageAddress,
    /// Where messages to that person go: what an interaction calls its conversation.
    pub conversation: MessageAddress,
    /// What was said. It may be a code: it does not print.
    pub text: SecretString,
    /// Who reads along.
    pub audience: MessageAudience,
    /// Whether the conversation is the sender's own, and nobody else's words come under it.
    pub is_own: bool,
    /// The platform's own words for it, without what proved the request.
    pub raw: Raw,
}

/// A platform's own words for something. Somebody's words stand in them: they do not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(pub Value);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw(…)")
    }
}

/// Who reads along. What is said before others proves nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageAudience {
    /// Nobody.
    Alone,
    /// Others.
    Group,
    /// The platform does not say.
    Unknown,
}

/// What became of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReceipt {
    /// The platform's id of it.
    pub platform_id: String,
    /// Our own id of it, where the platform says it.
    pub ours: Option<String>,
    /// What became of it.
    pub status: DeliveryStatus,
}

/// What can become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It has arrived.
    Delivered,
    /// It was seen.
    Read,
    /// It will not arrive.
    Failed,
}

/// The platform's word that who opened a link is who chats.
#[derive(Clone)]
pub struct OpenedLink {
    /// Who, as the platform calls the person.
    pub sender: MessageAddress,
    /// Where messages to that person go.
    pub conversation: MessageAddress,
    /// What the link carried.
    pub token: SecretString,
}

impl fmt::Debug for OpenedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(…)")
    }
}

/// Something that happened on a platform.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A person said something.
    Heard(SpokenMessage),
    /// Something became of a message.
    DeliveryReceipt(DeliveryReceipt),
    /// A link was opened.
    Opened(OpenedLink),
}

/// What a request comes to.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What the platform is answered.
    pub reply: ReplyFormat,
    /// What happened, in the platform's order.
    pub happenings: Vec<Happening>,
    /// Whether the body was what the definition reads. Platforms send other things to the same
    /// address, too; they are proved, answered, and nobody's words.
    pub is_read: bool,
}

/// An account's ear.
pub struct WebhookVerifier {
    inbound: InboundFormat,
    known: KnownAccount,
    keys: PlatformKeys,
    line: Option<Arc<Line>>,
}

impl WebhookVerifier {
    /// Of an account.
    pub fn new(inbound: &InboundFormat, known: KnownAccount, http_client: HttpClient) -> Self {
        Self { inbound: inbound.of_account(&known), known, keys: PlatformKeys::new(http_client), line: None }
    }

    /// With the account's own line, by which it asks the platform what messages leave open.
    pub fn with_line(mut self, line: Line) -> Self {
        self.line = Some(Arc::new(line));
        self
    }

    /// What a sender's id is worth.
    pub fn assurance(&self) -> Assurance {
        self.inbound.assurance
    }

    /// Whether a body that is packed so is unpacked.
    pub fn takes(&self, packing: Packing) -> bool {
        self.inbound.packed == Some(packing)
    }

    /// Whether a proof needs a secret of the account's; else all that it needs is published.
    pub fn needs_secret(&self) -> bool {
        self.inbound.verify.iter().any(|verify| verify.secret().is_some())
    }

    /// With keys that are there already: nothing is fetched for them.
    pub fn with_keys(mut self, keys: PlatformKeys) -> Self {
        self.keys = keys;
        self
    }

    /// Proves a request and reads it.
    ///
    /// # Errors
    ///
    /// Why it is not believed; the platform is told 401 and nothing else. [`VerificationError::Unavailable`]
    /// is the exception: it may be right, and is worth another try (503).
    pub async fn hear(&self, request: &InboundRequest<'_>) -> Result<Taken, VerificationError> {
        let against = Against { known: &self.known };
        let document = || request.document(self.inbound.format, &[]);
        for handshake in self.inbound.handshake.iter().filter(|handshake| !handshake.is_signed()) {
            // A question is read before it is proved; nothing is done for one whose secret is wrong.
            let Some(document) = document().filter(|document| handshake.is_asked(request, document)) else { continue };
            return self.be_courteous(handshake.answer(request, &document, &against)?).await;
        }
        self.verify(request, &against).await?;
        let plain = match packed::packing(request.headers).filter(|packing| self.takes(*packing)) {
            Some(packing) => Some(packed::unpacked(packing, request.body)?),
            None => None,
        };
        let request = &InboundRequest { body: plain.as_deref().unwrap_or(request.body), ..request.clone() };
        self.read(request, &against).await
    }

    /// What a proved request tells.
    async fn read(&self, request: &InboundRequest<'_>, against: &Against<'_>) -> Result<Taken, VerificationError> {
        let Some(outer) = request.document(self.inbound.format, &[]) else { return Ok(self.unread()) };
        for handshake in self.inbound.handshake.iter().filter(|handshake| handshake.is_signed()) {
            if handshake.is_asked(request, &outer) {
                return self.be_courteous(handshake.answer(request, &outer, against)?).await;
            }
        }
        let Some(document) = request.document(self.inbound.format, &self.inbound.unwrap) else {
            return Ok(self.unread());
        };
        let mut happenings = self.inbound.read(&document);
        self.look_around(&mut happenings).await?;
        self.accept(&document);
        Ok(Taken { reply: self.inbound.reply.clone(), happenings, is_read: true })
    }

    fn unread(&self) -> Taken {
        Taken { reply: self.inbound.reply.clone(), happenings: Vec::new(), is_read: false }
    }

    async fn be_courteous(&self, courtesy: HandshakeReply) -> Result<Taken, VerificationError> {
        let body = match courtesy {
            HandshakeReply::Say(text) => text,
            HandshakeReply::Visit(url) => {
                self.keys.confirm_address(&url).await?;
                String::new()
            }
        };
        Ok(Taken { reply: ReplyFormat { body, ..ReplyFormat::default() }, happenings: Vec::new(), is_read: true })
    }

    /// One of the definition's proofs must hold; if none does, the first tells why, save where a
    /// later one came further.
    async fn verify(&self, request: &InboundRequest<'_>, against: &Against<'_>) -> Result<(), VerificationError> {
        let mut why = None;
        for verify in &self.inbound.verify {
            match self.judge(verify, request, against).await {
                Ok(()) => return Ok(()),
                Err(distrust) => {
                    let came_nowhere =
                        matches!(why, None | Some(VerificationError::Missing(_) | VerificationError::NoSecret(_)));
                    if came_nowhere {
                        why = Some(distrust);
                    }
                }
            }
        }
        Err(why.unwrap_or(VerificationError::FieldError))
    }

    async fn judge(
        &self,
        verify: &VerifyFormat,
        request: &InboundRequest<'_>,
        against: &Against<'_>,
    ) -> Result<(), VerificationError> {
        match verify {
            VerifyFormat::Hmac(keyed) => keyed.verify(request, against),
            VerifyFormat::Shared(shared) => shared.verify(request, against),
            VerifyFormat::Jwt(token) => token.verify(request, against),
            VerifyFormat::Ed25519(key) => key.verify(request, against),
            VerifyFormat::Jwks(discovered) => {
                let url = against.text(&discovered.discovery).unwrap_or_default();
                let keys = self.keys.published(&url, request.unix, false).await?;
                match discovered.verify(request, against, &keys) {
                    Err(VerificationError::UnknownKey(_)) => {
                        let keys = self.keys.published(&url, request.unix, true).await?;
                        discovered.verify(request, against, &keys)
                    }
                    judged => judged,
                }
            }
            VerifyFormat::Sns(topic) => {
                let certificate =
                    self.keys.certificate(&topic.certificate_url(request, against)?, request.unix).await?;
                topic.verify(request, against, &certificate)
            }
        }
    }
}

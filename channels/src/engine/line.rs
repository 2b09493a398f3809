//! An account's channel over the engine: one message, one request, one meaning of the answer. It
//! repeats nothing: who sends knows when that is right.

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Request};
use secrecy::SecretString;

use super::file::{self, File, MessageTemplate};
use super::outcome::{self, MessageIdPlace, RefusalReason};
use super::request::{forms, parts, request};
use crate::ambient::Ambient;
use crate::auth::AccountProof;
use crate::format::call::PlatformCall;
use crate::format::matching::{Condition, TestedDocument, text};
use crate::format::template::values::{self, KnownAccount, RequestMoment, Values};
use crate::http_client::{HttpClient, LostReply};
use crate::{
    AuthenticationStatus, Author, Capabilities, Channel, Content, DeliveryError, Linking, Message, MessageAddress,
    NOT_POSSIBLE, Receipts, Sent, Terms,
};

/// The channel of an account.
pub struct Line {
    pub(crate) file: Arc<File>,
    pub(crate) known: KnownAccount,
    pub(crate) proof: AccountProof,
    pub(crate) http_client: HttpClient,
    pub(crate) ambient: Arc<dyn Ambient>,
    pub(crate) limit: Option<NonZeroU32>,
}

#[async_trait]
impl Channel for Line {
    fn name(&self) -> &str {
        &self.file.platform.name
    }

    fn max_per_minute(&self) -> Option<NonZeroU32> {
        self.limit
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        let parts =
            parts(&self.file, message).ok_or(DeliveryError::Permanent(RefusalReason::BadAddress.wire_name()))?;
        let at = RequestMoment { unix: self.ambient.now(), chance: self.ambient.draw() };
        let values = Values::of_message(&self.known, at, message, &parts);
        let forms = forms(&self.file, &self.known, message, &values);
        let Some(first) = forms.first() else {
            return Err(DeliveryError::Permanent(RefusalReason::TooLong.wire_name()));
        };
        let told = self.send_form(first, &values).await;
        let is_closed = told == Err(DeliveryError::Fallback(RefusalReason::WindowClosed.wire_name()));
        // The platform knows better how long ago the person has written; what it refused it did not send.
        match forms.iter().find(|form| !form.freely).filter(|_| first.freely && is_closed) {
            Some(other) => self.send_form(other, &values).await,
            None => told,
        }
    }

    fn chosen_id(&self, message: &Message) -> Option<String> {
        let MessageIdPlace::Chosen(template) = &self.file.answer.message_id else { return None };
        let at = RequestMoment { unix: self.ambient.now(), chance: [0; 16] };
        template.plain(&Values::of_message(&self.known, at, message, &parts(&self.file, message)?))
    }

    fn capabilities(&self) -> Capabilities {
        let (can, receipts) = (&self.file.can, self.file.inbound.iter().flat_map(|inbound| &inbound.receipt));
        let by_ours: Vec<bool> = receipts.map(|receipt| receipt.ours.is_some()).collect();
        Capabilities {
            is_text_message: can.is_text_message(&self.known.fields),
            window_hours: can.window_hours,
            groups: can.groups.clone(),
            takes_back: self.file.retract.sent.is_some(),
            receipts: match by_ours.first() {
                None => Receipts::None,
                Some(_) if by_ours.iter().all(|by_ours| *by_ours) => Receipts::ByOurs,
                Some(_) => Receipts::ByTheirs,
            },
        }
    }

    async fn retract(&self, what: Author, to: &MessageAddress, id: &str) -> Result<(), DeliveryError> {
        let call = match what {
            Author::Theirs => self.file.retract.heard.as_ref(),
            Author::Ours => self.file.retract.sent.as_ref(),
        };
        self.ask(call.ok_or(DeliveryError::Permanent(NOT_POSSIBLE))?, to, id).await.map(drop)
    }

    fn shows_status(&self) -> bool {
        self.shown().is_some()
    }

    async fn show_status(&self, to: &MessageAddress, status: &AuthenticationStatus) -> Result<(), DeliveryError> {
        let call = self.shown().ok_or(DeliveryError::Permanent(NOT_POSSIBLE))?;
        self.ask_with(call, to, "", Some(status)).await.map(drop)
    }

    fn linking(&self, nonce: &SecretString) -> Option<Linking> {
        let linking = self.way_to_link()?;
        if linking.ask.is_some() {
            return Some(Linking::Asked);
        }
        self.way_back(linking, values::LinkingValues { nonce: nonce.clone(), token: None }).map(Linking::To)
    }

    async fn ask_to_link(&self, to: &MessageAddress, nonce: &SecretString) -> Result<SecretString, DeliveryError> {
        let impossible = || DeliveryError::Permanent(NOT_POSSIBLE);
        let linking = self.way_to_link().ok_or_else(impossible)?;
        let token = match (&linking.ask, &linking.token) {
            (Some(ask), Some(at)) => {
                let said = self.ask(ask, to, "").await?;
                let token = said.json.pointer(at.as_str()).filter(|token| !token.is_null()).map(text);
                Some(token.ok_or(DeliveryError::Retry(RefusalReason::Unavailable.wire_name()))?.into())
            }
            _ => None,
        };
        self.way_back(linking, values::LinkingValues { nonce: nonce.clone(), token }).ok_or_else(impossible)
    }

    fn return_link(&self, code: &str) -> Option<String> {
        let link = self.file.can.return_link.as_ref()?;
        let at = RequestMoment { unix: self.ambient.now(), chance: [0; 16] };
        let content = Content::Code { text: String::new(), code: code.to_owned().into() };
        let (id, to, terms) = (String::new(), MessageAddress::new(""), Terms::default());
        let message = Message { id, to, subject: None, content, terms };
        link.fill(&Values::of_message(&self.known, at, &message, &[])).ok().flatten()
    }
}

impl Line {
    /// Asks for what a call says, of a conversation and what happened in it; answers what was
    /// answered to that.
    pub(crate) async fn ask(
        &self,
        call: &PlatformCall,
        to: &MessageAddress,
        id: &str,
    ) -> Result<TestedDocument, DeliveryError> {
        self.ask_with(call, to, id, None).await
    }

    async fn ask_with(
        &self,
        call: &PlatformCall,
        to: &MessageAddress,
        id: &str,
        status: Option<&AuthenticationStatus>,
    ) -> Result<TestedDocument, DeliveryError> {
        let content = Content::Text(String::new());
        let (id, to, terms) = (id.to_owned(), to.clone(), Terms::default());
        let message = Message { id, to, subject: None, content, terms };
        let parts =
            parts(&self.file, &message).ok_or(DeliveryError::Permanent(RefusalReason::BadAddress.wire_name()))?;
        let at = RequestMoment { unix: self.ambient.now(), chance: self.ambient.draw() };
        let values = Values::of_message(&self.known, at, &message, &parts).with_status(status);
        let request =
            call.request(&self.file, &values).map_err(|reason| DeliveryError::Permanent(reason.wire_name()))?;
        // The same message goes once, however often it is asked for.
        let (reply, was_kept) = self.exchange(request, &values, true).await?;
        if call.success.iter().any(|success| reply.means(success)) {
            return Ok(reply.document);
        }
        Err(self.refused(&reply, was_kept, &values, true))
    }

    /// How agents are shown who was proved, where the account wants it.
    fn shown(&self) -> Option<&PlatformCall> {
        let shown = self.file.shown.as_ref()?;
        shown.needs.iter().all(|field| self.known.fields.contains_key(field)).then_some(&shown.call)
    }

    /// How the platform says whose browser has logged in, where the account can.
    fn way_to_link(&self) -> Option<&file::LinkingFormat> {
        let linking = self.file.linking.as_ref()?;
        linking.needs.iter().all(|field| self.known.fields.contains_key(field)).then_some(linking)
    }

    fn way_back(&self, linking: &file::LinkingFormat, carried: values::LinkingValues) -> Option<SecretString> {
        let at = RequestMoment { unix: self.ambient.now(), chance: [0; 16] };
        let values = Values::of_account(&self.known, at).with_linking(&carried);
        linking.back.fill(&values).ok().flatten().map(SecretString::from)
    }

    async fn send_form(&self, form: &MessageTemplate, values: &Values<'_>) -> Result<Sent, DeliveryError> {
        let request = request(&self.file, form, values);
        let request = request.map_err(|reason| DeliveryError::Permanent(reason.wire_name()))?;
        let idempotent = self.file.send.idempotent;
        let (reply, was_kept) = self.exchange(request, values, idempotent).await?;
        if self.file.answer.success.iter().any(|success| reply.means(success)) {
            let id = &self.file.answer.message_id;
            let chosen = match id {
                MessageIdPlace::Chosen(template) => template.plain(values),
                _ => None,
            };
            return Ok(Sent { platform_id: id.read(&reply.document, chosen) });
        }
        Err(self.refused(&reply, was_kept, values, idempotent))
    }

    /// Proves a request, sends it and reads the answer; true where the proof was one that was kept.
    async fn exchange(
        &self,
        mut request: Request<Vec<u8>>,
        values: &Values<'_>,
        idempotent: bool,
    ) -> Result<(Answered, bool), DeliveryError> {
        let was_kept = self.proof.put_on(&mut request, values, &self.http_client, &*self.ambient).await?;
        let reply = self.http_client.carry(request).await.map_err(|lost| match lost {
            LostReply::Refused => DeliveryError::AuthBroken("address-not-allowed"),
            LostReply::Unreached => DeliveryError::Retry("unreachable"),
            LostReply::Unanswered if idempotent => DeliveryError::Retry(RefusalReason::Unavailable.wire_name()),
            LostReply::Unanswered => DeliveryError::Ambiguous,
        })?;
        let document = TestedDocument::of_reply(reply.status, &reply.body);
        Ok((Answered { document, status: reply.status, headers: reply.headers }, was_kept))
    }

    fn refused(&self, reply: &Answered, was_kept: bool, values: &Values<'_>, idempotent: bool) -> DeliveryError {
        let (rows, unix) = (&self.file.errors, values.at().unix);
        let refused = outcome::refused(rows, &reply.document, &reply.headers, unix, idempotent);
        if was_kept && matches!(refused.error, DeliveryError::AuthBroken(_)) {
            // The token may have been taken back before its end: a new one tells.
            self.proof.forget();
            return DeliveryError::Retry(RefusalReason::Credentials.wire_name());
        }
        refused.error
    }
}

/// What a platform has answered.
struct Answered {
    document: TestedDocument,
    status: u16,
    headers: HeaderMap,
}

impl Answered {
    /// What says nothing of the status means one of success.
    fn means(&self, success: &Condition) -> bool {
        let is_good = (200..300).contains(&self.status);
        success.fits(&self.document) && (is_good || !success.status.is_empty())
    }
}

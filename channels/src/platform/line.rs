//! An account's channel over the engine: one message, one request, one meaning of the answer. It
//! repeats nothing: who sends knows when that is right.

use std::sync::Arc;

use async_trait::async_trait;

use super::format::{File, Form};
use super::matching::{Document, When};
use super::outcome::{self, MessageId, Reason};
use super::request::{forms, parts, request};
use crate::ambient::Ambient;
use crate::auth::Proof;
use crate::carrier::{Carrier, Lost};
use crate::template::values::{Known, Moment, Values};
use crate::{Address, Channel, Content, DeliveryError, Message, Sent};

/// The channel of an account.
pub struct Line {
    pub(super) file: Arc<File>,
    pub(super) known: Known,
    pub(super) proof: Proof,
    pub(super) carrier: Carrier,
    pub(super) ambient: Arc<dyn Ambient>,
}

#[async_trait]
impl Channel for Line {
    fn name(&self) -> &str {
        &self.file.platform.name
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        let parts = parts(&self.file, message).ok_or(DeliveryError::Permanent(Reason::BadAddress.word()))?;
        let at = Moment { unix: self.ambient.now(), chance: self.ambient.draw() };
        let values = Values::of_message(&self.known, at, message, &parts);
        match forms(&self.file, &self.known, message, &values).first() {
            Some(form) => self.send_form(form, &values).await,
            None => Err(DeliveryError::Permanent(Reason::TooLong.word())),
        }
    }

    fn return_link(&self, code: &str) -> Option<String> {
        let link = self.file.can.return_link.as_ref()?;
        let at = Moment { unix: self.ambient.now(), chance: [0; 16] };
        let content = Content::Code { text: String::new(), code: code.to_owned().into() };
        let message = Message { id: String::new(), to: Address::new(""), subject: None, content };
        link.0.fill(&Values::of_message(&self.known, at, &message, &[])).ok().flatten()
    }
}

impl Line {
    async fn send_form(&self, form: &Form, values: &Values<'_>) -> Result<Sent, DeliveryError> {
        let request = request(&self.file, form, values);
        let mut request = request.map_err(|reason| DeliveryError::Permanent(reason.word()))?;
        let was_kept = self.proof.put_on(&mut request, values, &self.carrier, &*self.ambient).await?;
        let reply = self.carrier.carry(request).await.map_err(|lost| self.lost(lost))?;
        let document = Document::of_reply(reply.status, &reply.body);
        // What says nothing of the status means one of success.
        let is_good = (200..300).contains(&reply.status);
        let means = |success: &When| success.fits(&document) && (is_good || !success.status.is_empty());
        if self.file.answer.success.iter().any(means) {
            let id = &self.file.answer.message_id;
            let chosen = match id {
                MessageId::Chosen(template) => template.plain(values),
                _ => None,
            };
            return Ok(Sent { platform_id: id.read(&document, chosen) });
        }
        let (rows, idempotent) = (&self.file.errors, self.file.send.idempotent);
        let refused = outcome::refused(rows, &document, &reply.headers, values.at().unix, idempotent);
        if was_kept && matches!(refused.error, DeliveryError::AuthBroken(_)) {
            // The token may have been taken back before its end: a new one tells.
            self.proof.forget();
            return Err(DeliveryError::Retry(Reason::Credentials.word()));
        }
        Err(refused.error)
    }

    fn lost(&self, lost: Lost) -> DeliveryError {
        match lost {
            Lost::Refused => DeliveryError::AuthBroken("address-not-allowed"),
            Lost::Unreached => DeliveryError::Retry("unreachable"),
            Lost::Unanswered if self.file.send.idempotent => DeliveryError::Retry(Reason::Unavailable.word()),
            Lost::Unanswered => DeliveryError::Ambiguous,
        }
    }
}

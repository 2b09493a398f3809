//! Rooms: who else is in the one that a message came from, where the platform does not say it with
//! the message, and how an invitation to one is accepted.
//!
//! Nobody is let into anything here: what company means for a code, others decide.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::reading::accepted;
use super::{Happening, MessageAudience, WebhookVerifier};
use crate::engine::line::Line;
use crate::format::inbound::Members;
use crate::format::inbound::proof::VerificationError;
use crate::{DeliveryError, MessageAddress};

impl WebhookVerifier {
    /// Finds out who reads along, for each message whose platform leaves that open.
    ///
    /// # Errors
    ///
    /// [`VerificationError::Unavailable`] where the platform cannot say it now: it may send the same again.
    pub(super) async fn look_around(&self, happenings: &mut [Happening]) -> Result<(), VerificationError> {
        let (Some(members), Some(line)) = (&self.inbound.members, &self.line) else { return Ok(()) };
        let mut seen: BTreeMap<String, MessageAudience> = BTreeMap::new();
        for happening in happenings {
            let Happening::Heard(heard) = happening else { continue };
            if heard.audience != MessageAudience::Unknown {
                continue;
            }
            let room = heard.conversation.as_str().to_owned();
            heard.audience = match seen.get(&room) {
                Some(audience) => *audience,
                None => members.audience(line, &heard.conversation, &heard.message_id).await?,
            };
            seen.insert(room, heard.audience);
        }
        Ok(())
    }

    /// Accepts what it is invited to. Nobody waits for it, and nothing depends on it: a server that
    /// is far away may take its time, and who invites can do so again.
    pub(super) fn accept(&self, document: &Value) {
        let Some(line) = &self.line else { return };
        for shape in &self.inbound.invited {
            let items = accepted(document, shape.each.as_ref().map(|each| each.as_str()), &shape.accept_if);
            for (to, id) in items.iter().filter_map(|item| Some((shape.to.text(item)?, shape.id.text(item)?))) {
                let (line, call) = (line.clone(), shape.join.clone());
                tokio::spawn(async move { line.ask(&call, &MessageAddress::new(to), &id).await.map(drop) });
            }
        }
    }
}

impl Members {
    async fn audience(
        &self,
        line: &Arc<Line>,
        room: &MessageAddress,
        message_id: &str,
    ) -> Result<MessageAudience, VerificationError> {
        match line.ask(&self.ask, room, message_id).await {
            Ok(said) => Ok(self.count(&said.json)),
            Err(DeliveryError::Retry(_) | DeliveryError::RetryAfter(_) | DeliveryError::Ambiguous) => {
                Err(VerificationError::Unavailable("who reads along"))
            }
            // It will not say it later either, and who is not known to be alone is not.
            Err(_) => Ok(MessageAudience::Unknown),
        }
    }

    fn count(&self, said: &Value) -> MessageAudience {
        let count = match said.pointer(self.members.as_str()) {
            Some(Value::Array(members)) => members.len(),
            Some(Value::Object(members)) => members.len(),
            _ => return MessageAudience::Unknown,
        };
        match count {
            0 => MessageAudience::Unknown, // whoever wrote is not among them
            count if count <= self.most => MessageAudience::Alone,
            _ => MessageAudience::Group,
        }
    }
}

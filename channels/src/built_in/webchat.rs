//! The gateway's own web chat as a channel: a message is there once it lies in the window's transcript,
//! where the browser fetches it, now or when it comes back.
//!
//! Where transcripts are kept, and who may read one, is for whoever gives the port.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::account::form::RequestedField;
use crate::account::{Account, FieldShape, only};
use crate::definition::{Definition, Features};
use crate::validation::FieldError;
use crate::{Channel, DeliveryError, Message, Sent};

/// As teams call it.
pub const NAME: &str = "webchat";

/// Where messages wait for browsers.
#[async_trait]
pub trait TranscriptWriter: Send + Sync + 'static {
    /// Puts a message into the transcript that its id names. The same id again is the same message.
    async fn put(&self, message: &Message) -> Result<Sent, DeliveryError>;
}

/// The platform.
#[derive(Clone)]
pub struct WebChat(Option<Arc<dyn TranscriptWriter>>);

impl WebChat {
    /// Whose messages lie there.
    pub fn over(transcripts: Arc<dyn TranscriptWriter>) -> Self {
        Self(Some(transcripts))
    }

    /// For who only asks what it can do: whatever is put there is refused.
    pub fn without_transcripts() -> Self {
        Self(None)
    }
}

/// It has no ear: what is typed comes in by the window's own door, which knows whose it is.
impl Definition for WebChat {
    fn name(&self) -> &str {
        NAME
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        let mut wrong = only(account, &["forward_url"], &[]);
        let named = account.fields.get("forward_url").map(Value::as_str);
        if named.is_some_and(|url| !url.is_some_and(|url| FieldShape::Url.takes(url))) {
            wrong.push(FieldError::at("/account/forward_url", FieldShape::Url.error()));
        }
        if wrong.is_empty() { Ok(Arc::new(self.clone())) } else { Err(wrong) }
    }

    fn asks(&self) -> Vec<RequestedField> {
        vec![RequestedField::forward()]
    }

    fn features(&self) -> Features {
        Features {
            title: "Web chat".to_owned(),
            link: true,
            code: true,
            initiate: true,
            idempotent: true,
            preview: "none",
            hears: true,
            assurance: Some("platform"),
            ..Features::default()
        }
    }
}

#[async_trait]
impl Channel for WebChat {
    fn name(&self) -> &str {
        NAME
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        match &self.0 {
            Some(transcripts) => transcripts.put(message).await,
            None => Err(DeliveryError::Permanent("no-window")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    #[async_trait]
    impl TranscriptWriter for Nowhere {
        async fn put(&self, _: &Message) -> Result<Sent, DeliveryError> {
            Ok(Sent { platform_id: None })
        }
    }

    #[test]
    fn an_account_names_at_most_where_the_bot_is() {
        let chat = WebChat::over(Arc::new(Nowhere));
        let account = |fields: Value| match fields {
            Value::Object(fields) => Account { fields, ..Account::default() },
            _ => unreachable!("an account is an object"),
        };
        assert!(chat.open(&Account::default()).is_ok());
        assert!(chat.open(&account(serde_json::json!({"forward_url": "https://bot.example.com/heard"}))).is_ok());
        for (fields, pointer) in [
            (serde_json::json!({"forward_url": 7}), "/account/forward_url"),
            (serde_json::json!({"forward_url": "bot"}), "/account/forward_url"),
            (serde_json::json!({"token": "x"}), "/account/token"),
        ] {
            let wrong = chat.open(&account(fields)).err().expect("it is refused");
            assert_eq!(wrong[0].pointer, pointer);
        }
    }
}

//! A session of pages: a channel that carries no messages. People come into it by an invitation, and the browser
//! is the conversation.

use std::sync::Arc;

use async_trait::async_trait;

use crate::account::{Account, only};
use crate::definition::{Definition, Features};
use crate::validation::FieldError;
use crate::{Channel, DeliveryError, Message, Sent};

/// What teams call it.
pub const NAME: &str = "session";

/// The kind of channel.
#[derive(Clone, Copy, Default)]
pub struct SessionChannel;

impl Definition for SessionChannel {
    fn name(&self) -> &str {
        NAME
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        let wrong = only(account, &[], &[]);
        if wrong.is_empty() { Ok(Arc::new(*self)) } else { Err(wrong) }
    }

    fn features(&self) -> Features {
        Features { title: "Session of pages".to_owned(), preview: "none", ..Features::default() }
    }
}

#[async_trait]
impl Channel for SessionChannel {
    fn name(&self) -> &str {
        NAME
    }

    async fn send(&self, _: &Message) -> Result<Sent, DeliveryError> {
        Err(DeliveryError::Permanent("no-messages"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_has_no_fields() {
        assert!(SessionChannel.open(&Account::default()).is_ok());
        let fields = serde_json::Map::from_iter([("token".to_owned(), "x".into())]);
        let wrong = SessionChannel.open(&Account { fields, ..Account::default() }).err().expect("it is refused");
        assert_eq!(wrong[0].pointer, "/account/token");
    }
}

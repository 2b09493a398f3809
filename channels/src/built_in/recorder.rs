//! A channel that keeps what it is given: for the demo's phone and for tests.
//!
//! It is real and shipped, so that tests use what the demo uses; production configuration
//! refuses it, since whoever reads it reads codes. Its account may name an `inbox`, so that one
//! recorder keeps several channels' messages apart.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use crate::account::form::RequestedField;
use crate::account::{Account, MAX_PER_MINUTE, max_per_minute, only};
use crate::definition::{Definition, Features};
use crate::validation::{FieldError, TEXT};
use crate::{Capabilities, Channel, DeliveryError, Message, Sent};

/// As teams call it.
const NAME: &str = "recorder";

/// Messages that are kept; the oldest give way.
const MAX_MESSAGES: usize = 1_000;

/// Keeps messages in memory, and fails when it is told to.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Shelf>);

/// Who is told of each message that is kept.
type Listener = Box<dyn Fn(&Recorded) + Send + Sync>;

#[derive(Default)]
struct Shelf {
    kept: Mutex<VecDeque<Recorded>>,
    failures: Mutex<VecDeque<DeliveryError>>,
    listener: Option<Listener>,
}

/// A message that was sent.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// As the account says; empty where it says nothing.
    pub inbox: String,
    /// What was sent.
    pub message: Message,
}

impl Recorder {
    /// One that tells `listener` of each message once, as it is kept: a phone that rings.
    pub fn telling(listener: impl Fn(&Recorded) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shelf { listener: Some(Box::new(listener)), ..Shelf::default() }))
    }

    /// Everything that was sent and not given way, oldest first.
    pub fn messages(&self) -> Vec<Recorded> {
        lock(&self.0.kept).iter().cloned().collect()
    }

    /// The next messages fail so, in this order.
    pub fn fail_next(&self, errors: impl IntoIterator<Item = DeliveryError>) {
        lock(&self.0.failures).extend(errors);
    }

    /// Forgets the failures that were not met.
    pub fn fail_no_more(&self) {
        lock(&self.0.failures).clear();
    }

    fn take(&self, inbox: &str, message: &Message) -> Result<Sent, DeliveryError> {
        if let Some(error) = lock(&self.0.failures).pop_front() {
            return Err(error);
        }
        if let Some(new) = self.keep(inbox, message)
            && let Some(listener) = &self.0.listener
        {
            listener(&new);
        }
        Ok(Sent { platform_id: Some(message.id.clone()) })
    }

    /// None where it is kept already: the same message again is the same message, as on a platform
    /// with client-chosen ids.
    fn keep(&self, inbox: &str, message: &Message) -> Option<Recorded> {
        let mut kept = lock(&self.0.kept);
        if kept.iter().any(|known| known.inbox == inbox && known.message.id == message.id) {
            return None;
        }
        let new = Recorded { inbox: inbox.to_owned(), message: message.clone() };
        kept.push_back(new.clone());
        if kept.len() > MAX_MESSAGES {
            kept.pop_front();
        }
        Some(new)
    }
}

impl Definition for Recorder {
    fn name(&self) -> &str {
        NAME
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Channel>, Vec<FieldError>> {
        let mut wrong = only(account, &["inbox", MAX_PER_MINUTE], &[]);
        let inbox = match account.fields.get("inbox") {
            None => String::new(),
            Some(Value::String(inbox)) => inbox.clone(),
            Some(_) => {
                wrong.push(FieldError::at("/account/inbox", &TEXT));
                String::new()
            }
        };
        let limit = max_per_minute(account).unwrap_or_else(|error| {
            wrong.push(error);
            None
        });
        if wrong.is_empty() { Ok(Arc::new(Inbox { inbox, limit, recorder: self.clone() })) } else { Err(wrong) }
    }

    fn asks(&self) -> Vec<RequestedField> {
        vec![
            RequestedField::field("inbox", "under which name messages are kept").optional(),
            RequestedField::rate_limit(),
        ]
    }

    fn features(&self) -> Features {
        let title = "Recorder".to_owned();
        Features {
            title,
            link: true,
            code: true,
            initiate: true,
            idempotent: true,
            preview: "none",
            ..Features::default()
        }
    }
}

/// The channel of one account.
struct Inbox {
    inbox: String,
    limit: Option<NonZeroU32>,
    recorder: Recorder,
}

#[async_trait]
impl Channel for Inbox {
    fn name(&self) -> &str {
        NAME
    }

    /// An inbox that is called after text messages stands for a phone's.
    fn capabilities(&self) -> Capabilities {
        Capabilities { is_text_message: self.inbox.contains("sms"), ..Capabilities::default() }
    }

    fn max_per_minute(&self) -> Option<NonZeroU32> {
        self.limit
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        self.recorder.take(&self.inbox, message)
    }
}

/// Nothing here is half-changed when a holder panics.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, MessageAddress, Terms};
    use secrecy::ExposeSecret as _;

    fn message(id: &str) -> Message {
        let content = Content::Code { text: "#PIN# is your code.".into(), code: "314159".to_owned().into() };
        let (to, terms) = (MessageAddress::new("+37255512345"), Terms::default());
        Message { id: id.into(), to, subject: None, content, terms }
    }

    fn channel(recorder: &Recorder, inbox: &str) -> Arc<dyn Channel> {
        let fields = [("inbox".to_owned(), inbox.into())].into_iter().collect();
        recorder.open(&Account { fields, ..Account::default() }).unwrap()
    }

    #[tokio::test]
    async fn it_keeps_each_message_once_and_inboxes_apart() {
        let recorder = Recorder::default();
        for (inbox, id) in [("sms", "a"), ("sms", "b"), ("sms", "a"), ("mail", "a")] {
            channel(&recorder, inbox).send(&message(id)).await.unwrap();
        }
        let kept: Vec<_> = recorder.messages().into_iter().map(|kept| (kept.inbox, kept.message.id)).collect();
        assert_eq!(kept, [("sms", "a"), ("sms", "b"), ("mail", "a")].map(|(i, m)| (i.to_owned(), m.to_owned())));
    }

    #[tokio::test]
    async fn it_tells_of_each_message_once_and_of_none_that_failed() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ids = heard.clone();
        let recorder = Recorder::telling(move |kept| lock(&ids).push(kept.message.id.clone()));
        recorder.fail_next([DeliveryError::Ambiguous]);
        let channel = channel(&recorder, "");
        for (id, arrives) in [("lost", false), ("a", true), ("a", true), ("b", true)] {
            assert_eq!(channel.send(&message(id)).await.is_ok(), arrives);
        }
        assert_eq!(*lock(&heard), ["a", "b"]);
    }

    #[tokio::test]
    async fn it_fails_when_it_is_told_to_and_then_no_more() {
        let recorder = Recorder::default();
        recorder.fail_next([DeliveryError::Ambiguous]);
        assert_eq!(channel(&recorder, "").send(&message("a")).await, Err(DeliveryError::Ambiguous));
        assert!(recorder.messages().is_empty());
        assert!(channel(&recorder, "").send(&message("a")).await.is_ok());
    }

    #[tokio::test]
    async fn it_gives_way_at_its_bound() {
        let recorder = Recorder::default();
        let channel = channel(&recorder, "");
        for n in 0..MAX_MESSAGES + 5 {
            channel.send(&message(&n.to_string())).await.unwrap();
        }
        assert_eq!(recorder.messages().len(), MAX_MESSAGES);
        assert_eq!(recorder.messages()[0].message.id, "5");
    }

    #[test]
    fn an_inbox_is_a_text_and_nothing_else_is_wanted() {
        let fields = [("inbox".to_owned(), 7.into()), ("from".to_owned(), "x".into())].into_iter().collect();
        let wrong = Recorder::default().open(&Account { fields, ..Account::default() }).err().unwrap();
        assert_eq!(wrong.iter().map(|w| w.pointer.as_str()).collect::<Vec<_>>(), ["/account/from", "/account/inbox"]);
    }

    #[test]
    fn a_message_prints_neither_its_code_nor_its_address() {
        let shown = format!("{:?}", message("a"));
        assert!(!shown.contains("314159") && !shown.contains("372555"));
    }

    #[test]
    fn a_code_stands_wherever_its_text_says() {
        let content = Content::Code { text: "#PIN#.\n@a.example ##PIN#".into(), code: "314159".to_owned().into() };
        assert_eq!(content.plain().expose_secret(), "314159.\n@a.example #314159");
    }
}

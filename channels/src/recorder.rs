//! A channel that keeps what it is given: for the demo's phone and for tests.
//!
//! It is real and shipped, so that tests use what the demo uses; production configuration
//! refuses it, since whoever reads it reads codes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::{Channel, DeliveryError, Message, Sent};

/// Messages that are kept; the oldest give way.
const MOST: usize = 1_000;

/// Keeps messages in memory, and fails when it is told to.
#[derive(Default)]
pub struct Recorder {
    kept: Mutex<VecDeque<Message>>,
    failures: Mutex<VecDeque<DeliveryError>>,
}

impl Recorder {
    /// Everything that was sent and not given way, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.kept).iter().cloned().collect()
    }

    /// The next messages fail so, in this order.
    pub fn fail_next(&self, errors: impl IntoIterator<Item = DeliveryError>) {
        lock(&self.failures).extend(errors);
    }
}

#[async_trait]
impl Channel for Recorder {
    fn name(&self) -> &str {
        "recorder"
    }

    async fn send(&self, message: &Message) -> Result<Sent, DeliveryError> {
        if let Some(error) = lock(&self.failures).pop_front() {
            return Err(error);
        }
        let mut kept = lock(&self.kept);
        // The same message again is the same message, as on a platform with client-chosen ids.
        if kept.iter().all(|known| known.id != message.id) {
            kept.push_back(message.clone());
        }
        if kept.len() > MOST {
            kept.pop_front();
        }
        Ok(Sent { platform_id: Some(message.id.clone()) })
    }
}

/// Nothing here is half-changed when a holder panics.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Content};

    fn message(id: &str) -> Message {
        let content = Content::Code { text: "#PIN# is your code.".into(), code: "314159".to_owned().into() };
        Message { id: id.into(), to: Address::new("+37255512345"), content }
    }

    #[tokio::test]
    async fn it_keeps_each_message_once() {
        let recorder = Recorder::default();
        for id in ["a", "b", "a"] {
            recorder.send(&message(id)).await.unwrap();
        }
        let ids: Vec<String> = recorder.messages().into_iter().map(|m| m.id).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[tokio::test]
    async fn it_fails_when_it_is_told_to_and_then_no_more() {
        let recorder = Recorder::default();
        recorder.fail_next([DeliveryError::Ambiguous]);
        assert_eq!(recorder.send(&message("a")).await, Err(DeliveryError::Ambiguous));
        assert!(recorder.messages().is_empty());
        assert!(recorder.send(&message("a")).await.is_ok());
    }

    #[tokio::test]
    async fn it_gives_way_at_its_bound() {
        let recorder = Recorder::default();
        for n in 0..MOST + 5 {
            recorder.send(&message(&n.to_string())).await.unwrap();
        }
        assert_eq!(recorder.messages().len(), MOST);
        assert_eq!(recorder.messages()[0].id, "5");
    }

    #[test]
    fn a_message_prints_neither_its_code_nor_its_address() {
        let shown = format!("{:?}", message("a"));
        assert!(!shown.contains("314159") && !shown.contains("372555"));
    }
}

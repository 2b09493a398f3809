//! The customers' phones: one number and one mailbox for each chat, and what reached them: text
//! messages, WhatsApp messages, mails.
//!
//! A phone is its owner's. The bot knows its addresses and no more; what arrives is shown to the
//! browser of that chat alone, and written nowhere. Who brings the messages is outside.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// So many numbers there are, from 07700 900000 on: kept free for stories, they ring nowhere.
pub const NUMBERS: u16 = 1_000;

/// Older messages leave the screen.
const MAX_ENTRIES: usize = 12;

/// What somebody was sent. It cannot be printed: it may hold a code.
#[derive(Clone, Serialize)]
pub struct PhoneMessage {
    /// As what it came.
    pub by: MessageKind,
    /// The line above a mail.
    pub subject: Option<String>,
    /// Its words, a code in its place.
    pub text: String,
    /// What a link's button opens.
    pub url: Option<String>,
    /// The code alone, where it brings one.
    pub code: Option<String>,
}

/// As what a message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// A text message.
    Sms,
    /// A WhatsApp message.
    WhatsApp,
    /// A mail.
    Mail,
}

/// A message on a phone.
#[derive(Clone, Serialize)]
pub struct ReceivedMessage {
    /// Its number on this phone.
    pub id: u32,
    /// What it says.
    #[serde(flatten)]
    pub message: PhoneMessage,
}

/// What a phone has received, oldest first.
pub type ReceivedMessages = Arc<Vec<ReceivedMessage>>;

/// A phone in somebody's hand. Its number is free again when nobody holds it.
#[derive(Clone)]
pub struct Phone {
    /// In E.164.
    pub number: String,
    /// Its owner's mailbox.
    pub mailbox: String,
    /// What has arrived, as it arrives.
    pub texts: watch::Receiver<ReceivedMessages>,
}

/// All phones.
#[derive(Clone, Default)]
pub struct Phones(Arc<Mutex<NumberRegistry>>);

/// The numbers that somebody holds, and the last one that was given.
#[derive(Default)]
struct NumberRegistry {
    by_number: HashMap<String, watch::Sender<ReceivedMessages>>,
    next: u16,
}

impl Phones {
    /// A phone with a number that nobody else holds. `None`: there is none left.
    pub fn connect(&self) -> Option<Phone> {
        let mut numbers = lock(&self.0);
        numbers.by_number.retain(|_, sender| !sender.is_closed());
        for _ in 0..NUMBERS {
            numbers.next = (numbers.next + 1) % NUMBERS;
            let number = format!("+447700900{:03}", numbers.next);
            if !numbers.by_number.contains_key(&number) {
                let (sender, texts) = watch::channel(ReceivedMessages::default());
                numbers.by_number.insert(number.clone(), sender);
                return Some(Phone { mailbox: mailbox(&number), number, texts });
            }
        }
        None
    }

    /// A message arrives at a number or a mailbox; one for nobody's is lost, as on any network.
    pub fn deliver(&self, to: &str, message: PhoneMessage) {
        let numbers = lock(&self.0);
        let number = numbers.by_number.keys().find(|number| **number == to || mailbox(number) == to);
        let Some(sender) = number.and_then(|number| numbers.by_number.get(number)) else { return };
        sender.send_modify(|texts| {
            let mut received = texts.as_ref().clone();
            let id = received.last().map_or(1, |last| last.id + 1);
            received.push(ReceivedMessage { id, message });
            let surplus = received.len().saturating_sub(MAX_ENTRIES);
            received.drain(..surplus);
            *texts = Arc::new(received);
        });
    }
}

/// Who holds the number reads mail there.
fn mailbox(number: &str) -> String {
    format!("customer-{}@example.com", &number[number.len().saturating_sub(3)..])
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(phone: &Phone) -> Vec<String> {
        phone.texts.borrow().iter().map(|text| text.message.text.clone()).collect()
    }

    fn text(by: MessageKind, text: &str) -> PhoneMessage {
        PhoneMessage { by, subject: None, text: text.to_owned(), url: None, code: None }
    }

    #[test]
    fn a_message_reaches_the_phone_of_its_number_alone() {
        let phones = Phones::default();
        let (one, other) = (phones.connect().expect("a number"), phones.connect().expect("a number"));
        assert_ne!(one.number, other.number);
        phones.deliver(&one.number, text(MessageKind::Sms, "314159"));
        phones.deliver("+447700900999", text(MessageKind::Sms, "for nobody"));
        phones.deliver(&one.mailbox, text(MessageKind::Mail, "Hello"));
        phones.deliver("customer-999@example.com", text(MessageKind::Mail, "for nobody"));
        assert_eq!(received(&one), ["314159", "Hello"]);
        assert_ne!(one.mailbox, other.mailbox);
        assert!(received(&other).is_empty());
    }

    #[test]
    fn a_number_is_given_to_one_at_a_time_and_comes_back_empty() {
        let phones = Phones::default();
        let mut all: Vec<_> = (0..NUMBERS).map(|_| phones.connect().expect("a number")).collect();
        assert!(phones.connect().is_none());
        let last = all.pop().expect("there are some");
        phones.deliver(&last.number, text(MessageKind::WhatsApp, "314159"));
        let number = last.number.clone();
        drop(last);
        let again = phones.connect().expect("one is free");
        assert_eq!(again.number, number);
        assert!(received(&again).is_empty(), "nobody reads what the one before was sent");
    }

    #[test]
    fn a_phone_keeps_its_newest_messages() {
        let phones = Phones::default();
        let phone = phones.connect().expect("a number");
        for n in 1..=MAX_ENTRIES + 3 {
            phones.deliver(&phone.number, text(MessageKind::Sms, &n.to_string()));
        }
        let ids: Vec<_> = phone.texts.borrow().iter().map(|text| text.id).collect();
        assert_eq!((ids.len(), ids[0]), (MAX_ENTRIES, 4));
    }
}

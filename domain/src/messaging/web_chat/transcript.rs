//! What lies in a window: what was said on both sides, and cards. Bounded: the oldest gives way.
//! A code lies in no transcript, neither one that was sent nor one that was typed.

use serde::{Deserialize, Serialize};

use super::DOTS;
use crate::secret::token::Token;
use crate::secret::{Secret, Tag};
use crate::time::Moment;

/// A transcript has at most so many entries…
const MAX_ENTRIES: usize = 200;
/// … of at most so many bytes of text together.
const MAX_BYTES: usize = 96 * 1024;
/// Invitations that a transcript remembers: more of them within their few minutes are refused.
const MAX_INVITED: usize = 200;

/// What lies in one conversation's window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// The newest entry's number.
    pub last: u64,
    /// Oldest first.
    pub entries: Vec<ChatEntry>,
    /// Invitations that were used, until they would be over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    used: Vec<(Tag, Moment)>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatEntry {
    /// Rises, and never comes back.
    pub number: u64,
    /// Whoever put it there calls it so: the same again is the same entry.
    pub id: String,
    /// When.
    pub at: Moment,
    /// What.
    pub said: EntryContent,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EntryContent {
    /// The bot's words.
    Bot(String),
    /// The customer's.
    Customer(String),
    /// The customer's answer to a question of the gateway's own, which nobody keeps.
    Answer,
    /// A link.
    Link {
        /// The words before it.
        text: String,
        /// A secret until it is used.
        url: Secret,
    },
    /// A code was sent here: which one, the interaction's message of that number says.
    Code {
        /// The words around it.
        text: String,
        /// The message's number.
        message: u32,
    },
}

impl EntryContent {
    fn bytes(&self) -> usize {
        match self {
            Self::Bot(text) | Self::Customer(text) | Self::Code { text, .. } => text.len(),
            Self::Link { text, url } => text.len() + url.expose().len(),
            Self::Answer => DOTS.len(),
        }
    }
}

impl Transcript {
    /// Puts something there; false where it was there already.
    pub fn put(&mut self, id: &str, said: EntryContent, now: Moment) -> bool {
        if self.entries.iter().any(|entry| entry.id == id) {
            return false;
        }
        self.last += 1;
        self.entries.push(ChatEntry { number: self.last, id: id.to_owned(), at: now, said });
        let mut bytes: usize = self.entries.iter().map(|entry| entry.said.bytes()).sum();
        while self.entries.len() > MAX_ENTRIES || (bytes > MAX_BYTES && self.entries.len() > 1) {
            bytes -= self.entries.remove(0).said.bytes();
        }
        true
    }

    /// When that entry was put there.
    pub fn at(&self, id: &str) -> Option<Moment> {
        self.entries.iter().find(|entry| entry.id == id).map(|entry| entry.at)
    }

    /// What came after the numbered one.
    pub fn after(&self, last: u64) -> &[ChatEntry] {
        let from = self.entries.partition_point(|entry| entry.number <= last);
        &self.entries[from..]
    }

    /// Uses an invitation up; false where it was used before.
    pub fn use_up(&mut self, invitation: Tag, until: Moment, now: Moment) -> bool {
        self.used.retain(|(_, until)| now < *until);
        let is_new = self.used.len() < MAX_INVITED && self.used.iter().all(|(used, _)| *used != invitation);
        if is_new {
            self.used.push((invitation, until));
        }
        is_new
    }
}

/// The number of the link that a URL of ours leads to.
pub fn link_number(url: &Secret) -> Option<(Token, u16)> {
    let text = std::str::from_utf8(url.expose()).ok()?;
    let token = Token::parse(text.rsplit('/').next()?)?;
    let number = token.number;
    Some((token, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::MacKey;

    fn bot(text: &str) -> EntryContent {
        EntryContent::Bot(text.to_owned())
    }

    #[test]
    fn the_same_id_is_the_same_entry_and_numbers_rise() {
        let mut transcript = Transcript::default();
        assert!(transcript.put("a", bot("one"), Moment(1)) && transcript.put("b", bot("two"), Moment(2)));
        assert!(!transcript.put("a", bot("three"), Moment(3)));
        assert_eq!(transcript.after(0).len(), 2);
        assert_eq!(transcript.after(1)[0].id, "b");
        assert!(transcript.after(2).is_empty() && transcript.after(9).is_empty());
        assert_eq!(transcript.at("b"), Some(Moment(2)));
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut transcript = Transcript::default();
        for n in 0..=MAX_ENTRIES {
            transcript.put(&n.to_string(), bot("x"), Moment(1));
        }
        assert_eq!((transcript.entries.len(), transcript.entries[0].number), (MAX_ENTRIES, 2));
        transcript.put("long", bot(&"x".repeat(MAX_BYTES)), Moment(1));
        assert_eq!(transcript.entries.len(), 1, "the newest stays, whatever its length");
        assert_eq!(transcript.last, MAX_ENTRIES as u64 + 2);
    }

    #[test]
    fn an_invitation_is_good_once() {
        let key = MacKey::new(b"k");
        let (mut transcript, one) = (Transcript::default(), key.tag(&[b"one"]));
        assert!(transcript.use_up(one, Moment(10), Moment(1)));
        assert!(!transcript.use_up(one, Moment(10), Moment(9)));
        assert!(transcript.use_up(key.tag(&[b"two"]), Moment(20), Moment(10)));
        assert_eq!(transcript.used.len(), 1, "what is over anyway need not be remembered");
        for n in 0..MAX_INVITED {
            transcript.use_up(key.tag(&[&n.to_be_bytes()]), Moment(99), Moment(11));
        }
        assert!(!transcript.use_up(key.tag(&[b"one more"]), Moment(99), Moment(11)));
    }
}

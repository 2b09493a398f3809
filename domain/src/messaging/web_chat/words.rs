//! The words that open a window, and the one that lets somebody glance at a flag: each says where it
//! belongs and until when, and proves it with a key outside the store. None prints its proof.

use std::fmt;
use std::time::Duration;

use crate::base::id::InteractionId;
use crate::secret::{MacKey, base64url, from_base64url};
use crate::time::Moment;

/// An invitation is used at once: by the page that asked for it.
const INVITED: Duration = Duration::from_secs(5 * 60);

/// The website vouches again after so long.
const SEATED: Duration = Duration::from_secs(12 * 60 * 60);

/// A portal asks for another long before.
const GLANCED: Duration = Duration::from_secs(10 * 60);

/// Bytes of the proof at a word's end.
const PROOF: usize = 16;

/// No origin is longer, and so no word.
const MAX_BYTES: usize = 512;

/// What a back end gives its page, for one browser.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatInvitation {
    /// Whose chat it opens.
    pub interaction: InteractionId,
    /// Its end.
    pub until: Moment,
    /// By which it is known to have been used.
    pub nonce: [u8; 16],
}

/// Leave to see how one conversation's flag stands, and nothing else of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusToken {
    /// Whose flag it shows.
    pub interaction: InteractionId,
    /// Its end.
    pub until: Moment,
}

/// A browser that came in.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatSession {
    /// Whose chat it reads.
    pub interaction: InteractionId,
    /// Its end.
    pub until: Moment,
    /// The origin of the page that the window stands in.
    pub embedder: String,
}

impl ChatInvitation {
    /// One that begins now.
    pub fn begin(interaction: InteractionId, now: Moment, nonce: [u8; 16]) -> Self {
        Self { interaction, until: now.plus(INVITED), nonce }
    }

    /// The text of it.
    pub fn text(&self, key: &MacKey) -> String {
        sealed_token(1, self.interaction, self.until, &self.nonce, key)
    }

    /// Takes only what was made with that key and is not over.
    pub fn parse(text: &str, key: &MacKey, now: Moment) -> Option<Self> {
        let (interaction, until, rest) = read(1, text, key, now)?;
        Some(Self { interaction, until, nonce: rest.try_into().ok()? })
    }
}

impl StatusToken {
    /// One that begins now.
    pub fn begin(interaction: InteractionId, now: Moment) -> Self {
        Self { interaction, until: now.plus(GLANCED) }
    }

    /// The text of it.
    pub fn text(&self, key: &MacKey) -> String {
        sealed_token(3, self.interaction, self.until, &[], key)
    }

    /// Takes only what was made with that key and is not over.
    pub fn parse(text: &str, key: &MacKey, now: Moment) -> Option<Self> {
        let (interaction, until, rest) = read(3, text, key, now)?;
        rest.is_empty().then_some(Self { interaction, until })
    }
}

impl ChatSession {
    /// One that begins now.
    pub fn begin(interaction: InteractionId, now: Moment, embedder: &str) -> Self {
        Self { interaction, until: now.plus(SEATED), embedder: embedder.to_owned() }
    }

    /// The text of it.
    pub fn text(&self, key: &MacKey) -> String {
        sealed_token(2, self.interaction, self.until, self.embedder.as_bytes(), key)
    }

    /// Takes only what was made with that key and is not over.
    pub fn parse(text: &str, key: &MacKey, now: Moment) -> Option<Self> {
        let (interaction, until, rest) = read(2, text, key, now)?;
        Some(Self { interaction, until, embedder: String::from_utf8(rest).ok()? })
    }
}

fn sealed_token(kind: u8, interaction: InteractionId, until: Moment, rest: &[u8], key: &MacKey) -> String {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(interaction.as_bytes());
    bytes.extend_from_slice(&until.0.to_be_bytes());
    bytes.extend_from_slice(rest);
    let proof = key.tag(&[&bytes]);
    bytes.extend_from_slice(&proof.as_bytes()[..PROOF]);
    base64url(&bytes)
}

fn read(kind: u8, text: &str, key: &MacKey, now: Moment) -> Option<(InteractionId, Moment, Vec<u8>)> {
    let bytes = Some(text).filter(|text| text.len() <= MAX_BYTES).and_then(from_base64url)?;
    let (body, proof) = bytes.split_at_checked(bytes.len().checked_sub(PROOF)?)?;
    let made = key.tag(&[body]);
    if !bool::from(subtle::ConstantTimeEq::ct_eq(&made.as_bytes()[..PROOF], proof)) {
        return None;
    }
    let (head, rest) = body.split_at_checked(25)?;
    let interaction = InteractionId::from_bytes(head[1..17].try_into().ok()?)?;
    let until = Moment(u64::from_be_bytes(head[17..25].try_into().ok()?));
    (head[0] == kind && now < until).then(|| (interaction, until, rest.to_vec()))
}

impl fmt::Debug for ChatInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation(to {})", self.interaction)
    }
}

impl fmt::Debug for ChatSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(of {} in {})", self.interaction, self.embedder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_700_000_000_000);

    fn id() -> InteractionId {
        InteractionId::new(NOW, [9; 10], 3)
    }

    #[test]
    fn words_read_back_until_they_are_over() {
        let key = MacKey::new(b"k");
        let invitation = ChatInvitation::begin(id(), NOW, [4; 16]);
        let session = ChatSession::begin(id(), NOW, "https://shop.example.com");
        assert_eq!(ChatInvitation::parse(&invitation.text(&key), &key, NOW), Some(invitation.clone()));
        assert_eq!(ChatSession::parse(&session.text(&key), &key, NOW), Some(session.clone()));
        assert_eq!(ChatInvitation::parse(&invitation.text(&key), &key, NOW.plus(INVITED)), None);
        assert_eq!(ChatSession::parse(&session.text(&key), &key, NOW.plus(SEATED)), None);
    }

    #[test]
    fn one_word_is_not_another_and_none_can_be_made_without_the_key() {
        let (key, other) = (MacKey::new(b"k"), MacKey::new(b"another"));
        let invitation = ChatInvitation::begin(id(), NOW, [b'a'; 16]).text(&key);
        assert_eq!(ChatSession::parse(&invitation, &key, NOW), None);
        let status_token = StatusToken::begin(id(), NOW);
        assert_eq!(StatusToken::parse(&status_token.text(&key), &key, NOW), Some(status_token.clone()));
        assert_eq!(StatusToken::parse(&status_token.text(&key), &key, NOW.plus(GLANCED)), None);
        assert_eq!(StatusToken::parse(&status_token.text(&other), &key, NOW), None);
        for foreign in [&invitation, &ChatSession::begin(id(), NOW, "").text(&key)] {
            assert_eq!(StatusToken::parse(foreign, &key, NOW), None);
        }
        assert_eq!(ChatSession::parse(&status_token.text(&key), &key, NOW), None);
        assert_eq!(ChatInvitation::parse(&status_token.text(&key), &key, NOW), None);
        assert_eq!(ChatInvitation::parse(&ChatSession::begin(id(), NOW, "a").text(&key), &key, NOW), None);
        assert_eq!(ChatInvitation::parse(&invitation, &other, NOW), None);
        for at in 0..invitation.len() {
            let mut changed = invitation.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(ChatInvitation::parse(&changed, &key, NOW), None, "{at}");
        }
        for text in ["", "A", "AQ", &"A".repeat(600)] {
            assert_eq!(ChatInvitation::parse(text, &key, NOW), None, "{text}");
        }
    }

    #[test]
    fn a_word_does_not_print() {
        let invitation = ChatInvitation::begin(id(), NOW, [0xAB; 16]);
        assert_eq!(format!("{invitation:?}"), format!("Invitation(to {})", id()));
    }
}

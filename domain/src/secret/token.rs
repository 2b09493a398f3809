//! The secrets that travel in URLs: of a login link, of its handle, of its done page, of a
//! challenge's page, of an invitation's.
//!
//! A token says where it belongs (interaction and number) and proves it by 128 random bits; the
//! store keeps only a keyed fingerprint of the whole. The secret stands first, so that tokens
//! share no beginning but the version.

use std::fmt;

use crate::base::id::InteractionId;
use crate::secret::{MacKey, Secret, Tag, base64url, from_base64url};

/// What a token opens. The number is the token's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TokenKind {
    /// The landing page, `/l/TOKEN`.
    Link = 1,
    /// The callback of one opened link, `/p/TOKEN`; the `cs_token` of the login page.
    Handle = 2,
    /// The page after a login, `/d/TOKEN`.
    Done = 3,
    /// The page of a challenge, `/c/TOKEN`.
    Challenge = 4,
    /// The page of an invitation, also `/c/TOKEN`.
    Entry = 5,
    /// The page after an answer to a challenge, also `/d/TOKEN`.
    ChallengeDone = 6,
}

/// A token, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What it opens.
    pub kind: TokenKind,
    /// 128 bits that cannot be guessed.
    pub secret: [u8; 16],
    /// The interaction that it belongs to.
    pub interaction: InteractionId,
    /// The link's or the challenge's number within the interaction.
    pub number: u16,
}

impl Token {
    const LENGTH: usize = 35;

    /// The text that stands in URLs: 47 characters of base64url.
    pub fn text(&self) -> String {
        base64url(&self.bytes())
    }

    /// Takes only the one canonical spelling.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != Self::LENGTH.div_ceil(3) * 4 - 1 {
            return None;
        }
        let bytes: [u8; Self::LENGTH] = from_base64url(text)?.try_into().ok()?;
        let kind = match bytes[0] {
            1 => TokenKind::Link,
            2 => TokenKind::Handle,
            3 => TokenKind::Done,
            4 => TokenKind::Challenge,
            5 => TokenKind::Entry,
            6 => TokenKind::ChallengeDone,
            _ => return None,
        };
        let (mut secret, mut id) = ([0; 16], [0; 16]);
        secret.copy_from_slice(&bytes[1..17]);
        id.copy_from_slice(&bytes[17..33]);
        let interaction = InteractionId::from_bytes(id)?;
        Some(Self { kind, secret, interaction, number: u16::from_be_bytes([bytes[33], bytes[34]]) })
    }

    /// A token that follows from a seed: who keeps the seed can write its URL again, with the key.
    pub fn of_seed(kind: TokenKind, seed: &[u8; 16], interaction: InteractionId, number: u16, key: &MacKey) -> Self {
        let made = key.tag(&[b"seed", &[kind as u8], interaction.as_bytes(), &number.to_be_bytes(), seed]);
        Self { kind, secret: made.first_half(), interaction, number }
    }

    /// The done page's token of one answer to this handle. It follows from both, so that whoever repeats the
    /// very same answer can be told again, and nobody else.
    pub fn done(&self, answer: &[&[u8]], key: &MacKey) -> Self {
        self.derived(TokenKind::Done, self.number, answer, key)
    }

    /// The same of an answer to the challenge of that number, on the page that this token opens.
    pub fn challenge_done(&self, challenge: u16, answer: &[&[u8]], key: &MacKey) -> Self {
        self.derived(TokenKind::ChallengeDone, challenge, answer, key)
    }

    fn derived(&self, kind: TokenKind, number: u16, answer: &[&[u8]], key: &MacKey) -> Self {
        let own = self.bytes();
        let parts: Vec<&[u8]> = [b"done".as_slice(), &own].into_iter().chain(answer.iter().copied()).collect();
        Self { kind, secret: key.tag(&parts).first_half(), interaction: self.interaction, number }
    }

    /// What shows a login page's window to be opened by the chat that the link was sent to. It follows
    /// from the token and a key: whoever has the link alone, to forward it, cannot make it.
    pub fn opener(&self, key: &MacKey) -> Secret {
        Secret::new(key.tag(&[b"opener", &self.bytes()]).first_half().to_vec())
    }

    /// What the store keeps of it.
    pub fn tag(&self, key: &MacKey) -> Tag {
        key.tag(&[&self.bytes()])
    }

    fn bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = self.kind as u8;
        bytes[1..17].copy_from_slice(&self.secret);
        bytes[17..33].copy_from_slice(self.interaction.as_bytes());
        bytes[33..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }
}

impl fmt::Debug for Token {
    /// Says what it is for and never what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?} {} of {})", self.kind, self.number, self.interaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;

    fn token() -> Token {
        let interaction = InteractionId::new(Moment(1_700_000_000_000), [9; 10], 3);
        Token { kind: TokenKind::Link, secret: [0xAB; 16], interaction, number: 7 }
    }

    #[test]
    fn a_token_reads_back() {
        let text = token().text();
        assert_eq!(text.len(), 47);
        assert_eq!(Token::parse(&text), Some(token()));
    }

    #[test]
    fn other_spellings_are_no_tokens() {
        let text = token().text();
        for wrong in
            [format!("{text}="), text[1..].to_owned(), format!(" {text}"), text.replace('A', "+"), String::new()]
        {
            assert_eq!(Token::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_kind_is_part_of_the_fingerprint() {
        let key = MacKey::new(b"k");
        let handle = Token { kind: TokenKind::Handle, ..token() };
        assert!(token().tag(&key) != handle.tag(&key));
    }

    #[test]
    fn a_token_does_not_print_its_secret() {
        let shown = format!("{:?}", token());
        assert!(!shown.contains(&token().text()) && !shown.to_lowercase().contains("abab"));
    }
}

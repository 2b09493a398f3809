//! Confirmation codes: six characters that the browser shows and the chat must say; and what a
//! browser carries to the chat's platform instead, where that says itself whose browser it is.
//!
//! The code is not kept anywhere: it follows from a nonce in the record and a key outside the
//! store, for the page that shows it and for the comparison alike.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use crate::base::id::InteractionId;
use crate::secret::typed::plain;
use crate::secret::{MacKey, Secret, Tag, base64url};

/// How long a code may take to come back.
pub const LIFETIME_MINUTES: u64 = 2;

/// How often the chat may say a wrong one.
pub const TRIES: u8 = 3;

const ALPHABET: &[u8; 26] = b"BCDFGHJKMNPQRTVWXZ23456789";
const LENGTH: usize = 6;

/// A confirmation code that a browser is shown, and that must come back through the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The browser that is shown it.
    pub browser: Tag,
    /// What the code follows from, with the key.
    pub nonce: [u8; 16],
    /// Wrong codes that it still takes.
    pub tries_left: u8,
}

impl Confirmation {
    /// A new code for that browser.
    pub fn new(browser: Tag, nonce: [u8; 16]) -> Self {
        Self { browser, nonce, tries_left: TRIES }
    }

    /// The six characters, at least two of them digits, so that no word is one.
    pub fn code(&self, interaction: InteractionId, key: &MacKey) -> String {
        for round in 0u8.. {
            let tag = key.tag(&[interaction.as_bytes(), &self.nonce, &[round]]);
            // Bytes from 234 up would favour the first letters: 234 = 9 × 26.
            let mut fair = tag.as_bytes().iter().filter(|b| **b < 234).map(|b| ALPHABET[usize::from(b % 26)]);
            let code: Vec<u8> = fair.by_ref().take(LENGTH).collect();
            if code.len() == LENGTH && code.iter().filter(|c| c.is_ascii_digit()).count() >= 2 {
                return code.into_iter().map(char::from).collect();
            }
        }
        unreachable!("each round ends the search with a chance of more than a half")
    }

    /// What the browser carries to the platform, which tells it again: 43 characters of base64url. It is
    /// good for as long as the code, and once.
    pub fn carried(&self, interaction: InteractionId, key: &MacKey) -> Secret {
        let tag = key.tag(&[b"carried", interaction.as_bytes(), &self.nonce]);
        Secret::new(base64url(tag.as_bytes()).into_bytes())
    }

    /// Whether it is that.
    pub fn is_carried(&self, said: &str, interaction: InteractionId, key: &MacKey) -> bool {
        self.carried(interaction, key).expose().ct_eq(said.as_bytes()).into()
    }

    /// Compares in a time that does not tell where the difference is.
    pub fn is(&self, said: &Candidate, interaction: InteractionId, key: &MacKey) -> bool {
        self.code(interaction, key).as_bytes().ct_eq(said.0.as_bytes()).into()
    }
}

/// A text that may be a confirmation code. Everything else is conversation and never counted.
#[derive(Clone)]
pub struct Candidate(String);

impl Candidate {
    /// How many characters one has.
    pub const LENGTH: usize = LENGTH;

    /// NFKC, without spaces, dashes and zero-width characters, in capitals; Telegram's `/start `
    /// before it is the return link's.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("/start ").unwrap_or(text);
        let code: String = plain(text)?.to_uppercase();
        let fits = code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
        (fits && code.bytes().filter(u8::is_ascii_digit).count() >= 2).then_some(Self(code))
    }

    /// Whether one stands somewhere in a text, in one piece or in several.
    pub fn stands_in(text: &str) -> bool {
        let text: String = text.nfkc().collect();
        let pieces: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty()).collect();
        (0..pieces.len()).any(|from| {
            let mut joined = String::new();
            let fits = |piece: &&str| {
                joined.push_str(piece);
                joined.len() <= LENGTH
            };
            let to = pieces[from..].iter().copied().take_while(fits).count();
            (1..=to).any(|count| Self::parse(&pieces[from..from + count].concat()).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;

    fn confirmation(nonce: [u8; 16]) -> Confirmation {
        Confirmation::new(MacKey::new(b"k").tag(&[b"browser"]), nonce)
    }

    #[test]
    fn codes_are_candidates_and_use_the_whole_alphabet() {
        let key = MacKey::new(b"k");
        let id = InteractionId::new(Moment(0), [0; 10], 0);
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..2000u16 {
            let mut nonce = [0; 16];
            nonce[..2].copy_from_slice(&n.to_be_bytes());
            let confirmation = confirmation(nonce);
            let code = confirmation.code(id, &key);
            seen.extend(code.chars());
            let said =
                Candidate::parse(&format!(" {}-{} ", &code[..3].to_lowercase(), &code[3..])).expect("a candidate");
            assert!(confirmation.is(&said, id, &key));
        }
        assert_eq!(seen.len(), ALPHABET.len());
    }

    #[test]
    fn what_is_carried_is_this_logins_alone_and_no_code() {
        let (key, id) = (MacKey::new(b"k"), InteractionId::new(Moment(0), [0; 10], 0));
        let (one, other) = (confirmation([1; 16]), confirmation([2; 16]));
        let carried = String::from_utf8(one.carried(id, &key).expose().to_vec()).unwrap();
        assert_eq!(carried.len(), 43);
        assert!(one.is_carried(&carried, id, &key) && !one.is_carried(&carried[1..], id, &key));
        assert!(!other.is_carried(&carried, id, &key) && !one.is_carried(&carried, id, &MacKey::new(b"other")));
        assert!(!one.is_carried("", id, &key) && !one.is_carried(&one.code(id, &key), id, &key));
        assert!(!one.is_carried(&carried, InteractionId::new(Moment(1), [0; 10], 0), &key));
        assert!(Candidate::parse(&carried).is_none() && !Candidate::stands_in(&carried));
    }

    #[test]
    fn conversation_is_no_candidate() {
        for text in ["hello", "123", "please", "BCDFGH", "B2", "AEIOU2", "B2D3FGH", "my code is B2D3FG", "0000000"] {
            assert!(Candidate::parse(text).is_none(), "{text}");
        }
        for text in ["B2D3FG", "b2d-3fg", "Ｂ２Ｄ３ＦＧ", "/start B2D3FG", "b2d\u{200b}3fg"] {
            assert!(Candidate::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_candidate_is_found_in_what_stands_around_it() {
        for text in
            ["my code is B2D3FG", "b2d-3fg!", "it says \u{201c}Ｂ２Ｄ３ＦＧ\u{201d}", "b2d 3fg please", "(B2D3FG)"]
        {
            assert!(Candidate::stands_in(text), "{text}");
        }
        for text in ["", "my code is on its way", "B2D3FGH", "B2D and 3FG", "order 123456"] {
            assert!(!Candidate::stands_in(text), "{text}");
        }
    }
}

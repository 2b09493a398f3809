//! What a typed text is, before anybody asks whether it is right: the one way to read a code out
//! of it. Knows no code and no key; everything that is not read here is conversation.

use std::ops::RangeInclusive;

use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::secret::{Secret, Tag};

/// A longer text is conversation, whatever stands in it.
const MAX_BYTES: usize = 128;

/// A text with what people and platforms put between characters taken away: NFKC, without spaces,
/// dashes and zero-width characters. Nothing for a text that is too long to be a code.
pub fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let skipped = |c: &char| {
        c.is_whitespace()
            || matches!(
                c,
                '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
            )
    };
    (text.len() <= MAX_BYTES).then(|| text.nfkc().filter(|c| !skipped(c)).collect())
}

/// A text of digits alone. It may be an answer, so it does not print.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Digits(Vec<u8>);

impl Digits {
    /// Nothing for a text that holds anything but digits.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = plain(text)?;
        let digits = !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| Self(plain.into_bytes()))
    }

    /// How many they are.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The digits themselves, to be compared.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Digits {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Whether a number of so many digits stands somewhere in a text, in one piece or with anything but
/// letters between its pieces. Only its form is asked for: whoever could make out by what is hidden
/// whether a number is the right one could guess without being counted.
pub fn holds_number(text: &str, lengths: &RangeInclusive<usize>) -> bool {
    let text: String = text.nfkc().collect();
    text.split(char::is_alphabetic).any(|part| {
        let pieces: Vec<usize> = part.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|n| *n > 0).collect();
        (0..pieces.len()).any(|from| {
            let mut sum = 0;
            let mut sums = pieces[from..].iter().map_while(|piece| {
                sum += piece;
                (sum <= *lengths.end()).then_some(sum)
            });
            sums.any(|sum| lengths.contains(&sum))
        })
    })
}

/// A code of so many digits out of keyed fingerprints, one for each round. Bytes from 250 up would
/// favour the first digits (250 = 25 × 10) and are passed over.
pub fn one_time_code(length: u8, fingerprint: impl Fn(u8) -> Tag) -> Secret {
    let mut digits = Vec::with_capacity(usize::from(length));
    for round in 0u8.. {
        let tag = fingerprint(round);
        let fair = tag.as_bytes().iter().filter(|b| **b < 250).map(|b| b'0' + b % 10);
        digits.extend(fair.take(usize::from(length) - digits.len()));
        if digits.len() == usize::from(length) {
            return Secret::new(digits);
        }
    }
    unreachable!("the first round has 32 bytes, of which all but one in forty are fair")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A037: what is read as digits, and what is conversation.
    #[test]
    fn a037_only_digits_with_what_stands_between_them_are_an_answer() {
        for text in
            ["123456", " 123456\n", "12 34 56", "123-456", "１２３４５６", "12\u{200b}34\u{2009}56", "123\u{2013}456"]
        {
            assert_eq!(Digits::parse(text).expect(text).expose(), b"123456", "{text}");
        }
        for text in [
            "",
            " ",
            "-",
            "+123456",
            "123456.0",
            "1e5",
            "Enter 123456 please",
            "#123456",
            "١٢٣٤٥٦",
            "12345O",
            "½",
            "1/2",
        ] {
            assert!(Digits::parse(text).is_none(), "{text}");
        }
        assert_eq!(Digits::parse("012345").expect("digits").expose(), b"012345", "leading zeros are kept");
        assert!(Digits::parse(&"1".repeat(MAX_BYTES + 1)).is_none());
    }

    #[test]
    fn a_number_is_found_in_what_stands_around_it() {
        for text in [
            "482913 is my code",
            "my code:482913.",
            "code482913",
            "it says 482 913, I think",
            "4.8.2.9.1.3",
            "order 17: 482913",
            "４８２９１３!",
            "48\u{200b}2913 ok",
        ] {
            assert!(holds_number(text, &(6..=6)), "{text}");
        }
        for text in ["", "hello", "12345", "call +372 5551 2345 now", "48 or 2913", "1234567", "٤٨٢٩١٣"] {
            assert!(!holds_number(text, &(6..=6)), "{text}");
        }
        assert!(holds_number("it is 4829 then", &(4..=20)) && !holds_number("in 3 days", &(4..=20)));
        assert!(!holds_number(&"1".repeat(100_000), &(4..=20)));
    }
}

//! What may go on of a text in which a code or a PIN stands: the text with dots in its place. Only the form of a
//! number is asked for, never whether it is right: whoever could make that out could guess without being counted.

use std::ops::{Range, RangeInclusive};

use unicode_normalization::UnicodeNormalization;

use super::confirmation::Candidate;
use crate::secret::typed::holds_number;

/// What stands for a character that is not told.
const DOT: char = '•';

/// A whole text as dots; a long one is not told to be long.
pub fn dots(text: &str) -> String {
    text.chars().take(32).map(|_| DOT).collect()
}

/// The answers that somebody is waited for with, by their form.
#[derive(Clone, Debug, Default)]
pub struct AwaitedAnswers {
    /// Of codes and PINs: how many digits they have.
    pub numbers: Vec<RangeInclusive<usize>>,
    /// Whether a login waits for its six characters.
    pub confirmation: bool,
}

impl AwaitedAnswers {
    /// Whether one could stand in the text.
    pub fn stands_in(&self, text: &str) -> bool {
        self.numbers.iter().any(|lengths| holds_number(text, lengths))
            || self.confirmation && Candidate::stands_in(text)
    }

    /// The text with each that could stand there as dots.
    pub fn redact(&self, text: &str) -> String {
        let letters: Vec<Letter> = text.chars().map(Letter::of).collect();
        let mut hidden = vec![false; letters.len()];
        let mut hide = |places: Range<usize>| hidden[places].fill(true);
        let numbers = pieces(&letters, |letter| !letter.digits.is_empty());
        for lengths in &self.numbers {
            windows(&letters, &numbers, *lengths.end(), |range, digits| {
                let in_one_piece = letters[range.clone()].iter().all(|letter| !letter.is_alphabetic);
                if in_one_piece && lengths.contains(&digits.len()) {
                    hide(range);
                }
            });
        }
        if self.confirmation {
            let words = pieces(&letters, |letter| letter.is_alphabetic || !letter.digits.is_empty());
            windows(&letters, &words, Candidate::LENGTH, |range, joined| {
                if Candidate::parse(joined).is_some() {
                    hide(range);
                }
            });
        }
        let told: String = text.chars().zip(hidden).map(|(c, hidden)| if hidden { DOT } else { c }).collect();
        // Some characters are several at once, and are not told apart above.
        if self.stands_in(&told) { dots(text) } else { told }
    }
}

/// A character as it is read.
struct Letter {
    folded: String,
    digits: String,
    is_alphabetic: bool,
}

impl Letter {
    fn of(c: char) -> Self {
        let folded: String = c.nfkc().collect();
        let digits = folded.chars().filter(char::is_ascii_digit).collect();
        Self { digits, is_alphabetic: folded.chars().any(char::is_alphabetic), folded }
    }

    /// What counts of it.
    fn counted(&self) -> &str {
        if self.is_alphabetic { &self.folded } else { &self.digits }
    }
}

/// Where characters of a kind stand together.
fn pieces(letters: &[Letter], is_one: impl Fn(&Letter) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, letter) in letters.iter().enumerate().filter(|(_, letter)| is_one(letter)) {
        match found.last_mut().filter(|piece| piece.end == at) {
            Some(piece) => piece.end = at + 1,
            None => found.push(at..at + 1),
        }
        debug_assert!(!letter.folded.is_empty());
    }
    found
}

/// Each run of pieces that counts at most so many characters, with what it counts.
fn windows(letters: &[Letter], pieces: &[Range<usize>], most: usize, mut each: impl FnMut(Range<usize>, &str)) {
    for from in 0..pieces.len() {
        let mut joined = String::new();
        for piece in &pieces[from..] {
            letters[piece.clone()].iter().for_each(|letter| joined.push_str(letter.counted()));
            if joined.chars().count() > most {
                break;
            }
            each(pieces[from].start..piece.end, &joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn six() -> AwaitedAnswers {
        AwaitedAnswers { numbers: vec![6..=6], confirmation: false }
    }

    #[test]
    fn a_code_in_a_sentence_is_dots_and_the_rest_stays() {
        for (text, told) in [
            ("my code is 416210", "my code is ••••••"),
            ("416210 is my code, thanks", "•••••• is my code, thanks"),
            ("it says 416 210.", "it says •••••••."),
            ("4-1-6-2-1-0!", "•••••••••••!"),
            ("code416210", "code••••••"),
            ("４１６２１０ ok", "•••••• ok"),
            ("416210 or 123456", "•••••• or ••••••"),
            ("order 17: 416210", "order 17: ••••••"),
            ("I am 41", "I am 41"),
            ("call +372 5551 2345 now", "call +372 5551 2345 now"),
            ("1234567", "1234567"),
            ("", ""),
        ] {
            assert_eq!(six().redact(text), told);
            assert!(!six().stands_in(&six().redact(text)), "{text}");
        }
    }

    #[test]
    fn a_pin_and_the_characters_of_a_login_are_dots_too() {
        let pin = AwaitedAnswers { numbers: vec![4..=20], confirmation: false };
        assert_eq!(pin.redact("it is 4829 then, in 3 days"), "it is •••• then, in 3 days");
        let login = AwaitedAnswers { numbers: Vec::new(), confirmation: true };
        assert_eq!(login.redact("it shows B2C 3D4, right?"), "it shows •••••••, right?");
        assert_eq!(login.redact("my code is 416210"), "my code is 416210", "nobody waits for a number");
    }

    /// What cannot be cut out goes whole.
    #[test]
    fn nothing_of_a_form_that_is_waited_for_is_left() {
        for text in ["½1621", "④①⑥②①⓪", "4\u{200b}16210", "⑫34 56", "416210416210", "a4b1c6", "🂡416210🂡"]
        {
            let told = six().redact(text);
            assert!(!six().stands_in(&told), "{text} became {told}");
        }
        let long = format!("{} 416210", "1".repeat(10_000));
        assert!(six().redact(&long).ends_with(" ••••••"));
    }
}

//! The machine-readable zone of a travel document: its three sizes, and the digits by which it checks
//! itself (ICAO Doc 9303, parts 3 to 6). It tells a misread or invented zone, never a genuine one.
//!
//! Pure: no picture is read here, no name is kept, and nothing of a zone is printed.

/// What size a document has, and with it its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A card: three lines of 30 (part 5).
    Td1,
    /// A larger card: two lines of 36 (part 6).
    Td2,
    /// A passport: two lines of 44 (part 4).
    Td3,
}

impl Size {
    /// Of a zone with so many lines of so many signs.
    pub fn of(lines: usize, signs: usize) -> Option<Self> {
        match (lines, signs) {
            (3, 30) => Some(Self::Td1),
            (2, 36) => Some(Self::Td2),
            (2, 44) => Some(Self::Td3),
            _ => None,
        }
    }

    /// What may stand there, lines and signs counted from 0.
    pub fn alphabet(self, line: usize, at: usize) -> Alphabet {
        match (self, line, at) {
            (Self::Td1, 0, 5..=13 | 15..) | (Self::Td1, 1, 18..=28) => Alphabet::All,
            (Self::Td1, 0, 14) | (Self::Td3, 1, 42) => Alphabet::DigitOrNone,
            (Self::Td1, 1, 0..=6 | 8..=14 | 29) => Alphabet::Digit,
            (Self::Td2 | Self::Td3, 1, 0..=8) | (Self::Td2, 1, 28..=34) | (Self::Td3, 1, 28..=41) => Alphabet::All,
            (Self::Td2 | Self::Td3, 1, 9 | 13..=19 | 21..=27 | 35..) => Alphabet::Digit,
            _ => Alphabet::Letter,
        }
    }

    /// What is checked by which sign, all lines as one.
    fn checks(self) -> (Vec<Check>, usize) {
        let check =
            |parts: &[(usize, usize)], by| Check { parts: parts.iter().map(|(from, to)| *from..*to).collect(), by };
        match self {
            Self::Td1 => (
                vec![
                    check(&[(5, 14)], 14),
                    check(&[(30, 36)], 36),
                    check(&[(38, 44)], 44),
                    check(&[(5, 30), (30, 37), (38, 45), (48, 59)], 59),
                ],
                30,
            ),
            Self::Td2 | Self::Td3 => {
                let (line, last) = if self == Self::Td2 { (36, 71) } else { (44, 87) };
                let mut all = vec![
                    check(&[(line, line + 9)], line + 9),
                    check(&[(line + 13, line + 19)], line + 19),
                    check(&[(line + 21, line + 27)], line + 27),
                    check(&[(line, line + 10), (line + 13, line + 20), (line + 21, last)], last),
                ];
                if self == Self::Td3 {
                    all.push(check(&[(line + 28, line + 42)], line + 42));
                }
                (all, line)
            }
        }
    }
}

/// Signs that a digit checks, and where it stands.
struct Check {
    parts: Vec<std::ops::Range<usize>>,
    by: usize,
}

/// What may stand at a place in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// A digit.
    Digit,
    /// A digit, or `<` where nothing is checked.
    DigitOrNone,
    /// A letter or `<`.
    Letter,
    /// Each of them.
    All,
}

impl Alphabet {
    /// Whether that sign is one of them.
    pub fn has(self, sign: u8) -> bool {
        match self {
            Self::Digit => sign.is_ascii_digit(),
            Self::DigitOrNone => sign.is_ascii_digit() || sign == b'<',
            Self::Letter => sign.is_ascii_uppercase() || sign == b'<',
            Self::All => true,
        }
    }
}

/// Whether a zone is of a passport or an identity card, whose digits are those that `check` knows: a visa's
/// has none over all of it, and the cards that France gave out until 2021 have a zone of their own.
pub fn is_governed<S: AsRef<str>>(lines: &[S]) -> bool {
    let first = lines.first().map_or("", |line| line.as_ref());
    match lines.len() {
        2 if first.len() == 44 => first.starts_with('P'),
        2 => first.starts_with(['I', 'A', 'C']) && !first.starts_with("IDFRA"),
        _ => first.starts_with(['I', 'A', 'C']),
    }
}

/// Whether a zone of which each sign may be one of several is wrong in every reading. A check that could
/// hold is taken to hold.
pub fn is_wrong_however_read(size: Size, lines: &[Vec<Vec<u8>>]) -> bool {
    let (checks, length) = size.checks();
    let signs: Vec<&[u8]> = lines.iter().flatten().map(Vec::as_slice).collect();
    if lines.iter().any(|line| line.len() != length) {
        return false;
    }
    checks.iter().any(|check| {
        let by = signs.get(check.by).copied().unwrap_or_default();
        // A number that goes on elsewhere, or one that is not there, is not checked here.
        if by.contains(&b'<') {
            return false;
        }
        let cells = check.parts.iter().flat_map(|part| signs[part.clone()].iter());
        let mut sums = [true, false, false, false, false, false, false, false, false, false];
        for (cell, weight) in cells.zip([7, 3, 1].into_iter().cycle()) {
            let mut next = [false; 10];
            for (sum, _) in sums.iter().enumerate().filter(|(_, could)| **could) {
                for sign in *cell {
                    next[(sum + value(*sign).unwrap_or(0) as usize * weight) % 10] = true;
                }
            }
            sums = next;
        }
        !by.iter().any(|digit| value(*digit).is_some_and(|digit| sums.get(digit as usize) == Some(&true)))
    })
}

/// Why a zone is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Neither three lines of 30, nor two of 36 or of 44.
    #[error("not the shape of a zone")]
    Shape,
    /// Another sign than A to Z, 0 to 9 and `<`.
    #[error("a sign that no zone has")]
    Sign,
    /// The document's number.
    #[error("the check digit of the number")]
    Number,
    /// The date of birth.
    #[error("the check digit of the date of birth")]
    Birth,
    /// The date of expiry.
    #[error("the check digit of the date of expiry")]
    Expiry,
    /// A passport's personal number.
    #[error("the check digit of the personal number")]
    Personal,
    /// Over all of it.
    #[error("the check digit over all")]
    Whole,
}

/// Checks a zone by its own digits.
///
/// # Errors
///
/// The first thing about it that is wrong.
pub fn check<S: AsRef<str>>(lines: &[S]) -> Result<Size, Wrong> {
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_ref().as_bytes()).collect();
    let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
    let size = match lengths.as_slice() {
        [30, 30, 30] => Size::Td1,
        [36, 36] => Size::Td2,
        [44, 44] => Size::Td3,
        _ => return Err(Wrong::Shape),
    };
    if !lines.iter().all(|line| line.iter().all(|sign| value(*sign).is_some())) {
        return Err(Wrong::Sign);
    }
    match size {
        Size::Td1 => card(lines[0], lines[1]),
        Size::Td2 => two_lines(lines[1], 35),
        Size::Td3 => {
            let line = lines[1];
            let (personal, digit) = (&line[28..42], line[42]);
            // Of a number that is not there the digit may be left out, too (part 4, §4.2.2.2).
            let absent = digit == b'<' && personal.iter().all(|sign| *sign == b'<');
            must(absent || digit_of(&[personal]) == digit, Wrong::Personal)?;
            two_lines(line, 43)
        }
    }?;
    Ok(size)
}

/// The second line of the sizes that have two; the digit over all stands at `last`.
fn two_lines(line: &[u8], last: usize) -> Result<(), Wrong> {
    must(digit_of(&[&line[..9]]) == line[9], Wrong::Number)?;
    must(digit_of(&[&line[13..19]]) == line[19], Wrong::Birth)?;
    must(digit_of(&[&line[21..27]]) == line[27], Wrong::Expiry)?;
    must(digit_of(&[&line[..10], &line[13..20], &line[21..last]]) == line[last], Wrong::Whole)
}

fn card(first: &[u8], second: &[u8]) -> Result<(), Wrong> {
    // A number of more than nine signs goes on where optional data stand, its digit behind it (part 5, note j).
    let (number, digit) = match first[14] {
        b'<' => {
            let more = first[15..].split(|sign| *sign == b'<').next().unwrap_or_default();
            let (digit, more) = more.split_last().ok_or(Wrong::Number)?;
            ([&first[5..14], more].concat(), *digit)
        }
        digit => (first[5..14].to_vec(), digit),
    };
    must(digit_of(&[&number]) == digit, Wrong::Number)?;
    must(digit_of(&[&second[..6]]) == second[6], Wrong::Birth)?;
    must(digit_of(&[&second[8..14]]) == second[14], Wrong::Expiry)?;
    must(digit_of(&[&first[5..], &second[..7], &second[8..15], &second[18..29]]) == second[29], Wrong::Whole)
}

fn must(holds: bool, otherwise: Wrong) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// The check digit of a text in parts (part 3, §4.9): weights 7, 3 and 1 in turn, modulo 10.
fn digit_of(parts: &[&[u8]]) -> u8 {
    let signs = parts.iter().flat_map(|part| part.iter());
    let sum: u32 =
        signs.zip([7, 3, 1].into_iter().cycle()).map(|(sign, weight)| value(*sign).unwrap_or(0) * weight).sum();
    b'0' + u8::try_from(sum % 10).unwrap_or(0)
}

/// What a sign counts; none where no zone has it.
fn value(sign: u8) -> Option<u32> {
    match sign {
        b'<' => Some(0),
        b'0'..=b'9' => Some(u32::from(sign - b'0')),
        b'A'..=b'Z' => Some(u32::from(sign - b'A') + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples that Doc 9303 itself gives, of a state that does not exist.
    const CARD: [&str; 3] =
        ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
    const LARGE_CARD: [&str; 2] = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];
    const PASSPORT: [&str; 2] =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

    #[test]
    fn the_standards_own_examples_hold() {
        assert_eq!(check(&CARD), Ok(Size::Td1));
        assert_eq!(check(&LARGE_CARD), Ok(Size::Td2));
        assert_eq!(check(&PASSPORT), Ok(Size::Td3));
        assert_eq!(digit_of(&[b"520727"]), b'3', "part 3, appendix A, example 1");
        assert_eq!(digit_of(&[b"AB2134<<<"]), b'5', "example 2");
    }

    #[test]
    fn a_long_number_goes_on_in_the_optional_data() {
        let long =
            ["I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"];
        assert_eq!(check(&long), Ok(Size::Td1));
    }

    #[test]
    fn each_digit_is_looked_at() {
        for (line, at, wrong) in [
            (1, 9, Wrong::Number),
            (1, 19, Wrong::Birth),
            (1, 27, Wrong::Expiry),
            (1, 42, Wrong::Personal),
            (1, 43, Wrong::Whole),
        ] {
            let mut lines = PASSPORT.map(str::to_owned);
            let other = if lines[line].as_bytes()[at] == b'9' { "8" } else { "9" };
            lines[line].replace_range(at..=at, other);
            assert_eq!(check(&lines), Err(wrong), "{at}");
        }
        let digit = |text: &str, at: usize| {
            let mut text = text.to_owned();
            let other = if text.as_bytes()[at] == b'9' { "8" } else { "9" };
            text.replace_range(at..=at, other);
            text
        };
        for (line, at, wrong) in
            [(0, 14, Wrong::Number), (1, 6, Wrong::Birth), (1, 14, Wrong::Expiry), (1, 29, Wrong::Whole)]
        {
            let mut lines = CARD.map(str::to_owned);
            lines[line] = digit(&lines[line], at);
            assert_eq!(check(&lines), Err(wrong), "card {line} {at}");
        }
    }

    #[test]
    fn a_zone_is_wrong_only_where_no_reading_of_it_holds() {
        let one = |lines: &[&str]| -> Vec<Vec<Vec<u8>>> {
            lines.iter().map(|line| line.bytes().map(|sign| vec![sign]).collect()).collect()
        };
        for (size, lines) in [(Size::Td1, &CARD[..]), (Size::Td2, &LARGE_CARD), (Size::Td3, &PASSPORT)] {
            assert!(!is_wrong_however_read(size, &one(lines)), "{size:?}");
            // Whatever `check` looks at, this does, too.
            for (line, text) in lines.iter().enumerate() {
                for at in 0..text.len() {
                    let mut other = lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
                    let sign = if &text[at..=at] == "4" { "5" } else { "4" };
                    other[line].replace_range(at..=at, sign);
                    let mut read = one(&other.iter().map(String::as_str).collect::<Vec<_>>());
                    let wrong = is_wrong_however_read(size, &read);
                    assert_eq!(wrong, check(&other).is_err(), "{size:?}, line {line}, sign {at}");
                    read[line][at].extend(text.as_bytes().get(at));
                    assert!(!is_wrong_however_read(size, &read), "it may be what it should");
                }
            }
        }
        assert!(!is_wrong_however_read(Size::Td3, &one(&CARD)), "that is of another size");
        let long =
            ["I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"];
        assert!(!is_wrong_however_read(Size::Td1, &one(&long)));
    }

    #[test]
    fn what_may_stand_where_holds_for_the_standards_examples() {
        for (size, lines) in [(Size::Td1, &CARD[..]), (Size::Td2, &LARGE_CARD), (Size::Td3, &PASSPORT)] {
            assert_eq!(Size::of(lines.len(), lines[0].len()), Some(size));
            assert!(is_governed(lines));
            for (line, text) in lines.iter().enumerate() {
                for (at, sign) in text.bytes().enumerate() {
                    assert!(size.alphabet(line, at).has(sign), "{size:?}, line {line}, sign {at}");
                }
            }
        }
        assert_eq!(Size::of(2, 30), None);
        let visa = [PASSPORT[0].replacen('P', "V", 1), PASSPORT[1].to_owned()];
        assert!(!is_governed(&visa) && !is_governed(&["IDFRA", "8806"]) && !is_governed::<&str>(&[]));
    }

    #[test]
    fn what_is_no_zone_is_told() {
        assert_eq!(check::<&str>(&[]), Err(Wrong::Shape));
        assert_eq!(check(&["P<UTO", "L898"]), Err(Wrong::Shape));
        let small = PASSPORT.map(str::to_lowercase);
        assert_eq!(check(&small), Err(Wrong::Sign));
        assert_eq!(check(&["é".repeat(22), "é".repeat(22)]), Err(Wrong::Sign));
    }
}

//! The machine-readable zone of a travel document: its three sizes, and the digits by which it checks
//! itself (ICAO Doc 9303, parts 3 to 6). The digits reveal a misread or invented zone. They never prove that a
//! document is genuine.
//!
//! Identity providers report zones. This module reads no picture, keeps no name and prints nothing of a zone.

/// Why a zone does not check out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither three lines of 30, nor two of 36 or of 44.
    #[error("not the shape of a zone")]
    Shape,
    /// A character other than A to Z, 0 to 9 and `<`.
    #[error("a character that no zone has")]
    Character,
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

/// Checks the lines of a zone by its own digits: three of 30 characters (a card, part 5), two of 36 (a larger
/// card, part 6) or two of 44 (a passport, part 4).
///
/// # Errors
///
/// The first thing that does not check out.
pub fn check<S: AsRef<str>>(lines: &[S]) -> Result<(), Error> {
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_ref().as_bytes()).collect();
    let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
    if !matches!(lengths.as_slice(), [30, 30, 30] | [36, 36] | [44, 44]) {
        return Err(Error::Shape);
    }
    if !lines.iter().all(|line| line.iter().all(|character| value(*character).is_some())) {
        return Err(Error::Character);
    }
    match lines[0].len() {
        30 => card(lines[0], lines[1]),
        36 => two_lines(lines[1], 35),
        _ => passport(lines[1]),
    }
}

fn passport(line: &[u8]) -> Result<(), Error> {
    let (personal, digit) = (&line[28..42], line[42]);
    // Without a personal number its digit may be left out (part 4, §4.2.2.2).
    let absent = digit == b'<' && personal.iter().all(|character| *character == b'<');
    must(absent || digit_of(&[personal]) == digit, Error::Personal)?;
    two_lines(line, 43)
}

/// Checks the second line of a zone with two lines. The digit over all of it stands at `last`.
fn two_lines(line: &[u8], last: usize) -> Result<(), Error> {
    must(digit_of(&[&line[..9]]) == line[9], Error::Number)?;
    must(digit_of(&[&line[13..19]]) == line[19], Error::Birth)?;
    must(digit_of(&[&line[21..27]]) == line[27], Error::Expiry)?;
    must(digit_of(&[&line[..10], &line[13..20], &line[21..last]]) == line[last], Error::Whole)
}

fn card(first: &[u8], second: &[u8]) -> Result<(), Error> {
    // A number of more than nine characters continues in the optional data, followed by its digit (part 5, note j).
    let (number, digit) = match first[14] {
        b'<' => {
            let more = first[15..].split(|character| *character == b'<').next().unwrap_or_default();
            let (digit, more) = more.split_last().ok_or(Error::Number)?;
            ([&first[5..14], more].concat(), *digit)
        }
        digit => (first[5..14].to_vec(), digit),
    };
    must(digit_of(&[&number]) == digit, Error::Number)?;
    must(digit_of(&[&second[..6]]) == second[6], Error::Birth)?;
    must(digit_of(&[&second[8..14]]) == second[14], Error::Expiry)?;
    must(digit_of(&[&first[5..], &second[..7], &second[8..15], &second[18..29]]) == second[29], Error::Whole)
}

fn must(holds: bool, otherwise: Error) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// The check digit of a text in parts (part 3, §4.9): weights 7, 3 and 1 in turn, modulo 10.
fn digit_of(parts: &[&[u8]]) -> u8 {
    let values = parts.iter().flat_map(|part| part.iter()).map(|character| value(*character).unwrap_or(0));
    let sum: u32 = values.zip([7, 3, 1].into_iter().cycle()).map(|(value, weight)| value * weight).sum();
    b'0' + u8::try_from(sum % 10).unwrap_or(0)
}

/// The value of a character in the sum; `None` if no zone has it.
fn value(character: u8) -> Option<u32> {
    match character {
        b'<' => Some(0),
        b'0'..=b'9' => Some(u32::from(character - b'0')),
        b'A'..=b'Z' => Some(u32::from(character - b'A') + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Doc 9303: the state does not exist.
    const CARD: [&str; 3] =
        ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
    const LARGE_CARD: [&str; 2] = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];
    const PASSPORT: [&str; 2] =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

    #[test]
    fn examples_of_the_standard_check_out() {
        assert_eq!(check(&CARD), Ok(()));
        assert_eq!(check(&LARGE_CARD), Ok(()));
        assert_eq!(check(&PASSPORT), Ok(()));
        assert_eq!(digit_of(&[b"520727"]), b'3', "part 3, appendix A, example 1");
        assert_eq!(digit_of(&[b"AB2134<<<"]), b'5', "example 2");
    }

    #[test]
    fn long_number_continues_in_the_optional_data() {
        let long =
            ["I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"];
        assert_eq!(check(&long), Ok(()));
    }

    #[test]
    fn every_check_digit_is_checked() {
        let card = [(0, 14, Error::Number), (1, 6, Error::Birth), (1, 14, Error::Expiry), (1, 29, Error::Whole)];
        let large_card = [(1, 9, Error::Number), (1, 19, Error::Birth), (1, 27, Error::Expiry), (1, 35, Error::Whole)];
        let passport = [
            (1, 9, Error::Number),
            (1, 19, Error::Birth),
            (1, 27, Error::Expiry),
            (1, 42, Error::Personal),
            (1, 43, Error::Whole),
        ];
        each_is_refused(&CARD, &card);
        each_is_refused(&LARGE_CARD, &large_card);
        each_is_refused(&PASSPORT, &passport);
    }

    /// Changes the digit at each place (line, character) and expects the error beside it.
    #[track_caller]
    fn each_is_refused(zone: &[&str], places: &[(usize, usize, Error)]) {
        for (line, at, error) in places {
            let mut lines: Vec<String> = zone.iter().map(|line| (*line).to_owned()).collect();
            let other = if lines[*line].as_bytes()[*at] == b'9' { "8" } else { "9" };
            lines[*line].replace_range(*at..=*at, other);
            assert_eq!(check(&lines), Err(*error), "{zone:?}, line {line}, character {at}");
        }
    }

    #[test]
    fn other_shapes_and_characters_are_refused() {
        assert_eq!(check::<&str>(&[]), Err(Error::Shape));
        assert_eq!(check(&["P<UTO", "L898"]), Err(Error::Shape));
        let small = PASSPORT.map(str::to_lowercase);
        assert_eq!(check(&small), Err(Error::Character));
        assert_eq!(check(&["é".repeat(22), "é".repeat(22)]), Err(Error::Character));
    }
}

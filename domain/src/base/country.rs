//! Whose networks carry a message to a phone number. Numbers that no country's plan knows still
//! have a calling code, so that what is sent to them is counted somewhere.
//! It knows numbers; which countries a team sends to is a setting.

use std::fmt;

use subtle::ConstantTimeEq;

/// Where a phone number belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Country {
    /// ISO 3166 alpha-2.
    Iso([u8; 2]),
    /// The plan does not say: a calling code of ITU-T E.164 alone.
    Code(u16),
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iso([a, b]) => write!(f, "{}{}", char::from(*a), char::from(*b)),
            Self::Code(code) => write!(f, "+{code}"),
        }
    }
}

/// The country of an address; none where it is not a phone number in E.164.
pub fn of(address: &str) -> Option<Country> {
    let digits = address.strip_prefix('+').filter(|d| d.len() >= 5 && d.bytes().all(|b| b.is_ascii_digit()))?;
    let Ok(number) = phonenumber::parse(None, address) else {
        return Some(Country::Code(digits[..3].parse().expect("three digits are a number")));
    };
    let iso = number.country().id().map(|id| format!("{id:?}"));
    Some(match iso.as_deref().map(str::as_bytes) {
        Some(&[a, b]) => Country::Iso([a, b]),
        _ => Country::Code(number.code().value()),
    })
}

/// Whether somebody who typed that means this number in E.164: with its calling code or as it is written in its own
/// country. None where it is no phone number.
pub fn same_number(number: &str, typed: &str) -> Option<bool> {
    let known = phonenumber::parse(None, number).ok()?;
    let digits = typed.bytes().filter(u8::is_ascii_digit).count();
    let typed = typed.trim();
    let typed = typed.strip_prefix("00").map_or_else(|| typed.to_owned(), |rest| format!("+{rest}"));
    let meant = phonenumber::parse(known.country().id(), typed).ok().filter(|_| (5..=15).contains(&digits))?;
    let plain = |number: &phonenumber::PhoneNumber| number.format().mode(phonenumber::Mode::E164).to_string();
    Some(plain(&known).as_bytes().ct_eq(plain(&meant).as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_however_it_is_written() {
        for typed in ["+37255512345", "+372 5551 2345", "0037255512345", "55512345", " 5551-2345 "] {
            assert_eq!(same_number("+37255512345", typed), Some(true), "{typed}");
        }
        assert_eq!(same_number("+491701234567", "0170 1234567"), Some(true));
        for typed in ["+37255512346", "55512346", "+4955512345"] {
            assert_eq!(same_number("+37255512345", typed), Some(false), "{typed}");
        }
        for typed in ["", "345", "my number", "c@example.com", "+", "123456789012345678901"] {
            assert_eq!(same_number("+37255512345", typed), None, "{typed}");
        }
    }

    #[test]
    fn a_number_belongs_to_the_country_of_its_plan() {
        for (number, country) in [
            ("+37255512345", "EE"),
            ("+491701234567", "DE"),
            ("+33612345678", "FR"),
            ("+12025550123", "US"),
            ("+14165550123", "CA"),
            ("+18765550123", "JM"),
            ("+447400123456", "GB"),
            ("+79161234567", "RU"),
            ("+77011234567", "KZ"),
            ("+393471234567", "IT"),
        ] {
            assert_eq!(of(number).unwrap().to_string(), country, "{number}");
        }
    }

    #[test]
    fn a_number_of_no_plan_has_its_calling_code() {
        assert!(matches!(of("+99912345678"), Some(Country::Code(_))));
        assert!(matches!(of("+0000012345"), Some(Country::Code(_))));
    }

    #[test]
    fn what_is_no_number_has_no_country() {
        for address in ["conv-1", "c@example.com", "+", "+12", "+372 555 12345", "37255512345"] {
            assert_eq!(of(address), None, "{address}");
        }
    }
}

//! Claims that JWTs of others share (RFC 7519): moments and audiences, read strictly.
//! What kind of token it is, and what else it says, stands with each kind.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// Seconds since 1970, also with a fraction (NumericDate of RFC 7519 §2): common libraries sign `time.time()`.
///
/// It is judged by whole seconds, rounded against whoever brings the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NumericDate(Duration);

impl NumericDate {
    /// Rounded down: for an end, and for how old something is.
    pub fn down(self) -> u64 {
        self.0.as_secs()
    }

    /// Rounded up: for a beginning that must not lie ahead.
    pub fn up(self) -> u64 {
        self.down().saturating_add(u64::from(self.0.subsec_nanos() > 0))
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
                Ok(NumericDate(Duration::from_secs(seconds)))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
                let wrong = || E::invalid_value(Unexpected::Float(seconds), &self);
                match seconds.is_sign_negative() {
                    true => Err(wrong()),
                    false => Duration::try_from_secs_f64(seconds).map(NumericDate).map_err(|_| wrong()),
                }
            }
        }
        d.deserialize_any(Number)
    }
}

/// For whom a token is: a text, or a list of exactly one (RFC 7519 §4.1.3). A token that is for others as well may
/// be brought by them.
#[derive(Debug)]
pub(crate) struct SingleAudience(pub String);

impl<'de> Deserialize<'de> for SingleAudience {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = SingleAudience;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of one text")
            }

            fn visit_str<E: Error>(self, one: &str) -> Result<SingleAudience, E> {
                Ok(SingleAudience(one.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<SingleAudience, A::Error> {
                let one = list.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                match list.next_element::<String>()? {
                    None => Ok(SingleAudience(one)),
                    Some(_) => Err(A::Error::invalid_length(2, &self)),
                }
            }
        }
        d.deserialize_any(One)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(json: &str) -> Option<(u64, u64)> {
        let date: NumericDate = serde_json::from_str(json).ok()?;
        Some((date.down(), date.up()))
    }

    #[test]
    fn dates_are_numbers_and_are_rounded_both_ways() {
        for (json, read) in [
            ("0", (0, 0)),
            ("1767225600", (1_767_225_600, 1_767_225_600)),
            ("1767225600.0", (1_767_225_600, 1_767_225_600)),
            ("1767225600e0", (1_767_225_600, 1_767_225_600)),
            ("1.7672256e9", (1_767_225_600, 1_767_225_600)),
            ("1767225600.000001", (1_767_225_600, 1_767_225_601)),
            ("1767225600.1", (1_767_225_600, 1_767_225_601)),
            ("1767225600.5", (1_767_225_600, 1_767_225_601)),
            ("1767225600.999999", (1_767_225_600, 1_767_225_601)),
            ("0.9", (0, 1)),
            ("18446744073709551615", (u64::MAX, u64::MAX)),
        ] {
            assert_eq!(date(json), Some(read), "{json}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for json in [
            "-1",
            "-1.5",
            "-0",
            "-0.0",
            "-1e-9",
            "18446744073709551616",
            "1e20",
            "1e300",
            "1e400",
            "-1e300",
            "NaN",
            "Infinity",
            "\"1767225600\"",
            "\"1767225600.5\"",
            "true",
            "null",
            "[1767225600]",
            "{}",
        ] {
            assert_eq!(date(json), None, "{json}");
        }
    }

    #[test]
    fn dates_have_the_order_of_time() {
        let read = |json: &str| serde_json::from_str::<NumericDate>(json).expect("a date");
        let dates = ["0", "0.5", "1", "1767225600", "1767225600.25", "1767225600.75", "1767225601"].map(read);
        assert!(dates.is_sorted_by(|a, b| a < b));
        assert_eq!(read("7"), read("7.0"));
    }

    #[test]
    fn an_audience_is_one_text() {
        let read = |json: &str| serde_json::from_str::<SingleAudience>(json).ok().map(|audience| audience.0);
        for json in ["\"us\"", "[\"us\"]", " [ \"us\" ] "] {
            assert_eq!(read(json).as_deref(), Some("us"), "{json}");
        }
        for json in ["[]", "[\"us\",\"us\"]", "[\"us\",\"other\"]", "[[\"us\"]]", "[null]", "[1]", "1", "null", "{}"] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}

//! Whether private data are a customer's: which fields must be there, how their values are brought
//! into one spelling, and which of a directory's records they fit.
//!
//! It neither asks a directory nor says what follows. Values are compared in a time that does not
//! tell where they differ, and do not print.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;

use crate::customer::{StoredCustomer, folded, is_field};

/// How two spellings of a value are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum As {
    /// Letter by letter, without spaces around.
    #[default]
    Exact,
    /// Whatever the case of its letters.
    CaseFolded,
    /// By its digits alone.
    Digits,
    /// As a day: `2001-12-31`, `20011231`, `31.12.2001`.
    Date,
    /// As a phone number: + and digits.
    E164,
}

impl As {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Exact, Self::CaseFolded, Self::Digits, Self::Date, Self::E164];

    /// The one spelling of a value; none where it is no such value.
    pub fn spelled(self, value: &str) -> Option<String> {
        let value = value.trim();
        let spelled = match self {
            Self::Exact => value.nfc().collect(),
            Self::CaseFolded => folded(value),
            Self::Digits => value.nfkc().filter(char::is_ascii_digit).collect(),
            Self::Date => day(value)?.to_string(),
            Self::E164 => phone(value)?,
        };
        (!spelled.is_empty()).then_some(spelled)
    }
}

/// A day, where the text is one that cannot be read in two ways: what stands first between slashes
/// is a month to some and a day to others.
fn day(text: &str) -> Option<Date> {
    let whole = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    // Of a time only its day counts: `20011231000000Z`, `2001-12-31T00:00:00Z`.
    let compact = text.len() >= 14 && text.bytes().take(14).all(|b| b.is_ascii_digit());
    let (year, month, day) = if whole || compact {
        (text.get(..4)?, text.get(4..6)?, text.get(6..8)?)
    } else if let [day, month, year] = text.split('.').collect::<Vec<_>>()[..] {
        (year, month, day)
    } else {
        let date = text.split(['T', ' ']).next()?;
        let [year, month, day] = date.split('-').collect::<Vec<_>>()[..] else { return None };
        (year, month, day)
    };
    let digits = |text: &str, most: usize| {
        let good = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        good.then(|| text.parse::<i16>().ok())?
    };
    let (month, day) = (i8::try_from(digits(month, 2)?).ok()?, i8::try_from(digits(day, 2)?).ok()?);
    if year.len() != 4 { None } else { Date::new(digits(year, 4)?, month, day).ok() }
}

fn phone(text: &str) -> Option<String> {
    let text: String = text.nfkc().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix("00"))?;
    let good = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| format!("+{digits}"))
}

/// One entry of `directory.match`: a field's name, or how it is compared besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Which of the private data.
    pub field: String,
    /// How it is compared.
    #[serde(rename = "as")]
    pub how: As,
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            field: String,
            #[serde(default, rename = "as")]
            how: As,
        }
        let value = serde_json::Value::deserialize(d)?;
        let Whole { field, how } = match value {
            serde_json::Value::String(field) => Whole { field, how: As::default() },
            whole => serde_json::from_value(whole).map_err(serde::de::Error::custom)?,
        };
        let good = is_field(&field);
        if good { Ok(Self { field, how }) } else { Err(serde::de::Error::custom("no field is called so")) }
    }
}

/// What a record must say of one field.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldCondition {
    /// The field.
    pub field: String,
    /// How it is compared.
    pub how: As,
    /// Its value in that way's one spelling.
    pub value: String,
    /// Its value as it was given.
    pub given: String,
}

impl fmt::Debug for FieldCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wanted({} …)", self.field)
    }
}

impl FieldCondition {
    /// Spellings that a directory may have the value in, each once: for one that can only look for
    /// what is written in it.
    pub fn spellings(&self) -> Vec<String> {
        let mut all = vec![self.value.clone(), self.given.trim().to_owned()];
        if self.how == As::Date {
            let compact = self.value.replace('-', "");
            all.extend([format!("{compact}000000Z"), compact]);
        }
        if self.how == As::E164 {
            all.extend(self.value.strip_prefix('+').map(str::to_owned));
        }
        let mut once = Vec::new();
        all.into_iter().for_each(|text| {
            if !once.contains(&text) {
                once.push(text)
            }
        });
        once
    }

    /// Whether a record says the same. All its values are looked at, whichever fits.
    fn fits(&self, record: &StoredCustomer) -> bool {
        let values = record.values(&self.field);
        let one = |value: &&str| {
            let spelled = self.how.spelled(value).unwrap_or_default();
            spelled.as_bytes().ct_eq(self.value.as_bytes())
        };
        values.iter().map(one).fold(subtle::Choice::from(0), |any, fits| any | fits).into()
    }
}

/// What must be found, by the team's rules and the private data that came. Nothing where a field is
/// missing or is no such value: then no record can fit.
pub fn wanted(rules: &[Rule], private_data: &BTreeMap<String, String>) -> Option<Vec<FieldCondition>> {
    let one = |rule: &Rule| {
        let given = private_data.get(&rule.field)?;
        let value = rule.how.spelled(given)?;
        Some(FieldCondition { field: rule.field.clone(), how: rule.how, value, given: given.clone() })
    };
    rules.iter().map(one).collect::<Option<Vec<_>>>().filter(|wanted| !wanted.is_empty())
}

/// Whose the private data are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchedCustomer {
    /// Nobody's.
    Nobody,
    /// Hers, and nobody else's.
    One(Box<StoredCustomer>),
    /// They fit more than one, so they show nothing.
    Several,
}

/// Whether a record says all of it; nothing is said by one that nothing is asked of.
pub fn fit(wanted: &[FieldCondition], record: &StoredCustomer) -> bool {
    !wanted.is_empty() && wanted.iter().all(|wanted| wanted.fits(record))
}

/// Which of the candidates that a directory gave all of it fits. A directory may give too many: what
/// it looks for is its own affair, what fits is decided here.
pub fn judge(wanted: &[FieldCondition], candidates: Vec<StoredCustomer>) -> MatchedCustomer {
    let mut fitting: Vec<StoredCustomer> = candidates.into_iter().filter(|record| fit(wanted, record)).collect();
    // The same record twice is one: an index may name it by more than one way.
    fitting.sort_by(|a, b| a.id.cmp(&b.id));
    fitting.dedup_by(|a, b| a.id == b.id);
    match fitting.pop() {
        None => MatchedCustomer::Nobody,
        Some(record) if fitting.is_empty() => MatchedCustomer::One(Box::new(record)),
        Some(_) => MatchedCustomer::Several,
    }
}

#[cfg(test)]
mod tests;

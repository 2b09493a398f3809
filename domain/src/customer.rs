//! One of the company's customers, as any directory gives her: who she is, how she is reached, and
//! what is known of her that a login or a question may be held against.
//!
//! Nothing of a record prints. Where records come from, and which one is meant, others say.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::base::id::{CustomerId, plain_text};
use crate::base::validation;
use crate::base::validation::{FieldError, Kind};

pub mod matching;

/// A record has at most so many mail addresses, and as many phone numbers.
pub const MAX_ADDRESSES: usize = 10;

/// A record has at most so many facts, and as many fields of private data.
pub const MAX_FIELDS: usize = 50;

/// A value of private data, or a fact, has at most so many bytes.
const MAX_VALUE_BYTES: usize = 1024;

/// The names and values of either have at most so many bytes together.
pub const MAX_BYTES: usize = 4096;

/// A customer's record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCustomer {
    /// The company's id of her.
    pub id: CustomerId,
    /// What she is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What she logs in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Her mail addresses, the one to be used first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Her phone numbers, the one to be used first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// What a login page may pass on to show who she is. A directory may know several values of one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub private_data: BTreeMap<String, Vec<String>>,
    /// What she may be asked, and agents may read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl StoredCustomer {
    /// Private data as the built-in directory takes it: one value of each.
    pub fn plain_private_data(&self) -> BTreeMap<String, String> {
        let one = |(field, values): (&String, &Vec<String>)| Some((field.clone(), values.last()?.clone()));
        self.private_data.iter().filter_map(one).collect()
    }

    /// Where she is written to first.
    pub fn first_address(&self) -> Option<&str> {
        self.emails.first().or(self.phones.first()).map(String::as_str)
    }
}

impl fmt::Debug for StoredCustomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Record(…)")
    }
}

impl StoredCustomer {
    /// A record that says no more than whose it is.
    pub fn new(id: CustomerId) -> Self {
        Self {
            id,
            name: None,
            username: None,
            emails: Vec::new(),
            phones: Vec::new(),
            private_data: BTreeMap::new(),
            facts: BTreeMap::new(),
        }
    }

    /// What the record says of a field that private data may name: of its private data, else what it
    /// says itself under `id`, `name`, `username`, `email` and `phone`.
    pub fn values<'a>(&'a self, field: &str) -> Vec<&'a str> {
        if let Some(values) = self.private_data.get(field) {
            return values.iter().map(String::as_str).collect();
        }
        let texts = |texts: &'a [String]| texts.iter().map(String::as_str).collect();
        match field {
            "id" => vec![self.id.as_str()],
            "name" => self.name.as_deref().into_iter().collect(),
            "username" => self.username.as_deref().into_iter().collect(),
            "email" => texts(&self.emails),
            "phone" => texts(&self.phones),
            _ => Vec::new(),
        }
    }

    /// Every field that has a value, with its values.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = ["id", "name", "username", "email", "phone"];
        let own = own.into_iter().filter(|field| !self.private_data.contains_key(*field));
        let names = own.chain(self.private_data.keys().map(String::as_str));
        names.flat_map(|field| self.values(field).into_iter().map(move |value| (field, value)))
    }

    /// What is wrong with a record that an admin writes.
    pub fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (pointer, text, most) in [("/name", &self.name, 200), ("/username", &self.username, 255)] {
            if text.as_ref().is_some_and(|text| !plain_text(text, most)) {
                errors.push(FieldError::at(pointer, validation::PLAIN_TEXT.with([("most", &most)])));
            }
        }
        for (pointer, list, rule) in
            [("/emails", &self.emails, is_mail_address as fn(&str) -> _), ("/phones", &self.phones, is_phone_number)]
        {
            if list.len() > MAX_ADDRESSES {
                errors.push(FieldError::at(pointer, validation::TOO_MANY.with([("most", &MAX_ADDRESSES)])));
            }
            let wrong = list.iter().enumerate().filter_map(|(at, text)| Some((at, rule(text).err()?)));
            errors.extend(wrong.map(|(at, why)| FieldError::at(format!("{pointer}/{at}"), why)));
        }
        let private_data = self.private_data.iter().flat_map(|(name, values)| values.iter().map(move |v| (name, v)));
        errors.extend(field_errors("/private_data", private_data));
        errors.extend(field_errors("/facts", self.facts.iter()));
        errors
    }
}

fn field_errors<'a>(at: &str, fields: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<FieldError> {
    let (mut errors, mut count, mut bytes) = (Vec::new(), 0, 0);
    for (name, value) in fields {
        count += 1;
        bytes += name.len() + value.len();
        let pointer = || format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        if !is_field(name) {
            errors.push(FieldError::at(pointer(), &validation::FIELD_NAME));
        } else if !plain_text(value, MAX_VALUE_BYTES) {
            errors.push(FieldError::at(pointer(), validation::PLAIN_TEXT.with([("most", &MAX_VALUE_BYTES)])));
        }
    }
    if count > MAX_FIELDS || bytes > MAX_BYTES {
        errors.push(FieldError::at(at, validation::TOO_MUCH.with([("most", &MAX_FIELDS), ("bytes", &MAX_BYTES)])));
    }
    errors
}

/// Whether a field of private data, or a fact, may be called so.
pub fn is_field(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(good)
}

/// Whether a text is a mail address.
pub fn is_mail_address(text: &str) -> Result<(), &'static Kind> {
    let good = plain_text(text, 254)
        && !text.contains(' ')
        && text.split('@').filter(|part| !part.is_empty()).count() == 2
        && text.matches('@').count() == 1;
    if good { Ok(()) } else { Err(&validation::MAIL_ADDRESS) }
}

/// Whether a text is a phone number in E.164.
pub fn is_phone_number(text: &str) -> Result<(), &'static Kind> {
    let digits = |d: &str| (5..=15).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit());
    if text.strip_prefix('+').is_some_and(digits) { Ok(()) } else { Err(&validation::PHONE_NUMBER) }
}

/// A login name in one spelling, however it was typed: who logs in is the same person in capitals.
pub fn folded(text: &str) -> String {
    text.trim().nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> StoredCustomer {
        let mut record = StoredCustomer::new("cust-42".parse().unwrap());
        record.emails = vec!["customer@example.com".into(), "other@example.com".into()];
        record.private_data.insert("iban".into(), vec!["EE38".into()]);
        record
    }

    #[test]
    fn a_record_does_not_print() {
        assert_eq!(format!("{:?}", record()), "Record(…)");
    }

    #[test]
    fn private_data_come_before_what_the_record_says_itself() {
        let mut record = record();
        assert_eq!(record.values("email"), ["customer@example.com", "other@example.com"]);
        record.private_data.insert("email".into(), vec!["third@example.com".into()]);
        assert_eq!(record.values("email"), ["third@example.com"]);
        assert_eq!(record.values("iban"), ["EE38"]);
        assert!(record.values("phone").is_empty() && record.values("facts").is_empty());
        let fields: Vec<_> = record.fields().collect();
        assert_eq!(fields, [("id", "cust-42"), ("email", "third@example.com"), ("iban", "EE38")]);
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let mut record = record();
        assert!(record.errors().is_empty());
        record.emails.push("nobody".into());
        record.phones.push("55512345".into());
        record.private_data.insert("a/b".into(), vec!["x".into()]);
        record.facts.insert("branch".into(), String::new());
        let pointers: Vec<String> = record.errors().into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/emails/2", "/phones/0", "/private_data/a~1b", "/facts/branch"]);
        record = StoredCustomer::new("cust-42".parse().unwrap());
        record.facts.insert("long".into(), "x".repeat(1025));
        assert_eq!(record.errors()[0].pointer, "/facts/long");
    }
}

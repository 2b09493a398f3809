//! An account's fields, read one by one; what is wrong with each is kept with its pointer, so that
//! everything is told at once.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::address::reverses_text;
use crate::account::Account;
use crate::validation::{self, FieldError, ValidationError};

/// A field is at most so long.
const MAX_BYTES: usize = 8 * 1024;

/// An account that is being read.
pub struct SmtpAccountReader<'a> {
    /// The account.
    pub account: &'a Account,
    wrong: &'a mut Vec<FieldError>,
}

impl<'a> SmtpAccountReader<'a> {
    /// Of an account; what is wrong goes to `wrong`.
    pub fn of(account: &'a Account, wrong: &'a mut Vec<FieldError>) -> Self {
        Self { account, wrong }
    }

    /// Something is wrong with a field; there is nothing to go on with.
    pub fn error<T>(&mut self, name: &str, error: impl Into<ValidationError>) -> Option<T> {
        self.wrong.push(FieldError::at(format!("/account/{name}"), error));
        None
    }

    /// Something is wrong with the password.
    pub fn secret_error<T>(&mut self, error: impl Into<ValidationError>) -> Option<T> {
        self.wrong.push(FieldError::at("/secrets/password", error));
        None
    }

    /// A text that may be left out.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.account.fields.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.is_empty() && text.len() <= MAX_BYTES => Some(text.clone()),
            Some(Value::String(_)) => self.error(name, validation::LENGTH.with([("most", &MAX_BYTES)])),
            Some(_) => self.error(name, &validation::TEXT),
        }
    }

    /// A text that must be there.
    pub fn required(&mut self, name: &str, about: &str) -> Option<String> {
        if matches!(self.account.fields.get(name), None | Some(Value::Null)) {
            return self.error(name, validation::MISSING.saying(format!("is missing: {about}")));
        }
        self.text(name)
    }

    /// A text that stands in one line and changes nobody's direction of reading.
    pub fn one_line(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.chars().any(|c| c.is_control() || reverses_text(c)) {
            return self.error(name, &validation::LINE);
        }
        Some(text)
    }

    /// A number, also where it is written as a text.
    pub fn number(&mut self, name: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.account.fields.get(name) {
            None | Some(Value::Null) => return None,
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
        };
        match number.filter(|number| bounds.contains(number)) {
            Some(number) => Some(number),
            None => self.error(name, validation::NUMBER.with([("least", bounds.start()), ("most", bounds.end())])),
        }
    }
}

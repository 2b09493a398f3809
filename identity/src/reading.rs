//! What every kind of provider reads off an account, and how it is reached: fields that are known and no
//! others, an address that may be spoken to, a secret that is there. Knows no kind in particular.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use countersign_channels::definition::Account;
use countersign_channels::http_client::{HttpClient, LostReply};
use countersign_channels::validation::{self, FieldError};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::ProviderTrouble;

/// An account that is being read; what is wrong with it is told all at once.
pub(super) struct AccountReader<'a> {
    account: &'a Account,
    wrong: Vec<FieldError>,
}

impl<'a> AccountReader<'a> {
    /// Of an account that has these fields and secrets, and no others.
    pub fn of(account: &'a Account, fields: &[&str], secrets: &[&str]) -> Self {
        let mut reading = Self { account, wrong: Vec::new() };
        let known = |of: &[&str]| format!("is not known; there are {}", of.join(", "));
        let strange = account.fields.keys().filter(|name| !fields.contains(&name.as_str()));
        let strange: Vec<String> = strange.map(|name| format!("/account/{name}")).collect();
        let hidden = account.secrets.keys().filter(|name| !secrets.contains(&name.as_str()));
        let hidden: Vec<String> = hidden.map(|name| format!("/secrets/{name}")).collect();
        strange.into_iter().for_each(|pointer| reading.error(pointer, known(fields)));
        hidden.into_iter().for_each(|pointer| reading.error(pointer, known(secrets)));
        reading
    }

    /// Something is wrong.
    pub fn error(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.wrong.push(FieldError::at(pointer, validation::OTHER.saying(detail)));
    }

    /// A text, where it is there.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.account.fields.get(name) {
            None => None,
            Some(Value::String(text)) if (1..=2048).contains(&text.len()) => Some(text.clone()),
            Some(_) => {
                self.error(format!("/account/{name}"), "must be a text of at most 2048 bytes");
                None
            }
        }
    }

    /// A text that must be there.
    pub fn needed(&mut self, name: &str) -> String {
        if !self.account.fields.contains_key(name) {
            self.error(format!("/account/{name}"), "is missing");
        }
        self.text(name).unwrap_or_default()
    }

    /// A whole number within bounds.
    pub fn number(&mut self, name: &str, bounds: RangeInclusive<u64>, otherwise: u64) -> u64 {
        let Some(value) = self.account.fields.get(name) else { return otherwise };
        match value.as_u64().filter(|n| bounds.contains(n)) {
            Some(number) => number,
            None => {
                self.error(
                    format!("/account/{name}"),
                    format!("must be a whole number from {} to {}", bounds.start(), bounds.end()),
                );
                otherwise
            }
        }
    }

    /// An address that may be spoken to.
    pub fn address(&mut self, name: &str, otherwise: Option<&str>, http_client: &HttpClient) -> Option<Url> {
        let text = match otherwise {
            Some(otherwise) => self.text(name).unwrap_or_else(|| otherwise.to_owned()),
            None => self.needed(name),
        };
        if text.is_empty() {
            return None; // told already
        }
        let url = Url::parse(&text).map_err(|_| "must be a URL");
        match url.and_then(|url| http_client.egress().admit(&url).map(|()| url).map_err(|kind| kind.says)) {
            Ok(url) => Some(url),
            Err(why) => {
                self.error(format!("/account/{name}"), why);
                None
            }
        }
    }

    /// A secret, where it is there.
    pub fn secret(&self, name: &str) -> Option<&'a str> {
        self.account.secrets.get(name).map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty())
    }

    /// A secret that must be there.
    pub fn needed_secret(&mut self, name: &str) -> &'a str {
        if self.secret(name).is_none() {
            self.error(format!("/secrets/{name}"), "is missing");
        }
        self.secret(name).unwrap_or_default()
    }

    /// What was read, where nothing is wrong.
    pub fn end<T>(self, read: Option<T>) -> Result<T, Vec<FieldError>> {
        match read {
            Some(read) if self.wrong.is_empty() => Ok(read),
            _ => {
                let mut each: BTreeMap<String, FieldError> = BTreeMap::new();
                self.wrong.into_iter().for_each(|wrong| {
                    each.entry(wrong.pointer.clone()).or_insert(wrong);
                });
                Err(each.into_values().collect())
            }
        }
    }
}

/// Why nothing came back.
pub(super) fn lost(lost: LostReply) -> ProviderTrouble {
    match lost {
        LostReply::Refused => ProviderTrouble::Refused("address-refused"),
        LostReply::Unreached => ProviderTrouble::Away("unreached"),
        LostReply::Unanswered => ProviderTrouble::Away("no-answer"),
    }
}

/// What a status says that is no success.
pub(super) fn status(status: u16) -> ProviderTrouble {
    match status {
        401 | 403 => ProviderTrouble::Refused("account-refused"),
        429 => ProviderTrouble::Away("busy"),
        500.. => ProviderTrouble::Away("failing"),
        _ => ProviderTrouble::Refused("request-refused"),
    }
}

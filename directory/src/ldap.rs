//! A directory that speaks LDAP (RFC 4511): customers are searched for under one base, as a reader that
//! the admin names; a password is right when its owner's entry binds with it on a connection of its own.
//!
//! What people typed stands in filters and names only escaped (RFC 4515 §3, RFC 4514 §2.4). Referrals
//! are not followed: who is asked is the admin's word, not the server's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign_channels::egress::EgressPolicy;
use ldap3::{Scope, dn_escape, ldap_escape, parse_filter};
use serde::Deserialize;
use url::Url;

use super::dial::{TIMEOUT, admit, default_timeout, tls};
use super::fields::{DirectoryFields, parsed};
use super::{Directory, DirectoryConnection, DirectoryFailure, Kind, Verified, of_all};
use countersign_domain::base::id::CustomerId;
use countersign_domain::base::validation::FieldError;
use countersign_domain::customer::StoredCustomer;
use countersign_domain::customer::matching::FieldCondition;
use countersign_domain::secret::Secret;

mod session;

use session::{LdapEntry, LdapServer};

/// `directory.kind = "ldap"`.
pub struct Ldap {
    egress: EgressPolicy,
}

impl Ldap {
    /// Speaks to whom `egress` lets it.
    pub fn new(egress: EgressPolicy) -> Self {
        Self { egress }
    }
}

/// What an admin writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `ldaps://host[:636]`, or `ldap://host[:389]`.
    url: Url,
    /// Whether `ldap://` goes on over TLS before anything is said.
    #[serde(default = "yes")]
    starttls: bool,
    /// Certificates of the company's own authority, in PEM.
    ca: Option<String>,
    /// Who reads; its password is the secret `bind_password`. Nobody where the server lets all read.
    bind_dn: Option<String>,
    /// Where customers are.
    base: String,
    #[serde(default)]
    scope: Below,
    /// Which entries are customers.
    #[serde(default = "anything")]
    filter: String,
    /// Attributes that a login name may stand in.
    login: Vec<String>,
    /// Whose entry a login name is, with `{login}` in it: where it is known, nobody searches for it.
    user_dn: Option<String>,
    fields: DirectoryFields,
    #[serde(default = "default_timeout")]
    timeout_ms: u64,
}

fn yes() -> bool {
    true
}

fn anything() -> String {
    "(objectClass=*)".to_owned()
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Below {
    #[default]
    Subtree,
    One,
}

/// An attribute's name, or `dn`: letters, digits, `-`, `.` for an OID, `;` before an option.
fn is_attribute(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';' | b'_');
    (1..=100).contains(&text.len()) && text.bytes().all(good)
}

impl Settings {
    fn errors(&self, egress: &EgressPolicy) -> Vec<FieldError> {
        let at = |place: &str, why: &str| FieldError::invalid(format!("/connection/{place}"), why);
        let mut errors = self.fields.errors(is_attribute);
        let secure = self.url.scheme() == "ldaps" || self.starttls;
        let known = matches!(self.url.scheme(), "ldap" | "ldaps");
        let plain = self.url.username().is_empty() && self.url.password().is_none() && self.url.query().is_none();
        match self.url.host_str() {
            Some(host) if known && plain => {
                errors.extend(admit(egress, host, self.port(), secure).err().map(|why| at("url", why)));
            }
            _ => errors.push(at("url", "must be ldaps:// or ldap:// with a host, and no more than a port")),
        }
        if parse_filter(&self.filter).is_err() {
            errors.push(at("filter", "must be a filter of RFC 4515"));
        }
        if self.login.is_empty() || !self.login.iter().all(|name| is_attribute(name)) {
            errors.push(at("login", "must name at least one attribute"));
        }
        if self.user_dn.as_ref().is_some_and(|dn| dn.matches("{login}").count() != 1) {
            errors.push(at("user_dn", "must hold {login} exactly once"));
        }
        if !TIMEOUT.contains(&self.timeout_ms) {
            errors.push(at("timeout_ms", "must be from 100 to 10000"));
        }
        errors
    }

    fn port(&self) -> u16 {
        self.url.port().unwrap_or(if self.url.scheme() == "ldaps" { 636 } else { 389 })
    }
}

impl Kind for Ldap {
    fn open(&self, connection: DirectoryConnection<'_>) -> Result<Arc<dyn Directory>, Vec<FieldError>> {
        let settings: Settings = parsed(connection.settings)?;
        let mut errors = settings.errors(&self.egress);
        let password = connection.secrets.get("bind_password").filter(|password| !password.expose().is_empty());
        if settings.bind_dn.as_ref().is_some_and(|dn| !dn.is_empty()) != password.is_some() {
            errors.push(FieldError::invalid("/secrets/bind_password", "goes with bind_dn: both are there, or neither"));
        }
        let config = tls(settings.ca.as_deref()).map_err(|error| vec![error])?;
        if !errors.is_empty() {
            return Err(errors);
        }
        let reader = settings.bind_dn.clone().zip(password.cloned());
        let server = LdapServer::new(
            self.egress.clone(),
            (settings.url.clone(), settings.port()),
            (settings.url.scheme() == "ldap" && settings.starttls, config),
            reader,
            Duration::from_millis(settings.timeout_ms),
        );
        Ok(Arc::new(Open { settings, server }))
    }
}

/// A directory that was opened.
struct Open {
    settings: Settings,
    server: LdapServer,
}

impl Open {
    /// Entries that are customers and fit a filter, with their records.
    async fn search(&self, filter: &str) -> Result<Vec<(LdapEntry, StoredCustomer)>, DirectoryFailure> {
        let filter = format!("(&{}{filter})", self.settings.filter);
        let scope = match self.settings.scope {
            Below::Subtree => Scope::Subtree,
            Below::One => Scope::OneLevel,
        };
        let found = self.server.search(&self.settings.base, scope, &filter, &self.settings.fields.places()).await?;
        found.into_iter().map(|entry| self.record(entry)).collect()
    }

    fn record(&self, entry: LdapEntry) -> Result<(LdapEntry, StoredCustomer), DirectoryFailure> {
        let record = self.settings.fields.record(|place| entry.values(place));
        let record =
            record.ok_or_else(|| DirectoryFailure::misconfigured("an entry has no id where fields.id says"))?;
        Ok((entry, record))
    }

    /// Who has one of these values in one of these attributes.
    async fn having(
        &self,
        attributes: &[&str],
        values: &[String],
    ) -> Result<Vec<(LdapEntry, StoredCustomer)>, DirectoryFailure> {
        match either(attributes, values) {
            Some(filter) => self.search(&filter).await,
            None => Ok(Vec::new()),
        }
    }

    /// Whose login name it is.
    async fn named(&self, name: &str) -> Result<Option<(LdapEntry, StoredCustomer)>, DirectoryFailure> {
        let attributes: Vec<&str> = self.settings.login.iter().map(String::as_str).collect();
        let mut found = self.having(&attributes, &[name.trim().to_owned()]).await?;
        let given = found.len();
        of_all(given, found.pop().filter(|_| found.is_empty()))
    }
}

/// One of these attributes has one of these values. What was typed stands in it escaped.
fn either(attributes: &[&str], values: &[String]) -> Option<String> {
    let pairs = attributes.iter().flat_map(|name| values.iter().map(move |value| (name, value)));
    let parts = pairs.filter(|(_, value)| !value.is_empty());
    let parts: String = parts.map(|(name, value)| format!("({name}={})", ldap_escape(value.as_str()))).collect();
    (!parts.is_empty()).then(|| format!("(|{parts})"))
}

#[async_trait]
impl Directory for Open {
    async fn find(&self, wanted: &[FieldCondition]) -> Result<Vec<StoredCustomer>, DirectoryFailure> {
        let mut filter = String::new();
        for wanted in wanted {
            let attributes = self.settings.fields.of(&wanted.field);
            let part = either(&attributes, &wanted.spellings());
            let missing = || DirectoryFailure::misconfigured(format!("fields names no attribute for {}", wanted.field));
            filter.push_str(&part.ok_or_else(missing)?);
        }
        Ok(self.search(&filter).await?.into_iter().map(|(_, record)| record).collect())
    }

    async fn by_login_name(&self, name: &str) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        Ok(self.named(name).await?.map(|(_, record)| record))
    }

    async fn by_id(&self, id: &CustomerId) -> Result<Option<StoredCustomer>, DirectoryFailure> {
        let mut found = self.having(&[&self.settings.fields.id], &[id.as_str().to_owned()]).await?;
        let given = found.len();
        found.retain(|(_, record)| record.id == *id); // the server may know two ids that we tell apart
        of_all(given, found.pop().filter(|_| found.is_empty()).map(|(_, record)| record))
    }

    async fn verify(&self, login_name: &str, password: &Secret) -> Result<Verified, DirectoryFailure> {
        // A bind without a password is one without a name (RFC 4513 §5.1.2), and succeeds.
        let Some(password) = std::str::from_utf8(password.expose()).ok().filter(|password| !password.is_empty()) else {
            return Ok(Verified::Wrong);
        };
        let login_name = login_name.trim();
        if login_name.is_empty() {
            return Ok(Verified::Wrong);
        }
        let Some(template) = &self.settings.user_dn else {
            let Some((entry, record)) = self.named(login_name).await? else { return Ok(Verified::Wrong) };
            let bound = self.server.bind_as(&entry.dn, password).await?;
            return Ok(if bound.is_some() { Verified::Right(Box::new(record)) } else { Verified::Wrong });
        };
        let dn = template.replace("{login}", &dn_escape(login_name));
        let Some(mut own) = self.server.bind_as(&dn, password).await? else { return Ok(Verified::Wrong) };
        let (filter, places) = (&self.settings.filter, self.settings.fields.places());
        let found = self.server.search_with(&mut own, &dn, Scope::Base, filter, &places).await?;
        match found.into_iter().next() {
            Some(entry) => Ok(Verified::Right(Box::new(self.record(entry)?.1))),
            None => Ok(Verified::Wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4515 §3: what would end a value, open a filter or stand for anything is spelled out.
    #[test]
    fn what_was_typed_is_a_value_in_a_filter_and_nothing_else() {
        for (typed, escaped) in [
            ("*", "\\2a"),
            ("a)(uid=*", "a\\29\\28uid=\\2a"),
            ("\\28", "\\5c28"),
            ("a\0b", "a\\00b"),
            ("*)(objectClass=*))(|(a=*", "\\2a\\29\\28objectClass=\\2a\\29\\29\\28|\\28a=\\2a"),
        ] {
            let filter = either(&["uid"], &[typed.to_owned()]).unwrap();
            assert_eq!(filter, format!("(|(uid={escaped}))"));
            assert!(parse_filter(&filter).is_ok());
        }
        assert_eq!(either(&["uid"], &[String::new()]), None, "an empty value would be there for everybody");
        assert_eq!(either(&[], &["a".to_owned()]), None);
    }

    #[test]
    fn attributes_have_names() {
        for (name, good) in [("uid", true), ("2.5.4.3", true), ("cn;lang-en", true), ("a)(b", false), ("", false)] {
            assert_eq!(is_attribute(name), good, "{name}");
        }
    }
}

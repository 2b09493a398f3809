//! Connections to one LDAP server: one that all searches share, bound as the reader and made anew when
//! it broke; and one for each password that is tried, which is closed after it.
//!
//! It bounds every exchange in time and every answer in entries, and reads no more of a server's words
//! than their codes (RFC 4511 §4.1.9).

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use countersign_channels::egress::EgressPolicy;
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry, SearchOptions, StdStream,
};
use rustls::ClientConfig;
use tokio::sync::{Mutex, Semaphore};
use url::Url;

use crate::dial::dial;
use crate::{ASKED_FOR, DirectoryFailure, DirectoryTrouble};
use countersign_domain::secret::Secret;

/// Passwords that are tried at one time.
const MAX_BINDS: usize = 16;

/// Result codes that are told apart.
mod code {
    /// success (RFC 4511 §A.1).
    pub const SUCCESS: u32 = 0;
    /// timeLimitExceeded.
    pub const TIME_LIMIT: u32 = 3;
    /// sizeLimitExceeded.
    pub const SIZE_LIMIT: u32 = 4;
    /// adminLimitExceeded.
    pub const ADMIN_LIMIT: u32 = 11;
    /// confidentialityRequired.
    pub const CONFIDENTIALITY_REQUIRED: u32 = 13;
    /// noSuchObject.
    pub const NO_SUCH_OBJECT: u32 = 32;
    /// invalidDNSyntax.
    pub const INVALID_DN: u32 = 34;
    /// inappropriateAuthentication.
    pub const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
    /// invalidCredentials.
    pub const INVALID_CREDENTIALS: u32 = 49;
    /// insufficientAccessRights.
    pub const INSUFFICIENT_ACCESS: u32 = 50;
    /// busy.
    pub const BUSY: u32 = 51;
    /// unavailable.
    pub const UNAVAILABLE: u32 = 52;
    /// unwillingToPerform.
    pub const UNWILLING: u32 = 53;
    /// constraintViolation.
    pub const CONSTRAINT: u32 = 19;
}

/// An entry that was found. It does not print.
pub(super) struct LdapEntry {
    pub dn: String,
    attributes: HashMap<String, Vec<String>>,
}

impl LdapEntry {
    /// An attribute's values; of `dn` the entry's own name.
    pub fn values(&self, name: &str) -> Vec<String> {
        if name.eq_ignore_ascii_case("dn") {
            return vec![self.dn.clone()];
        }
        let named = self.attributes.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.flat_map(|(_, values)| values.clone()).collect()
    }
}

/// A server, and how it is spoken to.
pub(super) struct LdapServer {
    egress: EgressPolicy,
    url: Url,
    port: u16,
    starttls: bool,
    tls: Arc<ClientConfig>,
    reader: Option<(String, Secret)>,
    timeout: Duration,
    shared: Mutex<Option<Ldap>>,
    binds: Semaphore,
}

impl LdapServer {
    /// A server that is not asked yet.
    pub fn new(
        egress: EgressPolicy,
        (url, port): (Url, u16),
        (starttls, tls): (bool, Arc<ClientConfig>),
        reader: Option<(String, Secret)>,
        timeout: Duration,
    ) -> Self {
        let (shared, binds) = (Mutex::new(None), Semaphore::new(MAX_BINDS));
        Self { egress, url, port, starttls, tls, reader, timeout, shared, binds }
    }

    /// A connection that nobody is bound on.
    async fn connect(&self) -> Result<Ldap, DirectoryFailure> {
        let host = self.url.host_str().unwrap_or_default();
        let stream = dial(&self.egress, host, self.port, self.timeout).await?;
        let stream = stream.into_std().map_err(|_| DirectoryFailure::down("no connection"))?;
        let settings = LdapConnSettings::new()
            .set_conn_timeout(self.timeout)
            .set_starttls(self.starttls)
            .set_config(self.tls.clone())
            .set_std_stream(StdStream::Tcp(stream));
        let mut url = self.url.clone();
        url.set_path("");
        let (connection, ldap) = LdapConnAsync::from_url_with_settings(settings, &url).await.map_err(said)?;
        tokio::spawn(async move {
            let _ = connection.drive().await; // whoever waits for an answer hears that it ended
        });
        Ok(ldap)
    }

    /// A connection that is bound as the reader.
    async fn connect_to_read(&self) -> Result<Ldap, DirectoryFailure> {
        let mut ldap = self.connect().await?;
        if let Some((dn, password)) = &self.reader {
            let password = std::str::from_utf8(password.expose())
                .map_err(|_| DirectoryFailure::refused("bind_password is no text"))?;
            let bound = ldap.with_timeout(self.timeout).simple_bind(dn, password).await.map_err(said)?;
            judged(&bound)?;
        }
        Ok(ldap)
    }

    /// Entries that fit a filter. A connection that broke since it was used last is made once more.
    pub async fn search(
        &self,
        base: &str,
        scope: Scope,
        filter: &str,
        of: &[&str],
    ) -> Result<Vec<LdapEntry>, DirectoryFailure> {
        let whole = async {
            let (mut ldap, fresh) = self.reading().await?;
            match self.search_with(&mut ldap, base, scope, filter, of).await {
                Err(failure) if !fresh && failure.trouble == DirectoryTrouble::Down => {
                    self.shared.lock().await.take();
                    let (mut ldap, _) = self.reading().await?;
                    self.search_with(&mut ldap, base, scope, filter, of).await
                }
                found => found,
            }
        };
        // Who waits for others to find out that nobody answers waits no longer than they.
        tokio::time::timeout(self.timeout * 2, whole).await.map_err(|_| DirectoryFailure::down("no answer in time"))?
    }

    /// The shared connection, and whether it was made now.
    async fn reading(&self) -> Result<(Ldap, bool), DirectoryFailure> {
        let mut shared = self.shared.lock().await;
        if let Some(ldap) = shared.as_mut()
            && !ldap.is_closed()
        {
            return Ok((ldap.clone(), false));
        }
        let made = tokio::time::timeout(self.timeout, self.connect_to_read()).await;
        let ldap = made.map_err(|_| DirectoryFailure::down("no connection in time"))??;
        *shared = Some(ldap.clone());
        Ok((ldap, true))
    }

    /// The same over a connection of the caller's.
    pub async fn search_with(
        &self,
        ldap: &mut Ldap,
        base: &str,
        scope: Scope,
        filter: &str,
        of: &[&str],
    ) -> Result<Vec<LdapEntry>, DirectoryFailure> {
        let most = i32::try_from(ASKED_FOR).unwrap_or(i32::MAX);
        let limits =
            SearchOptions::new().sizelimit(most).timelimit(i32::try_from(self.timeout.as_secs()).unwrap_or(1).max(1));
        let asked = async {
            let mut stream =
                ldap.with_search_options(limits).streaming_search(base, scope, filter, of.to_vec()).await?;
            let mut found = Vec::new();
            while let Some(entry) = stream.next().await? {
                if !entry.is_ref() && !entry.is_intermediate() {
                    found.push(entry);
                }
                if found.len() >= ASKED_FOR {
                    break; // whatever limit the server keeps
                }
            }
            Ok::<_, LdapError>((found, stream.finish().await))
        };
        let asked = tokio::time::timeout(self.timeout, asked).await;
        let (found, how) = asked.map_err(|_| DirectoryFailure::down("no answer in time"))?.map_err(said)?;
        if found.len() < ASKED_FOR {
            judged(&how)?; // of a search that broke off, nobody knows what it would have found
        }
        found.into_iter().map(entry).collect()
    }

    /// A connection bound with a password; none where the server takes it not.
    pub async fn bind_as(&self, dn: &str, password: &str) -> Result<Option<Ldap>, DirectoryFailure> {
        let whole = async {
            let _turn = self.binds.acquire().await.map_err(DirectoryFailure::down)?;
            let mut ldap = self.connect().await?;
            let bound = ldap.with_timeout(self.timeout).simple_bind(dn, password).await.map_err(said)?;
            match bound.rc {
                code::SUCCESS => Ok(Some(ldap)),
                code::INVALID_CREDENTIALS
                | code::NO_SUCH_OBJECT
                | code::INVALID_DN
                | code::INAPPROPRIATE_AUTHENTICATION
                | code::INSUFFICIENT_ACCESS
                | code::UNWILLING
                | code::CONSTRAINT => Ok(None),
                _ => judged(&bound).map(|()| None),
            }
        };
        tokio::time::timeout(self.timeout * 2, whole).await.map_err(|_| DirectoryFailure::down("no answer in time"))?
    }
}

/// What the driver takes apart without looking twice: bytes that are no entry would be a panic.
fn entry(raw: ldap3::ResultEntry) -> Result<LdapEntry, DirectoryFailure> {
    let read = catch_unwind(AssertUnwindSafe(|| SearchEntry::construct(raw)));
    let read = read.map_err(|_| DirectoryFailure::misconfigured("the server sent what is no entry"))?;
    Ok(LdapEntry { dn: read.dn, attributes: read.attrs })
}

/// What a result code says of the directory.
fn judged(result: &LdapResult) -> Result<(), DirectoryFailure> {
    let with = |words: &str| format!("{words} (result code {})", result.rc);
    match result.rc {
        code::SUCCESS => Ok(()),
        code::SIZE_LIMIT | code::ADMIN_LIMIT => {
            Err(DirectoryFailure::misconfigured(with("it gives less than there is")))
        }
        code::BUSY | code::UNAVAILABLE | code::TIME_LIMIT => Err(DirectoryFailure::down(with("it is not available"))),
        code::INVALID_CREDENTIALS | code::INSUFFICIENT_ACCESS | code::INAPPROPRIATE_AUTHENTICATION => {
            Err(DirectoryFailure::refused(with("it does not let the reader in")))
        }
        code::CONFIDENTIALITY_REQUIRED => Err(DirectoryFailure::refused(with("it wants TLS"))),
        code::NO_SUCH_OBJECT => {
            Err(DirectoryFailure::misconfigured(with("there is no such base, or the reader may not see it")))
        }
        10 => Err(DirectoryFailure::misconfigured(with("it refers to another server, and no referral is followed"))),
        _ => Err(DirectoryFailure::misconfigured(with("it does not take the search"))),
    }
}

/// What an error of the driver is, without its words: they may quote what was sent.
fn said(error: LdapError) -> DirectoryFailure {
    match error {
        LdapError::LdapResult { result } => {
            judged(&result).err().unwrap_or_else(|| DirectoryFailure::down("no answer"))
        }
        LdapError::Rustls { .. } | LdapError::DNSName { .. } => DirectoryFailure::refused("TLS failed"),
        LdapError::Io { source } if source.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            DirectoryFailure::refused(format!("TLS failed: {source}"))
        }
        LdapError::Timeout { .. } => DirectoryFailure::down("no answer in time"),
        LdapError::FilterParsing => DirectoryFailure::misconfigured("the filter is none"),
        _ => DirectoryFailure::down("the connection broke"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search that broke off has not shown that there is no other entry, however many came before.
    #[test]
    fn only_success_is_a_whole_answer() {
        let of = |rc| {
            let (matched, text) = (String::new(), String::new());
            judged(&LdapResult { rc, matched, text, refs: Vec::new(), ctrls: Vec::new() })
        };
        assert_eq!(of(code::SUCCESS), Ok(()));
        for rc in 1..=80 {
            assert!(of(rc).is_err(), "{rc}");
        }
        for rc in [code::SIZE_LIMIT, code::ADMIN_LIMIT] {
            assert_eq!(of(rc).map_err(|failure| failure.trouble), Err(DirectoryTrouble::Misconfigured));
        }
    }
}

//! Keys that platforms publish, fetched when they are needed and kept: a set of keys for a day,
//! asked for again where one is missing but at most once an hour, and after a failure once a
//! minute; certificates for as long as there is room.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::Request;
use serde::Deserialize;

use crate::format::inbound::proof::VerificationError;
use crate::format::inbound::token::PublishedKey;
use crate::http_client::HttpClient;

/// A set of keys is good for so long, in seconds.
const DAY: u64 = 24 * 3600;
/// After so long a key that is missing is asked for.
const HOUR: u64 = 3600;
/// After an answer that did not come the next is asked for.
const MINUTE: u64 = 60;
/// So many certificates are kept.
const MAX_CERTIFICATES: usize = 8;

/// Keys and certificates of one account's platform.
pub struct PlatformKeys {
    http_client: HttpClient,
    published: tokio::sync::Mutex<Published>,
    certificates: Mutex<VecDeque<(String, Vec<u8>)>>,
    /// When a certificate was asked for in vain.
    failed: Mutex<Option<u64>>,
}

#[derive(Default)]
struct Published {
    keys: Vec<PublishedKey>,
    /// When these came.
    fetched: Option<u64>,
    /// When others were asked for in vain.
    tried: Option<u64>,
}

#[derive(Deserialize)]
struct Configuration {
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl PlatformKeys {
    /// None yet.
    pub fn new(http_client: HttpClient) -> Self {
        Self {
            http_client,
            published: tokio::sync::Mutex::default(),
            certificates: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// With a certificate.
    pub fn with_certificate(self, url: &str, pem: &[u8]) -> Self {
        self.keep(url, pem.to_vec());
        self
    }

    /// The keys that a platform publishes. `missing`: one was not among them.
    ///
    /// # Errors
    ///
    /// There are none, and they cannot be had now.
    pub async fn published(
        &self,
        discovery: &str,
        now: u64,
        missing: bool,
    ) -> Result<Vec<PublishedKey>, VerificationError> {
        let mut published = self.published.lock().await;
        let life = if missing { HOUR } else { DAY };
        let is_fresh = published.fetched.is_some_and(|fetched| now.saturating_sub(fetched) < life);
        // Anybody can send what names an unknown key: that must not become a request each time.
        let was_tried = published.tried.is_some_and(|tried| now.saturating_sub(tried) < MINUTE);
        if !is_fresh && !was_tried {
            published.tried = Some(now);
            if let Ok(keys) = self.fetch(discovery).await {
                (published.keys, published.fetched, published.tried) = (keys, Some(now), None);
            }
        }
        // Keys that are a day old are better than none, while the platform is not there.
        match published.fetched {
            Some(_) => Ok(published.keys.clone()),
            None => Err(VerificationError::Unavailable("the platform's keys")),
        }
    }

    async fn fetch(&self, discovery: &str) -> Result<Vec<PublishedKey>, VerificationError> {
        let unreadable = |_| VerificationError::Unavailable("the platform's keys");
        let configuration: Configuration = serde_json::from_slice(&self.get(discovery).await?).map_err(unreadable)?;
        let set: KeySet = serde_json::from_slice(&self.get(&configuration.jwks_uri).await?).map_err(unreadable)?;
        // A key of another kind among them is no reason to do without the others.
        Ok(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
    }

    /// The certificate at an address.
    ///
    /// # Errors
    ///
    /// It cannot be had, or another could not within the last minute: anybody can name one that is not
    /// there, and that must not become a request each time.
    pub async fn certificate(&self, url: &str, now: u64) -> Result<Vec<u8>, VerificationError> {
        if let Some(kept) = self.kept(url) {
            return Ok(kept);
        }
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_some_and(|failed| now.saturating_sub(failed) < MINUTE) {
            return Err(VerificationError::Unavailable("Amazon's certificate"));
        }
        match self.get(url).await {
            Ok(pem) => {
                self.keep(url, pem.clone());
                Ok(pem)
            }
            Err(unavailable) => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                Err(unavailable)
            }
        }
    }

    /// Visits an address, as a platform asks it to be visited.
    pub async fn confirm_address(&self, url: &str) -> Result<(), VerificationError> {
        self.get(url).await.map(drop)
    }

    fn kept(&self, url: &str) -> Option<Vec<u8>> {
        let kept = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == url).map(|(_, pem)| pem.clone())
    }

    fn keep(&self, url: &str, pem: Vec<u8>) {
        let mut kept = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((url.to_owned(), pem));
        if kept.len() > MAX_CERTIFICATES {
            kept.pop_front();
        }
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, VerificationError> {
        let unavailable = VerificationError::Unavailable("what the platform publishes");
        let request = Request::get(url).body(Vec::new()).map_err(|_| unavailable.clone())?;
        match self.http_client.carry(request).await {
            Ok(reply) if reply.status == 200 => Ok(reply.body),
            _ => Err(unavailable),
        }
    }
}

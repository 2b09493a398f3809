//! Signatures over parts of the request: keyed hashes and Ed25519. Where one stands, how it is
//! written and how its key is, the definition says; what it is over, `over`.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::over::{Over, addresses};
use super::proof::{Against, VerificationError, header, near, same};
use super::request::{InboundRequest, base64};
use crate::format::template::escape::hex;

/// `kind = "hmac"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    /// The secret's name.
    pub secret: String,
    /// How the key is written.
    #[serde(default)]
    pub key: KeyForm,
    /// The hash.
    pub hash: Hash,
    /// What is signed.
    pub over: Over,
    /// Where the signature stands.
    pub signature: SignatureFormat,
    /// The header that says when, in seconds since 1970, and how far that may be from now.
    pub time: Option<RequestTime>,
    /// The value of the signed address's query that is the body's SHA-256 in hex, where the body
    /// itself is not signed.
    pub body_hash_in_query: Option<String>,
}

/// `kind = "ed25519"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// The name of the secret that the key is kept under, in base64.
    pub secret: String,
    /// What stands before the key.
    #[serde(default)]
    pub key_prefix: String,
    /// What is signed.
    pub over: Over,
    /// Where the signature stands.
    pub signature: SignatureFormat,
    /// When, as for `hmac`.
    pub time: Option<RequestTime>,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyForm {
    /// Its text is the key.
    #[default]
    Utf8,
    /// In base64.
    Base64,
    /// In base64, behind `whsec_`.
    Whsec,
    /// Its text's SHA-256 is the key.
    Sha256,
}

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hash {
    /// SHA-1, which some platforms still use; as a keyed hash it holds.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// Where a signature stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureFormat {
    /// In this header.
    pub header: String,
    /// Behind this.
    #[serde(default)]
    pub prefix: String,
    /// As what.
    pub encoding: BytesEncoding,
    /// Whether there may be several, separated by spaces.
    #[serde(default)]
    pub list: bool,
}

/// As what bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BytesEncoding {
    /// Hex.
    Hex,
    /// Standard base64.
    Base64,
}

/// When a request says it was made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTime {
    /// In this header, in seconds since 1970.
    pub header: String,
    /// How far from now it may be, before and after.
    #[serde(default = "five_minutes")]
    pub tolerance_seconds: u64,
}

fn five_minutes() -> u64 {
    300
}

impl Keyed {
    /// Whether a secret that is good now makes the request's signature.
    pub fn verify(&self, request: &InboundRequest<'_>, against: &Against<'_>) -> Result<(), VerificationError> {
        let said = self.signature.read(request)?;
        self.time.iter().try_for_each(|time| time.check(request))?;
        if let Some(name) = &self.body_hash_in_query {
            let hash =
                request.query(name).ok_or_else(|| VerificationError::Missing(format!("`{name}` in the query")))?;
            let body = hex(digest(&SHA256, request.body).as_ref());
            if !same(hash.to_ascii_lowercase().as_bytes(), body.as_bytes()) {
                return Err(VerificationError::FieldError);
            }
        }
        let mut keys = against.secrets(&self.secret).peekable();
        if keys.peek().is_none() {
            return Err(VerificationError::NoSecret(self.secret.clone()));
        }
        let addresses = if self.over.covers_url() { addresses(&request.url) } else { vec![request.url.clone()] };
        let signed = addresses.iter().map(|url| self.over.bytes(request, url)).collect::<Result<Vec<_>, _>>()?;
        let mut right = 0;
        for secret in keys {
            let Some(key) = self.key.decode(secret.expose_secret()) else { continue };
            let key = hmac::Key::new(self.hash.algorithm(), &key);
            right +=
                signed.iter().filter(|bytes| said.iter().any(|tag| hmac::verify(&key, bytes, tag).is_ok())).count();
        }
        if right > 0 { Ok(()) } else { Err(VerificationError::FieldError) }
    }
}

impl PublicKey {
    /// The key's bytes.
    pub fn decode(&self, secret: &str) -> Option<Vec<u8>> {
        base64(secret.strip_prefix(&self.key_prefix).unwrap_or(secret)).filter(|key| key.len() == 32)
    }

    /// Whether the account's key verifies the request's signature.
    pub fn verify(&self, request: &InboundRequest<'_>, against: &Against<'_>) -> Result<(), VerificationError> {
        let said = self.signature.read(request)?;
        self.time.iter().try_for_each(|time| time.check(request))?;
        let signed = self.over.bytes(request, &request.url)?;
        let mut outcome = Err(VerificationError::NoSecret(self.secret.clone()));
        for secret in against.secrets(&self.secret) {
            let text = secret.expose_secret();
            let Some(key) = self.decode(text) else { continue };
            let key = UnparsedPublicKey::new(&ED25519, key);
            if said.iter().any(|signature| key.verify(&signed, signature).is_ok()) {
                return Ok(());
            }
            outcome = Err(VerificationError::FieldError);
        }
        outcome
    }
}

impl SignatureFormat {
    /// Every signature that the request says.
    fn read(&self, request: &InboundRequest<'_>) -> Result<Vec<Vec<u8>>, VerificationError> {
        let text = header(request, &self.header)?;
        let each: Vec<&str> = if self.list { text.split(' ').collect() } else { vec![text.trim()] };
        let read = |text: &&str| {
            let text = text.strip_prefix(&self.prefix)?;
            match self.encoding {
                BytesEncoding::Hex => unhex(text),
                BytesEncoding::Base64 => BASE64_STANDARD.decode(text).ok(),
            }
        };
        let read: Vec<_> = each.iter().filter_map(read).collect();
        if read.is_empty() { Err(VerificationError::Unreadable("the signature")) } else { Ok(read) }
    }
}

impl RequestTime {
    fn check(&self, request: &InboundRequest<'_>) -> Result<(), VerificationError> {
        let said = header(request, &self.header)?;
        // One way to write a time: others would move the border to what is signed behind it.
        let read = said.parse::<u64>().ok().filter(|read| read.to_string() == said);
        near(read.ok_or(VerificationError::Unreadable("the time"))?, request.unix, self.tolerance_seconds)
    }
}

impl KeyForm {
    /// The key's bytes.
    pub fn decode(self, secret: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(secret.as_bytes().to_vec()),
            Self::Base64 => base64(secret.trim()),
            Self::Whsec => base64(secret.trim().strip_prefix("whsec_").unwrap_or(secret.trim())),
            Self::Sha256 => Some(digest(&SHA256, secret.as_bytes()).as_ref().to_vec()),
        }
    }
}

impl Hash {
    fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|two| match two {
        [high, low] => Some(char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?),
        _ => None,
    });
    digits.map(|byte| u8::try_from(byte?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_whole_bytes() {
        assert_eq!(unhex("00fF"), Some(vec![0, 255]));
        assert!(unhex("0").is_none() && unhex("0g").is_none() && unhex("é").is_none());
    }
}

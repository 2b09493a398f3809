//! Keys and keyed fingerprints. Nothing here can be printed, and comparing takes the same time
//! whatever is compared. One root key makes every other, each for one use (RFC 5869).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(crate) mod claims;
pub mod customer_tag;
pub mod keys;
pub mod password;
pub mod retiring;
pub mod signing;
pub mod token;
pub mod totp;
pub mod typed;

/// A `Debug` text that names the type and tells nothing of what it holds.
macro_rules! hidden {
    ($($type:ident),*) => {
        $(impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        })*
    };
}

pub(crate) use hidden;

hidden!(Secret, Tag, MacKey);

/// Bytes that nobody may see: no `Debug` text, no `Display`, erased when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one who must use them; the name is long so that it is seen in review.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

// Written only into records, which are sealed before they reach a store.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&base64url(&self.0))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        from_base64url(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not base64url"))
    }
}

/// A keyed fingerprint (HMAC-SHA-256): what is kept of a secret.
#[derive(Clone, Copy)]
pub struct Tag([u8; 32]);

impl Tag {
    /// The fingerprint's bytes: not secret.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first half of its bytes: the secret of a token, or a short name.
    pub fn first_half(&self) -> [u8; 16] {
        *self.0.first_chunk().expect("it has 32 bytes")
    }

    /// As lower-case hex of the first half: a name for records.
    pub fn name(&self) -> String {
        hex(&self.first_half())
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Tag {}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&base64url(&self.0))
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let bytes = from_base64url(&text).and_then(|b| b.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not a fingerprint"))
    }
}

/// A key for fingerprints of one kind.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// From a key of any length that the caller vouches for.
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The fingerprint of several parts; each carries its length, so that no two lists of parts
    /// give the same input.
    pub fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut mac = hmac::Context::with_key(&self.0);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Tag(whole(&mac.sign()))
    }

    /// The plain HMAC of a text, as standards want it.
    pub fn sign(&self, text: &[u8]) -> [u8; 32] {
        whole(&hmac::sign(&self.0, text))
    }
}

fn whole(tag: &hmac::Tag) -> [u8; 32] {
    tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// base64url without padding (RFC 4648 §5).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Only the canonical spelling: no padding, no stray bits at the end.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::keys::Keys;

    #[test]
    fn secrets_do_not_print() {
        let secret = Secret::new(b"hunter2".to_vec());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        let keys = format!("{:?}", Keys::from_root(&secret));
        assert!(!keys.contains("hunter2") && keys.contains("MacKey(…)"));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = MacKey::new(b"k");
        assert!(key.tag(&[b"ab", b"c"]) != key.tag(&[b"a", b"bc"]));
        assert!(key.tag(&[b"ab"]) == key.tag(&[b"ab"]));
    }

    #[test]
    fn the_uses_have_different_keys() {
        let keys = Keys::from_root(&Secret::new(vec![1; 32]));
        assert!(keys.link.tag(&[b"x"]) != keys.handle.tag(&[b"x"]));
    }

    #[test]
    fn base64url_has_one_spelling() {
        assert_eq!(from_base64url("AQ"), Some(vec![1]));
        assert_eq!(from_base64url("AR"), None);
        assert_eq!(from_base64url("AQ=="), None);
        assert_eq!(from_base64url("+/"), None);
    }
}

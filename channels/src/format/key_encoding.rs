//! How a key is written in a secret: as text or in base64.
//! It decodes a key and does not know what the key signs.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

/// How a shared key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyEncoding {
    /// Its text is the key.
    #[default]
    Utf8,
    /// In base64.
    Base64,
}

impl KeyEncoding {
    /// The key's bytes.
    pub fn decode(self, key: &str) -> Option<Zeroizing<Vec<u8>>> {
        Some(Zeroizing::new(match self {
            Self::Utf8 => key.as_bytes().to_vec(),
            Self::Base64 => BASE64_STANDARD.decode(key.trim()).ok()?,
        }))
    }
}

//! The kinds of proof that what comes in is the platform's: `[[inbound.verify]]`. Each names the secret that it
//! needs, and tells which secrets of an account cannot be what they should be.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::shared::SharedSecretProof;
use super::signed::{Keyed, PublicKey};
use super::sns::Topic;
use super::token::{Discovered, SharedToken};
use crate::account::BEFORE;
use crate::format::template::Template;
use crate::format::template::values::KnownAccount;
use crate::validation::{self, FieldError};

/// `[[inbound.verify]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum VerifyFormat {
    /// A keyed hash over parts of the request.
    Hmac(Keyed),
    /// A secret that the request says.
    Shared(SharedSecretProof),
    /// A JWT under a shared key.
    Jwt(SharedToken),
    /// A JWT under a key that the platform publishes.
    Jwks(Discovered),
    /// A signature of Amazon's notification service.
    Sns(Topic),
    /// An Ed25519 signature over parts of the request.
    Ed25519(PublicKey),
}

impl VerifyFormat {
    /// The name of the secret that it needs, where it needs one.
    pub fn secret(&self) -> Option<&str> {
        match self {
            Self::Hmac(keyed) => Some(&keyed.secret),
            Self::Shared(shared) => Some(&shared.secret),
            Self::Jwt(token) => Some(&token.secret),
            Self::Ed25519(key) => Some(&key.secret),
            Self::Jwks(_) | Self::Sns(_) => None,
        }
    }

    /// Every secret of an account that cannot be what it should be.
    pub fn errors(&self, known: &KnownAccount) -> Vec<FieldError> {
        let Some(name) = self.secret() else { return Vec::new() };
        let right = |secret: &SecretString| {
            let text = secret.expose_secret();
            match self {
                Self::Hmac(keyed) => keyed.key.decode(text).is_some(),
                Self::Jwt(token) => token.key.decode(text).is_some(),
                Self::Ed25519(key) => key.decode(text).is_some(),
                Self::Shared(_) | Self::Jwks(_) | Self::Sns(_) => true,
            }
        };
        let names = [name.to_owned(), format!("{name}{BEFORE}")].into_iter();
        let invalid = names.filter(|name| known.secrets.get(name).is_some_and(|secret| !right(secret)));
        invalid.map(|name| FieldError::at(format!("/secrets/{name}"), &validation::KEY)).collect()
    }

    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Jwt(token) => token.rules.templates(),
            Self::Jwks(discovered) => discovered.templates(),
            Self::Sns(topic) => vec![&topic.topic, &topic.version],
            Self::Shared(shared) => shared.user.iter().collect(),
            Self::Hmac(_) | Self::Ed25519(_) => Vec::new(),
        }
    }
}

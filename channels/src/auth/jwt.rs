//! Tokens of our own making: a JWT for each request, under the account's key. A platform that
//! takes them for minutes only gets one that is seconds old.

use std::collections::BTreeMap;

use http::HeaderName;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::format::key_encoding::KeyEncoding;
use crate::format::template::values::Values;
use crate::format::template::{HoleName, Template};
use crate::validation::{self, FieldError};

/// `kind = "jwt"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// With what it is signed.
    pub algorithm: TokenSignature,
    /// The key.
    pub key: Template,
    /// How the key is written; an RSA key is PEM.
    #[serde(default)]
    pub key_encoding: KeyEncoding,
    /// The key's id, where the platform asks for one.
    pub key_id: Option<Template>,
    /// What it says besides `iat`.
    #[serde(default)]
    pub claims: BTreeMap<String, Template>,
    /// For how many seconds it is good; none: it says no `exp`.
    pub lifetime_seconds: Option<u32>,
    /// The header that carries it: `Authorization`.
    pub header: Option<String>,
}

/// With what a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum TokenSignature {
    /// HMAC with SHA-256.
    HS256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    RS256,
}

impl Assertion {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        [&self.key].into_iter().chain(&self.key_id).chain(self.claims.values()).collect()
    }

    /// With an account's key.
    pub fn open(&self, values: &Values<'_>) -> Result<Mint, FieldError> {
        let key = Zeroizing::new(self.key.plain(values).unwrap_or_default());
        let (algorithm, key, wanted) = match self.algorithm {
            TokenSignature::HS256 => {
                let key = self.key_encoding.decode(&key).filter(|key| !key.is_empty());
                (Algorithm::HS256, key.map(|key| EncodingKey::from_secret(&key)), &validation::BASE64_KEY)
            }
            TokenSignature::RS256 => {
                (Algorithm::RS256, EncodingKey::from_rsa_pem(key.as_bytes()).ok(), &validation::PEM_KEY)
            }
        };
        let secret = self.key.holes().find_map(|hole| match &hole.name {
            HoleName::Secret(name) => Some(name.as_str()),
            _ => None,
        });
        let pointer = format!("/secrets/{}", secret.unwrap_or_default());
        let key = key.ok_or_else(|| FieldError::at(pointer, wanted))?;
        let key_id = self.key_id.as_ref().and_then(|id| id.plain(values));
        let header = self.header.as_deref().and_then(|name| name.parse().ok());
        let prefix = if header.is_some() { "" } else { "Bearer " };
        Ok(Mint {
            algorithm,
            key,
            key_id,
            claims: self.claims.clone(),
            lifetime: self.lifetime_seconds,
            header: header.unwrap_or(http::header::AUTHORIZATION),
            prefix,
        })
    }
}

/// Makes an account's tokens.
pub struct Mint {
    algorithm: Algorithm,
    key: EncodingKey,
    key_id: Option<String>,
    claims: BTreeMap<String, Template>,
    lifetime: Option<u32>,
    /// The header that carries it.
    pub header: HeaderName,
    /// What stands before it.
    pub prefix: &'static str,
}

impl Mint {
    /// A token that is as old as `values` say.
    pub fn token(&self, values: &Values<'_>) -> Option<String> {
        let mut claims = Map::new();
        for (name, template) in &self.claims {
            if let Some(text) = template.plain(values) {
                claims.insert(name.clone(), Value::String(text));
            }
        }
        let now = values.at().unix;
        claims.insert("iat".into(), now.into());
        if let Some(lifetime) = self.lifetime {
            claims.insert("exp".into(), now.checked_add(lifetime.into())?.into());
        }
        let header = Header { kid: self.key_id.clone(), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, &claims, &self.key).ok()
    }
}

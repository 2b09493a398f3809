//! A team's security keys: what signs its authentication URLs, and what its login page's assertions and its
//! identity tokens are verified with. Which of them count at a moment is said here.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{MOST_KEYS, Team};
use crate::domain::assertion::VerifyingKey;
use crate::domain::id::Kid;
use crate::domain::misfit;
use crate::domain::refusal::Refusal;
use crate::domain::secret::{MacKey, Secret, base64url, from_base64url};
use crate::domain::time::Moment;

/// What signs and verifies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityKey {
    /// Its id.
    pub kid: Kid,
    /// Its secret or its public half.
    pub material: Material,
    /// Since when.
    pub created_at: Moment,
    /// Whether it still counts.
    pub status: KeyStatus,
}

/// A security key's material.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Material {
    /// 32 bytes shared with the login page: HS256.
    Shared(Secret),
    /// The login page's public key, as the team registered it.
    Public(Algorithm, Value),
}

/// Whether a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// Signs and verifies.
    Active,
    /// Verifies until then.
    Retiring(Moment),
    /// Does neither since then.
    Revoked(Moment),
}

impl SecurityKey {
    /// What it is called at that moment: `active`, `retiring`, `retired` or `revoked`; and until when it
    /// verifies, where that has an end.
    pub fn standing(&self, now: Moment) -> (&'static str, Option<Moment>) {
        match self.status {
            KeyStatus::Active => ("active", None),
            KeyStatus::Retiring(until) if now < until => ("retiring", Some(until)),
            KeyStatus::Retiring(until) => ("retired", Some(until)),
            KeyStatus::Revoked(_) => ("revoked", None),
        }
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        matches!(self.status, KeyStatus::Revoked(_))
    }

    /// Whether it verifies at that moment.
    fn verifies(&self, now: Moment) -> bool {
        match self.status {
            KeyStatus::Active => true,
            KeyStatus::Retiring(until) => now < until,
            KeyStatus::Revoked(_) => false,
        }
    }

    /// The algorithm's name (RFC 7518 §3.1).
    pub fn algorithm(&self) -> String {
        match &self.material {
            Material::Shared(_) => "HS256".to_owned(),
            Material::Public(algorithm, _) => format!("{algorithm:?}"),
        }
    }
}

impl Team {
    /// Adds a shared key of 32 drawn bytes.
    pub fn add_shared_key(&mut self, secret: [u8; 32], kid: [u8; 9], now: Moment) -> Result<SecurityKey, Refusal> {
        let kid: Kid = base64url(&kid).parse().expect("12 characters of base64url are a kid");
        self.add_key(kid, Material::Shared(Secret::new(secret.to_vec())), now)
    }

    /// Registers a login page's public key: EdDSA, ES256, or RS256 of at least 2048 bits.
    pub fn add_public_key(&mut self, jwk: &Value, kid: [u8; 9], now: Moment) -> Result<SecurityKey, Refusal> {
        let algorithm = public_algorithm(jwk)?;
        let kid = match jwk.get("kid") {
            None | Some(Value::Null) => base64url(&kid).parse(),
            Some(named) => named.as_str().unwrap_or_default().parse(),
        };
        let kid = kid.map_err(|_| Refusal::UnusableKey(&misfit::KID))?;
        self.add_key(kid, Material::Public(algorithm, jwk.clone()), now)
    }

    fn add_key(&mut self, kid: Kid, material: Material, now: Moment) -> Result<SecurityKey, Refusal> {
        if self.security_keys.iter().any(|key| key.kid == kid) {
            return Err(Refusal::UnusableKey(&misfit::KID_TAKEN));
        }
        if self.security_keys.len() >= MOST_KEYS {
            // Revoked ones are kept to be seen; the oldest give way.
            let revoked = self.security_keys.iter().position(|key| matches!(key.status, KeyStatus::Revoked(_)));
            self.security_keys.remove(revoked.ok_or(Refusal::TooManyKeys)?);
        }
        let key = SecurityKey { kid, material, created_at: now, status: KeyStatus::Active };
        self.security_keys.push(key.clone());
        Ok(key)
    }

    /// The key verifies for so long and signs no more. What was said once can only be shortened:
    /// a retired key gets no second life, a revoked one stays revoked.
    pub fn retire(&mut self, kid: &Kid, after_minutes: u64, now: Moment) -> Result<SecurityKey, Refusal> {
        let key = self.key(kid)?;
        let until = now.plus_minutes(after_minutes);
        key.status = match key.status {
            KeyStatus::Active => KeyStatus::Retiring(until),
            KeyStatus::Retiring(earlier) => KeyStatus::Retiring(earlier.min(until)),
            KeyStatus::Revoked(at) => KeyStatus::Revoked(at),
        };
        Ok(key.clone())
    }

    /// The key counts no more.
    pub fn revoke(&mut self, kid: &Kid, now: Moment) -> Result<SecurityKey, Refusal> {
        let key = self.key(kid)?;
        if !matches!(key.status, KeyStatus::Revoked(_)) {
            key.status = KeyStatus::Revoked(now);
        }
        Ok(key.clone())
    }

    fn key(&mut self, kid: &Kid) -> Result<&mut SecurityKey, Refusal> {
        self.security_keys.iter_mut().find(|key| key.kid == *kid).ok_or(Refusal::NotFound("security key"))
    }

    /// The newest active shared key: it signs authentication URLs.
    pub fn signing_key(&self) -> Option<(&Kid, MacKey)> {
        self.security_keys.iter().rev().find_map(|key| match (&key.material, key.status) {
            (Material::Shared(secret), KeyStatus::Active) => Some((&key.kid, MacKey::new(secret.expose()))),
            _ => None,
        })
    }

    /// Every key that assertions may be signed with.
    pub fn verifying_keys(&self) -> Vec<VerifyingKey> {
        let live = self.security_keys.iter().filter_map(|key| {
            let until = match key.status {
                KeyStatus::Active => None,
                KeyStatus::Retiring(until) => Some(until),
                KeyStatus::Revoked(_) => return None,
            };
            let (algorithm, decoding) = match &key.material {
                Material::Shared(secret) => (Algorithm::HS256, DecodingKey::from_secret(secret.expose())),
                Material::Public(algorithm, jwk) => {
                    let jwk: Jwk = serde_json::from_value(jwk.clone()).ok()?;
                    (*algorithm, DecodingKey::from_jwk(&jwk).ok()?)
                }
            };
            Some(VerifyingKey { kid: key.kid.clone(), algorithm, key: decoding, until })
        });
        live.collect()
    }

    /// The shared key of that id, while it verifies.
    pub fn shared_key(&self, kid: &str, now: Moment) -> Option<MacKey> {
        let key = self.security_keys.iter().find(|key| key.kid.as_str() == kid && key.verifies(now))?;
        match &key.material {
            Material::Shared(secret) => Some(MacKey::new(secret.expose())),
            Material::Public(..) => None,
        }
    }
}

/// The one algorithm that a public key is for.
pub(in crate::domain) fn public_algorithm(jwk: &Value) -> Result<Algorithm, Refusal> {
    for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
        if jwk.get(private).is_some() {
            return Err(Refusal::UnusableKey(&misfit::PRIVATE_KEY));
        }
    }
    let key: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| Refusal::UnusableKey(&misfit::NO_JWK))?;
    let algorithm = match &key.algorithm {
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::RSA(p) => {
            let bits = from_base64url(&p.n).map_or(0, |n| n.iter().skip_while(|b| **b == 0).count() * 8);
            if !(2048..=8192).contains(&bits) {
                return Err(Refusal::UnusableKey(&misfit::RSA_BITS));
            }
            Algorithm::RS256
        }
        _ => return Err(Refusal::UnusableKey(&misfit::KEY_TYPE)),
    };
    let named = jwk.get("alg").and_then(Value::as_str);
    if named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return Err(Refusal::UnusableKey(&misfit::KEY_ALGORITHM));
    }
    let sound = is_sound(&key.algorithm) && DecodingKey::from_jwk(&key).is_ok();
    if sound { Ok(algorithm) } else { Err(Refusal::UnusableKey(&misfit::NO_KEY)) }
}

/// Whether the numbers can be a key's: reading a JWK does not look at them, and under an RSA
/// exponent of 1 everybody could sign.
fn is_sound(key: &AlgorithmParameters) -> bool {
    let bytes = |text: &String| from_base64url(text).unwrap_or_default();
    match key {
        AlgorithmParameters::OctetKeyPair(p) => ParsedPublicKey::new(&ED25519, bytes(&p.x)).is_ok(),
        AlgorithmParameters::EllipticCurve(p) => {
            let point = [vec![4], bytes(&p.x), bytes(&p.y)].concat(); // uncompressed: SEC 1 §2.3.3
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_ok()
        }
        AlgorithmParameters::RSA(p) => {
            let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
            let (n, e) = (bytes(&p.n), bytes(&p.e));
            let exponent = e.iter().try_fold(0u64, |sum, b| Some(sum.checked_mul(256)? + u64::from(*b)));
            odd(&n) && odd(&e) && exponent.is_some_and(|e| (3..1 << 33).contains(&e))
        }
        _ => false,
    }
}

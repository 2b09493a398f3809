//! A team's security keys: what signs its authentication URLs, and what its login page's assertions and its
//! identity tokens are verified with. Which of them count at a moment is said here.
//!
//! At most one key signs. A team's first shared key does at once; each later one is `pending` until it is
//! activated, so that no login page is sent a link that it cannot check yet.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{MAX_KEYS, Team};
use crate::base::id::Kid;
use crate::base::validation;
use crate::proof::assertion::VerifyingKey;
use crate::refusal::Refusal;
use crate::secret::{MacKey, Secret, base64url, from_base64url};
use crate::time::Moment;

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
    /// When it began to sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<Moment>,
    /// When it last verified something, noted at most once in [`USE_NOTED`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Moment>,
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

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// Verifies, and signs once it is activated.
    Pending,
    /// Verifies. A shared key also signs, and no other key of the team does.
    Active,
    /// Verifies until then, and never signs again.
    Retired(Moment),
    /// Does neither since then.
    Revoked(Moment),
}

impl KeyStatus {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired(_) => "retired",
            Self::Revoked(_) => "revoked",
        }
    }
}

/// The use of a key is written down at most this often: a record is not written for each login.
const USE_NOTED: Duration = Duration::from_secs(3600);

/// What an activation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The key signs now; the key that signed before, if there was one, is retired.
    Activated(Option<Kid>),
    /// The key was active already, and nothing changed.
    AlreadyActive,
}

/// A key after a change, and how the team's keys stand then.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// The key that was changed.
    pub key: SecurityKey,
    /// The key that signs now.
    pub signing: Option<Kid>,
    /// Retired keys that still verify, and until when; the newest first.
    pub overlaps: Vec<(Kid, Moment)>,
}

impl SecurityKey {
    /// Until when it verifies, where that has an end.
    pub fn verifies_until(&self) -> Option<Moment> {
        match self.status {
            KeyStatus::Retired(until) => Some(until),
            _ => None,
        }
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        matches!(self.status, KeyStatus::Revoked(_))
    }

    /// Whether it verifies at that moment.
    pub fn verifies(&self, now: Moment) -> bool {
        match self.status {
            KeyStatus::Pending | KeyStatus::Active => true,
            KeyStatus::Retired(until) => now < until,
            KeyStatus::Revoked(_) => false,
        }
    }

    /// Whether the gateway can sign with it: it has the secret of a shared key, and of a public one none.
    pub fn can_sign(&self) -> bool {
        matches!(self.material, Material::Shared(_))
    }

    /// Whether authentication URLs are signed with it.
    pub fn signs(&self) -> bool {
        self.can_sign() && self.status == KeyStatus::Active
    }

    /// It has verified something. True where that is worth writing down.
    pub fn used(&mut self, now: Moment) -> bool {
        let is_news = self.is_use_news(now);
        if is_news {
            self.last_used_at = Some(now);
        }
        is_news
    }

    /// Whether a use at that moment is worth writing down. A clock that was set back makes the note of a later
    /// moment wrong.
    pub fn is_use_news(&self, now: Moment) -> bool {
        self.last_used_at.is_none_or(|noted| now >= noted.plus(USE_NOTED) || now < noted)
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
        let kid = kid.map_err(|_| Refusal::UnusableKey(&validation::KID))?;
        self.add_key(kid, Material::Public(algorithm, jwk.clone()), now)
    }

    fn add_key(&mut self, kid: Kid, material: Material, now: Moment) -> Result<SecurityKey, Refusal> {
        if self.security_keys.iter().any(|key| key.kid == kid) {
            return Err(Refusal::UnusableKey(&validation::KID_TAKEN));
        }
        let is_shared = matches!(material, Material::Shared(_));
        // Nothing waits for a public key's activation: it never signs.
        let waits = is_shared && self.security_keys.iter().any(SecurityKey::can_sign);
        let status = if waits { KeyStatus::Pending } else { KeyStatus::Active };
        let activated_at = Some(now).filter(|_| is_shared && !waits);
        if self.security_keys.len() >= MAX_KEYS {
            // Keys that count no more are kept to be seen; the oldest give way.
            let over = self.security_keys.iter().position(|key| !key.verifies(now));
            self.security_keys.remove(over.ok_or(Refusal::TooManyKeys)?);
        }
        let key = SecurityKey { kid, material, created_at: now, activated_at, last_used_at: None, status };
        self.security_keys.push(key.clone());
        Ok(key)
    }

    /// The key signs from now on. The key that signed so far is retired: it verifies for so long, since signed
    /// URLs and assertions under it are still under way.
    pub fn activate(&mut self, kid: &Kid, overlap_minutes: u64, now: Moment) -> Result<Activation, Refusal> {
        let key = self.key(kid)?;
        match key.status {
            _ if !key.can_sign() => return Err(Refusal::KeyCannotSign),
            KeyStatus::Pending => {}
            KeyStatus::Active => return Ok(Activation::AlreadyActive),
            KeyStatus::Retired(_) | KeyStatus::Revoked(_) => return Err(Refusal::KeyNotPending),
        }
        let before = self.security_keys.iter_mut().find(|key| key.signs());
        let retired = before.map(|before| {
            before.status = KeyStatus::Retired(now.plus_minutes(overlap_minutes));
            before.kid.clone()
        });
        let key = self.key(kid)?;
        (key.status, key.activated_at) = (KeyStatus::Active, Some(now));
        Ok(Activation::Activated(retired))
    }

    /// The key verifies for so long. The key that signs is refused: without a successor nobody would sign, and
    /// activating one retires it.
    pub fn retire(&mut self, kid: &Kid, after_minutes: u64, now: Moment) -> Result<(), Refusal> {
        match self.key(kid)?.signs() {
            true => Err(Refusal::KeyInUse),
            false => self.retire_any(kid, after_minutes, now),
        }
    }

    /// The same, also for the key that signs: what was retired in another life of the store must not verify for
    /// longer in this one. What was said once can only be shortened: a retired key gets no second life, a
    /// revoked one stays revoked.
    pub fn retire_any(&mut self, kid: &Kid, after_minutes: u64, now: Moment) -> Result<(), Refusal> {
        let key = self.key(kid)?;
        let until = now.plus_minutes(after_minutes);
        key.status = match key.status {
            KeyStatus::Pending | KeyStatus::Active => KeyStatus::Retired(until),
            KeyStatus::Retired(earlier) => KeyStatus::Retired(earlier.min(until)),
            KeyStatus::Revoked(at) => KeyStatus::Revoked(at),
        };
        Ok(())
    }

    /// The key counts no more, whatever it was: a key that was stolen goes at once.
    pub fn revoke(&mut self, kid: &Kid, now: Moment) -> Result<(), Refusal> {
        let key = self.key(kid)?;
        if !matches!(key.status, KeyStatus::Revoked(_)) {
            key.status = KeyStatus::Revoked(now);
        }
        Ok(())
    }

    /// A key that was changed just now, and how the others stand beside it.
    pub fn key_change(&self, kid: &Kid, now: Moment) -> Result<KeyChange, Refusal> {
        let key = self.security_keys.iter().find(|key| key.kid == *kid).cloned();
        let signing = self.security_keys.iter().find(|key| key.signs()).map(|key| key.kid.clone());
        let verifying = self.security_keys.iter().rev().filter(|key| key.verifies(now));
        let overlaps = verifying.filter_map(|key| Some((key.kid.clone(), key.verifies_until()?))).collect();
        Ok(KeyChange { key: key.ok_or(Refusal::NotFound("security key"))?, signing, overlaps })
    }

    /// A security key, to be changed.
    pub fn security_key(&mut self, kid: &Kid) -> Option<&mut SecurityKey> {
        self.security_keys.iter_mut().find(|key| key.kid == *kid)
    }

    fn key(&mut self, kid: &Kid) -> Result<&mut SecurityKey, Refusal> {
        self.security_key(kid).ok_or(Refusal::NotFound("security key"))
    }

    /// The active shared key: it signs authentication URLs.
    pub fn signing_key(&self) -> Option<(&Kid, MacKey)> {
        self.security_keys.iter().find_map(|key| match (&key.material, key.status) {
            (Material::Shared(secret), KeyStatus::Active) => Some((&key.kid, MacKey::new(secret.expose()))),
            _ => None,
        })
    }

    /// Every key that assertions may be signed with.
    pub fn verifying_keys(&self) -> Vec<VerifyingKey> {
        let kept = self.security_keys.iter().filter(|key| !matches!(key.status, KeyStatus::Revoked(_)));
        let live = kept.filter_map(|key| {
            let (algorithm, decoding) = match &key.material {
                Material::Shared(secret) => (Algorithm::HS256, DecodingKey::from_secret(secret.expose())),
                Material::Public(algorithm, jwk) => {
                    let jwk: Jwk = serde_json::from_value(jwk.clone()).ok()?;
                    (*algorithm, DecodingKey::from_jwk(&jwk).ok()?)
                }
            };
            Some(VerifyingKey { kid: key.kid.clone(), algorithm, key: decoding, until: key.verifies_until() })
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
pub(crate) fn public_algorithm(jwk: &Value) -> Result<Algorithm, Refusal> {
    for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
        if jwk.get(private).is_some() {
            return Err(Refusal::UnusableKey(&validation::PRIVATE_KEY));
        }
    }
    let key: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| Refusal::UnusableKey(&validation::NO_JWK))?;
    let algorithm = match &key.algorithm {
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::RSA(p) => {
            let bits = from_base64url(&p.n).map_or(0, |n| n.iter().skip_while(|b| **b == 0).count() * 8);
            if !(2048..=8192).contains(&bits) {
                return Err(Refusal::UnusableKey(&validation::RSA_BITS));
            }
            Algorithm::RS256
        }
        _ => return Err(Refusal::UnusableKey(&validation::KEY_TYPE)),
    };
    let named = jwk.get("alg").and_then(Value::as_str);
    if named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return Err(Refusal::UnusableKey(&validation::KEY_ALGORITHM));
    }
    let sound = is_sound(&key.algorithm) && DecodingKey::from_jwk(&key).is_ok();
    if sound { Ok(algorithm) } else { Err(Refusal::UnusableKey(&validation::NO_KEY)) }
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

#[cfg(test)]
mod tests;

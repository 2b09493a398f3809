//! A team: its overrides and its keys, in one record. Pure changes; each tells what happened.
//! The record names nobody: customers and interactions are records of their own.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assertion::VerifyingKey;
use super::channel::{Channel, MOST_CHANNELS};
use super::directory::Connected;
use super::id::{ApiKeyId, ChannelName, Kid, ProviderName, ScreenName, TeamName, WebhookName};
use super::provider::{MOST_PROVIDERS, Provider};
use super::refusal::Refusal;
use super::secret::{MacKey, Secret, Tag, base64url, from_base64url};
use super::settings::Overrides;
use super::time::Moment;
use super::webhook::{MOST_WEBHOOKS, Webhook};

/// A team has at most so many security keys and so many API keys.
const MOST_KEYS: usize = 100;

/// A team.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Its name, in paths.
    pub name: TeamName,
    /// Its name for people.
    pub title: String,
    /// Since when.
    pub created_at: Moment,
    /// It is being taken away: it answers nobody, and what it kept goes before its record does.
    #[serde(default)]
    pub leaving: bool,
    /// Its own settings.
    pub overrides: Overrides,
    /// Shared with login pages; the newest last.
    pub security_keys: Vec<SecurityKey>,
    /// Of its bots, agents and admins.
    pub api_keys: Vec<ApiKey>,
    /// Which opening screens it has made; each is a record of its own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub screens: BTreeSet<ScreenName>,
    /// Its accounts on chat platforms.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<ChannelName, Channel>,
    /// Where its events are told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub webhooks: BTreeMap<WebhookName, Webhook>,
    /// Its accounts with those who check documents.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<ProviderName, Provider>,
    /// How its directory is reached, where it is not the one in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<Connected>,
}

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

/// What a caller may do. Each may what the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A team's interactions.
    Bot,
    /// Also codes and PINs that may be shown.
    Agent,
    /// Also the team's settings and keys.
    Admin,
    /// Everything.
    Owner,
}

/// A caller's key. Its text is told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Its id, part of its text.
    pub id: ApiKeyId,
    /// What it may do.
    pub role: Role,
    /// What people call it.
    pub name: String,
    /// Of its secret.
    pub tag: Tag,
    /// Since when.
    pub created_at: Moment,
}

impl Team {
    /// A team without keys.
    pub fn new(name: TeamName, title: String, now: Moment) -> Self {
        let overrides = Overrides::default();
        Self {
            name,
            title,
            created_at: now,
            leaving: false,
            overrides,
            security_keys: Vec::new(),
            api_keys: Vec::new(),
            screens: BTreeSet::new(),
            channels: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            providers: BTreeMap::new(),
            directory: None,
        }
    }

    /// Makes a webhook, or writes it anew; true where it is new.
    pub fn put_webhook(&mut self, name: &WebhookName, webhook: Webhook) -> Result<bool, Refusal> {
        if !self.webhooks.contains_key(name) && self.webhooks.len() >= MOST_WEBHOOKS {
            return Err(Refusal::TooManyWebhooks);
        }
        Ok(self.webhooks.insert(name.clone(), webhook).is_none())
    }

    /// A webhook, to be changed.
    pub fn webhook(&mut self, name: &WebhookName) -> Result<&mut Webhook, Refusal> {
        self.webhooks.get_mut(name).ok_or(Refusal::NotFound("webhook"))
    }

    /// Takes a webhook away.
    pub fn remove_webhook(&mut self, name: &WebhookName) -> Result<Webhook, Refusal> {
        self.webhooks.remove(name).ok_or(Refusal::NotFound("webhook"))
    }

    /// Makes a provider, or writes it anew; true where it is new.
    pub fn put_provider(&mut self, name: &ProviderName, provider: Provider) -> Result<bool, Refusal> {
        if !self.providers.contains_key(name) && self.providers.len() >= MOST_PROVIDERS {
            return Err(Refusal::TooManyProviders);
        }
        Ok(self.providers.insert(name.clone(), provider).is_none())
    }

    /// Takes a provider away.
    pub fn remove_provider(&mut self, name: &ProviderName) -> Result<Provider, Refusal> {
        self.providers.remove(name).ok_or(Refusal::NotFound("provider"))
    }

    /// Makes a channel, or writes it anew; true where it is new.
    pub fn put_channel(&mut self, name: &ChannelName, channel: Channel) -> Result<bool, Refusal> {
        if !self.channels.contains_key(name) && self.channels.len() >= MOST_CHANNELS {
            return Err(Refusal::TooManyChannels);
        }
        Ok(self.channels.insert(name.clone(), channel).is_none())
    }

    /// Takes a channel away.
    pub fn remove_channel(&mut self, name: &ChannelName) -> Result<Channel, Refusal> {
        self.channels.remove(name).ok_or(Refusal::NotFound("channel"))
    }

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
        let kid = kid.map_err(|_| Refusal::UnusableKey("kid is 1 to 32 of letters, digits, _ and -"))?;
        self.add_key(kid, Material::Public(algorithm, jwk.clone()), now)
    }

    fn add_key(&mut self, kid: Kid, material: Material, now: Moment) -> Result<SecurityKey, Refusal> {
        if self.security_keys.iter().any(|key| key.kid == kid) {
            return Err(Refusal::UnusableKey("a key with this kid stands there already"));
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

    /// Adds an API key; its text is `csk_TEAM_ID_SECRET`.
    pub fn add_api_key(
        &mut self,
        role: Role,
        name: String,
        draw: [u8; 40],
        mac: &MacKey,
        now: Moment,
    ) -> Result<(ApiKey, Secret), Refusal> {
        if self.api_keys.len() >= MOST_KEYS {
            return Err(Refusal::TooManyKeys);
        }
        let id: String = draw[..8].iter().map(|b| format!("{b:02x}")).collect();
        let id: ApiKeyId = id.parse().expect("16 hex digits are an id");
        let secret = base64url(&draw[8..]);
        let tag = api_key_tag(mac, &self.name, &id, &secret);
        let text = format!("csk_{}_{id}_{secret}", self.name);
        let key = ApiKey { id, role, name, tag, created_at: now };
        self.api_keys.push(key.clone());
        Ok((key, Secret::new(text.into_bytes())))
    }

    /// Takes an API key away.
    pub fn remove_api_key(&mut self, id: &ApiKeyId) -> Result<ApiKey, Refusal> {
        let at = self.api_keys.iter().position(|key| key.id == *id).ok_or(Refusal::NotFound("API key"))?;
        Ok(self.api_keys.remove(at))
    }
}

/// An API key's text, taken apart. What it claims is not proved yet.
pub struct Presented<'a> {
    /// The team that it claims.
    pub team: TeamName,
    /// Its id.
    pub id: ApiKeyId,
    secret: &'a str,
}

impl<'a> Presented<'a> {
    /// `csk_TEAM_ID_SECRET`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("csk_")?.splitn(3, '_');
        let (team, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { team: team.parse().ok()?, id: id.parse().ok()?, secret })
    }

    /// The team's key, where this is its text.
    pub fn verify<'t>(&self, team: &'t Team, mac: &MacKey) -> Option<&'t ApiKey> {
        let key = team.api_keys.iter().find(|key| key.id == self.id)?;
        (key.tag == api_key_tag(mac, &self.team, &self.id, self.secret)).then_some(key)
    }
}

fn api_key_tag(mac: &MacKey, team: &TeamName, id: &ApiKeyId, secret: &str) -> Tag {
    mac.tag(&[team.as_str().as_bytes(), id.as_str().as_bytes(), secret.as_bytes()])
}

/// The one algorithm that a public key is for.
pub(super) fn public_algorithm(jwk: &Value) -> Result<Algorithm, Refusal> {
    for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
        if jwk.get(private).is_some() {
            return Err(Refusal::UnusableKey("a public key is wanted, this one holds a secret"));
        }
    }
    let key: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| Refusal::UnusableKey("not a JWK (RFC 7517)"))?;
    let algorithm = match &key.algorithm {
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::RSA(p) => {
            let bits = from_base64url(&p.n).map_or(0, |n| n.iter().skip_while(|b| **b == 0).count() * 8);
            if !(2048..=8192).contains(&bits) {
                return Err(Refusal::UnusableKey("RSA keys have 2048 to 8192 bits"));
            }
            Algorithm::RS256
        }
        _ => return Err(Refusal::UnusableKey("Ed25519, P-256 or RSA is wanted")),
    };
    let named = jwk.get("alg").and_then(Value::as_str);
    if named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return Err(Refusal::UnusableKey("alg is not one of EdDSA, ES256 and RS256"));
    }
    let sound = is_sound(&key.algorithm) && DecodingKey::from_jwk(&key).is_ok();
    if sound { Ok(algorithm) } else { Err(Refusal::UnusableKey("its numbers are no key")) }
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

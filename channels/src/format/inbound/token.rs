//! Signed tokens that come with a request: under a shared key, or under one that the platform
//! publishes. The algorithm is the definition's and never the token's to choose, times are judged
//! by our clock, and where a token speaks of the body or the address, they must be the ones.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::proof::{Against, VerificationError, body, header, near, same};
use super::request::InboundRequest;
use super::shared::bearer;
use crate::format::key_encoding::KeyEncoding;
use crate::format::matching::Pointer;
use crate::format::template::Template;
use crate::format::template::escape::hex;

/// No token is longer.
const MAX_BYTES: usize = 16 * 1024;

/// `kind = "jwt"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedToken {
    /// The secret's name.
    pub secret: String,
    /// How the key is written.
    #[serde(default)]
    pub key: KeyEncoding,
    /// What it may be signed with.
    pub algorithms: Vec<SharedAlgorithm>,
    /// The header that carries it alone; none: `Authorization: Bearer`.
    pub header: Option<String>,
    /// What it must say.
    pub rules: Rules,
}

/// `kind = "jwks"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovered {
    /// The platform's OpenID configuration, which says where its keys are.
    pub discovery: Template,
    /// A value of the body that the key must be endorsed for, where a key has endorsements.
    pub endorsed: Option<Pointer>,
    /// What it must say.
    pub rules: Rules,
}

/// What a token must say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Who made it.
    pub issuer: Option<Template>,
    /// Whom it is for.
    pub audience: Option<Template>,
    /// Whether it must say when it ends.
    pub expires: bool,
    /// How far its `iat` may be from now, before and after; none: `iat` is not asked for.
    pub age_seconds: Option<u64>,
    /// How far clocks may differ.
    pub leeway_seconds: u64,
    /// The claim that is the body's SHA-256 in hex: there if and only if there is a body.
    pub body_hash: Option<String>,
    /// The claim that is the address's SHA-256 in hex.
    pub url_hash: Option<String>,
    /// Claims that must equal what stands in the body.
    pub same: BTreeMap<String, Pointer>,
}

/// A keyed hash that a token may be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SharedAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

impl SharedAlgorithm {
    fn named(self) -> (&'static str, hmac::Algorithm) {
        match self {
            Self::HS256 => ("HS256", hmac::HMAC_SHA256),
            Self::HS384 => ("HS384", hmac::HMAC_SHA384),
            Self::HS512 => ("HS512", hmac::HMAC_SHA512),
        }
    }
}

/// A key that a platform publishes.
#[derive(Clone, Debug, Deserialize)]
pub struct PublishedKey {
    /// Its id.
    pub kid: String,
    /// Its modulus, base64url.
    pub n: String,
    /// Its exponent, base64url.
    pub e: String,
    /// What it may sign for; none: anything.
    #[serde(default)]
    pub endorsements: Vec<String>,
}

/// The parts of a token, whose signature is not judged yet.
struct Parts<'a> {
    algorithm: String,
    key_id: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

fn parts(token: &str) -> Result<Parts<'_>, VerificationError> {
    let unreadable = || VerificationError::Unreadable("the token");
    let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_BYTES).ok_or_else(unreadable)?;
    let (head, claims) = signed.split_once('.').ok_or_else(unreadable)?;
    let bytes =
        |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| VerificationError::Unreadable("the token"));
    let head: Head = serde_json::from_slice(&bytes(head)?).map_err(|_| unreadable())?;
    let claims = serde_json::from_slice(&bytes(claims)?).map_err(|_| unreadable())?;
    if head.crit.is_some() {
        return Err(VerificationError::Claim("crit".into())); // what it asks to be understood is not (RFC 7515 §4.1.11)
    }
    Ok(Parts { algorithm: head.alg, key_id: head.kid, signed, signature: bytes(signature)?, claims })
}

impl SharedToken {
    /// Whether the request's token is good.
    pub fn verify(&self, request: &InboundRequest<'_>, against: &Against<'_>) -> Result<(), VerificationError> {
        let token = match &self.header {
            Some(name) => header(request, name)?,
            None => bearer(request)?,
        };
        let parts = parts(token)?;
        let allowed = self.algorithms.iter().map(|algorithm| algorithm.named());
        let Some((_, algorithm)) = allowed.into_iter().find(|(name, _)| *name == parts.algorithm) else {
            return Err(VerificationError::Claim("alg".into()));
        };
        let mut outcome = Err(VerificationError::NoSecret(self.secret.clone()));
        for secret in against.secrets(&self.secret) {
            let Some(key) = self.key.decode(secret.expose_secret()) else { continue };
            let key = hmac::Key::new(algorithm, &key);
            if hmac::verify(&key, parts.signed.as_bytes(), &parts.signature).is_ok() {
                return self.rules.judge(&parts.claims, request, against);
            }
            outcome = Err(VerificationError::FieldError);
        }
        outcome
    }
}

impl Discovered {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        [&self.discovery].into_iter().chain(self.rules.templates()).collect()
    }

    /// Whether the request's token is good under one of these keys.
    pub fn verify(
        &self,
        request: &InboundRequest<'_>,
        against: &Against<'_>,
        keys: &[PublishedKey],
    ) -> Result<(), VerificationError> {
        let parts = parts(bearer(request)?)?;
        let parameters: &RsaParameters = match parts.algorithm.as_str() {
            "RS256" => &RSA_PKCS1_2048_8192_SHA256,
            "RS384" => &RSA_PKCS1_2048_8192_SHA384,
            "RS512" => &RSA_PKCS1_2048_8192_SHA512,
            _ => return Err(VerificationError::Claim("alg".into())),
        };
        let kid = parts.key_id.clone().ok_or_else(|| VerificationError::Missing("the token's `kid`".into()))?;
        let key = keys.iter().find(|key| key.kid == kid).ok_or(VerificationError::UnknownKey(kid))?;
        let bytes = |text: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(text.trim_end_matches('='))
                .map_err(|_| VerificationError::Unreadable("the platform's key"))
        };
        let public = RsaPublicKeyComponents { n: bytes(&key.n)?, e: bytes(&key.e)? };
        let judged = public.verify(parameters, parts.signed.as_bytes(), &parts.signature);
        judged.map_err(|_| VerificationError::FieldError)?;
        if let Some(pointer) = self.endorsed.as_ref().filter(|_| !key.endorsements.is_empty()) {
            let said = body(request)?.pointer(pointer.as_str()).and_then(Value::as_str).map(str::to_owned);
            if !said.is_some_and(|said| key.endorsements.contains(&said)) {
                return Err(VerificationError::Claim("endorsements".into()));
            }
        }
        self.rules.judge(&parts.claims, request, against)
    }
}

impl Rules {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        self.issuer.iter().chain(&self.audience).collect()
    }

    fn judge(
        &self,
        claims: &Map<String, Value>,
        request: &InboundRequest<'_>,
        against: &Against<'_>,
    ) -> Result<(), VerificationError> {
        let wrong = |name: &str| Err(VerificationError::Claim(name.to_owned()));
        if self.issuer.is_some()
            && claims.get("iss").and_then(Value::as_str) != self.wanted(&self.issuer, against).as_deref()
        {
            return wrong("iss");
        }
        if self.audience.is_some() && !is_for(claims.get("aud"), self.wanted(&self.audience, against).as_deref()) {
            return wrong("aud");
        }
        self.times(claims, request.unix)?;
        let hashed = |bytes: &[u8]| hex(digest(&SHA256, bytes).as_ref());
        if let Some(name) = &self.body_hash {
            let wanted = (!request.body.is_empty()).then(|| hashed(request.body));
            if !same_hash(claims.get(name), wanted.as_deref()) {
                return wrong(name);
            }
        }
        if let Some(name) = &self.url_hash
            && !same_hash(claims.get(name), Some(&hashed(request.url.as_bytes())))
        {
            return wrong(name);
        }
        for (name, pointer) in &self.same {
            let said = claims.get(name).filter(|said| said.is_string());
            if said.is_none() || said != body(request)?.pointer(pointer.as_str()) {
                return wrong(name);
            }
        }
        Ok(())
    }

    fn wanted(&self, template: &Option<Template>, against: &Against<'_>) -> Option<String> {
        // What the account leaves out is equal to nothing that a token says.
        Some(template.as_ref().and_then(|template| against.text(template)).unwrap_or_default())
    }

    fn times(&self, claims: &Map<String, Value>, now: u64) -> Result<(), VerificationError> {
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| VerificationError::Claim(name.to_owned())),
        };
        let leeway = self.leeway_seconds;
        match time("exp")? {
            Some(exp) if now >= exp.saturating_add(leeway) => return Err(VerificationError::Claim("exp".into())),
            None if self.expires => return Err(VerificationError::Claim("exp".into())),
            _ => {}
        }
        if time("nbf")?.is_some_and(|nbf| nbf > now.saturating_add(leeway)) {
            return Err(VerificationError::Claim("nbf".into()));
        }
        match (self.age_seconds, time("iat")?) {
            (Some(most), Some(iat)) => near(iat, now, most),
            (Some(_), None) => Err(VerificationError::Claim("iat".into())),
            (None, _) => Ok(()),
        }
    }
}

fn same_hash(said: Option<&Value>, wanted: Option<&str>) -> bool {
    match (said, wanted) {
        (None, None) => true,
        (Some(Value::String(said)), Some(wanted)) => same(said.as_bytes(), wanted.as_bytes()),
        _ => false,
    }
}

fn is_for(audience: Option<&Value>, wanted: Option<&str>) -> bool {
    let is = |value: &Value| value.as_str().is_some_and(|said| !said.is_empty()) && value.as_str() == wanted;
    match audience {
        Some(Value::Array(several)) => several.iter().any(is),
        Some(one) => is(one),
        None => false,
    }
}

//! Assertions: the login page's answer and the website's word, as JWTs (RFC 7519).
//!
//! The library only checks the signature. What it would let pass (a missing `aud`, `crit`,
//! a minute of leeway) is judged here: a strict header, one algorithm per key, every claim
//! required, fractions of a second rounded against the bearer, our own clock.

use std::collections::BTreeMap;
use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::flag::{Customer, Method, Proof};
use crate::base::id::{Conversation, CustomerId, Kid, plain_text};
use crate::refusal::Refusal;
use crate::secret::claims::{NumericDate, SingleAudience};
use crate::secret::from_base64url;
use crate::time::Moment;

/// Clocks may differ by so many seconds.
pub(crate) const SKEW: u64 = 30;

/// An assertion lives at most so many seconds.
const MAX_LIFETIME_SECONDS: u64 = 300;

/// No assertion is longer.
pub(crate) const MAX_BYTES: usize = 8 * 1024;

/// A key that assertions may be signed with: exactly one algorithm.
#[derive(Clone)]
pub struct VerifyingKey {
    /// Its id.
    pub kid: Kid,
    /// Its algorithm; the header's must be the same.
    pub algorithm: Algorithm,
    /// Its material.
    pub key: DecodingKey,
    /// Refused from then on.
    pub until: Option<Moment>,
}

/// A post-back whose signature, audience and times are good.
#[derive(Clone, Debug)]
pub struct PostBack {
    /// The key that signed it.
    pub kid: Kid,
    /// Its id: the same one again is a replay.
    pub jti: String,
    /// What it says.
    pub verdict: AssertionResult,
}

/// What a login page says.
#[derive(Clone, Debug)]
pub enum AssertionResult {
    /// This is who logged in.
    Authenticated(Proof),
    /// The login was refused.
    Denied,
    /// The person gave up.
    Cancelled,
}

/// A website's word for its customer.
#[derive(Clone, Debug)]
pub struct VouchedCustomer {
    /// The key that signed it.
    pub kid: Kid,
    /// Its id: good for one conversation.
    pub jti: String,
    /// The conversation that it is for, where it says so.
    pub conversation: Option<Conversation>,
    /// From then on it is not good any more.
    pub ends_at: Moment,
    /// Who.
    pub proof: Proof,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

#[derive(Deserialize)]
struct PostBackClaims {
    iss: String,
    aud: SingleAudience,
    sub: String,
    nonce: String,
    jti: String,
    iat: NumericDate,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    outcome: Option<String>,
    name: Option<String>,
    auth_time: Option<NumericDate>,
    acr: Option<String>,
    private_data: Option<PrivateData>,
}

#[derive(Deserialize)]
struct IdentityClaims {
    iss: String,
    aud: SingleAudience,
    sub: String,
    jti: String,
    iat: NumericDate,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    name: Option<String>,
    conversation: Option<String>,
    private_data: Option<PrivateData>,
}

/// Texts under names that differ: of two under one name none is the right one.
struct PrivateData(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for PrivateData {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = PrivateData;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<PrivateData, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((name, text)) = members.next_entry()? {
                    if map.insert(name, text).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(PrivateData(map))
            }
        }
        d.deserialize_map(Members)
    }
}

/// Judges a post-back for the handle whose callback it was posted to.
pub fn post_back(
    token: &str,
    callback: &str,
    handle: &str,
    keys: &[VerifyingKey],
    now: Moment,
) -> Result<PostBack, Refusal> {
    let (kid, claims): (Kid, PostBackClaims) = open(token, "postback+jwt", keys, now)?;
    common(&claims.iss, &claims.aud, callback, &claims.jti)?;
    in_time(claims.iat, claims.exp, claims.nbf, now)?;
    if claims.nonce != handle {
        return Err(bad("nonce"));
    }
    let outcome = claims.outcome.as_deref().unwrap_or("authenticated");
    let verdict = match outcome {
        "denied" => AssertionResult::Denied,
        "cancelled" => AssertionResult::Cancelled,
        "authenticated" => {
            let auth_time = claims.auth_time.map(|at| Moment(at.down().saturating_mul(1000)));
            let acr = claims.acr.filter(|acr| plain_text(acr, 255));
            AssertionResult::Authenticated(proof(&claims.sub, claims.name, auth_time, acr, claims.private_data)?)
        }
        _ => return Err(bad("outcome")),
    };
    Ok(PostBack { kid, jti: claims.jti, verdict })
}

/// Judges an identity token for `audience` (the URL that interactions are opened at).
///
/// One from before `spent_before` may have been spent: of words given until then nothing is remembered.
pub fn identity(
    token: &str,
    audience: &str,
    keys: &[VerifyingKey],
    now: Moment,
    spent_before: Option<Moment>,
) -> Result<VouchedCustomer, Refusal> {
    let (kid, claims): (Kid, IdentityClaims) = open(token, "identity+jwt", keys, now)?;
    common(&claims.iss, &claims.aud, audience, &claims.jti)?;
    in_time(claims.iat, claims.exp, claims.nbf, now)?;
    // The website's clock may be ahead of ours.
    if spent_before.is_some_and(|since| claims.iat.down() <= since.unix_seconds().saturating_add(SKEW)) {
        return Err(bad("from before the store's epoch"));
    }
    let conversation = claims.conversation.map(|c| c.parse().map_err(|_| bad("conversation"))).transpose()?;
    let proof = proof(&claims.sub, claims.name, None, None, claims.private_data)?;
    let ends_at = Moment(claims.exp.down().saturating_add(SKEW).saturating_mul(1000));
    Ok(VouchedCustomer { kid, jti: claims.jti, conversation, ends_at, proof })
}

/// The key that a token says it was signed with; nothing of it is proved.
pub fn named_key(token: &str) -> Option<Kid> {
    let header = token.split('.').next().filter(|header| header.len() <= MAX_BYTES)?;
    from_segment::<Header>(header)?.kid.parse().ok()
}

/// Size, three segments, strict header, key, signature, claims: in this order.
fn open<C: DeserializeOwned>(token: &str, typ: &str, keys: &[VerifyingKey], now: Moment) -> Result<(Kid, C), Refusal> {
    if token.len() > MAX_BYTES {
        return Err(bad("size"));
    }
    let mut segments = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return Err(bad("not three segments"));
    };
    let head: Header = from_segment(header).ok_or(bad("header"))?;
    if head.typ != "JWT" && head.typ != typ {
        return Err(bad("typ"));
    }
    let kid: Kid = head.kid.parse().map_err(|_| bad("kid"))?;
    let key = keys.iter().find(|key| key.kid == kid).ok_or(bad("unknown kid"))?;
    if key.until.is_some_and(|until| now >= until) {
        return Err(bad("the key is retired"));
    }
    if head.alg != format!("{:?}", key.algorithm) {
        return Err(bad("alg is not the key's"));
    }
    if from_base64url(signature).is_none() {
        return Err(bad("signature is not canonical base64url"));
    }
    let signed = &token[..header.len() + 1 + claims.len()];
    match jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.key, key.algorithm) {
        Ok(true) => Ok((kid, from_segment(claims).ok_or(bad("claims"))?)),
        _ => Err(bad("signature")),
    }
}

/// Into a struct, never into a map: a claim that stands twice is an error. An array, which serde
/// would read as a struct's fields in their order, is no JSON object (RFC 7515 §4, RFC 7519 §4).
pub(crate) fn from_segment<T: DeserializeOwned>(segment: &str) -> Option<T> {
    let json = from_base64url(segment)?;
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(&json).ok())?
}

fn common(iss: &str, aud: &SingleAudience, audience: &str, jti: &str) -> Result<(), Refusal> {
    if !plain_text(iss, 255) {
        return Err(bad("iss"));
    }
    if aud.0 != audience {
        return Err(bad("aud"));
    }
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !(22..=64).contains(&jti.len()) || !jti.bytes().all(good) {
        return Err(bad("jti"));
    }
    Ok(())
}

/// Against our own clock. What counts as the end is `exp` rounded down, so the life that is bounded is the one from
/// `iat` to there.
fn in_time(iat: NumericDate, exp: NumericDate, nbf: Option<NumericDate>, now: Moment) -> Result<(), Refusal> {
    let now = now.unix_seconds();
    let ahead = now.saturating_add(SKEW);
    if iat.up() > ahead || nbf.is_some_and(|nbf| nbf.up() > ahead) {
        return Err(bad("from the future"));
    }
    if exp < iat || exp.down() - iat.down() > MAX_LIFETIME_SECONDS {
        return Err(bad("exp - iat"));
    }
    if exp.down().saturating_add(SKEW) <= now { Err(bad("expired")) } else { Ok(()) }
}

fn proof(
    sub: &str,
    name: Option<String>,
    auth_time: Option<Moment>,
    acr: Option<String>,
    private_data: Option<PrivateData>,
) -> Result<Proof, Refusal> {
    let id: CustomerId = sub.parse().map_err(|_| bad("sub"))?;
    if name.as_ref().is_some_and(|name| !plain_text(name, 200)) {
        return Err(bad("name"));
    }
    let private_data = private_data.map(|given| given.0).unwrap_or_default();
    let bytes: usize = private_data.iter().map(|(k, v)| k.len() + v.len()).sum();
    if private_data.len() > 50 || bytes > 4096 {
        return Err(bad("private_data is over 50 fields or 4 KiB"));
    }
    let customer = Some(Customer { id, name, record: None });
    Ok(Proof { auth_time, acr, private_data, customer, ..Proof::of_answer(Method::Login, false) })
}

fn bad(why: &'static str) -> Refusal {
    Refusal::BadAssertion(why)
}

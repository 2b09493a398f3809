//! The OpenID provider that staff sign in by (OpenID Connect Core 1.0): what its documents must say, whether
//! its word for somebody is good, and what the groups that it names may do here.
//!
//! Pure: who fetches, and keeps the browser's half of it, stands elsewhere. A provider is believed in what
//! it signs for this client and this one sign-in, and in nothing else.

use std::collections::BTreeMap;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::base::id::{TeamName, plain_text};
use crate::proof::assertion::{MAX_BYTES, SKEW, from_segment};
use crate::secret::claims::NumericDate;
use crate::secret::{Secret, from_base64url};
use crate::team::{Role, public_algorithm};
use crate::time::Moment;

/// No more groups of a person than this are looked at.
const MAX_GROUPS: usize = 500;

/// The provider, as the operator names it.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// Its issuer, letter by letter.
    pub issuer: String,
    /// What it calls this gateway.
    pub client_id: String,
    /// What they share; a public client has none.
    pub client_secret: Option<Secret>,
    /// Which scopes are asked for; `openid` is always among them.
    pub scopes: Vec<String>,
    /// The claim that names a person's groups.
    pub groups_claim: String,
    /// What they may do.
    pub rules: Vec<GroupRule>,
}

/// What the people of a group may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRule {
    /// The provider's name of it.
    pub group: String,
    /// Agent, admin or owner.
    pub role: Role,
    /// In which team; owners are in none.
    pub team: Option<TeamName>,
}

/// What somebody may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Everything.
    pub owner: bool,
    /// By team.
    pub teams: BTreeMap<TeamName, Role>,
}

impl Rights {
    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        !self.owner && self.teams.is_empty()
    }
}

impl OidcProvider {
    /// What a person of these groups may do: in each team the most that one of them gives.
    pub fn rights(&self, groups: &[String]) -> Rights {
        let mut rights = Rights::default();
        for rule in self.rules.iter().filter(|rule| groups.contains(&rule.group)) {
            match (&rule.team, rule.role) {
                (_, Role::Owner) => rights.owner = true,
                (Some(team), role) => {
                    let most = rights.teams.entry(team.clone()).or_insert(role);
                    *most = role.max(*most);
                }
                (None, _) => {}
            }
        }
        rights
    }
}

/// What the provider says of itself (OpenID Connect Discovery 1.0 §3); the rest is ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    /// Must be the issuer that was asked.
    pub issuer: String,
    /// Where browsers go.
    pub authorization_endpoint: String,
    /// Where codes are changed.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where more of a person is told.
    pub userinfo_endpoint: Option<String>,
    /// It says who answers (RFC 9207): then every answer must.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// How a client says who it is.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    /// The document at the issuer's well-known place.
    pub fn read(body: &[u8], issuer: &str) -> Result<Self, &'static str> {
        let read: Self = serde_json::from_slice(body).map_err(|_| "its metadata cannot be read")?;
        if read.issuer == issuer { Ok(read) } else { Err("its metadata names another issuer") }
    }

    /// Whether the client's secret goes in the body; else it goes by HTTP's own way (RFC 6749 §2.3.1).
    pub fn wants_secret_in_body(&self) -> bool {
        let named = self.token_endpoint_auth_methods_supported.as_ref();
        let has = |name: &str| named.is_some_and(|names| names.iter().any(|one| one == name));
        has("client_secret_post") && !has("client_secret_basic")
    }
}

/// A key that the provider signs with: one algorithm.
#[derive(Clone)]
pub struct ProviderKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// The provider's keys that can be used here: what is for another use or algorithm is passed over.
pub fn keys(body: &[u8]) -> Result<Vec<ProviderKey>, &'static str> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(body).map_err(|_| "its keys cannot be read")?;
    let usable = |jwk: &Value| {
        if jwk.get("use").and_then(Value::as_str).is_some_and(|it| it != "sig") {
            return None;
        }
        let algorithm = public_algorithm(jwk).ok()?;
        let read: Jwk = serde_json::from_value(jwk.clone()).ok()?;
        let kid = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        Some(ProviderKey { kid, algorithm, key: DecodingKey::from_jwk(&read).ok()? })
    };
    Ok(set.keys.iter().filter_map(usable).collect())
}

/// Whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Its id of her.
    pub subject: String,
    /// What it calls her.
    pub name: Option<String>,
    /// Her groups, where it names them.
    pub groups: Option<Vec<String>>,
}

/// What is wrong with a provider's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is signed with a key that is not known here: it may be new.
    UnknownKey,
    /// It is not good; for the log.
    Bad(&'static str),
}

/// Only these (RFC 7515 §4.1): a token that brings its own key, or says that something must be understood,
/// is none of ours. Thumbprints say nothing that is used.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(rename = "x5t")]
    _x5t: Option<IgnoredAny>,
    #[serde(rename = "x5t#S256")]
    _x5t_s256: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: NumericDate,
    iat: NumericDate,
    nbf: Option<NumericDate>,
    nonce: String,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Judges an ID token (OpenID Connect Core 1.0 §3.1.3.7) that answers the sign-in of that nonce.
pub fn judge(
    token: &str,
    provider: &OidcProvider,
    nonce: &str,
    keys: &[ProviderKey],
    now: Moment,
) -> Result<Vouched, Doubt> {
    if token.len() > 2 * MAX_BYTES {
        return Err(Doubt::Bad("size"));
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err(Doubt::Bad("not three segments")) };
    let head: Header = from_segment(header).ok_or(Doubt::Bad("header"))?;
    if head.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err(Doubt::Bad("typ"));
    }
    let key = match &head.kid {
        Some(kid) => keys.iter().find(|key| key.kid.as_ref() == Some(kid)),
        // Without a name there is no choice to make.
        None => keys.first().filter(|_| keys.len() == 1),
    };
    let key = key.ok_or(Doubt::UnknownKey)?;
    if head.alg != format!("{:?}", key.algorithm) {
        return Err(Doubt::Bad("alg is not the key's"));
    }
    if from_base64url(signature).is_none() {
        return Err(Doubt::Bad("signature is not canonical base64url"));
    }
    let signed = &token[..header.len() + 1 + claims.len()];
    if !matches!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.key, key.algorithm), Ok(true)) {
        return Err(Doubt::Bad("signature"));
    }
    let read: Claims = from_segment(claims).ok_or(Doubt::Bad("claims"))?;
    is_for_us(&read, provider, nonce, now).map_err(Doubt::Bad)?;
    let all: Map<String, Value> = from_segment(claims).ok_or(Doubt::Bad("claims"))?;
    let name = read.name.filter(|name| plain_text(name, 200));
    Ok(Vouched { subject: read.sub, name, groups: groups(&all, &provider.groups_claim) })
}

fn is_for_us(claims: &Claims, provider: &OidcProvider, nonce: &str, now: Moment) -> Result<(), &'static str> {
    if claims.iss != provider.issuer {
        return Err("iss");
    }
    let (for_us, several) = match &claims.aud {
        Audience::One(one) => (*one == provider.client_id, false),
        Audience::Several(all) => (all.contains(&provider.client_id), all.len() > 1),
    };
    // Of several the one it was made for must be named; where one is named, it must be us.
    if !for_us || several && claims.azp.is_none() || claims.azp.as_ref().is_some_and(|azp| *azp != provider.client_id) {
        return Err("aud");
    }
    if claims.nonce != nonce {
        return Err("nonce");
    }
    if !plain_text(&claims.sub, 255) {
        return Err("sub");
    }
    let now = now.unix_seconds();
    let ahead = now.saturating_add(SKEW);
    if claims.iat.up() > ahead || claims.nbf.is_some_and(|nbf| nbf.up() > ahead) {
        return Err("from the future");
    }
    if claims.exp.down().saturating_add(SKEW) <= now { Err("expired") } else { Ok(()) }
}

/// A person's groups, where the claim is there: a list of texts, or one.
pub fn groups(claims: &Map<String, Value>, claim: &str) -> Option<Vec<String>> {
    match claims.get(claim)? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => Some(all.iter().filter_map(Value::as_str).take(MAX_GROUPS).map(str::to_owned).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

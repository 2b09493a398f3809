//! Tokens that a platform's server gives out. Each account keeps one, fetches the next before it
//! ends, and never asks twice at the same time: who comes meanwhile uses what is still good, or
//! waits for the one answer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::form_urlencoded;

use super::basic;
use super::jwt::{Assertion, Mint, TokenSignature};
use crate::DeliveryError;
use crate::ambient::Ambient;
use crate::format::key_encoding::KeyEncoding;
use crate::format::template::Template;
use crate::format::template::address::UrlTemplate;
use crate::format::template::values::{KnownAccount, RequestMoment, Values};
use crate::http_client::{HttpClient, HttpReply};
use crate::validation::{self, FieldError};

/// `kind = "oauth2"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCredentials {
    /// Where tokens are given out.
    pub token_url: UrlTemplate,
    /// The client's name.
    pub client_id: Template,
    /// Its secret.
    pub client_secret: Template,
    /// For what.
    pub scope: Option<Template>,
    /// Whether name and secret go as user and password; else in the form.
    #[serde(default)]
    pub basic: bool,
}

/// `kind = "service-account"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccount {
    /// Where tokens are given out; also whom the signed word is for.
    pub token_url: UrlTemplate,
    /// The account's name.
    pub issuer: Template,
    /// Its RSA private key, PEM.
    pub key: Template,
    /// The key's id.
    pub key_id: Template,
    /// For what.
    pub scope: Template,
}

impl ClientCredentials {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        let own = [self.token_url.template(), &self.client_id, &self.client_secret];
        own.into_iter().chain(&self.scope).collect()
    }

    /// With an account.
    pub fn open(&self, values: &Values<'_>) -> Option<TokenCache> {
        let (id, secret) = (self.client_id.plain(values)?, self.client_secret.plain(values)?);
        let mut form = vec![("grant_type", "client_credentials".to_owned())];
        form.extend(self.scope.as_ref().and_then(|scope| Some(("scope", scope.plain(values)?))));
        let user = if self.basic {
            Some(basic(&encode(&id), &encode(&secret)).into())
        } else {
            form.extend([("client_id", id), ("client_secret", secret)]);
            None
        };
        let form: SecretString = body(&form).into();
        Some(TokenCache::new(self.token_url.fill(values).ok()??, Ask::Form { form, user }))
    }
}

impl ServiceAccount {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        vec![self.token_url.template(), &self.issuer, &self.key, &self.key_id, &self.scope]
    }

    /// With an account.
    pub fn open(&self, values: &Values<'_>) -> Result<TokenCache, FieldError> {
        let url = self.token_url.fill(values).ok().flatten().unwrap_or_default();
        let words = |text: &str| Template::parse(&text.replace('{', "{{").replace('}', "}}"));
        let audience = words(&url).map_err(|detail| FieldError::at("/account", validation::OTHER.saying(detail)))?;
        let claims = [("iss", self.issuer.clone()), ("scope", self.scope.clone()), ("aud", audience)];
        let assertion = Assertion {
            algorithm: TokenSignature::RS256,
            key: self.key.clone(),
            key_encoding: KeyEncoding::Utf8,
            key_id: Some(self.key_id.clone()),
            claims: claims.map(|(name, claim)| (name.to_owned(), claim)).into(),
            lifetime_seconds: Some(3600),
            header: None,
        };
        let mint = assertion.open(values)?;
        let known = KnownAccount { fields: values.fields().clone(), ..KnownAccount::default() };
        Ok(TokenCache::new(url, Ask::Assertion { mint, known }))
    }
}

/// Names and secrets are form-encoded before they become user and password (RFC 6749 §2.3.1).
fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn body(form: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// What is asked for a token.
enum Ask {
    Form { form: SecretString, user: Option<SecretString> },
    Assertion { mint: Mint, known: KnownAccount },
}

/// An account's token.
pub struct TokenCache {
    url: String,
    ask: Ask,
    kept: Mutex<Option<Token>>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Token {
    token: SecretString,
    /// From then on another is fetched.
    fresh_until: u64,
    /// From then on it is not used.
    good_until: u64,
}

/// After a fetch that failed while the old token was good.
const TIMEOUT: u64 = 10;

/// A token that takes longer is for the next try: what has not been sent must not seem lost.
const SOON: Duration = Duration::from_millis(1_800);

/// What a token's life is where the server does not say: RFC 6749 §5.1 leaves it to us.
const UNSAID: u64 = 300;

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<serde_json::Value>,
}

impl TokenCache {
    fn new(url: String, ask: Ask) -> Self {
        Self { url, ask, kept: Mutex::new(None), fetching: tokio::sync::Mutex::new(()) }
    }

    /// A token, and whether it is one that was kept.
    pub async fn token(
        &self,
        http_client: &HttpClient,
        ambient: &dyn Ambient,
    ) -> Result<(String, bool), DeliveryError> {
        let now = ambient.now();
        if let Some(kept) = self.kept().filter(|kept| now < kept.fresh_until) {
            return Ok((kept.token.expose_secret().to_owned(), true));
        }
        let _turn = match (self.kept().filter(|kept| now < kept.good_until), self.fetching.try_lock()) {
            (_, Ok(turn)) => turn,
            (Some(kept), Err(_)) => return Ok((kept.token.expose_secret().to_owned(), true)),
            (None, Err(_)) => self.fetching.lock().await,
        };
        // Who had the turn before may have fetched it.
        let now = ambient.now();
        if let Some(kept) = self.kept().filter(|kept| now < kept.fresh_until) {
            return Ok((kept.token.expose_secret().to_owned(), false));
        }
        match self.fetch(http_client, ambient).await {
            Ok(token) => {
                let text = token.token.expose_secret().to_owned();
                self.keep(Some(token));
                Ok((text, false))
            }
            Err(error) => match self.kept().filter(|kept| now < kept.good_until) {
                Some(kept) => {
                    let text = kept.token.expose_secret().to_owned();
                    self.keep(Some(Token { fresh_until: now.saturating_add(TIMEOUT), ..kept }));
                    Ok((text, true))
                }
                None => Err(error),
            },
        }
    }

    /// The next one is a new one.
    pub fn forget(&self) {
        self.keep(None);
    }

    fn kept(&self) -> Option<Token> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, token: Option<Token>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    async fn fetch(&self, http_client: &HttpClient, ambient: &dyn Ambient) -> Result<Token, DeliveryError> {
        let asked = ambient.now();
        let request = self.request(asked, ambient).ok_or(DeliveryError::AuthBroken("credentials"))?;
        // No message has left yet: whatever happens here, nothing is ambiguous.
        match tokio::time::timeout(SOON, http_client.carry(request)).await {
            Ok(Ok(reply)) => read(&reply, asked),
            Ok(Err(_)) | Err(_) => Err(DeliveryError::Retry("token-server")),
        }
    }

    fn request(&self, now: u64, ambient: &dyn Ambient) -> Option<Request<Vec<u8>>> {
        let (form, user) = match &self.ask {
            Ask::Form { form, user } => (form.expose_secret().to_owned(), user.as_ref()),
            Ask::Assertion { mint, known } => {
                let token =
                    mint.token(&Values::of_account(known, RequestMoment { unix: now, chance: ambient.draw() }))?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned();
                (body(&[("grant_type", grant), ("assertion", token)]), None)
            }
        };
        let mut request = Request::builder().method(Method::POST).uri(&self.url);
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(ACCEPT, "application/json");
        if let Some(user) = user {
            let mut value = HeaderValue::from_str(user.expose_secret()).ok()?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(form.into_bytes()).ok()
    }
}

fn read(reply: &HttpReply, asked: u64) -> Result<Token, DeliveryError> {
    match reply.status {
        200..=299 => {}
        408 | 429 | 500..=599 => return Err(DeliveryError::Retry("token-server")),
        _ => return Err(DeliveryError::AuthBroken("credentials")),
    }
    let granted: Granted = serde_json::from_slice(&reply.body).map_err(|_| DeliveryError::Retry("token-server"))?;
    let life = granted.expires_in.and_then(|life| life.as_u64().or_else(|| life.as_str()?.parse().ok()));
    let life = life.unwrap_or(UNSAID);
    // A fifth before its end, at least half a minute where it lives so long.
    let early = (life / 5).max(30).min(life / 2);
    Ok(Token {
        token: granted.access_token.into(),
        fresh_until: asked.saturating_add(life - early),
        good_until: asked.saturating_add(life.saturating_sub(5)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> HttpReply {
        HttpReply { status, headers: http::HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        for (life, fresh, good) in [("3600", 2880, 3595), ("\"100\"", 70, 95), ("20", 10, 15), ("null", 240, 295)] {
            let body = format!(r#"{{"access_token":"t","expires_in":{life}}}"#);
            let token = read(&reply(200, &body), 1000).unwrap();
            assert_eq!((token.fresh_until, token.good_until), (1000 + fresh, 1000 + good), "{life}");
        }
    }

    #[test]
    fn a_refused_client_is_for_an_admin_and_anything_else_for_later() {
        let error = |status, body| read(&reply(status, body), 0).err().unwrap();
        assert_eq!(error(401, ""), DeliveryError::AuthBroken("credentials"));
        assert_eq!(error(400, r#"{"error":"invalid_client"}"#), DeliveryError::AuthBroken("credentials"));
        assert_eq!(error(503, ""), DeliveryError::Retry("token-server"));
        assert_eq!(error(200, "<html>"), DeliveryError::Retry("token-server"));
    }
}

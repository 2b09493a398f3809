//! How a request proves whose it is: the kinds that definitions name, and what becomes of them
//! with an account. Keys are read once, when the account is opened.
//!
//! It puts proofs on requests; it sends none but those that fetch tokens.

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Request};
use serde::Deserialize;

use crate::DeliveryError;
use crate::ambient::Ambient;
use crate::format::template::values::{KnownAccount, RequestMoment, Values};
use crate::format::template::{HoleName, Template};
use crate::http_client::HttpClient;
use crate::validation::{self, FieldError};

pub mod jwt;
pub mod sigv4;
pub mod tokens;
pub mod webhook;

use jwt::{Assertion, Mint};
use sigv4::{SigV4Proof, SigV4Signer};
use tokens::{ClientCredentials, ServiceAccount, TokenCache};
use webhook::{Seal, StandardWebhookProof};

/// `[[auth]]`: the first whose placeholders the account fills is the account's.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Auth {
    /// Nothing.
    None {},
    /// User and password (RFC 7617).
    Basic {
        /// Before the colon.
        user: Template,
        /// Behind it.
        password: Template,
    },
    /// `Authorization: Bearer` (RFC 6750).
    Bearer {
        /// The token.
        token: Template,
    },
    /// A header of the platform's own.
    Header {
        /// Its name.
        name: String,
        /// What it says.
        value: Template,
    },
    /// The secret stands in the request's path.
    Path {},
    /// The secret stands in the request's query.
    Query {},
    /// A token of our own making for each request.
    Jwt(Assertion),
    /// A token from the platform's server (RFC 6749 §4.4), fetched early and once.
    Oauth2(ClientCredentials),
    /// A token for a signed word (RFC 7523), fetched early and once.
    ServiceAccount(ServiceAccount),
    /// AWS Signature Version 4.
    Sigv4(SigV4Proof),
    /// The headers of Standard Webhooks.
    StandardWebhook(StandardWebhookProof),
}

impl Auth {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::None {} | Self::Path {} | Self::Query {} => Vec::new(),
            Self::Basic { user, password } => vec![user, password],
            Self::Bearer { token } => vec![token],
            Self::Header { value, .. } => vec![value],
            Self::Jwt(assertion) => assertion.templates(),
            Self::Oauth2(grant) => grant.templates(),
            Self::ServiceAccount(grant) => grant.templates(),
            Self::Sigv4(signed) => signed.templates(),
            Self::StandardWebhook(sealed) => vec![&sealed.id],
        }
    }

    /// Whether an account fills all of its holes.
    fn fits(&self, known: &KnownAccount) -> bool {
        self.templates().iter().flat_map(|template| template.holes()).all(|hole| match &hole.name {
            HoleName::Account(field) => known.fields.contains_key(field),
            HoleName::Secret(name) => known.secrets.contains_key(name),
            HoleName::Hmac(name, key) => known.secrets.contains_key(name) && known.secrets.contains_key(key),
            _ => true,
        })
    }
}

/// A proof that an account can give.
pub enum AccountProof {
    /// None, or one that stands in the URL.
    None,
    /// The same header on each request.
    Fixed(HeaderName, HeaderValue),
    /// A header made for each request.
    Minted(Mint),
    /// A token that is fetched.
    Fetched(TokenCache),
    /// A signature over the request.
    Signed(SigV4Signer),
    /// The headers of Standard Webhooks.
    Sealed(Seal),
}

impl AccountProof {
    /// The account's proof: of the first kind whose holes it fills.
    pub fn open(kinds: &[Auth], known: &KnownAccount) -> Result<Self, Vec<FieldError>> {
        let Some(auth) = kinds.iter().find(|auth| auth.fits(known)) else {
            let wanted: Vec<_> = kinds.iter().map(needs).collect();
            let detail = format!("needs what proves whose requests are: {}", wanted.join("; or "));
            return Err(vec![FieldError::at("/secrets", validation::CREDENTIALS.saying(detail))]);
        };
        let values = Values::of_account(known, RequestMoment { unix: 0, chance: [0; 16] });
        let text = |template: &Template| template.plain(&values).unwrap_or_default();
        match auth {
            Auth::None {} | Auth::Path {} | Auth::Query {} => Ok(Self::None),
            Auth::Basic { user, password } => fixed(AUTHORIZATION, &basic(&text(user), &text(password)), auth),
            Auth::Bearer { token } => fixed(AUTHORIZATION, &format!("Bearer {}", text(token)), auth),
            Auth::Header { name, value } => {
                let name = name.parse().map_err(|_| not_ascii(auth))?;
                fixed(name, &text(value), auth)
            }
            Auth::Jwt(assertion) => assertion.open(&values).map(Self::Minted).map_err(|wrong| vec![wrong]),
            Auth::Oauth2(grant) => grant.open(&values).map(Self::Fetched).ok_or_else(|| not_ascii(auth)),
            Auth::ServiceAccount(grant) => grant.open(&values).map(Self::Fetched).map_err(|wrong| vec![wrong]),
            Auth::StandardWebhook(sealed) => sealed.open(known).map(Self::Sealed).map_err(|wrong| vec![wrong]),
            Auth::Sigv4(signed) => signed.open(&values).map(Self::Signed).ok_or_else(|| not_ascii(auth)),
        }
    }

    /// Puts the proof on a request whose every other part stands. True where the proof is one that
    /// was kept: another may be better.
    pub async fn put_on(
        &self,
        request: &mut Request<Vec<u8>>,
        values: &Values<'_>,
        http_client: &HttpClient,
        ambient: &dyn Ambient,
    ) -> Result<bool, DeliveryError> {
        let (name, value, was_kept) = match self {
            Self::None => return Ok(false),
            Self::Fixed(name, value) => (name.clone(), value.clone(), false),
            Self::Minted(mint) => {
                let token = mint.token(values).ok_or(DeliveryError::AuthBroken("credentials"))?;
                (mint.header.clone(), header(&format!("{}{token}", mint.prefix))?, false)
            }
            Self::Fetched(purse) => {
                let (token, was_kept) = purse.token(http_client, ambient).await?;
                (AUTHORIZATION, header(&format!("Bearer {token}"))?, was_kept)
            }
            Self::Signed(signer) => {
                signer.sign(request, values.at().unix);
                return Ok(false);
            }
            Self::Sealed(seal) => {
                seal.sign(request, values).ok_or(DeliveryError::Permanent("content"))?;
                return Ok(false);
            }
        };
        request.headers_mut().insert(name, value);
        Ok(was_kept)
    }

    /// The platform has refused a proof that was kept: the next one is a new one.
    pub fn forget(&self) {
        if let Self::Fetched(purse) = self {
            purse.forget();
        }
    }
}

/// What stands in an account's `Authorization` for a user and a password.
pub fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}")))
}

fn header(text: &str) -> Result<HeaderValue, DeliveryError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| DeliveryError::AuthBroken("credentials"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn fixed(name: HeaderName, text: &str, auth: &Auth) -> Result<AccountProof, Vec<FieldError>> {
    header(text).map(|value| AccountProof::Fixed(name, value)).map_err(|_| not_ascii(auth))
}

fn not_ascii(auth: &Auth) -> Vec<FieldError> {
    let detail = format!("must be visible ASCII, as headers and URLs take it: {}", needs(auth));
    vec![FieldError::at("/secrets", validation::ASCII.saying(detail))]
}

fn needs(auth: &Auth) -> String {
    let names: Vec<_> = auth.templates().iter().flat_map(|t| t.holes()).map(|hole| hole.name.to_string()).collect();
    names.join(", ")
}

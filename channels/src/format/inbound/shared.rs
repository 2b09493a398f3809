//! A secret that the request itself says: in a header, as a bearer token, as a password, or in
//! the query. Compared in constant time.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::proof::{Against, VerificationError, header, same};
use super::request::InboundRequest;
use crate::format::template::Template;

/// `kind = "shared"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedSecretProof {
    /// The secret's name.
    pub secret: String,
    /// Where the request says it.
    pub place: SecretLocation,
    /// The user's name, where it is a password.
    pub user: Option<Template>,
}

/// Where a request says a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretLocation {
    /// In this header.
    Header(String),
    /// In `Authorization: Bearer`.
    Bearer,
    /// In `Authorization: Basic`.
    Password,
    /// In this value of the query.
    Query(String),
}

impl SharedSecretProof {
    /// Whether the request says a secret that is good now.
    pub fn verify(&self, request: &InboundRequest<'_>, against: &Against<'_>) -> Result<(), VerificationError> {
        let said = match &self.place {
            SecretLocation::Header(name) => header(request, name)?.to_owned(),
            SecretLocation::Bearer => bearer(request)?.to_owned(),
            SecretLocation::Password => return self.password(request, against),
            SecretLocation::Query(name) => {
                request.query(name).ok_or_else(|| VerificationError::Missing(format!("`{name}` in the query")))?
            }
        };
        self.judge(&said, against)
    }

    fn password(&self, request: &InboundRequest<'_>, against: &Against<'_>) -> Result<(), VerificationError> {
        let said = header(request, "authorization")?;
        let said = said.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let said = said.and_then(|(_, said)| BASE64_STANDARD.decode(said.trim()).ok());
        let said =
            said.and_then(|said| String::from_utf8(said).ok()).ok_or(VerificationError::Unreadable("the password"))?;
        let (user, password) = said.split_once(':').ok_or(VerificationError::Unreadable("the password"))?;
        let wanted = self.user.as_ref().and_then(|user| against.text(user)).unwrap_or_default();
        let user_is_right = self.user.is_none() || same(user.as_bytes(), wanted.as_bytes());
        self.judge(password, against).and(if user_is_right { Ok(()) } else { Err(VerificationError::FieldError) })
    }

    fn judge(&self, said: &str, against: &Against<'_>) -> Result<(), VerificationError> {
        let mut secrets = against.secrets(&self.secret).peekable();
        if secrets.peek().is_none() {
            return Err(VerificationError::NoSecret(self.secret.clone()));
        }
        // Every secret is compared: which one it was is not told by the time either.
        let right = secrets.filter(|secret| same(said.as_bytes(), secret.expose_secret().as_bytes())).count();
        if right > 0 { Ok(()) } else { Err(VerificationError::FieldError) }
    }
}

/// The bearer token, or that it is missing.
pub fn bearer<'a>(request: &'a InboundRequest<'_>) -> Result<&'a str, VerificationError> {
    request.bearer().ok_or_else(|| VerificationError::Missing("`Authorization: Bearer`".into()))
}

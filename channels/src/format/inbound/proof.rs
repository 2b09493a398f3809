//! The keys and secrets that verify a request, and the error of one that fails. Each is judged
//! over the bytes as they came, in constant time, with every secret that is good now.
//!
//! Reasons are for an operator; the platform is told nothing but no.

use secrecy::SecretString;
use serde_json::Value;

use super::request::InboundRequest;
use crate::account::BEFORE;
use crate::format::template::Template;
use crate::format::template::values::{KnownAccount, RequestMoment, Values};

/// The secrets and keys by which an account verifies a request.
pub struct Against<'a> {
    /// Its fields and secrets.
    pub known: &'a KnownAccount,
}

impl Against<'_> {
    /// Every secret of that name that is good now.
    pub fn secrets(&self, name: &str) -> impl Iterator<Item = &SecretString> {
        let before = format!("{name}{BEFORE}");
        [self.known.secrets.get(name), self.known.secrets.get(&before)].into_iter().flatten()
    }

    /// A template filled with the account's fields.
    pub fn text(&self, template: &Template) -> Option<String> {
        template.plain(&Values::of_account(self.known, RequestMoment { unix: 0, chance: [0; 16] }))
    }
}

/// Why a request is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerificationError {
    /// Something that must be there is not, or is there twice.
    #[error("{0} is missing")]
    Missing(String),
    /// Something is not what it should be.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// It is too old, or from the future.
    #[error("its time is {0} s from now; {1} s are taken")]
    Stale(i64, u64),
    /// No secret of the account makes this signature.
    #[error(
        "the signature does not match: a wrong secret, a changed body, or another address than the platform was given"
    )]
    FieldError,
    /// A claim of a token does not hold.
    #[error("the token's `{0}` does not hold")]
    Claim(String),
    /// The signature is of another version than the account says.
    #[error("it is signed in another version than the account's `signature_version`: set the topic's to 2")]
    OtherVersion,
    /// A key that signs is not known.
    #[error("no such key: {0}")]
    UnknownKey(String),
    /// The account has no secret to hold against it.
    #[error("the account has no secret `{0}`")]
    NoSecret(String),
    /// Unpacked, its body would be longer than one may be.
    #[error("its body is too long when it is unpacked")]
    TooLarge,
    /// The keys that verify it cannot be had now.
    #[error("{0} cannot be had now")]
    Unavailable(&'static str),
}

/// A time that a request says lies near enough, before or after.
pub fn near(said: u64, unix: u64, tolerance: u64) -> Result<(), VerificationError> {
    if said.abs_diff(unix) <= tolerance {
        return Ok(());
    }
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Err(VerificationError::Stale(signed(unix).saturating_sub(signed(said)), tolerance))
}

/// Equal, without telling by the time how far.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// The body as JSON.
pub fn body(request: &InboundRequest<'_>) -> Result<Value, VerificationError> {
    serde_json::from_slice(request.body).map_err(|_| VerificationError::Unreadable("the body"))
}

/// A header's value, or that it is missing.
pub fn header<'a>(request: &'a InboundRequest<'_>, name: &str) -> Result<&'a str, VerificationError> {
    request.header(name).ok_or_else(|| VerificationError::Missing(format!("the header {name}")))
}

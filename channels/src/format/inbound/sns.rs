//! Signatures of Amazon's notification service: over the body's own fields in a canonical form,
//! under a certificate whose address the body names. That address must be Amazon's, or anybody
//! could bring a certificate of his own; what is subscribed must be the account's topic.
//!
//! Version 2 (SHA-256) is taken, which a topic's attribute `SignatureVersion` asks for; version 1
//! (SHA-1) only where the account says that its topic signs so.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::proof::{Against, VerificationError, body};
use super::request::{InboundRequest, base64};
use crate::format::template::Template;

/// `kind = "sns"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The topic that the account is subscribed to.
    pub topic: Template,
    /// The version that the topic signs with: `1` or `2`.
    pub version: Template,
}

/// What is signed, in this order; `Subject` only where it is there.
const NOTIFICATION: [&str; 6] = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION: [&str; 7] = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

impl Topic {
    /// Where the certificate of a request is, if the request says that it is the topic's: for
    /// anybody else's nothing is fetched.
    pub fn certificate_url(
        &self,
        request: &InboundRequest<'_>,
        against: &Against<'_>,
    ) -> Result<String, VerificationError> {
        let body = body(request)?;
        let topic = against.text(&self.topic).filter(|topic| !topic.is_empty());
        let topic = topic.ok_or_else(|| VerificationError::Missing("the account's topic".into()))?;
        if field(&body, "TopicArn")? != topic {
            return Err(VerificationError::Claim("TopicArn".into()));
        }
        let url = field(&body, "SigningCertURL")?;
        let region = topic.split(':').nth(3);
        let is_its = region_of(url).is_some_and(|of| Some(of.as_str()) == region) && is_certificate(url);
        if is_its { Ok(url.to_owned()) } else { Err(VerificationError::Claim("SigningCertURL".into())) }
    }

    /// Whether the request is the topic's, under that certificate (PEM).
    pub fn verify(
        &self,
        request: &InboundRequest<'_>,
        against: &Against<'_>,
        certificate: &[u8],
    ) -> Result<(), VerificationError> {
        let body = body(request)?;
        let version = field(&body, "SignatureVersion")?;
        let parameters: &RsaParameters = match version {
            _ if against.text(&self.version).as_deref() != Some(version) => {
                return Err(VerificationError::OtherVersion);
            }
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(VerificationError::OtherVersion),
        };
        let signed = canonical(&body)?;
        let signature = base64(field(&body, "Signature")?).ok_or(VerificationError::Unreadable("the signature"))?;
        let unreadable = || VerificationError::Unreadable("Amazon's certificate");
        let certificate = CertificateDer::from_pem_slice(certificate).map_err(|_| unreadable())?;
        let certificate = webpki::EndEntityCert::try_from(&certificate).map_err(|_| unreadable())?;
        let key = certificate.subject_public_key_info();
        let key = UnparsedPublicKey::new(parameters, key.as_ref());
        key.verify(signed.as_bytes(), &signature).map_err(|_| VerificationError::FieldError)?;
        let topic = against.text(&self.topic).unwrap_or_default();
        if field(&body, "TopicArn")? == topic { Ok(()) } else { Err(VerificationError::Claim("TopicArn".into())) }
    }
}

/// Whether an address is the notification service's own.
pub fn is_amazons(url: &str) -> bool {
    region_of(url).is_some()
}

/// The region whose notification service an address is of.
fn region_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let bare = url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    let host = url.host_str()?.strip_prefix("sns.").filter(|_| bare)?;
    let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let is_region = region.len() >= 3 && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_region.then(|| region.to_owned())
}

/// Whether an address is one at which the service keeps its certificates: what is fetched, whoever sends
/// the request chooses.
fn is_certificate(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let name = url.path().strip_prefix("/SimpleNotificationService-").and_then(|rest| rest.strip_suffix(".pem"));
    let is_bare = url.query().is_none() && url.fragment().is_none();
    is_bare && name.is_some_and(|hex| (1..=64).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn canonical(body: &Value) -> Result<String, VerificationError> {
    let names: &[&str] = match field(body, "Type")? {
        "Notification" => &NOTIFICATION,
        "SubscriptionConfirmation" => &CONFIRMATION,
        _ => return Err(VerificationError::Claim("Type".into())),
    };
    let mut lines = String::new();
    for name in names {
        if *name == "Subject" && body.get("Subject").is_none_or(Value::is_null) {
            continue;
        }
        let value = field(body, name)?;
        lines.extend([name, "\n", value, "\n"]);
    }
    Ok(lines)
}

fn field<'a>(body: &'a Value, name: &str) -> Result<&'a str, VerificationError> {
    body.get(name).and_then(Value::as_str).ok_or_else(|| VerificationError::Missing(format!("`{name}` in the body")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_like_a_certificate_is_fetched() {
        let at = |path: &str| is_certificate(&format!("https://sns.eu-west-1.amazonaws.com{path}"));
        assert!(at("/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"));
        for path in [
            "/x.pem",
            "/SimpleNotificationService-.pem",
            "/SimpleNotificationService-xyz.pem",
            "/SimpleNotificationService-0.pem?a=.pem",
            "/SimpleNotificationService-0.pem#.pem",
            "/a/SimpleNotificationService-0.pem",
            "/SimpleNotificationService-0/../1.pem",
            "/?Action=x&y=.pem",
        ] {
            assert!(!at(path), "{path}");
        }
    }

    #[test]
    fn only_amazons_own_addresses_are_amazons() {
        for (url, is) in [
            ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem", true),
            ("https://sns.cn-north-1.amazonaws.com.cn/x.pem", true),
            ("http://sns.eu-west-1.amazonaws.com/x.pem", false),
            ("https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", false),
            ("https://sns.evil.example/sns.eu-west-1.amazonaws.com/x.pem", false),
            ("https://sns.eu-west-1.amazonaws.com@evil.example/x.pem", false),
            ("https://sns.a.b.amazonaws.com/x.pem", false),
            ("https://bucket.s3.amazonaws.com/x.pem", false),
            ("https://sns.eu-west-1.amazonaws.com:8443/x.pem", false),
            ("https://sns..amazonaws.com/x.pem", false),
        ] {
            assert_eq!(is_amazons(url), is, "{url}");
        }
    }
}

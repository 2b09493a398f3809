//! The headers of Standard Webhooks: an id that stays, the time of this attempt, and a keyed hash (v1)
//! or an Ed25519 signature (v1a) over both and the body. While a secret is being replaced, both sign.
//!
//! Whoever signs a webhook does it here, for an account of a definition or for an address of a team's.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Request};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::account::BEFORE;
use crate::format::template::Template;
use crate::format::template::values::{KnownAccount, Values};
use crate::validation::{self, FieldError};

/// `kind = "standard-webhook"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardWebhookProof {
    /// The secret's name.
    pub secret: String,
    /// What the id is.
    pub id: Template,
}

impl StandardWebhookProof {
    /// With an account's secrets.
    pub fn open(&self, known: &KnownAccount) -> Result<Seal, FieldError> {
        let mut keys = Vec::new();
        for name in [self.secret.clone(), format!("{}{BEFORE}", self.secret)] {
            let Some(secret) = known.secrets.get(&name) else { continue };
            let key = secret.expose_secret().strip_prefix("whsec_").and_then(|key| BASE64_STANDARD.decode(key).ok());
            let key = key
                .filter(|key| (24..=64).contains(&key.len()))
                .ok_or_else(|| FieldError::at(format!("/secrets/{name}"), &validation::WHSEC))?;
            keys.push(WebhookKey::shared(&key));
        }
        Ok(Seal { signer: WebhookSigner(keys), id: self.id.clone() })
    }
}

/// What signs.
pub enum WebhookKey {
    /// `v1`: the receiver has the same secret.
    Shared(Box<hmac::Key>),
    /// `v1a`: the receiver has the public half.
    Pair(Ed25519KeyPair),
}

impl WebhookKey {
    /// Of a secret that the receiver has as well.
    pub fn shared(secret: &[u8]) -> Self {
        Self::Shared(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// Of the seed of a pair (RFC 8032 §5.1.5); none where it has not 32 bytes.
    pub fn pair(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self::Pair)
    }

    fn sign(&self, text: &[u8]) -> String {
        match self {
            Self::Shared(key) => format!("v1,{}", BASE64_STANDARD.encode(hmac::sign(key, text))),
            Self::Pair(pair) => format!("v1a,{}", BASE64_STANDARD.encode(pair.sign(text))),
        }
    }
}

/// Signs webhooks with every key that it has, the newest first.
pub struct WebhookSigner(pub Vec<WebhookKey>);

impl fmt::Debug for WebhookSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} keys)", self.0.len())
    }
}

impl WebhookSigner {
    /// The three headers of a body that leaves at that moment. None where the id is none: a dot in it
    /// would let a part of the id be read as the time.
    pub fn headers(&self, id: &str, unix: u64, body: &[u8]) -> Option<[(&'static str, HeaderValue); 3]> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if !(1..=64).contains(&id.len()) || !id.bytes().all(plain) {
            return None;
        }
        let mut signed = format!("{id}.{unix}.").into_bytes();
        signed.extend_from_slice(body);
        let signatures: Vec<String> = self.0.iter().map(|key| key.sign(&signed)).collect();
        let value = |text: &str| HeaderValue::from_str(text).ok();
        Some([
            ("webhook-id", value(id)?),
            ("webhook-timestamp", HeaderValue::from(unix)),
            ("webhook-signature", value(&signatures.join(" "))?),
        ])
    }
}

/// Signs an account's webhooks.
pub struct Seal {
    signer: WebhookSigner,
    id: Template,
}

impl Seal {
    /// Puts id, time and signatures on a request; none where the id cannot be one.
    pub fn sign(&self, request: &mut Request<Vec<u8>>, values: &Values<'_>) -> Option<()> {
        let id = self.id.plain(values)?;
        for (name, value) in self.signer.headers(&id, values.at().unix, request.body())? {
            request.headers_mut().insert(name, value);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(key: WebhookKey, id: &str, unix: u64, body: &str) -> String {
        let [.., (_, signature)] = WebhookSigner(vec![key]).headers(id, unix, body.as_bytes()).unwrap();
        signature.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_specifications_own_vector_comes_out() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let made = signature(WebhookKey::shared(&secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_pair_signs_as_ed25519_does() {
        let seed = BASE64_STANDARD.decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
        let body = concat!(
            r#"{"type":"challenge.verified","timestamp":"2026-11-20T23:30:00Z","#,
            r#""data":{"challenge_id":"ch_01","subject":"cust-42"}}"#
        );
        let made = signature(WebhookKey::pair(&seed).unwrap(), "msg_01", 1_795_217_400, body);
        let expected = "v1a,9ZqwKS5+sYkSNBq/dhlwu0PrAflCPkdRRfsKtsz+iZZSI12BKnuuZSTJrUqUw3ptncSmkAmtzqG5pYh6DFL3CQ==";
        assert_eq!(made, expected);
        assert!(WebhookKey::pair(&seed[1..]).is_none());
    }

    #[test]
    fn a_signature_under_each_key_stands_in_one_header() {
        let signer = WebhookSigner(vec![WebhookKey::shared(&[1; 32]), WebhookKey::shared(&[2; 32])]);
        let [.., (_, both)] = signer.headers("m1", 5, b"{}").unwrap();
        let alone = |key| signature(WebhookKey::shared(key), "m1", 5, "{}");
        assert_eq!(both.to_str().unwrap(), format!("{} {}", alone(&[1; 32]), alone(&[2; 32])));
        assert_eq!(format!("{signer:?}"), "Signer(2 keys)");
    }

    #[test]
    fn a_dot_in_an_id_would_shift_what_is_signed() {
        let signer = WebhookSigner(vec![WebhookKey::shared(&[1; 32])]);
        for id in ["", "m.1", "m 1", "m\n1", "ü", &"x".repeat(65)] {
            assert!(signer.headers(id, 5, b"{}").is_none(), "{id}");
        }
        assert!(signer.headers(&"x".repeat(64), 5, b"{}").is_some());
    }
}

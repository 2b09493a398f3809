//! The headers of Standard Webhooks: an id that stays, the time of this attempt, and a keyed hash
//! over both and the body. While a secret is being replaced, both sign.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Request};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::definition::Wrong;
use crate::platform::fields::BEFORE;
use crate::template::Template;
use crate::template::values::{Known, Values};

/// `kind = "standard-webhook"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The secret's name.
    pub secret: String,
    /// What the id is.
    pub id: Template,
}

impl Sealed {
    /// With an account's secrets.
    pub fn open(&self, known: &Known) -> Result<Seal, Wrong> {
        let mut keys = Vec::new();
        for name in [self.secret.clone(), format!("{}{BEFORE}", self.secret)] {
            let Some(secret) = known.secrets.get(&name) else { continue };
            let key = secret.expose_secret().strip_prefix("whsec_").and_then(|key| BASE64_STANDARD.decode(key).ok());
            let key = key.filter(|key| (24..=64).contains(&key.len())).ok_or_else(|| Wrong {
                pointer: format!("/secrets/{name}"),
                detail: "must be whsec_ and the base64 of 24 to 64 bytes".into(),
            })?;
            keys.push(hmac::Key::new(hmac::HMAC_SHA256, &key));
        }
        Ok(Seal { keys, id: self.id.clone() })
    }
}

/// Signs an account's webhooks.
pub struct Seal {
    keys: Vec<hmac::Key>,
    id: Template,
}

impl Seal {
    /// Puts id, time and signatures on a request; none where the id cannot stand in a header.
    pub fn sign(&self, request: &mut Request<Vec<u8>>, values: &Values<'_>) -> Option<()> {
        let (id, time) = (self.id.plain(values)?, values.at().unix.to_string());
        let mut signed = format!("{id}.{time}.").into_bytes();
        signed.extend_from_slice(request.body());
        let one = |key: &hmac::Key| format!("v1,{}", BASE64_STANDARD.encode(hmac::sign(key, &signed)));
        let signatures: Vec<String> = self.keys.iter().map(one).collect();
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signatures.join(" "))]
        {
            request.headers_mut().insert(name, HeaderValue::from_str(&value).ok()?);
        }
        Some(())
    }
}

//! What the gateway vouches for with its own signature: one Ed25519 key, made from the root key and
//! published as a JWK set (RFC 8037). Whoever is let in carries such a word to somebody else's page.
//! What is vouched for, and for how long, others decide.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::secret::{Secret, base64url, from_base64url};

/// The key that signs, and the name under which its public half is published.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<Ed25519KeyPair>,
    kid: String,
}

impl SigningKey {
    /// From 32 secret bytes. The name is the key's thumbprint (RFC 7638), so every node that has the
    /// same root key publishes the same.
    pub fn from_seed(seed: &Secret) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("any 32 bytes are a seed (RFC 8032)");
        let x = base64url(pair.public_key().as_ref());
        // The members in this order and without blanks, as the thumbprint wants them.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let kid = base64url(digest(&SHA256, canonical.as_bytes()).as_ref());
        Self { pair: Arc::new(pair), kid }
    }

    /// A JWT of that type under EdDSA (RFC 7519, RFC 8037 §3.1).
    pub fn jwt<T: Serialize>(&self, kind: &str, claims: &T) -> String {
        let header = json!({"alg": "EdDSA", "typ": kind, "kid": self.kid}).to_string();
        let claims = serde_json::to_vec(claims).expect("claims are a map with text keys");
        let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(&claims));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", base64url(signature.as_ref()))
    }

    /// What a JWT of that type says, where this very key has signed it. Whether it is past its time is for
    /// the reader to judge.
    pub fn open<T: DeserializeOwned>(&self, kind: &str, jwt: &str) -> Option<T> {
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let expected = json!({"alg": "EdDSA", "typ": kind, "kid": self.kid}).to_string();
        let public = UnparsedPublicKey::new(&ED25519, self.pair.public_key().as_ref());
        let right = public.verify(signed.as_bytes(), &from_base64url(signature)?).is_ok();
        let ours = right && from_base64url(header)? == expected.as_bytes();
        ours.then(|| serde_json::from_slice(&from_base64url(claims)?).ok())?
    }

    /// The public half as a JWK set (RFC 7517 §5): what `/.well-known/jwks.json` says.
    pub fn jwks(&self) -> Value {
        let x = base64url(self.pair.public_key().as_ref());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": x}]})
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

    /// The vector of RFC 8037, appendix A: public half, thumbprint and all.
    #[test]
    fn the_key_of_the_standard_gets_the_name_of_the_standard() {
        let seed = crate::secret::from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_seed(&Secret::new(seed));
        assert_eq!(key.jwks()["keys"][0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn another_library_takes_the_word_and_no_changed_one() {
        let key = SigningKey::from_seed(&Secret::new(vec![3; 32]));
        let jwt = key.jwt("entry+jwt", &json!({"sub": "p1"}));
        let jwks = key.jwks();
        let public = DecodingKey::from_ed_components(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        assert_eq!(decode::<Value>(&jwt, &public, &rules).unwrap().claims["sub"], "p1");
        assert_eq!(key.open::<Value>("entry+jwt", &jwt).unwrap()["sub"], "p1");
        assert!(key.open::<Value>("at+jwt", &jwt).is_none(), "of one kind is none of another");
        let forged = jwt.replace(&base64url(br#"{"sub":"p1"}"#), &base64url(br#"{"sub":"p2"}"#));
        assert_ne!(forged, jwt);
        assert!(
            decode::<Value>(&forged, &public, &rules).is_err() && key.open::<Value>("entry+jwt", &forged).is_none()
        );
    }
}

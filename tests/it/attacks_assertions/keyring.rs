//! Key pairs as a company's login page would have them: made here, registered by their JWK.
//! It knows the standards and nothing of the gateway but where keys are registered.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use countersign::domain::secret::base64url;
use serde_json::{Value, json};

use crate::world::Team;

/// A key pair of one of the three algorithms.
pub enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Pair {
    pub fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().expect("a key"))
    }

    pub fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    pub fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")))
    }

    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// RFC 7517, RFC 8037.
    pub fn jwk(&self, kid: &str) -> Value {
        let mut jwk = match self {
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())})
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref(); // 4, x, y
                json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..])})
            }
            Self::Rsa(pair) => {
                let (n, e) = numbers(pair.public_key().as_ref());
                json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)})
            }
        };
        jwk["kid"] = json!(kid);
        jwk
    }

    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        let chance = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => pair.sign(text).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&chance, text).expect("it signs").as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &chance, text, &mut signature).expect("it signs");
                signature
            }
        }
    }

    /// A JWT under this key.
    pub fn jwt(&self, header: &Value, claims: &Value) -> String {
        let segment = |json: &Value| base64url(json.to_string().as_bytes());
        let signed = format!("{}.{}", segment(header), segment(claims));
        let signature = base64url(&self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// The public key in every encoding that somebody might take for a secret.
    pub fn public_bytes(&self, kid: &str) -> Vec<Vec<u8>> {
        let (raw, der) = match self {
            Self::Ed25519(pair) => (pair.public_key().as_ref().to_vec(), spki(pair.public_key().as_der())),
            Self::P256(pair) => (pair.public_key().as_ref().to_vec(), spki(pair.public_key().as_der())),
            Self::Rsa(pair) => (pair.public_key().as_ref().to_vec(), spki(pair.public_key().as_der())),
        };
        let pem = pem(&der);
        let jwk = self.jwk(kid);
        let x = jwk["x"].as_str().or(jwk["n"].as_str()).expect("a number").to_owned();
        vec![
            raw,
            der,
            pem.trim_end().as_bytes().to_vec(),
            pem.as_bytes().to_vec(),
            pem.replace('\n', "\r\n").into_bytes(),
            jwk.to_string().into_bytes(),
            x.into_bytes(),
            kid.as_bytes().to_vec(),
            Vec::new(),
        ]
    }
}

fn spki(der: Result<PublicKeyX509Der<'_>, aws_lc_rs::error::Unspecified>) -> Vec<u8> {
    der.expect("a public key has a DER form").as_ref().to_vec()
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).expect("ASCII")).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017 A.1.1), without leading zeros.
fn numbers(der: &[u8]) -> (&[u8], &[u8]) {
    let (inner, _) = element(der);
    let (n, rest) = element(inner);
    let (e, _) = element(rest);
    (trimmed(n), trimmed(e))
}

fn trimmed(number: &[u8]) -> &[u8] {
    &number[number.iter().take_while(|b| **b == 0).count()..]
}

/// One DER element's content, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, from) = match der[1] {
        short @ 0..=127 => (usize::from(short), 2),
        long => {
            let digits = usize::from(long & 0x7F);
            (der[2..2 + digits].iter().fold(0, |sum, b| sum << 8 | usize::from(*b)), 2 + digits)
        }
    };
    (&der[from..from + length], &der[from + length..])
}

/// Registers a public key; what the gateway answered.
pub async fn register(team: &Team, jwk: Value) -> crate::world::Reply {
    let path = format!("/v1/teams/{}/security-keys", team.name);
    team.world.call(&team.admin, "POST", &path, json!({"public_key": jwk})).await
}

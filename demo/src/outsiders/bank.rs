//! The bank's half of the trust: what a login page and a website's server do with the security key.
//!
//! It checks that a login URL is the gateway's own and still good, and signs two kinds of JWT: the
//! post-back ("this person logged in") and the identity token ("this visitor is already logged in").
//! It never sees the chat or the bot's API key. This is the code a real login page would copy.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// The one customer of the demo's bank.
pub const CUSTOMER_ID: &str = "cust-42";
/// Their name, as the login page hands it to the gateway.
pub const CUSTOMER_NAME: &str = "Demo Customer";

/// How long a signed token may be used: it is posted at once.
const TOKEN_SECONDS: u64 = 60;

/// The secret shared by the gateway and the login page.
pub struct SharedSecret {
    kid: String,
    bytes: Vec<u8>,
}

impl SharedSecret {
    /// Reads the secret as the gateway shows it, once: 32 bytes in base64url without padding.
    pub fn from_base64url(kid: &str, secret: &str) -> anyhow::Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(secret)?;
        anyhow::ensure!(bytes.len() == 32, "a security key has 32 bytes");
        Ok(Self { kid: kid.to_owned(), bytes })
    }
}

/// A login that the gateway asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct LoginRequest {
    token: String,
    /// Where the signed answer goes.
    pub callback: String,
}

/// Why a login URL is not answered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginUrlError {
    /// Not signed by the gateway, or changed since.
    #[error("This login link is not genuine.")]
    NotGenuine,
    /// Genuine, but its time is over.
    #[error("This login link has expired.")]
    Expired,
}

/// What the login page tells the gateway.
#[derive(Clone, Copy, Debug)]
pub enum LoginOutcome {
    /// The password was right.
    Authenticated,
    /// The person thought better of it.
    Cancelled,
}

/// The website's server and its login page.
pub struct Bank {
    issuer: String,
    audience: String,
    key: SharedSecret,
}

impl Bank {
    /// The bank whose website lives under `base`.
    pub fn new(base: &str, key: SharedSecret) -> Self {
        Self { issuer: format!("{base}/demo/login"), audience: format!("{base}/v1/interactions"), key }
    }

    /// Reads the URL at which the person arrived, whole, before anything in it is believed.
    ///
    /// # Errors
    /// When the signature is not ours over everything before it, or `cs_expires` (unix seconds) is past.
    pub fn read_login_url(&self, url: &str, now: u64) -> Result<LoginRequest, LoginUrlError> {
        let (signed, signature) = url.rsplit_once("&cs_signature=").ok_or(LoginUrlError::NotGenuine)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| LoginUrlError::NotGenuine)?;
        hmac::verify(&self.mac_key(), signed.as_bytes(), &signature).map_err(|_| LoginUrlError::NotGenuine)?;

        let query = signed.split_once('?').map_or("", |(_, query)| query);
        let field = |name: &str| {
            let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            found.next().map(|(_, value)| value.into_owned())
        };
        if field("cs_kid").as_deref() != Some(self.key.kid.as_str()) {
            return Err(LoginUrlError::NotGenuine);
        }
        if let Some(expires) = field("cs_expires") {
            let expires: u64 = expires.parse().map_err(|_| LoginUrlError::NotGenuine)?;
            if expires <= now {
                return Err(LoginUrlError::Expired);
            }
        }
        let token = field("cs_token").ok_or(LoginUrlError::NotGenuine)?;
        let callback = field("cs_callback").ok_or(LoginUrlError::NotGenuine)?;
        Ok(LoginRequest { token, callback })
    }

    /// The post-back for `request`. `jti` must be fresh: it makes the assertion good for one use.
    pub fn assertion(&self, request: &LoginRequest, outcome: LoginOutcome, jti: &str, now: u64) -> String {
        let outcome = match outcome {
            LoginOutcome::Authenticated => "authenticated",
            LoginOutcome::Cancelled => "cancelled",
        };
        self.sign(
            "postback+jwt",
            &json!({
                "iss": self.issuer, "aud": request.callback, "sub": CUSTOMER_ID, "nonce": request.token,
                "jti": jti, "iat": now, "exp": now + TOKEN_SECONDS,
                "outcome": outcome, "name": CUSTOMER_NAME, "auth_time": now, "amr": ["pwd"],
                "private_data": {"segment": "retail"},
            }),
        )
    }

    /// What the website's server hands to the chat of a visitor who is logged in there.
    pub fn identity_token(&self, jti: &str, now: u64) -> String {
        self.sign(
            "identity+jwt",
            &json!({
                "iss": self.issuer, "aud": self.audience, "sub": CUSTOMER_ID,
                "jti": jti, "iat": now, "exp": now + TOKEN_SECONDS,
                "name": CUSTOMER_NAME, "amr": ["pwd"], "private_data": {"segment": "retail"},
            }),
        )
    }

    fn mac_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.key.bytes)
    }

    fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = Header { typ: Some(typ.into()), kid: Some(self.key.kid.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&self.key.bytes))
            .expect("JSON claims under an HMAC key can always be signed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn bank() -> Bank {
        let secret = URL_SAFE_NO_PAD.encode([7; 32]);
        Bank::new("http://bank.test", SharedSecret::from_base64url("k1", &secret).expect("32 bytes"))
    }

    fn signed(url: &str) -> String {
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&bank().mac_key(), url.as_bytes()));
        format!("{url}&cs_signature={signature}")
    }

    fn login_url(expires: u64) -> String {
        format!(
            "http://bank.test/demo/login?cs_token=H&cs_callback=http%3A%2F%2Fgate.test%2Fp%2FH&cs_expires={expires}&cs_kid=k1"
        )
    }

    #[test]
    fn g_21_a_login_url_signed_by_the_gateway_is_read() {
        let request = bank().read_login_url(&signed(&login_url(NOW + 1)), NOW).expect("genuine");
        assert_eq!(request, LoginRequest { token: "H".into(), callback: "http://gate.test/p/H".into() });
    }

    #[test]
    fn g_21_a_tampered_login_url_is_refused_before_anything_else() {
        let url = signed(&login_url(NOW + 600));
        for bad in [
            url.replace("gate.test", "evil.test"),
            url.replace("cs_expires=18", "cs_expires=28"),
            format!("{url}&cs_callback=http%3A%2F%2Fevil.test"),
            login_url(NOW + 600),
            signed(&login_url(NOW + 600).replace("cs_kid=k1", "cs_kid=k2")),
        ] {
            assert_eq!(bank().read_login_url(&bad, NOW), Err(LoginUrlError::NotGenuine), "{bad}");
        }
    }

    #[test]
    fn g_18_a_login_url_is_refused_when_its_time_is_over() {
        assert_eq!(bank().read_login_url(&signed(&login_url(NOW)), NOW), Err(LoginUrlError::Expired));
    }

    #[test]
    fn g_19_a_login_url_without_an_expiry_never_expires() {
        let url = login_url(NOW).replace(&format!("&cs_expires={NOW}"), "");
        assert!(bank().read_login_url(&signed(&url), u64::MAX).is_ok());
    }

    #[test]
    fn an_assertion_names_its_one_callback_and_lives_a_minute() {
        let request = LoginRequest { token: "H".into(), callback: "http://gate.test/p/H".into() };
        let jwt = bank().assertion(&request, LoginOutcome::Authenticated, "0123456789012345678901", NOW);
        let part = |n: usize| -> Value {
            let bytes = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(n).expect("three parts")).expect("base64url");
            serde_json::from_slice(&bytes).expect("JSON")
        };
        assert_eq!(part(0), json!({"alg": "HS256", "typ": "postback+jwt", "kid": "k1"}));
        let claims = part(1);
        assert_eq!((&claims["aud"], &claims["nonce"]), (&json!("http://gate.test/p/H"), &json!("H")));
        assert_eq!(claims["exp"], json!(NOW + 60));
    }
}

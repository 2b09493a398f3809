//! Proofs of our own making, as the platform's side judges them: signed tokens, webhook headers,
//! and tokens that are fetched before the old one ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use countersign_channels::DeliveryError;
use countersign_channels::ambient::Ambient;
use countersign_channels::platform::Platform;
use countersign_channels::platform::shipped::SOURCES;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

use crate::case::{Case, Kind, NOW, TEXT, all, http_client};
use crate::server::{Answer, Asked, Server};

async fn asked(name: &str) -> Asked {
    let server = Server::start().await;
    let (platform, case) = all().into_iter().find(|(platform, _)| platform.file().platform.name == name).unwrap();
    server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
    case.channel(&platform, &server.url, &[]).send(&case.message(Kind::Text, TEXT)).await.unwrap();
    server.asked().remove(0)
}

/// A token's header and claims, whose signature another library has found good.
fn opened(token: &str, key: &DecodingKey, algorithm: Algorithm) -> (Value, Value) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, algorithm).unwrap());
    let part =
        |number| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap());
    (part(0).unwrap(), part(1).unwrap())
}

fn bearer(asked: &Asked) -> String {
    asked.headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

#[tokio::test]
async fn a_token_of_our_own_says_what_the_platform_asks_for() {
    let utf8 = DecodingKey::from_secret(b"pega_jwt_secret_0123456789abcdef0123456789");
    let (_, claims) = opened(&bearer(&asked("pega").await), &utf8, Algorithm::HS256);
    assert_eq!(claims, json!({"iss": "pega-connection-7f3e", "iat": NOW, "exp": NOW + 300}));

    let decoded = DecodingKey::from_secret(b"0123456789abcdef0123456789abcdef");
    let (_, claims) = opened(&bearer(&asked("apple-messages").await), &decoded, Algorithm::HS256);
    assert_eq!(claims, json!({"iss": "1c2d3e4f-aaaa-bbbb-cccc-0123456789ab", "iat": NOW}));

    // What the private key signs its public half verifies.
    let key = openssl_public();
    let (header, claims) = opened(&bearer(&asked("vonage").await), &key, Algorithm::RS256);
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
    let wanted = json!({"application_id": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "iat": NOW, "exp": NOW + 900,
                        "jti": "abababab-abab-8bab-abab-abababababab"});
    assert_eq!(claims, wanted);
}

fn openssl_public() -> DecodingKey {
    DecodingKey::from_rsa_pem(include_bytes!("../keys/rsa.pub.pem")).unwrap()
}

#[tokio::test]
async fn a_webhook_of_ours_is_signed_with_both_secrets() {
    let server = Server::start().await;
    let (platform, mut case) =
        all().into_iter().find(|(platform, _)| platform.file().platform.name == "standard-webhooks").unwrap();
    let older = format!("whsec_{}", BASE64_STANDARD.encode([7; 32]));
    case.secrets.insert("signing_secret_before".into(), older);
    server.answers([Answer { status: 204, ..Answer::default() }]);
    case.channel(&platform, &server.url, &[]).send(&case.message(Kind::Text, TEXT)).await.unwrap();
    let asked = server.asked().remove(0);
    let text = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    let signed = format!("{}.{}.{}", text("webhook-id"), text("webhook-timestamp"), asked.body);
    let mac = |key: &[u8]| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
        format!("v1,{}", BASE64_STANDARD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes())))
    };
    let newer = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    assert_eq!(text("webhook-signature"), format!("{} {}", mac(&newer), mac(&[7; 32])));
}

/// Time that a test moves.
#[derive(Clone, Default)]
struct Moving(Arc<AtomicU64>);

impl Ambient for Moving {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn draw(&self) -> [u8; 16] {
        [1; 16]
    }
}

/// A token lives for an hour, and the last fifth of it the next one is asked for.
#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let server = Server::start().await;
    let (name, source) = SOURCES.iter().find(|(name, _)| *name == "bot-framework.toml").unwrap();
    let time = Moving(Arc::new(AtomicU64::new(NOW)));
    let platform = Platform::load(name, source, http_client(), Arc::new(time.clone())).unwrap();
    let case = Case::of(name);
    let channel = case.channel(&platform, &server.url, &[]);
    server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
    for (later, tokens) in [(0, 1), (2_879, 1), (2_880, 2), (2_880 + 2_879, 2), (10_000, 3)] {
        time.0.store(NOW + later, Ordering::SeqCst);
        channel.send(&case.message(Kind::Text, TEXT)).await.unwrap();
        assert_eq!(server.tokens(), tokens, "after {later} s");
        assert_eq!(bearer(&server.asked()[0]), format!("TOKEN-{tokens}"));
    }
}

/// While the token's server is out of order, what is still good is used; and when nothing is, the
/// message waits and was not sent.
#[tokio::test]
async fn a_token_server_that_is_out_of_order_costs_nothing_while_the_old_token_is_good() {
    let (server, tokens) = (Server::start().await, Server::start().await);
    let (name, source) = SOURCES.iter().find(|(name, _)| *name == "bot-framework.toml").unwrap();
    let time = Moving(Arc::new(AtomicU64::new(NOW)));
    let platform = Platform::load(name, source, http_client(), Arc::new(time.clone())).unwrap();
    let mut case = Case::of(name);
    case.account.insert("login_origin".into(), tokens.url.clone().into());
    let channel = case.channel(&platform, &server.url, &[]);
    server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
    let send = async || channel.send(&case.message(Kind::Text, TEXT)).await;
    assert!(send().await.is_ok());
    tokens.breaks();
    time.0.store(NOW + 3_000, Ordering::SeqCst);
    assert!(send().await.is_ok());
    time.0.store(NOW + 3_600, Ordering::SeqCst);
    assert_eq!(send().await, Err(DeliveryError::Retry("token-server")));
    assert_eq!(server.asked().len(), 2);
}

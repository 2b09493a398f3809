//! The word that a browser carries to where the team lets people in: signed, short, and verifiable by
//! anybody who has read the published keys.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::{Visitor, code, invited, open, team};
use crate::world::{BEGINNING, URL, World};

const ADMIT: &str = "https://rooms.example.com/join?lang=et";

async fn verified(world: &World, word: &str, audience: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let keys = world.call("", "GET", "/.well-known/jwks.json", Value::Null).await.expect(200);
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let header = decode_header(word).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("entry+jwt"), Algorithm::EdDSA));
    let key = keys.find(&header.kid.unwrap()).expect("the key is published");
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_audience(&[audience]);
    rules.set_issuer(&[URL]);
    rules.validate_exp = false; // the world's clock is not the library's
    decode::<Value>(word, &DecodingKey::from_jwk(key).unwrap(), &rules).map(|token| token.claims)
}

fn word_of(location: &str) -> String {
    let url = url::Url::parse(location).unwrap();
    url.query_pairs().find(|(name, _)| name == "cs_entry").expect("it carries a word").1.into_owned()
}

#[tokio::test]
async fn who_is_let_in_carries_a_word_that_others_can_verify() {
    let world = World::new().await;
    let entry = json!({"require_authentication": true, "first": "otp", "admit_url": ADMIT});
    let team = team(&world, entry).await;
    let chat = open(&team, "conv-1").await;
    let url = invited(&team, &chat, json!({"via": "sms", "participant": "p2"})).await;
    let mut visitor = Visitor::at(&world, &url).await;
    visitor.goes_on().await.sees(200, "Enter your code");
    let policy = visitor.page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https:"), "browsers judge the redirect by it: {policy}");
    let right = code(&team, &chat, 1).await;
    visitor.types(&right).await;
    let location = visitor.page.header("location");
    assert_eq!(visitor.page.status, 303);
    assert!(location.starts_with(&format!("{ADMIT}&cs_entry=")), "{location}");
    assert_eq!(visitor.page.header("referrer-policy"), "no-referrer");
    let word = word_of(&location);
    let claims = verified(&world, &word, "https://rooms.example.com").await.expect("it is good");
    let now = BEGINNING / 1000;
    let wanted = json!({"iss": URL, "aud": "https://rooms.example.com", "sub": "p2", "team": "acme",
        "interaction": chat, "conversation": "conv-1", "channel": "session", "role": "cosigner",
        "methods": ["otp"], "auth_time": now, "binding": "browser", "iat": now, "exp": now + 60, "jti": claims["jti"]});
    assert_eq!(claims, wanted);
    assert!(verified(&world, &word, "https://evil.example").await.is_err());

    // The same browser again is let in again, with another word; which names what it has proved.
    visitor.open(&url).await;
    visitor.goes_on().await;
    let again = word_of(&visitor.page.header("location"));
    let second = verified(&world, &again, "https://rooms.example.com").await.expect("it is good");
    assert_eq!(second["methods"], json!(["otp"]));
    assert_ne!(second["jti"], claims["jti"]);
    // Another browser proves it anew, whatever is asked of the same one's later entries.
    let mut other = Visitor::at(&world, &url).await;
    other.goes_on().await.sees(200, "Enter your code");
}

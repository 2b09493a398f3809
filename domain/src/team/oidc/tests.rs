//! The provider's word, bent in every way that a liar would: what is not exactly right is no word at all.
//! Nothing is fetched here.

use jsonwebtoken::{EncodingKey, Header as Jose, encode};
use serde_json::json;

use super::*;
use crate::secret::base64url;

/// RFC 8410 §10.3: an Ed25519 key that everybody knows.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";
const NOW: Moment = Moment(1_767_225_600_000);

fn provider() -> OidcProvider {
    let rule = |group: &str, role, team: Option<&str>| GroupRule {
        group: group.to_owned(),
        role,
        team: team.map(|team| team.parse().unwrap()),
    };
    OidcProvider {
        issuer: "https://id.example.com".into(),
        client_id: "countersign".into(),
        client_secret: None,
        scopes: vec!["openid".into()],
        groups_claim: "groups".into(),
        rules: vec![
            rule("support", Role::Agent, Some("acme")),
            rule("leads", Role::Admin, Some("acme")),
            rule("platform", Role::Owner, None),
        ],
    }
}

fn its_keys() -> Vec<ProviderKey> {
    let set = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": PUBLIC, "kid": "k1", "use": "sig", "alg": "EdDSA"},
        {"kty": "OKP", "crv": "Ed25519", "x": PUBLIC, "kid": "enc", "use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
    ]});
    keys(set.to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({"iss": "https://id.example.com", "sub": "248289", "aud": "countersign", "nonce": "n-1",
        "iat": NOW.unix_seconds(), "exp": NOW.unix_seconds() + 300, "name": "Demo Customer", "groups": ["support", "x"]})
}

fn signed(claims: &Value) -> String {
    let mut header = Jose::new(Algorithm::EdDSA);
    header.kid = Some("k1".into());
    encode(&header, claims, &EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap()).unwrap()
}

fn told(token: &str) -> Result<Vouched, Doubt> {
    judge(token, &provider(), "n-1", &its_keys(), NOW)
}

#[test]
fn a_good_word_says_who_and_which_groups() {
    let vouched = told(&signed(&claims())).unwrap();
    assert_eq!((vouched.subject.as_str(), vouched.name.as_deref()), ("248289", Some("Demo Customer")));
    assert_eq!(vouched.groups.unwrap(), ["support", "x"]);
    assert_eq!(its_keys().len(), 1, "a key for encryption or a shared one is none");
}

#[test]
fn what_is_not_for_this_client_and_this_sign_in_is_refused() {
    let bent = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        told(&signed(&claims))
    };
    for (name, value, why) in [
        ("iss", json!("https://id.example.com/"), "iss"),
        ("iss", json!("https://evil.example.com"), "iss"),
        ("aud", json!("another"), "aud"),
        ("aud", json!(["countersign", "another"]), "aud"),
        ("aud", json!([]), "aud"),
        ("azp", json!("another"), "aud"),
        ("nonce", json!("n-2"), "nonce"),
        ("exp", json!(NOW.unix_seconds() - 31), "expired"),
        ("iat", json!(NOW.unix_seconds() + 31), "from the future"),
        ("nbf", json!(NOW.unix_seconds() + 31), "from the future"),
        ("exp", json!("tomorrow"), "claims"),
        ("exp", json!(1.5), "expired"),
        ("exp", json!(-1.5), "claims"),
        ("exp", json!(1e300), "claims"),
        ("exp", json!(NOW.unix_seconds() as f64 - 29.1), "expired"),
        ("iat", json!(NOW.unix_seconds() as f64 + 30.1), "from the future"),
        ("nbf", json!(NOW.unix_seconds() as f64 + 30.1), "from the future"),
        ("sub", json!(""), "sub"),
        ("nonce", Value::Null, "claims"),
    ] {
        assert_eq!(bent(name, value.clone()), Err(Doubt::Bad(why)), "{name} {value}");
    }
    for (name, at) in [("exp", -28.1), ("exp", 0.9), ("iat", 29.9), ("iat", -0.9), ("nbf", 29.1)] {
        let value = json!(NOW.unix_seconds() as f64 + at);
        assert!(bent(name, value.clone()).is_ok(), "{name} {value} is rounded to a second that is good");
    }
    let mut several = claims();
    several["aud"] = json!(["countersign", "another"]);
    several["azp"] = json!("countersign");
    assert!(told(&signed(&several)).is_ok(), "the one that it was made for is named");
}

#[test]
fn a_token_that_brings_a_key_an_order_or_no_signature_is_refused() {
    let body = base64url(claims().to_string().as_bytes());
    let with = |header: Value| format!("{}.{body}.c2ln", base64url(header.to_string().as_bytes()));
    for (header, doubt) in [
        (json!({"alg": "none", "kid": "k1"}), Doubt::Bad("alg is not the key's")),
        (json!({"alg": "HS256", "kid": "k1"}), Doubt::Bad("alg is not the key's")),
        (json!({"alg": "EdDSA", "kid": "k1", "jku": "https://evil.example.com"}), Doubt::Bad("header")),
        (json!({"alg": "EdDSA", "kid": "k1", "crit": ["exp"]}), Doubt::Bad("header")),
        (json!({"alg": "EdDSA", "kid": "k1", "typ": "postback+jwt"}), Doubt::Bad("typ")),
        (json!({"alg": "EdDSA", "kid": "k2"}), Doubt::UnknownKey),
        (json!({"alg": "EdDSA", "kid": "k1"}), Doubt::Bad("signature")),
    ] {
        assert_eq!(told(&with(header.clone())), Err(doubt), "{header}");
    }
    assert_eq!(told("a.b"), Err(Doubt::Bad("not three segments")));
}

#[test]
fn groups_give_the_most_that_one_of_them_gives_and_others_give_nothing() {
    let rights = |groups: &[&str]| provider().rights(&groups.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(rights(&["support", "leads"]).teams, [("acme".parse().unwrap(), Role::Admin)].into());
    assert!(rights(&["platform"]).owner && rights(&["Support", "x"]).is_empty());
}

#[test]
fn its_documents_must_be_its_own() {
    let document = |issuer: &str| {
        json!({"issuer": issuer, "authorization_endpoint": "https://id.example.com/auth",
            "token_endpoint": "https://id.example.com/token", "jwks_uri": "https://id.example.com/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"], "unknown": true})
        .to_string()
    };
    let read = |issuer: &str| Metadata::read(document(issuer).as_bytes(), "https://id.example.com");
    assert!(read("https://id.example.com").unwrap().wants_secret_in_body());
    assert!(read("https://evil.example.com").is_err());
    assert!(Metadata::read(b"{}", "https://id.example.com").is_err());
}

//! What stands in a JWT's header: `alg`, `typ`, `kid`, and nothing else.
//! Which algorithms there are is judged elsewhere.

use std::net::TcpListener;

use countersign::domain::secret::MacKey;
use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use serde_json::json;

use super::Scene;
use super::keyring::Pair;
use crate::world::jwt;

/// A060: a `kid` is a name in the team's own list, and never a path, a query or a pattern. What
/// is over 64 KiB does not reach the judge (413).
#[tokio::test]
async fn a060_a_kid_is_a_name_and_nothing_more() {
    let scene = Scene::new().await;
    let real = scene.team.key.kid.clone();
    let long = "a".repeat(5000);
    for kid in [
        "",
        " ",
        "../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        "' OR 1=1 --",
        "\" OR \"\"=\"",
        "a\u{0}b",
        "*",
        "%",
        "http://127.0.0.1:1/key",
        "ldap://127.0.0.1/",
        "$(id)",
        "`id`",
        "|/bin/true",
        "constructor",
        "__proto__",
        "null",
        "0",
        "unknown",
        &long,
        "кид",
        &format!(" {real}"),
        &format!("{real} "),
        &format!("{real}\n"),
        &format!("{real}\u{0}"),
        &format!("{real}/../{real}"),
        &real.to_lowercase().replace(real.as_str(), "x"),
        &real[..real.len() - 1],
        &format!("{real}A"),
    ] {
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
        scene.refuses(kid, &scene.under(&header)).await;
        // The MAC under an empty key is what a reader of /dev/null would expect.
        scene.refuses(kid, &jwt(&header, &scene.claims(), "")).await;
    }
    for kid in [json!(null), json!(1), json!([real]), json!({"kid": real}), json!(true)] {
        scene.refuses("kid is no text", &scene.under(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}))).await;
    }
    let huge = json!({"alg": "HS256", "typ": "JWT", "kid": "a".repeat(100_000)});
    assert_eq!(scene.post(&scene.under(&huge)).await.status, 413);
    scene.still_takes_a_good_one().await;
}

/// A061: a key or an address that an assertion brings along is not looked at, and nobody is
/// called.
#[tokio::test]
async fn a061_keys_that_the_header_brings_along() {
    let scene = Scene::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("it can be asked without waiting");
    let at = format!("http://{}/keys", listener.local_addr().expect("it is bound"));
    let own = Pair::rsa();
    for (name, value) in [
        ("jku", json!(at)),
        ("x5u", json!(at)),
        ("jwk", own.jwk("own")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AA")),
        ("x5t#S256", json!("AA")),
        ("cty", json!("JWT")),
        ("url", json!(at)),
        ("nonce", json!("x")),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("epk", json!({})),
        ("p2c", json!(2_000_000_000)),
        ("iss", json!("login.example.com")),
        ("Alg", json!("none")),
        ("", json!("")),
    ] {
        let mut header = scene.header();
        header[name] = value;
        scene.refuses(name, &scene.under(&header)).await; // rightly signed
        header["alg"] = json!("RS256");
        scene.refuses(name, &own.jwt(&header, &scene.claims())).await;
        for kid in ["own", ""] {
            header["kid"] = json!(kid);
            scene.refuses(name, &own.jwt(&header, &scene.claims())).await;
        }
    }
    let called = listener.accept().map(|(_, from)| from);
    assert_eq!(called.expect_err("nobody called").kind(), std::io::ErrorKind::WouldBlock);
    scene.still_takes_a_good_one().await;
}

/// A062: `crit` and `b64` are extensions that we do not know (RFC 7515 §4.1.11, RFC 7797).
#[tokio::test]
async fn a062_critical_extensions_are_refused() {
    let scene = Scene::new().await;
    for crit in [json!(["urn:x"]), json!([]), json!(["alg"]), json!(["b64"]), json!(["exp"]), json!(null), json!("alg")]
    {
        let mut header = scene.header();
        header["crit"] = crit;
        scene.refuses("crit", &scene.under(&header)).await;
        header["b64"] = json!(false);
        scene.refuses("crit and b64", &scene.under(&header)).await;
        header["urn:x"] = json!(true);
        scene.refuses("crit and what it names", &scene.under(&header)).await;
    }
    for b64 in [json!(true), json!(false)] {
        let mut header = scene.header();
        header["b64"] = b64;
        scene.refuses("b64", &scene.under(&header)).await;
        // With b64=false the payload itself is signed, unencoded.
        let (head, payload) = (base64url(header.to_string().as_bytes()), scene.claims().to_string());
        let key = MacKey::new(&from_base64url(&scene.team.key.secret).expect("base64url"));
        let mac = base64url(&key.sign(format!("{head}.{payload}").as_bytes()));
        scene.refuses("unencoded", &format!("{head}.{payload}.{mac}")).await;
        scene.refuses("detached", &format!("{head}..{mac}")).await;
    }
    scene.still_takes_a_good_one().await;
}

/// A063: a post-back's `typ` is `JWT` or `postback+jwt`, to the letter (the attack catalogue's `pba+jwt`
/// is the contract's `postback+jwt`).
#[tokio::test]
async fn a063_only_two_words_are_a_post_backs_typ() {
    let scene = Scene::new().await;
    for typ in [
        "jwt",
        "Jwt",
        "JWS",
        "JWE",
        "JOSE",
        "at+jwt",
        "identity+jwt",
        "entry+jwt",
        "logout+jwt",
        "dpop+jwt",
        "POSTBACK+JWT",
        "application/jwt",
        "application/postback+jwt",
        "postback+jwt ",
        " JWT",
        "",
    ] {
        scene.refuses(typ, &scene.under(&json!({"alg": "HS256", "typ": typ, "kid": scene.team.key.kid}))).await;
    }
    for typ in [json!(null), json!(1), json!(["JWT"]), json!({})] {
        scene
            .refuses("typ is no text", &scene.under(&json!({"alg": "HS256", "typ": typ, "kid": scene.team.key.kid})))
            .await;
    }
    scene.still_takes_a_good_one().await;
}

/// A069: a header or a set of claims is one JSON object: nothing twice, nothing after it, and no
/// array in its place.
#[tokio::test]
async fn a069_a_header_is_one_object_with_each_member_once() {
    let scene = Scene::new().await;
    let kid = &scene.team.key.kid;
    let claims = scene.claims().to_string();
    let key = MacKey::new(&from_base64url(&scene.team.key.secret).expect("base64url"));
    let signed = |header: &str| {
        let text = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        format!("{text}.{}", base64url(&key.sign(text.as_bytes())))
    };
    for header in [
        format!(r#"{{"alg":"HS256","alg":"HS256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","alg":"HS256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"HS256","typ":"JWT","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"HS256","typ":"JWT","kid":"x","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"HS256","\u0061lg":"HS256","typ":"JWT","kid":"{kid}"}}"#),
        format!(r#"["HS256","JWT","{kid}"]"#),
        format!(r#"[{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}]"#),
        format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}{{}}"#),
        format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}",}}"#),
        format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}x"#),
        format!("\u{feff}{{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"{kid}\"}}"),
        format!(r#"{{'alg':'HS256','typ':'JWT','kid':'{kid}'}}"#),
        String::new(),
        "null".to_owned(),
        "{".repeat(2000),
        "[".repeat(4000),
    ] {
        scene.refuses(&header, &signed(&header)).await;
    }
    // Whitespace and escapes are JSON like any other: it is the same object.
    let escaped = format!("{{ \"\\u0061lg\" : \"HS256\",\n\"typ\":\"JWT\", \"kid\":\"{kid}\" }}");
    scene.post(&signed(&escaped)).await.expect(200);
}

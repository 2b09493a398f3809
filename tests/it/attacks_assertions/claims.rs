//! What stands in a JWT's claims: everything that is required, of its type, once.
//! Times have a file of their own.

use countersign::domain::secret::MacKey;
use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use serde_json::{Value, json};

use super::Scene;
use crate::world::{Reply, URL};

const REQUIRED: [&str; 7] = ["iss", "aud", "sub", "nonce", "jti", "iat", "exp"];

/// An identity token offered at the opening of a conversation of its own.
async fn offered(scene: &Scene, token: &str) -> Reply {
    let conversation = format!("c{}", crate::world::unique());
    let body = json!({"channel": "webchat", "conversation": conversation,
        "participants": [{"role": "primary"}], "identity_token": token});
    scene.world.call(&scene.team.bot, "POST", "/v1/interactions", body).await
}

fn identity_claims(scene: &Scene) -> Value {
    let mut claims = scene.claims();
    claims["aud"] = json!(format!("{URL}/v1/interactions"));
    claims.as_object_mut().expect("an object").remove("nonce");
    claims
}

/// A064, A065: every required claim, gone or `null`, at the post-back and in an identity token.
#[tokio::test]
async fn a064_a065_each_required_claim_is_required() {
    let scene = Scene::new().await;
    for name in REQUIRED {
        scene.refuses(name, &scene.team.sign(&scene.without(name))).await;
        scene.refuses(name, &scene.team.sign(&scene.with(name, Value::Null))).await;
    }
    for name in REQUIRED.into_iter().filter(|name| *name != "nonce") {
        let mut claims = identity_claims(&scene);
        claims[name] = Value::Null;
        offered(&scene, &scene.team.sign(&claims)).await.refused(401, "bad-assertion");
        claims.as_object_mut().expect("an object").remove(name);
        offered(&scene, &scene.team.sign(&claims)).await.refused(401, "bad-assertion");
    }
    offered(&scene, &scene.team.sign(&identity_claims(&scene))).await.expect(201);
    scene.refuses("no claims", &scene.team.sign(&json!({}))).await;
    scene.still_takes_a_good_one().await;
}

/// A064: `aud` is one text, or a list of exactly one, and it is ours; `iss` is a text that is recorded, of 1 to 255 bytes
/// (the contract does not compare it with anything).
#[tokio::test]
async fn a064_the_audience_is_ours_alone() {
    let mut scene = Scene::new().await;
    let ours = scene.visit.callback.clone();
    let elsewhere = ours.replace("https://auth.example.com", "https://auth.example.org");
    let identity = format!("{URL}/v1/interactions");
    for aud in [
        json!(""),
        json!([ours, "https://other.example"]),
        json!(["https://other.example", ours]),
        json!([ours, ours]),
        json!([ours, null]),
        json!([[ours]]),
        json!([{"aud": ours}]),
        json!([elsewhere]),
        json!([identity]),
        json!([format!("{ours}/")]),
        json!([1]),
        json!([null]),
        json!([""]),
        json!([]),
        json!({"aud": ours}),
        json!(1),
        json!(true),
        json!(elsewhere),
        json!(identity),
        json!(URL),
        json!(format!("{ours}/")),
        json!(format!("{ours}?")),
        json!(format!("{ours}#")),
        json!(format!(" {ours}")),
        json!(ours.to_uppercase()),
        json!(ours.replace("https:", "http:")),
        json!(ours.replace("https://auth.example.com", "https://auth.example.com:443")),
        json!(ours.replace("/p/", "/l/")),
        json!(ours.replace("/p/", "//p/")),
    ] {
        scene.refuses(&aud.to_string(), &scene.team.sign(&scene.with("aud", aud.clone()))).await;
    }
    for iss in [
        json!(""),
        json!(1),
        json!([]),
        json!(["login.example.com"]),
        json!("a".repeat(256)),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("a\u{202e}b"),
    ] {
        scene.refuses(&iss.to_string(), &scene.team.sign(&scene.with("iss", iss.clone()))).await;
    }
    // As common libraries write it.
    scene.post(&scene.team.sign(&scene.with("aud", json!([ours])))).await.expect(200);
    scene.visit = scene.next().await;
    scene.still_takes_a_good_one().await;
}

/// A064: an identity token is for the URL that conversations are opened at, as a text or a list of it alone.
#[tokio::test]
async fn a064_an_identity_tokens_audience_is_ours_alone() {
    let scene = Scene::new().await;
    let ours = format!("{URL}/v1/interactions");
    for (aud, good) in [
        (json!(ours), true),
        (json!([ours]), true),
        (json!([]), false),
        (json!([ours, ours]), false),
        (json!([ours, "https://other.example"]), false),
        (json!(["https://other.example"]), false),
        (json!([scene.visit.callback]), false),
        (json!([[ours]]), false),
        (json!([null]), false),
        (json!({"0": ours}), false),
    ] {
        let mut claims = identity_claims(&scene);
        (claims["aud"], claims["jti"]) = (aud.clone(), json!(format!("{:0>22}", crate::world::unique())));
        let reply = offered(&scene, &scene.team.sign(&claims)).await;
        assert_eq!(reply.status, if good { 201 } else { 401 }, "{aud}: {}", reply.text());
    }
}

/// A065: `jti`, `nonce` and `sub` are of their form.
#[tokio::test]
async fn a065_ids_are_of_their_form() {
    let scene = Scene::new().await;
    let token = scene.visit.token.clone();
    for jti in [
        json!(""),
        json!("a".repeat(21)),
        json!("a".repeat(65)),
        json!("a".repeat(5000)),
        json!(1),
        json!(["a".repeat(22)]),
        json!("a".repeat(21) + " "),
        json!("a".repeat(21) + "/"),
        json!("a".repeat(21) + "="),
        json!("a".repeat(20) + "ä"),
        json!("a".repeat(21) + "\u{0}"),
    ] {
        scene.refuses("jti", &scene.team.sign(&scene.with("jti", jti))).await;
    }
    for nonce in [
        json!(""),
        json!(token.to_lowercase()),
        json!(format!("{token}=")),
        json!(&token[1..]),
        json!([token]),
        json!(1),
        json!(base64url(&[2; 35])),
    ] {
        scene.refuses("nonce", &scene.team.sign(&scene.with("nonce", nonce))).await;
    }
    for sub in [
        json!(""),
        json!("a".repeat(256)),
        json!(42),
        json!(["cust-42"]),
        json!({}),
        json!(true),
        json!("a\u{0}"),
        json!("a\u{202e}b"),
    ] {
        scene.refuses("sub", &scene.team.sign(&scene.with("sub", sub))).await;
    }
    let longest = scene.with("jti", json!("a".repeat(64)));
    scene.post(&scene.team.sign(&longest)).await.expect(200);
}

/// A065, A066: optional claims are judged where they stand; `null` is the same as absent; what
/// the contract does not know is ignored.
#[tokio::test]
async fn a066_optional_claims_are_of_their_type() {
    let mut scene = Scene::new().await;
    for (name, wrong) in [
        ("outcome", json!("Authenticated")),
        ("outcome", json!("")),
        ("outcome", json!("success")),
        ("outcome", json!(true)),
        ("outcome", json!(["authenticated"])),
        ("name", json!(1)),
        ("name", json!(["x"])),
        ("name", json!("a\u{0}b")),
        ("name", json!("a\u{202e}b")),
        ("name", json!("a".repeat(5000))),
        ("auth_time", json!("1700000000")),
        ("auth_time", json!(-1)),
        ("auth_time", json!(-0.5)),
        ("auth_time", json!(1e300)),
        ("acr", json!(1)),
        ("acr", json!(["high"])),
        ("private_data", json!("x")),
        ("private_data", json!([])),
        ("private_data", json!({"a": 1})),
        ("private_data", json!({"a": null})),
        ("private_data", json!({"a": {"b": "c"}})),
        ("private_data", json!({"a": "b".repeat(5000)})),
    ] {
        scene.refuses(&format!("{name} {wrong}"), &scene.team.sign(&scene.with(name, wrong.clone()))).await;
    }
    for (name, fine) in [
        ("nbf", Value::Null),
        ("name", Value::Null),
        ("acr", Value::Null),
        ("private_data", json!({})),
        ("private_data", json!({"iban": "EE00"})),
        ("auth_time", json!(u64::MAX)),
        ("auth_time", json!(0)),
        ("auth_time", json!(1.5)),
        ("amr", json!(["pwd", "otp"])),
        ("admin", json!(true)),
        ("interaction", json!("another")),
        ("__proto__", json!({"outcome": "denied"})),
    ] {
        let reply = scene.post(&scene.team.sign(&scene.with(name, fine.clone()))).await;
        assert_eq!(reply.status, 200, "{name} {fine}: {}", reply.text());
        scene.visit = scene.next().await;
    }
}

/// A069: claims that stand twice are refused, and claims are an object.
#[tokio::test]
async fn a069_a_claim_stands_once() {
    let scene = Scene::new().await;
    let good = scene.claims().to_string();
    let key = MacKey::new(&from_base64url(&scene.team.key.secret).expect("base64url"));
    let signed = |claims: &[u8]| {
        let text = format!("{}.{}", base64url(scene.header().to_string().as_bytes()), base64url(claims));
        format!("{text}.{}", base64url(&key.sign(text.as_bytes())))
    };
    let claims = scene.claims();
    let list = json!([claims["aud"]]);
    for twice in
        [format!("\"aud\":{list},"), format!("\"iat\":{}.0,", claims["iat"]), format!("\"exp\":{}.5,", claims["exp"])]
    {
        scene.refuses(&twice, &signed(good.replacen('{', &format!("{{{twice}"), 1).as_bytes())).await;
    }
    for name in REQUIRED {
        let twice = good.replacen('{', &format!("{{\"{name}\":{},", claims[name]), 1);
        scene.refuses(name, &signed(twice.as_bytes())).await;
        let other = if claims[name].is_number() { json!(0) } else { json!("other") };
        let first = good.replacen('{', &format!("{{\"{name}\":{other},"), 1);
        scene.refuses(name, &signed(first.as_bytes())).await;
        let last = format!("{},\"{name}\":{other}}}", &good[..good.len() - 1]);
        scene.refuses(name, &signed(last.as_bytes())).await;
    }
    for (name, a, b) in [
        ("outcome", "\"denied\"", "\"authenticated\""),
        ("nbf", "9999999999", "0"),
        ("nbf", "0.5", "0.5"),
        ("auth_time", "0.5", "0"),
        ("name", "\"a\"", "\"b\""),
        ("private_data", "{}", "{\"a\":\"b\"}"),
    ] {
        let base = scene.without(name).to_string();
        let twice = format!("{},\"{name}\":{a},\"{name}\":{b}}}", &base[..base.len() - 1]);
        scene.refuses(name, &signed(twice.as_bytes())).await;
    }
    let inner = good.replacen('{', r#"{"private_data":{"iban":"a","iban":"b"},"#, 1);
    scene.refuses("private_data", &signed(inner.as_bytes())).await;
    // Arrays, several values, and what is no UTF-8.
    let values: Vec<&Value> = REQUIRED.iter().map(|name| &claims[name]).collect();
    for odd in
        [json!(values).to_string(), json!([claims]).to_string(), format!("{good}{good}"), "null".into(), String::new()]
    {
        scene.refuses("no object", &signed(odd.as_bytes())).await;
    }
    let mut bytes = good.replace("cust-42", "cust-X").into_bytes();
    let at = bytes.windows(6).position(|w| w == b"cust-X").expect("it is there");
    bytes[at + 5] = 0xFF;
    scene.refuses("no UTF-8", &signed(&bytes)).await;
    scene.refuses("half a surrogate", &signed(good.replace("cust-42", "\\ud800").as_bytes())).await;
    scene.still_takes_a_good_one().await;
}

/// A069: the request's own body, too, names its one member once.
#[tokio::test]
async fn a069_the_request_holds_one_assertion() {
    let scene = Scene::new().await;
    let path = scene.visit.callback.strip_prefix(URL).expect("ours").to_owned();
    let good = scene.team.sign(&scene.claims());
    let json_kind = [("content-type", "application/json")];
    for body in [
        format!(r#"{{"assertion":"{good}","assertion":"{good}"}}"#),
        format!(r#"{{"assertion":"{good}","more":1}}"#),
        format!(r#"["{good}"]"#),
        format!(r#"[{{"assertion":"{good}"}}]"#),
        format!(r#""{good}""#),
        r#"{"assertion":null}"#.to_owned(),
        r#"{"assertion":["a"]}"#.to_owned(),
        "{}".to_owned(),
        good.clone(),
    ] {
        let reply = crate::attacks_links::ask(&scene.world, "POST", &path, &json_kind, &body).await;
        assert!([400, 422].contains(&reply.status), "{body}: {}", reply.text());
    }
    for kind in ["text/plain", "application/jwt", "multipart/form-data; boundary=x", "application/xml", ""] {
        let body = format!(r#"{{"assertion":"{good}"}}"#);
        let reply = crate::attacks_links::ask(&scene.world, "POST", &path, &[("content-type", kind)], &body).await;
        assert_eq!(reply.status, 415, "{kind}");
    }
    for method in ["GET", "PUT", "DELETE", "HEAD"] {
        let reply = crate::attacks_links::ask(&scene.world, method, &path, &[], "").await;
        assert_eq!(reply.status, 405, "{method}");
    }
    scene.still_takes_a_good_one().await;
}

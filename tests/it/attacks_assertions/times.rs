//! `iat`, `exp`, `nbf`, `auth_time`: numbers, at their exact edges, with a fraction, and numbers that overflow.
//! What clocks do stands with the clocks.

use serde_json::{Value, json};

use super::Scene;
use crate::world::{BEGINNING, URL};

const NOW: u64 = BEGINNING / 1000;

fn times(scene: &Scene, iat: u64, exp: u64) -> String {
    let mut claims = scene.claims();
    claims["iat"] = json!(iat);
    claims["exp"] = json!(exp);
    scene.team.sign(&claims)
}

/// A066, A075: what is no number of seconds within reason is refused, and nothing overflows.
#[tokio::test]
async fn a066_a075_a_time_is_a_number_within_reason() {
    let scene = Scene::new().await;
    let odd: Vec<Value> = vec![
        json!("never"),
        json!(""),
        json!(NOW.to_string()),
        json!(format!("+{NOW}")),
        json!(format!("0{NOW}")),
        json!(true),
        json!([NOW]),
        json!({}),
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(u64::MAX - 29),
        json!(-0.0),
        json!(-0.5),
        json!(-(NOW as f64)),
        json!(1e30),
        json!(1e300),
        json!(f64::MAX),
        json!(format!("{NOW}.5")),
        json!(0),
        json!(1.5),
    ];
    for name in ["exp", "iat", "nbf"] {
        for value in &odd {
            // An nbf of long ago is no harm.
            if name == "nbf" && [json!(0), json!(1.5)].contains(value) {
                continue;
            }
            scene.refuses(&format!("{name} {value}"), &scene.team.sign(&scene.with(name, value.clone()))).await;
        }
        // Spellings that a JSON library might take for a number.
        for raw in [
            format!("+{NOW}"),
            format!("0{NOW}"),
            format!("{NOW}."),
            format!(".{NOW}"),
            format!("{NOW}.5.5"),
            format!("{NOW}_0"),
            "1e300".into(),
            "-1e300".into(),
            "-0.0".into(),
            "nan".into(),
            "NaN".into(),
            "Infinity".into(),
            "0x7fffffff".into(),
            "18446744073709551616".into(),
            "-0".into(),
            "1e400".into(),
            "9".repeat(400),
        ] {
            let good = scene.with(name, json!(777_777_777)).to_string();
            let claims = good.replace("777777777", &raw);
            let reply = scene.post(&raw_jwt(&scene, &claims)).await;
            assert_eq!(reply.status, 401, "{name} {raw}: {}", reply.text());
        }
    }
    for (iat, exp) in [
        (u64::MAX, u64::MAX),
        (0, u64::MAX),
        (u64::MAX, 0),
        (u64::MAX - 300, u64::MAX),
        (0, 0),
        (0, 300),
        (NOW, NOW - 1),
    ] {
        scene.refuses(&format!("{iat} {exp}"), &times(&scene, iat, exp)).await;
    }
    scene.still_takes_a_good_one().await;
}

fn raw_jwt(scene: &Scene, claims: &str) -> String {
    use countersign::domain::secret::MacKey;
    use countersign::domain::secret::base64url;
    use countersign::domain::secret::from_base64url;
    let key = MacKey::new(&from_base64url(&scene.team.key.secret).expect("base64url"));
    let text = format!("{}.{}", base64url(scene.header().to_string().as_bytes()), base64url(claims.as_bytes()));
    format!("{text}.{}", base64url(&key.sign(text.as_bytes())))
}

/// So many seconds after the beginning, with a fraction.
fn at(seconds: f64) -> Value {
    json!(NOW as f64 + seconds)
}

/// RFC 7519 §2: a time may have a fraction, and other spellings of a number are the same number.
#[tokio::test]
async fn spellings_of_a_whole_number_are_that_number() {
    let mut scene = Scene::new().await;
    for raw in [format!("{NOW}"), format!("{NOW}.0"), format!("{NOW}e0"), format!("{NOW}0e-1"), format!("{NOW}.000")] {
        for name in ["exp", "iat", "nbf", "auth_time"] {
            let claims = scene.with(name, json!(777_777_777)).to_string().replace("777777777", &raw);
            let reply = scene.post(&raw_jwt(&scene, &claims)).await;
            assert_eq!(reply.status, 200, "{name} {raw}: {}", reply.text());
            scene.visit = scene.next().await;
        }
    }
}

/// What has a fraction is rounded against whoever brings it: the end down, the beginning up. Each row: `iat` and
/// `exp` after the beginning, and whether they are good.
#[tokio::test]
async fn fractions_are_rounded_against_the_bearer() {
    let mut scene = Scene::new().await;
    for (iat, exp, good) in [
        // The end: over 30 s after the whole second.
        (-60.0, -0.9, true),
        (-60.0, 0.9, true),
        (-60.0, -28.1, true),
        (-60.0, -29.0, true),
        (-60.0, -29.1, false),
        (-60.0, -29.000_001, false),
        (-60.0, -30.0, false),
        (-60.0, -30.9, false),
        // The beginning: at most 30 s ahead.
        (0.5, 60.5, true),
        (29.1, 90.0, true),
        (30.0, 90.0, true),
        (30.000_001, 90.0, false),
        (30.1, 90.0, false),
        // The life: 300 s at most to the end that counts.
        (-0.5, 299.5, true),
        (0.25, 300.25, true),
        (0.9, 300.9, true),
        (0.0, 300.9, true),
        (0.0, 301.0, false),
        (-0.5, 300.0, false),
        (-0.000_001, 300.0, false),
        (0.5, 0.5, true),
        (0.3, 0.7, true),
        (0.7, 0.3, false),
        (1.5, 1.0, false),
    ] {
        let make = |scene: &Scene| {
            let mut claims = scene.claims();
            (claims["iat"], claims["exp"]) = (at(iat), at(exp));
            scene.team.sign(&claims)
        };
        judge(&mut scene, &format!("iat {iat} exp {exp}"), make, good).await;
    }
    for (nbf, good) in [(-0.5, true), (29.1, true), (30.0, true), (30.000_001, false), (30.9, false)] {
        judge(&mut scene, &format!("nbf {nbf}"), |scene| scene.team.sign(&scene.with("nbf", at(nbf))), good).await;
    }
    for nbf in [json!(0.5), json!(1.5), json!(1e9)] {
        judge(&mut scene, "nbf of long ago", |scene| scene.team.sign(&scene.with("nbf", nbf.clone())), true).await;
    }
}

/// Our clock moves on within the second: to the millisecond it is the whole second that counts.
#[tokio::test]
async fn a_fraction_of_an_end_gives_no_time() {
    let mut scene = Scene::new().await;
    for (millis, good) in [(29_999, true), (30_000, false), (30_500, false), (30_899, false), (30_900, false)] {
        scene.world.clock.set(BEGINNING + millis);
        let make = |scene: &Scene| {
            let mut claims = scene.claims();
            (claims["iat"], claims["exp"]) = (at(-10.0), at(0.9));
            scene.team.sign(&claims)
        };
        judge(&mut scene, &format!("{millis} ms later"), make, good).await;
    }
}

/// When the person logged in, rounded to be longer ago: `statement_copy` wants a login of the last five minutes.
#[tokio::test]
async fn a_login_with_a_fraction_is_older() {
    let mut scene = Scene::new().await;
    let intent = json!({"accept": ["login"], "max_age_minutes": 5, "bindings": ["none"]});
    scene.team.set(json!({"binding": "none", "intents": {"statement_copy": intent}})).await;
    for (ago, young) in [(298.1, true), (299.0, true), (299.1, false), (299.9, false), (300.0, false), (0.1, true)] {
        scene.chat = scene.team.open("sms", &format!("customer {}", crate::world::unique())).await;
        scene.visit = scene.next().await;
        scene.post(&scene.team.sign(&scene.with("auth_time", at(-ago)))).await.expect(200);
        let asked = "/authentication?intent=statement_copy";
        let flag = scene.team.bot("GET", &scene.chat, asked, Value::Null).await.expect(200);
        assert_eq!(flag["intent"]["allowed"], young, "{ago} s ago");
    }
}

/// The website's word is judged by the same numbers.
#[tokio::test]
async fn identity_tokens_take_fractions_the_same_way() {
    let scene = Scene::new().await;
    for (iat, exp, good) in [
        (-0.5, 59.5, true),
        (30.0, 90.0, true),
        (30.1, 90.0, false),
        (-60.0, -29.0, true),
        (-60.0, -29.1, false),
        (-0.5, 299.5, true),
        (-0.5, 300.0, false),
        (0.7, 0.3, false),
    ] {
        let conversation = format!("c{}", crate::world::unique());
        let token = scene.team.sign(&json!({"iss": "shop.example.com", "aud": format!("{URL}/v1/interactions"),
            "sub": "cust-42", "jti": format!("{:0>22}", crate::world::unique()), "iat": at(iat), "exp": at(exp)}));
        let body = json!({"channel": "webchat", "conversation": conversation,
            "participants": [{"role": "primary"}], "identity_token": token});
        let reply = scene.world.call(&scene.team.bot, "POST", "/v1/interactions", body).await;
        let wanted = if good { 201 } else { 401 };
        assert_eq!(reply.status, wanted, "iat {iat} exp {exp}: {}", reply.text());
    }
}

/// A066: an assertion lives 300 s at most.
#[tokio::test]
async fn a066_an_assertion_lives_five_minutes_at_most() {
    let mut scene = Scene::new().await;
    for (iat, exp, good) in [
        (NOW, NOW + 300, true),
        (NOW, NOW + 301, false),
        (NOW - 30, NOW + 271, false),
        (NOW - 30, NOW + 270, true),
        (NOW, NOW + 86_400, false),
        (NOW, NOW, true),
        (NOW + 1, NOW, false),
    ] {
        judge(&mut scene, &format!("iat {iat} exp {exp}"), |scene| times(scene, iat, exp), good).await;
    }
}

/// A067: `iat` and `nbf` may lie 30 s ahead and not more; `nbf` is honoured.
#[tokio::test]
async fn a067_nothing_from_the_future() {
    let mut scene = Scene::new().await;
    for (ahead, good) in [(29, true), (30, true), (31, false), (500, false), (99_999, false)] {
        judge(&mut scene, &format!("iat +{ahead}"), |scene| times(scene, NOW + ahead, NOW + ahead + 60), good).await;
        judge(&mut scene, &format!("nbf +{ahead}"), |s| s.team.sign(&s.with("nbf", json!(NOW + ahead))), good).await;
    }
    for nbf in [0, NOW - 1, NOW] {
        judge(&mut scene, "nbf", |s| s.team.sign(&s.with("nbf", json!(nbf))), true).await;
    }
}

/// A068: 30 s of skew, on purpose, and no minute of leeway: on or after `exp` + 30 s it is over.
#[tokio::test]
async fn a068_thirty_seconds_of_skew_and_no_more() {
    let mut scene = Scene::new().await;
    for (ago, good) in [(0, true), (29, true), (30, false), (31, false), (59, false), (3600, false)] {
        judge(&mut scene, &format!("exp -{ago}"), |scene| times(scene, NOW - ago - 10, NOW - ago), good).await;
    }
    // Milliseconds do not count: it is over when the second begins.
    scene.world.clock.set(BEGINNING + 999);
    judge(&mut scene, "exp -29.999", |scene| times(scene, NOW - 60, NOW - 29), true).await;
    scene.world.clock.set(BEGINNING + 1000);
    judge(&mut scene, "exp -30", |scene| times(scene, NOW - 60, NOW - 29), false).await;
}

async fn judge(scene: &mut Scene, what: &str, make: impl Fn(&Scene) -> String, good: bool) {
    let assertion = make(scene);
    if good {
        let reply = scene.post(&assertion).await;
        assert_eq!(reply.status, 200, "{what}: {}", reply.text());
        scene.visit = scene.next().await;
    } else {
        scene.refuses(what, &assertion).await;
    }
}

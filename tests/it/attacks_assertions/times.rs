//! `iat`, `exp`, `nbf`: integers, at their exact edges, and numbers that overflow.
//! What clocks do stands with the clocks.

use serde_json::{Value, json};

use super::Scene;
use crate::world::BEGINNING;

const NOW: u64 = BEGINNING / 1000;

fn times(scene: &Scene, iat: u64, exp: u64) -> String {
    let mut claims = scene.claims();
    claims["iat"] = json!(iat);
    claims["exp"] = json!(exp);
    scene.team.sign(&claims)
}

/// A066, A075: what is no whole number of seconds within reason is refused, and nothing
/// overflows.
#[tokio::test]
async fn a066_a075_a_time_is_a_whole_number() {
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
        json!(1e30),
        json!(1.5),
        json!(NOW as f64 + 0.5),
        json!(0),
    ];
    for name in ["exp", "iat", "nbf"] {
        for value in &odd {
            // An nbf of long ago is no harm.
            if name == "nbf" && *value == json!(0) {
                continue;
            }
            scene.refuses(&format!("{name} {value}"), &scene.team.sign(&scene.with(name, value.clone()))).await;
        }
        // Spellings that a JSON library might take for a number.
        for raw in [
            format!("+{NOW}"),
            format!("0{NOW}"),
            "1e9".into(),
            format!("{NOW}.0"),
            format!("{NOW}e0"),
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
    use countersign::domain::secret::{MacKey, base64url, from_base64url};
    let key = MacKey::new(&from_base64url(&scene.team.key.secret).expect("base64url"));
    let text = format!("{}.{}", base64url(scene.header().to_string().as_bytes()), base64url(claims.as_bytes()));
    format!("{text}.{}", base64url(&key.sign(text.as_bytes())))
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

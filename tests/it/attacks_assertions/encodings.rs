//! How a JWT is written down: one spelling, three segments, 8 KiB.
//! What the segments say is judged elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use countersign::domain::secret::MacKey;
use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use serde_json::json;

use super::Scene;
use crate::attacks_links::ask;

/// A071: a rightly signed assertion in another spelling is none.
#[tokio::test]
async fn a071_there_is_one_spelling() {
    let scene = Scene::new().await;
    let good = scene.team.sign(&scene.claims());
    let [head, body, mac] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three segments") };
    let flattened = json!({"payload": body, "protected": head, "signature": mac}).to_string();
    let general = json!({"payload": body, "signatures": [{"protected": head, "signature": mac}]}).to_string();
    for odd in [
        format!("{good}="),
        format!("{good}=="),
        format!("{head}=.{body}.{mac}"),
        format!("{head}.{body}==.{mac}"),
        format!("{good}\n"),
        format!("{good}\r\n"),
        format!("{good} "),
        format!(" {good}"),
        format!("\u{feff}{good}"),
        format!("{head} .{body}.{mac}"),
        format!("{head}.{body}\n.{mac}"),
        format!("{head}.{body}. {mac}"),
        format!("{}\n{}", &good[..30], &good[30..]),
        format!("{good}.",),
        format!("{good}.{mac}"),
        format!(".{good}"),
        format!("{head}.{body}"),
        format!("{head}..{mac}"),
        format!(".{body}.{mac}"),
        format!("{body}.{head}.{mac}"),
        format!("{head}.{body}.{mac}.x.y"), // a JWE has five
        format!("Bearer {good}"),
        format!("{good},{good}"),
        format!("{good}\u{0}"),
        good.replace('.', "%2E"),
        good.replace('.', ","),
        flattened,
        general,
        good.to_uppercase(),
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "é.é.é".into(),
    ] {
        scene.refuses(&odd, &odd).await;
    }
    scene.still_takes_a_good_one().await;
}

/// A071: other alphabets and paddings, rightly signed in themselves.
#[tokio::test]
async fn a071_other_alphabets_are_not_ours() {
    let scene = Scene::new().await;
    let key = MacKey::new(&from_base64url(&scene.team.key.secret).expect("base64url"));
    // Claims whose base64 has both letters in which the alphabets differ, and needs padding.
    let mut claims = scene.with("name", json!("???>>>~~~ÿÿÿ"));
    while claims.to_string().len() % 3 == 0 {
        claims["iss"] = json!(format!("{}x", claims["iss"].as_str().expect("a text")));
    }
    let (head, body) = (scene.header().to_string(), claims.to_string());
    let engines: [&dyn Fn(&[u8]) -> String; 3] =
        [&|b| STANDARD.encode(b), &|b| STANDARD_NO_PAD.encode(b), &|b| URL_SAFE.encode(b)];
    let ours = base64url(body.as_bytes());
    for encode in engines {
        let other = encode(body.as_bytes());
        assert_ne!(other, ours);
        let text = format!("{}.{other}", base64url(head.as_bytes()));
        let mac = key.sign(text.as_bytes());
        scene.refuses("another alphabet", &format!("{text}.{}", base64url(&mac))).await;
        scene.refuses("another alphabet", &format!("{text}.{}", encode(&mac))).await;
    }
    // The last character of a segment has bits that mean nothing: only zeros are taken.
    let good = scene.team.sign(&claims);
    let (rest, last) = good.split_at(good.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in alphabet.chars().filter(|c| !last.starts_with(*c)) {
        scene.refuses("stray bits", &format!("{rest}{other}")).await;
    }
    scene.post(&good).await.expect(200);
}

/// A071: an assertion has 8 KiB at most, and a body 64 KiB.
#[tokio::test]
async fn a071_size_has_an_end() {
    let scene = Scene::new().await;
    let sized = |n: usize| scene.team.sign(&scene.with("padding", json!("a".repeat(n))));
    scene.refuses("over 8 KiB", &sized(9000)).await;
    assert_eq!(scene.post(&sized(200_000)).await.status, 413);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let reply = ask(&scene.world, "POST", &scene.visit.callback, &form, &format!("assertion={}", sized(200_000))).await;
    assert_eq!(reply.status, 413);
    let deep = format!("{}{}", "[".repeat(2500), "]".repeat(2500));
    let claims = scene.with("padding", json!("DEEP")).to_string().replace("\"DEEP\"", &deep);
    let key = MacKey::new(&from_base64url(&scene.team.key.secret).expect("base64url"));
    let text = format!("{}.{}", base64url(scene.header().to_string().as_bytes()), base64url(claims.as_bytes()));
    // What is ignored is skipped without recursion, so depth is no harm.
    scene.post(&format!("{text}.{}", base64url(&key.sign(text.as_bytes())))).await.expect(200);
}

/// A073: what is signed are the bytes as they came: the same claims written otherwise are other
/// bytes. (Webhook signatures come with the channels; this is the assertion's side of it.)
#[tokio::test]
async fn a073_the_bytes_are_signed_and_not_their_meaning() {
    let scene = Scene::new().await;
    let claims = scene.with("name", json!("Jürgen \u{1F600}"));
    let good = scene.team.sign(&claims);
    let [head, _, mac] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three segments") };
    let text = claims.to_string();
    let mut reversed: Vec<_> = claims.as_object().expect("an object").iter().collect();
    reversed.reverse();
    let members: Vec<String> = reversed.iter().map(|(k, v)| format!("{}:{v}", json!(k))).collect();
    for same in [
        format!("{{{}}}", members.join(",")),
        text.replace(':', ": "),
        text.replace('ü', "\\u00fc"),
        text.replace('ü', "u\u{308}"),
        format!("{text} "),
        text.replace("https://", "https:\\/\\/"),
    ] {
        assert_ne!(same, text);
        scene.refuses(&same, &format!("{head}.{}.{mac}", base64url(same.as_bytes()))).await;
    }
    // Whatever the login page signed is what counts, escapes and emoji included.
    scene.post(&good).await.expect(200);
}

/// A074: no boundary can be shifted: a dot belongs to no segment, so no two assertions have the
/// same signed text. The webhook's `id.timestamp.body` comes with the channels.
#[tokio::test]
async fn a074_a_shifted_boundary_is_another_text() {
    let scene = Scene::new().await;
    let good = scene.team.sign(&scene.claims());
    let dots: Vec<usize> = good.match_indices('.').map(|(at, _)| at).collect();
    for dot in dots {
        for to in [dot - 4, dot - 1, dot + 1, dot + 4] {
            let mut shifted = good.replacen('.', "", usize::from(dot == good.find('.').expect("a dot")));
            if shifted.len() == good.len() {
                shifted.remove(dot);
            }
            shifted.insert(to.min(shifted.len()), '.');
            if shifted != good {
                scene.refuses("a shifted dot", &shifted).await;
            }
        }
    }
    scene.still_takes_a_good_one().await;
}

//! Which algorithm: no signature at all, one key under another's algorithm, cut signatures.
//! How keys are made and kept is their own file's affair.

use countersign::domain::secret::MacKey;
use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use serde_json::json;

use super::Scene;
use super::keyring::{Pair, register};
use crate::world::jwt;

/// A058: an unsigned assertion, however `none` is spelled.
#[tokio::test]
async fn a058_an_assertion_without_a_signature_is_none() {
    let scene = Scene::new().await;
    let claims = scene.claims();
    let body = base64url(claims.to_string().as_bytes());
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "none\u{0}", "HS256 ", "hs256", "Hs256", "HS256\u{0}"] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": scene.team.key.kid});
        let head = base64url(header.to_string().as_bytes());
        for unsigned in [format!("{head}.{body}."), format!("{head}.{body}"), format!("{head}.{body}.AA")] {
            scene.refuses(alg, &unsigned).await;
        }
        scene.refuses(alg, &scene.under(&header)).await;
        scene.refuses(alg, &jwt(&header, &claims, "")).await;
    }
    for alg in [json!(null), json!(["HS256"]), json!({"HS256": 1}), json!(1), json!(true)] {
        scene
            .refuses("alg is no text", &scene.under(&json!({"alg": alg, "typ": "JWT", "kid": scene.team.key.kid})))
            .await;
    }
    // Without kid or alg, and rightly signed, it is nothing either.
    for header in [json!({"alg": "HS256", "typ": "JWT"}), json!({"typ": "JWT", "kid": scene.team.key.kid}), json!({})] {
        scene.refuses("a header that lacks something", &scene.under(&header)).await;
    }
    scene.still_takes_a_good_one().await;
}

/// A058, A059: other HMACs and algorithms that we do not take, rightly made or not.
#[tokio::test]
async fn a058_a_shared_key_is_for_hs256_alone() {
    let scene = Scene::new().await;
    for alg in
        ["HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "A128KW", "dir"]
    {
        scene.refuses(alg, &scene.under(&json!({"alg": alg, "typ": "JWT", "kid": scene.team.key.kid}))).await;
    }
    scene.still_takes_a_good_one().await;
}

/// A059: a public key's bytes, in every encoding, are no HMAC secret, and no key is used under
/// another's algorithm.
#[tokio::test]
async fn a059_a_public_key_is_no_shared_secret() {
    let scene = Scene::new().await;
    let pairs = [Pair::ed25519(), Pair::p256(), Pair::rsa()];
    for pair in &pairs {
        register(&scene.team, pair.jwk(pair.algorithm())).await.expect(201);
    }
    for pair in &pairs {
        let kid = pair.algorithm();
        for secret in pair.public_bytes(kid) {
            for alg in ["HS256", "HS384", "HS512", kid] {
                let header = json!({"alg": alg, "typ": "JWT", "kid": kid});
                let signed = format!(
                    "{}.{}",
                    base64url(header.to_string().as_bytes()),
                    base64url(scene.claims().to_string().as_bytes())
                );
                let mac = MacKey::new(&secret).sign(signed.as_bytes());
                scene.refuses(alg, &format!("{signed}.{}", base64url(&mac))).await;
            }
        }
        // Its own signature under another's kid, or another's name for the algorithm.
        for other in ["HS256", "EdDSA", "ES256", "RS256", "PS256", "RS384", "RS512", "ES384", "none"] {
            if other != kid {
                let renamed = json!({"alg": other, "typ": "JWT", "kid": kid});
                scene.refuses(other, &pair.jwt(&renamed, &scene.claims())).await;
                let moved = json!({"alg": kid, "typ": "JWT", "kid": other});
                scene.refuses(other, &pair.jwt(&moved, &scene.claims())).await;
            }
        }
        let shared = json!({"alg": kid, "typ": "JWT", "kid": scene.team.key.kid});
        scene.refuses("the shared key's kid", &pair.jwt(&shared, &scene.claims())).await;
        // The team's shared secret says nothing under a public key's kid.
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
        scene.refuses("the shared secret", &scene.under(&header)).await;
    }
    scene.still_takes_a_good_one().await;
}

/// A059: what is rightly signed by a registered key is taken: EdDSA, ES256 and RS256.
#[tokio::test]
async fn a059_each_registered_algorithm_is_taken_under_its_own_name() {
    let mut scene = Scene::new().await;
    for pair in [Pair::ed25519(), Pair::p256(), Pair::rsa()] {
        let made = register(&scene.team, pair.jwk(pair.algorithm())).await.expect(201);
        assert_eq!(made["algorithm"], pair.algorithm());
        assert!(made.get("secret").is_none());
        for typ in ["JWT", "postback+jwt"] {
            let header = json!({"alg": pair.algorithm(), "typ": typ, "kid": pair.algorithm()});
            let good = pair.jwt(&header, &scene.claims());
            let cut = good.rsplit_once('.').expect("three segments").1;
            let mut bytes = from_base64url(cut).expect("base64url");
            bytes[7] ^= 1;
            let wrong = format!("{}.{}", good.rsplit_once('.').expect("three segments").0, base64url(&bytes));
            scene.refuses(pair.algorithm(), &wrong).await;
            assert_eq!(scene.post(&good).await.expect(200)["status"], "accepted");
            scene.visit = scene.next().await;
        }
    }
}

/// A059: a signature that needs no private key: zeros in ES256 (CVE-2022-21449), short ones,
/// and the DER form.
#[tokio::test]
async fn a059_signatures_that_anybody_can_make() {
    let scene = Scene::new().await;
    for pair in [Pair::ed25519(), Pair::p256(), Pair::rsa()] {
        register(&scene.team, pair.jwk(pair.algorithm())).await.expect(201);
        let header = json!({"alg": pair.algorithm(), "typ": "JWT", "kid": pair.algorithm()});
        let good = pair.jwt(&header, &scene.claims());
        let (signed, signature) = good.rsplit_once('.').expect("three segments");
        let right = from_base64url(signature).expect("base64url");
        let padded: Vec<u8> = [right.as_slice(), &[0]].concat();
        let led: Vec<u8> = [&[0], right.as_slice()].concat();
        for forged in [
            vec![],
            vec![0],
            vec![0; 64],
            vec![0xFF; 64],
            vec![1; 64],
            vec![0; 256],
            right[1..].to_vec(),
            right[..right.len() - 1].to_vec(),
            padded,
            led,
            vec![0x30, 6, 2, 1, 0, 2, 1, 0],
        ] {
            scene.refuses(pair.algorithm(), &format!("{signed}.{}", base64url(&forged))).await;
        }
    }
    scene.still_takes_a_good_one().await;
}

/// A072: a MAC is 32 bytes or nothing, and base64url or nothing.
#[tokio::test]
async fn a072_a_truncated_mac_is_no_mac() {
    let scene = Scene::new().await;
    let good = scene.team.sign(&scene.claims());
    let (signed, signature) = good.rsplit_once('.').expect("three segments");
    let mac = from_base64url(signature).expect("base64url");
    for length in (0..32).chain([33, 64]) {
        let mut cut = mac.clone();
        cut.resize(length, 0);
        scene.refuses("a cut MAC", &format!("{signed}.{}", base64url(&cut))).await;
    }
    let hex: String = mac.iter().map(|b| format!("{b:02x}")).collect();
    for wrong in [hex.clone(), hex.to_uppercase(), format!("sha256={hex}"), format!("v1,{signature}")] {
        scene.refuses("another encoding", &format!("{signed}.{wrong}")).await;
    }
    for bit in 0..256 {
        let mut flipped = mac.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        scene.refuses("a flipped bit", &format!("{signed}.{}", base64url(&flipped))).await;
    }
    scene.still_takes_a_good_one().await;
}

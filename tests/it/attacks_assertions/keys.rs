//! Security keys: who makes them, which one signs, how they end, and whose they are.
//! What they sign is judged elsewhere, what replies look like in `contract/security_keys.rs`.

use std::time::Duration;

use countersign::domain::secret::base64url;
use countersign::domain::secret::from_base64url;
use serde_json::{Value, json};

use super::keyring::{Pair, register};
use super::{Scene, shared_key};
use crate::world::{Browser, OWNER, SecurityKey, Team, World, jwt, worlds};

const MINUTE: Duration = Duration::from_secs(60);

fn signed(scene: &Scene, key: &SecurityKey) -> String {
    jwt(&json!({"alg": "HS256", "typ": "JWT", "kid": key.kid}), &scene.claims(), &key.secret)
}

async fn act(team: &Team, method: &str, kid: &str, rest: &str, body: Value) -> crate::world::Reply {
    let path = format!("/v1/teams/{}/security-keys/{kid}{rest}", team.name);
    team.world.call(&team.admin, method, &path, body).await
}

/// A070: shared secrets are made here, of 32 bytes; nobody can bring one.
#[tokio::test]
async fn a070_shared_secrets_are_made_by_the_gateway_alone() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let path = "/v1/teams/acme/security-keys";
    let secrets = ["", "secret", "password", "0123456789abcdef", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
    for secret in secrets {
        for body in [
            json!({"secret": secret}),
            json!({"key": secret}),
            json!({"kid": "mine", "secret": secret}),
            json!({"algorithm": "HS256", "secret": secret}),
            json!({"public_key": secret}),
        ] {
            let reply = world.call(&team.admin, "POST", path, body.clone()).await;
            assert_eq!((reply.status, reply.code().as_str()), (422, "invalid"), "{body}");
        }
        let oct = json!({"kty": "oct", "k": base64url(secret.as_bytes()), "alg": "HS256"});
        register(&team, oct).await.refused(422, "invalid");
    }
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let key = shared_key(&team).await;
        let bytes = from_base64url(&key.secret).expect("base64url without padding");
        assert_eq!((bytes.len(), key.secret.len()), (32, 43));
        assert!(seen.insert(bytes) && seen.len() <= 20);
    }
    let listed = world.call(&team.admin, "GET", path, Value::Null).await.expect(200);
    for key in listed["items"].as_array().expect("a list") {
        assert!(key.get("secret").is_none(), "told once: {key}");
    }
    for key in [&team.bot, &team.agent] {
        world.call(key, "POST", path, json!({})).await.refused(403, "forbidden");
    }
}

/// A070: a public key is public, of a kind that is taken, and strong enough.
#[tokio::test]
async fn a070_weak_private_and_foreign_public_keys_are_refused() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let (ed, ec, rsa) = (Pair::ed25519().jwk("ed"), Pair::p256().jwk("ec"), Pair::rsa().jwk("rsa"));
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let without = |jwk: &Value, name: &str| {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().expect("a JWK is an object").remove(name);
        jwk
    };
    let mut wrong = Vec::new();
    for jwk in [&ed, &ec, &rsa] {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            wrong.push((private, with(jwk, private, json!("AQAB"))));
            wrong.push((private, with(jwk, private, Value::Null)));
        }
        for alg in ["HS256", "none", "RS512", "PS256", "ES384", ""] {
            wrong.push((alg, with(jwk, "alg", json!(alg))));
        }
        for kid in ["", "../x", "a b", &"a".repeat(33)] {
            wrong.push(("kid", with(jwk, "kid", json!(kid))));
        }
        wrong.push(("kid", with(jwk, "kid", json!(1))));
        for kty in ["oct", "", "rsa", "AKP"] {
            wrong.push(("kty", with(jwk, "kty", json!(kty))));
        }
        wrong.push(("kty", without(jwk, "kty")));
    }
    for bytes in [0, 64, 127, 128, 255] {
        let mut n = vec![0xC5; bytes];
        wrong.push(("a small modulus", with(&rsa, "n", json!(base64url(&n)))));
        n.splice(0..0, vec![0; 256 - bytes]);
        wrong.push(("a small modulus, filled up with zeros", with(&rsa, "n", json!(base64url(&n)))));
    }
    wrong.push(("a huge modulus", with(&rsa, "n", json!(base64url(&[0xC5; 2048])))));
    let n = from_base64url(rsa["n"].as_str().expect("a number")).expect("base64url");
    wrong.push(("an even modulus", with(&rsa, "n", json!(base64url(&[&n[..255], &[0]].concat())))));
    for e in ["", "AA", "AQ", "Ag", "BA"] {
        wrong.push(("an exponent of 0, 1, 2 or 4", with(&rsa, "e", json!(e))));
    }
    wrong.push(("no exponent", without(&rsa, "e")));
    for crv in ["P-384", "P-521", "secp256k1", "Ed25519", "X25519"] {
        wrong.push(("crv", with(&ec, "crv", json!(crv))));
    }
    for crv in ["Ed448", "X25519", "P-256"] {
        wrong.push(("crv", with(&ed, "crv", json!(crv))));
    }
    wrong.push(("a point that is not on the curve", with(&ec, "y", ec["x"].clone())));
    wrong
        .push(("a point of zeros", with(&with(&ec, "x", json!(base64url(&[0; 32]))), "y", json!(base64url(&[0; 32])))));
    for x in ["", "AA", "not base64url!", "AA=="] {
        wrong.push(("x", with(&ec, "x", json!(x))));
        wrong.push(("x", with(&ed, "x", json!(x))));
    }
    wrong.push(("33 bytes", with(&ed, "x", json!(base64url(&[9; 33])))));
    for odd in [json!({}), json!([]), json!([ed]), json!("x"), json!(1), json!({"keys": [ed]})] {
        wrong.push(("no JWK", odd));
    }
    for (what, jwk) in wrong {
        let reply = register(&team, jwk.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (422, "invalid"), "{what}: {jwk}: {}", reply.text());
    }
    for jwk in [&ed, &ec, &rsa] {
        register(&team, jwk.clone()).await.expect(201);
        register(&team, jwk.clone()).await.refused(422, "invalid"); // the kid is taken
    }
}

/// A076, §3.9: both keys verify during the overlap; after it the old one is 401, to the moment. The
/// rate of the attack catalogue is the races' affair.
#[tokio::test]
async fn a076_a_retired_key_verifies_until_its_end_and_signs_no_more() {
    for world in worlds().await {
        let mut scene = Scene::on(world).await;
        let old = scene.team.key.clone();
        let new = scene.another_key().await;
        for key in [&old, &new] {
            scene.post(&signed(&scene, key)).await.expect(200);
            scene.visit = scene.next().await;
            assert!(scene.visit.url.contains(&format!("&cs_kid={}&", old.kid)), "a pending key verifies only");
        }
        let activated = json!({"overlap_minutes": 5});
        let activated = act(&scene.team, "POST", &new.kid, "/activate", activated).await.expect(200);
        assert_eq!(activated["overlaps"], json!([{"kid": old.kid, "verifies_until": "2026-01-01T00:05:00.000Z"}]));
        for key in [&old, &new] {
            scene.post(&signed(&scene, key)).await.expect(200);
            scene.visit = scene.next().await;
            assert!(scene.visit.url.contains(&format!("&cs_kid={}&", new.kid)), "the active one signs");
        }
        scene.world.clock.advance(5 * MINUTE - Duration::from_millis(1));
        scene.post(&signed(&scene, &old)).await.expect(200);
        scene.world.clock.advance(Duration::from_millis(1));
        scene.visit = scene.next().await;
        scene.refuses("retired", &signed(&scene, &old)).await;
        scene.post(&signed(&scene, &new)).await.expect(200);
        let other = scene.world.second_node();
        let scene = Scene {
            world: other.clone(),
            team: Team { world: other, ..scene.team.clone() },
            visit: scene.next().await,
            ..scene
        };
        scene.refuses("retired, on another node", &signed(&scene, &old)).await;
    }
}

/// A076: revoked is revoked at once, also for a login that is under way, and stays so.
#[tokio::test]
async fn a076_a_revoked_key_counts_at_once_no_more() {
    for world in worlds().await {
        let mut scene = Scene::on(world).await;
        let old = scene.team.key.clone();
        let new = scene.another_key().await;
        let ready = signed(&scene, &old);
        act(&scene.team, "DELETE", &old.kid, "", Value::Null).await.expect(200);
        scene.refuses("revoked", &ready).await;
        for (method, rest, body) in [
            ("POST", "/retire", json!({"after_minutes": 10})),
            ("POST", "/activate", json!({})),
            ("DELETE", "", Value::Null),
        ] {
            act(&scene.team, method, &old.kid, rest, body).await;
            scene.refuses("revoked, whatever comes after", &ready).await;
        }
        scene.post(&signed(&scene, &new)).await.expect(200);
        act(&scene.team, "POST", &new.kid, "/activate", json!({})).await.expect(200);
        // Within a second also on another node that had it in memory.
        let other = scene.world.second_node();
        let team = Team { world: other.clone(), ..scene.team.clone() };
        scene.visit = scene.next().await;
        let scene = Scene { team, ..scene };
        scene.post(&signed(&scene, &new)).await.expect(200);
        let scene = Scene { visit: scene.next().await, ..scene };
        let here = Team { world: scene.world.clone(), ..scene.team.clone() };
        act(&here, "DELETE", &new.kid, "", Value::Null).await.expect(200);
        scene.world.clock.advance(Duration::from_secs(1));
        scene.refuses("revoked, on another node", &signed(&scene, &new)).await;
    }
}

/// A076: what signs is the active shared key, whatever else is made; without one there are no links (409), and
/// those under way go nowhere.
#[tokio::test]
async fn a076_only_the_activated_shared_key_signs() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255500001").await;
    let kid_of = async |team: &Team| {
        let link = team.link(&chat).await;
        let visit = Browser::new(&world).continues(link["url"].as_str().expect("a URL")).await;
        let url = url::Url::parse(&visit.url).expect("a URL");
        url.query_pairs().find(|(n, _)| n == "cs_kid").expect("cs_kid").1.into_owned()
    };
    assert_eq!(kid_of(&team).await, team.key.kid);
    let second = shared_key(&team).await;
    let third = shared_key(&team).await;
    register(&team, Pair::ed25519().jwk("ed")).await.expect(201);
    assert_eq!(kid_of(&team).await, team.key.kid, "no login page meets a key that it was not given yet");
    act(&team, "POST", &third.kid, "/activate", json!({})).await.expect(200);
    assert_eq!(kid_of(&team).await, third.kid);
    act(&team, "POST", &third.kid, "/retire", json!({"after_minutes": 10})).await.refused(409, "key-in-use");
    act(&team, "POST", "ed", "/activate", json!({})).await.refused(409, "key-cannot-sign");
    act(&team, "POST", &team.key.kid, "/activate", json!({})).await.refused(409, "key-not-pending");
    assert_eq!(kid_of(&team).await, third.kid);
    let under_way = team.link(&chat).await;
    act(&team, "DELETE", &third.kid, "", Value::Null).await.expect(200);
    let wanted = team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await;
    wanted.refused(409, "no-security-key");
    let mut browser = Browser::new(&world);
    let pressed = browser.press(under_way["url"].as_str().expect("a URL"), "continue", "").await;
    assert_eq!((pressed.status, pressed.header("location")), (409, String::new()));
    // With another key the same browser goes on where it was.
    act(&team, "POST", &second.kid, "/activate", json!({})).await.expect(200);
    let visit = browser.continues(under_way["url"].as_str().expect("a URL")).await;
    assert!(visit.url.contains(&second.kid));
}

/// A076: the bounds of the overlap, and who may end a key.
#[tokio::test]
async fn a076_overlaps_have_bounds() {
    let world = World::new().await;
    let (team, other) = (world.team("acme").await, world.team("other").await);
    let kid = shared_key(&team).await.kid;
    for wrong in [json!(-1), json!(10_081), json!("5"), json!(1.5), json!(u64::MAX)] {
        act(&team, "POST", &kid, "/retire", json!({"after_minutes": wrong})).await.refused(422, "invalid");
        act(&team, "POST", &kid, "/activate", json!({"overlap_minutes": wrong})).await.refused(422, "invalid");
    }
    act(&team, "POST", &kid, "/retire", json!({"after_minutes": null})).await.refused(422, "invalid");
    for (rest, body) in [("/retire", json!({"after_minutes": 5})), ("/activate", json!({}))] {
        act(&team, "POST", "unknown", rest, body.clone()).await.refused(404, "not-found");
        act(&other, "POST", &kid, rest, body).await.refused(404, "not-found");
    }
    act(&other, "DELETE", &kid, "", Value::Null).await.refused(404, "not-found");
    let path = format!("/v1/teams/acme/security-keys/{kid}");
    for key in [&team.bot, &team.agent] {
        world.call(key, "DELETE", &path, Value::Null).await.refused(403, "forbidden");
        world.call(key, "POST", &format!("{path}/activate"), json!({})).await.refused(403, "forbidden");
    }
    world.call(&other.admin, "DELETE", &path, Value::Null).await.refused(404, "not-found");
    let listed = world.call(&team.admin, "GET", "/v1/teams/acme/security-keys", Value::Null).await.expect(200);
    let stand: Vec<&Value> = listed["items"].as_array().expect("a list").iter().map(|key| &key["status"]).collect();
    assert_eq!(stand, ["pending", "active"], "nothing of this changed it");
    assert_eq!(world.call(OWNER, "POST", &format!("{path}/retire"), json!({"after_minutes": 0})).await.status, 200);
}

/// A077: another team's key says nothing here, under whatever `kid`.
#[tokio::test]
async fn a077_another_teams_key_is_nobodys() {
    let mut scene = Scene::new().await;
    let other = scene.world.team("other").await;
    let pair = Pair::ed25519();
    register(&other, pair.jwk("shared-name")).await.expect(201);
    for kid in [&other.key.kid, &scene.team.key.kid] {
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
        scene.refuses("another team's secret", &jwt(&header, &scene.claims(), &other.key.secret)).await;
    }
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "shared-name"});
    scene.refuses("another team's public key", &pair.jwt(&header, &scene.claims())).await;
    // Two teams may use one name for two keys.
    let own = Pair::ed25519();
    register(&scene.team, own.jwk("shared-name")).await.expect(201);
    scene.refuses("the other's key of that name", &pair.jwt(&header, &scene.claims())).await;
    scene.post(&own.jwt(&header, &scene.claims())).await.expect(200);
    // An identity token, too, is judged by the keys of the team that opens.
    let token = scene.team.identity_token("cust-42");
    let body = json!({"channel": "webchat", "conversation": "c1", "participants": [{"role": "primary"}], "identity_token": token});
    scene.world.call(&other.bot, "POST", "/v1/interactions", body).await.refused(401, "bad-assertion");
    scene.visit = scene.next().await;
    scene.still_takes_a_good_one().await;
}

//! Security keys as admins see and change them: states, replies, refusals, the trail, and when each was last used.
//! How attacks on them fare is told in `attacks_assertions/keys.rs`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{names, points_at};
use crate::world::{OWNER, Reply, Team, World, worlds};

const MINUTE: Duration = Duration::from_secs(60);
const KEYS: &str = "/v1/teams/acme/security-keys";

async fn make(team: &Team) -> Value {
    team.world.call(&team.admin, "POST", KEYS, json!({})).await.expect(201)
}

async fn act(team: &Team, kid: &Value, act: &str, body: Value) -> Reply {
    let path = format!("{KEYS}/{}/{act}", kid.as_str().expect("a kid"));
    team.world.call(&team.admin, "POST", &path, body).await
}

async fn revoke(team: &Team, kid: &Value) -> Value {
    let path = format!("{KEYS}/{}", kid.as_str().expect("a kid"));
    team.world.call(&team.admin, "DELETE", &path, Value::Null).await.expect(200)
}

/// A key as it is listed.
async fn listed(team: &Team, kid: &Value) -> Value {
    let keys = team.world.call(&team.admin, "GET", KEYS, Value::Null).await.expect(200);
    keys["items"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).expect("it is listed").clone()
}

async fn public(team: &Team, jwk: Value) -> Reply {
    team.world.call(&team.admin, "POST", KEYS, json!({"public_key": jwk})).await
}

fn jwk() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

#[tokio::test]
async fn a_security_key_has_its_fields_and_its_life() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let first = json!(team.key.kid);
    let made = make(&team).await;
    assert_eq!(names(&made), ["algorithm", "created_at", "kid", "secret", "status"]);
    assert_eq!((&made["algorithm"], &made["status"]), (&json!("HS256"), &json!("pending")));
    let secret = countersign::domain::secret::from_base64url(made["secret"].as_str().unwrap()).unwrap();
    assert_eq!((secret.len(), made["secret"].as_str().unwrap().len()), (32, 43));
    let all = world.call(&team.admin, "GET", KEYS, Value::Null).await.expect(200);
    assert!(!all.to_string().contains("secret"), "told once");
    assert_eq!(all["items"][0]["kid"], made["kid"], "newest first");
    let signs = listed(&team, &first).await;
    assert_eq!(names(&signs), ["activated_at", "algorithm", "created_at", "kid", "status"]);
    assert_eq!((&signs["status"], &signs["activated_at"]), (&json!("active"), &json!("2026-01-01T00:00:00.000Z")));

    world.clock.advance(MINUTE);
    let activated = act(&team, &made["kid"], "activate", json!({"overlap_minutes": 4})).await.expect(200);
    let fields = ["activated_at", "algorithm", "created_at", "kid", "overlaps", "signing_kid", "status"];
    assert_eq!(names(&activated), fields);
    let told = (&activated["status"], &activated["signing_kid"], &activated["activated_at"]);
    assert_eq!(told, (&json!("active"), &made["kid"], &json!("2026-01-01T00:01:00.000Z")));
    let overlap = json!([{"kid": first, "verifies_until": "2026-01-01T00:05:00.000Z"}]);
    assert_eq!(activated["overlaps"], overlap);
    // Asked again, as after a lost reply: nothing changes, and the reply is the same.
    let again = act(&team, &made["kid"], "activate", json!({"overlap_minutes": 4})).await.expect(200);
    assert_eq!(again, activated);
    let again = act(&team, &made["kid"], "activate", json!({})).await.expect(200);
    assert_eq!(again["overlaps"], overlap, "what was said of the overlap stands");
    let old = listed(&team, &first).await;
    assert_eq!((&old["status"], &old["verifies_until"]), (&json!("retired"), &overlap[0]["verifies_until"]));

    world.clock.advance(4 * MINUTE);
    let over = act(&team, &first, "retire", json!({"after_minutes": 5})).await.expect(200);
    assert_eq!((&over["status"], &over["verifies_until"]), (&json!("retired"), &overlap[0]["verifies_until"]));
    assert_eq!(over["overlaps"], json!([]), "it verifies no more");
    assert_eq!(revoke(&team, &first).await["status"], "revoked");
    assert_eq!(listed(&team, &first).await["status"], "revoked");
}

/// A day where nothing is said; what a team is told of the key that signs.
#[tokio::test]
async fn signing_key_is_replaced_and_not_retired() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let first = json!(team.key.kid);
    let problem = act(&team, &first, "retire", json!({"after_minutes": 60})).await.refused(409, "key-in-use");
    let page = world.call("", "GET", "/problems/key-in-use", Value::Null).await.text();
    assert!(page.contains("/activate") && problem["type"].as_str().unwrap().ends_with("/problems/key-in-use"));
    let (second, third) = (make(&team).await, make(&team).await);
    let activated = act(&team, &second["kid"], "activate", json!({})).await.expect(200);
    assert_eq!(activated["overlaps"], json!([{"kid": first, "verifies_until": "2026-01-02T00:00:00.000Z"}]));
    act(&team, &second["kid"], "retire", json!({"after_minutes": 0})).await.refused(409, "key-in-use");
    act(&team, &first, "activate", json!({})).await.refused(409, "key-not-pending");
    act(&team, &third["kid"], "retire", json!({"after_minutes": 60})).await.expect(200);
    act(&team, &third["kid"], "activate", json!({})).await.refused(409, "key-not-pending");
    let registered = public(&team, jwk()).await.expect(201);
    assert_eq!((&registered["status"], registered.get("activated_at")), (&json!("active"), None));
    act(&team, &registered["kid"], "activate", json!({})).await.refused(409, "key-cannot-sign");
    let retired = act(&team, &registered["kid"], "retire", json!({"after_minutes": 60})).await.expect(200);
    assert_eq!((&retired["status"], &retired["signing_kid"]), (&json!("retired"), &second["kid"]));
}

/// A stolen key goes at once, and whoever takes it away is told that nothing signs.
#[tokio::test]
async fn revoking_the_signing_key_says_that_nothing_signs() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let waiting = make(&team).await;
    let revoked = revoke(&team, &json!(team.key.kid)).await;
    let told =
        (revoked.get("signing_kid"), revoked["warning"].as_str().is_some_and(|text| text.contains("No key signs")));
    assert_eq!(told, (None, true), "{revoked}");
    let wanted = json!({"purpose": "mid_chat"});
    team.bot("POST", &chat, "/login-links", wanted.clone()).await.refused(409, "no-security-key");
    // A new key does not sign by itself: the login page does not know it.
    let other = make(&team).await;
    assert_eq!(other["status"], "pending");
    team.bot("POST", &chat, "/login-links", wanted.clone()).await.refused(409, "no-security-key");
    let activated = act(&team, &waiting["kid"], "activate", json!({})).await.expect(200);
    assert_eq!((activated.get("warning"), &activated["overlaps"]), (None, &json!([])), "there was nobody to retire");
    team.bot("POST", &chat, "/login-links", wanted).await.expect(201);
    let other = revoke(&team, &other["kid"]).await;
    assert_eq!((&other["signing_kid"], other.get("warning")), (&waiting["kid"], None));
}

/// The private half of a key, a weak one, and what is none at all are no public keys.
#[tokio::test]
async fn a_public_key_is_public() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let registered = public(&team, jwk()).await.expect(201);
    assert_eq!((&registered["algorithm"], registered.get("secret")), (&json!("EdDSA"), None));
    let mut private = jwk();
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    points_at(&public(&team, private).await, "/public_key");
}

/// A team that has only registered public keys: its first shared key is the one that signs.
#[tokio::test]
async fn first_shared_key_signs_beside_public_ones() {
    let world = World::new().await;
    world.call(OWNER, "PUT", "/v1/teams/acme", json!({"name": "A shop"})).await.expect(201);
    let registered = world.call(OWNER, "POST", KEYS, json!({"public_key": jwk()})).await.expect(201);
    assert_eq!(registered["status"], "active");
    let made = world.call(OWNER, "POST", KEYS, json!({})).await.expect(201);
    assert_eq!((&made["status"], &made["activated_at"]), (&json!("active"), &json!("2026-01-01T00:00:00.000Z")));
    assert_eq!(world.call(OWNER, "POST", KEYS, json!({})).await.expect(201)["status"], "pending");
}

/// Each act stands in the trail and in the stream, with the key and who did it; what changed nothing does not.
#[tokio::test]
async fn acts_on_keys_are_told_and_audited() {
    for world in worlds().await {
        let team = world.team("acme").await;
        let made = make(&team).await;
        for _ in 0..2 {
            act(&team, &made["kid"], "activate", json!({"overlap_minutes": 7})).await.expect(200);
        }
        revoke(&team, &made["kid"]).await;
        let events = team.events().await;
        let of_keys = events.iter().filter(|event| event["data"]["kind"] == "security_key");
        let told: Vec<(&str, &Value)> = of_keys.map(|e| (e["type"].as_str().unwrap(), &e["data"]["kid"])).collect();
        let (old, new) = (json!(team.key.kid), &made["kid"]);
        let wanted = [
            ("key.created", &old),
            ("key.created", new),
            ("key.retired", &old),
            ("key.activated", new),
            ("key.revoked", new),
        ];
        assert_eq!(told, wanted);
        let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
        let entry = |action: &str| trail["items"].as_array().unwrap().iter().find(|e| e["action"] == action).unwrap();
        assert!(entry("key.activated")["actor"]["api_key"].is_string(), "{}", entry("key.activated"));
        assert_eq!(entry("key.retired")["detail"]["after_minutes"], 7);
    }
}

/// When a key last verified something: at most one note an hour, of post-backs and identity tokens alike, and none
/// of what is refused.
#[tokio::test]
async fn last_use_of_a_key_is_noted_once_an_hour() {
    for world in worlds().await {
        let mut team = world.team("acme").await;
        team.set(json!({"binding": "none"})).await;
        let first = json!(team.key.kid);
        assert_eq!(listed(&team, &first).await.get("last_used_at"), None);
        let chat = team.open("sms", "+37255512345").await;
        let link = team.link(&chat).await;
        let visit = crate::world::Browser::new(&world).continues(link["url"].as_str().unwrap()).await;
        let forged = format!("{}A", &team.assertion(&visit, "cust-42")[..200]);
        team.post_back(&visit, &forged).await.refused(401, "bad-assertion");
        assert_eq!(listed(&team, &first).await.get("last_used_at"), None, "nothing was verified");
        team.post_back(&visit, &team.assertion(&visit, "cust-42")).await.expect(200);
        assert_eq!(listed(&team, &first).await["last_used_at"], "2026-01-01T00:00:00.000Z");
        world.clock.advance(59 * MINUTE);
        let opens = async |team: &Team, conversation: &str| {
            let body = json!({"channel": "webchat", "conversation": conversation,
                "participants": [{"role": "primary"}], "identity_token": team.identity_token("cust-42")});
            world.call(&team.bot, "POST", "/v1/interactions", body).await.expect(201);
        };
        opens(&team, "c1").await;
        assert_eq!(listed(&team, &first).await["last_used_at"], "2026-01-01T00:00:00.000Z", "within the hour");
        world.clock.advance(MINUTE);
        opens(&team, "c2").await;
        assert_eq!(listed(&team, &first).await["last_used_at"], "2026-01-01T01:00:00.000Z");
        // Each key has its own, also one that does not sign yet.
        let made = make(&team).await;
        team.key.kid = made["kid"].as_str().unwrap().to_owned();
        team.key.secret = made["secret"].as_str().unwrap().to_owned();
        opens(&team, "c3").await;
        assert_eq!(listed(&team, &made["kid"]).await["last_used_at"], "2026-01-01T01:00:00.000Z");
        let told = team.event_types().await;
        assert!(told.iter().all(|kind| !kind.contains("used")), "no event tells of it: {told:?}");
    }
}

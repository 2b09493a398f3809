//! When a code is wanted besides a password, and that it is worth nothing without one. How often one may
//! be wrong is tried elsewhere.

use serde_json::{Value, json};

use super::{MAIL, MINUTE, PASSWORD, code_at, shop};

use crate::webhooks::receiver::Receiver;
use crate::world::{Team, World, worlds};

fn device(fingerprint: &str, region: &str) -> Value {
    json!({"fingerprint": fingerprint, "region": region})
}

/// Logs in with a password and says whether a code is wanted.
async fn wanted(team: &Team, device: Value) -> bool {
    let told = team.enters("demo", PASSWORD, device).await.expect(200);
    told["requires2fa"].as_bool().expect("a word")
}

/// Brings the code that was asked for.
async fn validates(team: &Team) {
    team.tickets("POST", "/2fa/request", json!({"userId": "cust-42"})).await.expect(202);
    let code = team.newest_code().await.1;
    let body = json!({"userId": "cust-42", "otpCode": code});
    team.tickets("POST", "/2fa/auth", body).await.expect(200);
}

/// K-04, K-11, K-24: a device that was never validated, also where there is none to compare with or none is named.
#[tokio::test]
async fn k11_a_new_device_is_asked_for_a_code() {
    for world in worlds().await {
        let team = shop(&world, json!({"two_factor": {"on_fingerprint_change": true}})).await;
        assert!(wanted(&team, json!({})).await, "none to compare with");
        assert!(wanted(&team, device("f1", "EE")).await);
        assert!(wanted(&team, device("f1", "EE")).await, "seen, and not validated");
        validates(&team).await;
        assert!(!wanted(&team, device("f1", "LV")).await, "the region is nobody's concern");
        assert!(wanted(&team, device("f2", "EE")).await);
        assert!(wanted(&team, json!({"region": "EE"})).await);
        validates(&team).await;
        assert!(!wanted(&team, device("f1", "EE")).await, "the one before is still known");
    }
}

/// K-04, K-12, K-24: a region is held against the last validated one.
#[tokio::test]
async fn k12_another_region_than_the_last_validated_is_asked_for_a_code() {
    let world = World::new().await;
    let team = shop(&world, json!({"two_factor": {"on_region_change": true}})).await;
    assert!(wanted(&team, device("f1", "EE")).await, "none was validated yet");
    validates(&team).await;
    assert!(!wanted(&team, device("f2", "EE")).await);
    assert!(wanted(&team, device("f1", "LV")).await);
    assert!(!wanted(&team, device("f1", "EE")).await, "the visit there was not validated");
    assert!(wanted(&team, device("f1", "LV")).await);
    validates(&team).await;
    assert!(wanted(&team, device("f1", "EE")).await, "the last one counts");
    team.set(json!({"two_factor": {"on_fingerprint_change": true}})).await;
    assert!(wanted(&team, device("f3", "LV")).await, "both rules together");
}

/// Without a right password of that customer within ten minutes, no code goes out and none is taken; nor is
/// one for the one purpose good for the other.
#[tokio::test]
async fn the_second_step_follows_a_right_password_only() {
    let world = World::new().await;
    let team = shop(&world, json!({"two_factor": {"always": true}, "login_otp": true})).await;
    let ask = || team.tickets("POST", "/2fa/request", json!({"userId": "cust-42"}));
    let answer =
        |rest: &'static str, code: String| team.tickets("POST", rest, json!({"userId": "cust-42", "otpCode": code}));
    ask().await.expect(202);
    assert!(world.sent().await.is_empty(), "nobody has a password yet");
    team.enters("demo", "wrong 1234", json!({})).await.refused(401, "login-failed");
    ask().await.expect(202);
    assert!(world.sent().await.is_empty(), "a wrong one is none");
    team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL})).await.expect(202);
    let login = team.newest_code().await.1;
    answer("/2fa/auth", login.clone()).await.refused(401, "code-refused");

    assert!(wanted(&team, json!({})).await);
    ask().await.expect(202);
    let second = team.newest_code().await.1;
    if second != login {
        answer("/otp/auth", second.clone()).await.refused(401, "code-refused");
    }
    world.pass(10 * MINUTE).await;
    team.set(json!({"otp": {"expires_minutes": 60}})).await;
    ask().await.expect(202);
    answer("/2fa/auth", second).await.refused(401, "code-refused");
    assert!(wanted(&team, json!({})).await);
    validates(&team).await;
}

/// K-15: a team that sends codes itself is told them, and nobody else is.
#[tokio::test]
async fn k15_a_team_sends_the_code_itself() {
    let world = World::new().await;
    let team = shop(&world, json!({"login_otp": true})).await;
    let receiver = Receiver::start().await;
    let path = "/v1/teams/acme/webhooks/codes";
    let body = json!({"url": receiver.url, "events": ["otp.requested"]});
    world.call(&team.admin, "PUT", path, body).await.expect(201);
    team.set(json!({"delivery": {"order": ["event"], "event_webhook": "codes"}})).await;
    let before = world.sent().await.len();
    team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL})).await.expect(202);
    world.gateway.maintain().await.unwrap();
    let got = receiver.got();
    assert_eq!((got.len(), got[0].kind().as_str(), world.sent().await.len()), (1, "otp.requested", before));
    let data = got[0].body()["data"].clone();
    assert_eq!(
        (&data["to"], &data["purpose"], &data["customer"]),
        (&json!(MAIL), &json!("login_otp"), &json!("cust-42"))
    );
    let answer = json!({"userId": "cust-42", "otpCode": data["code"]});
    team.tickets("POST", "/otp/auth", answer).await.expect(200);
    let events = serde_json::to_string(&team.events().await).unwrap();
    assert!(!events.contains(data["code"].as_str().unwrap()));
}

/// RFC 6238: an app is enrolled, shows a code, and is asked at each login from then on; a code counts once.
#[tokio::test]
async fn an_authenticator_app_is_a_second_factor() {
    for world in worlds().await {
        let team = shop(&world, json!({"login_otp": true})).await;
        let made = team.customer("POST", "cust-42", "/totp", json!({})).await.expect(201);
        let url = made["otpauth_url"].as_str().expect("an address").to_owned();
        assert!(url.starts_with("otpauth://totp/A%20shop:demo?secret="), "{url}");
        assert!(!wanted(&team, json!({})).await, "it has shown nothing yet");
        let wrong = json!({"code": Team::wrong(&code_at(&url, &world))});
        team.customer("POST", "cust-42", "/totp", wrong).await.refused(422, "invalid");
        let right = json!({"code": code_at(&url, &world)});
        let account = team.customer("POST", "cust-42", "/totp", right.clone()).await.expect(200);
        assert_eq!(account["login"]["totp"], "confirmed");
        team.customer("POST", "cust-42", "/totp", right.clone()).await.refused(409, "no-app");
        team.customer("POST", "cust-42", "/totp", json!({})).await.refused(409, "app-enrolled");

        assert!(wanted(&team, json!({})).await, "it is asked now");
        let answer = |code: &str| team.tickets("POST", "/2fa/auth", json!({"userId": "cust-42", "otpCode": code}));
        answer(right["code"].as_str().unwrap()).await.refused(401, "code-refused");
        world.clock.advance(std::time::Duration::from_secs(30));
        let code = code_at(&url, &world);
        answer(&code).await.expect(200);
        assert!(wanted(&team, json!({})).await);
        answer(&code).await.refused(401, "code-refused");
        // A mailbox is no way around the app.
        let before = world.sent().await.len();
        team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL})).await.expect(202);
        assert_eq!(world.sent().await.len(), before);
        team.customer("DELETE", "cust-42", "/totp", Value::Null).await.expect(204);
        assert!(!wanted(&team, json!({})).await);
    }
}

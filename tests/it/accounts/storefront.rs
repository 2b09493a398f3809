//! The journey of a storefront that was written for another shop system, call by call. It knows the seven
//! calls, a mailbox and a phone.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use super::{MAIL, MINUTE, PASSWORD, PHONE, fails, shop};
use crate::world::{OWNER, URL, World, worlds};

fn here() -> Value {
    json!({"fingerprint": "f1", "region": "EE"})
}

/// K-02, K-03, K-23, K-25, K-26, K-27: a password, then the code that is mailed to the
/// address on the account, on every store.
#[tokio::test]
async fn k23_a_password_then_a_code_then_a_ticket() {
    for world in worlds().await {
        let team = shop(&world, json!({"two_factor": {"always": true}})).await;
        let first = team.enters("demo", PASSWORD, here()).await.expect(200);
        assert_eq!((&first["userId"], &first["requires2fa"]), (&json!("cust-42"), &json!(true)));
        let number = first["customerAccountId"].as_u64().expect("a number");
        assert!(number > 0 && number < 1 << 31, "as large as an int32");
        assert!(first.get("accessToken").is_none() && first.get("refreshToken").is_none());

        let asked = team.tickets("POST", "/2fa/request", json!({"userId": first["userId"]})).await;
        assert_eq!(asked.expect(202), json!({}));
        let (inbox, code) = team.newest_code().await;
        assert_eq!((inbox.as_str(), code.len()), ("email", 6));
        assert_eq!(world.sent().await.last().unwrap().1, MAIL);

        let wrong = json!({"userId": "cust-42", "otpCode": crate::world::Team::wrong(&code)});
        let refused = team.tickets("POST", "/2fa/auth", wrong).await.refused(401, "code-refused");
        assert_eq!(refused["requires2fa"], true);
        let right = json!({"userId": "cust-42", "otpCode": code});
        let ticket = team.tickets("POST", "/2fa/auth", right.clone()).await.expect(200);
        assert_eq!((&ticket["userId"], &ticket["requires2fa"]), (&json!("cust-42"), &json!(false)));
        assert_eq!(ticket["customerAccountId"], number);
        team.tickets("POST", "/2fa/auth", right).await.refused(401, "code-refused");
        assert!(team.stands(&ticket).await);
        let types = team.event_types().await;
        for kind in ["challenge.sent", "customer.logged_in"] {
            assert!(types.iter().any(|one| one == kind), "{kind}: {types:?}");
        }
        let events = serde_json::to_string(&team.events().await).unwrap();
        assert!(!events.contains(MAIL) && !events.contains("cust-42") && !events.contains("EE38"), "{events}");
    }
}

/// §3.14, K-05, K-06, K-13, K-18, K-19, K-20, K-21, K-22: a code alone, to the address that was typed
/// where that is one of the account's own, beside any other setting.
#[tokio::test]
async fn k18_a_code_instead_of_a_password() {
    for world in worlds().await {
        let team = shop(&world, json!({"login_otp": true, "two_factor": {"always": true}})).await;
        let request = |email: &str| {
            let body = json!({"userId": "cust-42", "email": email, "fingerprint": "f1", "region": "EE"});
            team.tickets("POST", "/otp/request", body)
        };
        assert_eq!(request("Demo@Example.com").await.expect(202), json!({}));
        let (inbox, code) = team.newest_code().await;
        assert_eq!((inbox.as_str(), code.len()), ("email", 6));
        let auth = |code: &str| {
            let body = json!({"userId": "cust-42", "customerAccountId": 0, "otpCode": code, "fingerprint": "f1",
                "region": "EE", "more": true});
            team.tickets("POST", "/otp/auth", body)
        };
        let refused = auth(&crate::world::Team::wrong(&code)).await.refused(401, "code-refused");
        assert_eq!(refused["requires2fa"], true);
        let ticket = auth(&code).await.expect(200);
        assert_eq!((&ticket["requires2fa"], &ticket["userId"]), (&json!(false), &json!("cust-42")));
        assert!(team.stands(&ticket).await);

        // To nobody else's address, and by the login name as well.
        let before = world.sent().await.len();
        assert_eq!(request("stranger@example.com").await.expect(202), json!({}));
        assert_eq!(world.sent().await.len(), before, "nothing leaves");
        assert_eq!(request(PHONE).await.expect(202), json!({}));
        assert_eq!(team.newest_code().await.0, "sms");
        let body = json!({"userId": MAIL, "email": MAIL});
        team.tickets("POST", "/otp/request", body).await.expect(202);
        let code = team.newest_code().await.1;
        let by_name = json!({"userId": MAIL, "otpCode": code, "customerAccountId": ticket["customerAccountId"]});
        team.tickets("POST", "/otp/auth", by_name).await.expect(200);
    }
}

/// K-09, K-10, K-13, K-16: without the setting no code goes out and none is taken.
#[tokio::test]
async fn k13_codes_alone_are_for_teams_that_want_them() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL})).await.expect(202);
    assert!(world.sent().await.is_empty());
    team.tickets("POST", "/otp/auth", json!({"userId": "cust-42", "otpCode": "123456"}))
        .await
        .refused(401, "code-refused");
    let path = "/v1/teams/acme/settings";
    let both = json!({"two_factor": {"always": true, "on_region_change": true}});
    world.call(OWNER, "PATCH", path, both).await.refused(422, "invalid");
}

/// K-14: codes alone go by mail, so without an account for mail none goes out, and the caller hears the same.
#[tokio::test]
async fn k14_without_a_mail_account_no_code_leaves() {
    let world = World::new().await;
    let team = shop(&world, json!({"login_otp": true, "delivery": {"order": ["email"]}})).await;
    let ask =
        async || team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL})).await.expect(202);
    assert_eq!(ask().await, json!({}));
    assert_eq!(world.sent().await.len(), 1);
    world.call(&team.admin, "DELETE", "/v1/teams/acme/channels/email", serde_json::Value::Null).await.expect(204);
    assert_eq!(ask().await, json!({}));
    assert_eq!(world.sent().await.len(), 1, "nothing more leaves");
    let events = team.events().await;
    let failed = events.iter().rfind(|event| event["type"] == "challenge.delivery_failed").expect("it is told");
    assert_eq!((&failed["data"]["purpose"], &failed["data"]["reason"]), (&json!("login_otp"), &json!("no-address")));
}

/// K-07, K-08: three minutes and three tries; then another must be asked for.
#[tokio::test]
async fn k08_a_code_ends_after_three_minutes_and_three_wrong_tries() {
    let world = World::new().await;
    let team = shop(&world, json!({"login_otp": true, "lockout": {"threshold": 100}})).await;
    let ask = || team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL}));
    let answer = |code: String| {
        let body = json!({"userId": "cust-42", "otpCode": code});
        let team = team.clone();
        async move { team.tickets("POST", "/otp/auth", body).await.status }
    };
    ask().await.expect(202);
    let code = team.newest_code().await.1;
    world.pass(3 * MINUTE).await;
    assert_eq!(answer(code).await, 401, "three minutes are over");
    ask().await.expect(202);
    let code = team.newest_code().await.1;
    for _ in 0..3 {
        assert_eq!(answer(crate::world::Team::wrong(&code)).await, 401);
    }
    assert_eq!(answer(code).await, 401, "three tries are over");
    ask().await.expect(202);
    let (old, code) = (team.newest_code().await.1, {
        ask().await.expect(202);
        team.newest_code().await.1
    });
    assert!(old == code || answer(old).await == 401, "a newer one has taken its place");
    assert_eq!(answer(code).await, 200);
}

/// The access token is what a shop's own service verifies by the published keys (RFC 9068).
#[tokio::test]
async fn an_access_token_is_verified_by_the_published_keys() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    let ticket = team.enters(MAIL, PASSWORD, json!({})).await.expect(200);
    assert_eq!(ticket["requires2fa"], false);
    let jwks = world.call("", "GET", "/.well-known/jwks.json", Value::Null).await.expect(200);
    let key = DecodingKey::from_ed_components(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_audience(&["acme"]);
    rules.set_issuer(&[URL]);
    rules.validate_exp = false; // its clock is another
    let token = decode::<Value>(ticket["accessToken"].as_str().unwrap(), &key, &rules).unwrap();
    assert_eq!(token.header.typ.as_deref(), Some("at+jwt"));
    let claims = token.claims;
    assert_eq!((&claims["sub"], &claims["amr"]), (&json!("cust-42"), &json!(["pwd"])));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 15 * 60);
    assert!(ticket["accessTokenExpiration"].as_str().unwrap().starts_with("2026-01-01T00:15:00"));
}

/// A052: a wrong password, an unknown name, a guest, a disabled and a locked account are one answer, byte by
/// byte, and cost the same work.
#[tokio::test]
async fn a052_why_a_login_failed_is_not_told() {
    for world in worlds().await {
        let team = shop(&world, json!({"lockout": {"threshold": 2}})).await;
        team.customer("PUT", "guest", "", json!({"username": "guest"})).await.expect(201);
        let other = json!({"username": "other", "password": PASSWORD});
        team.customer("PUT", "off", "", other.clone()).await.expect(201);
        team.customer("POST", "off", "/disable", json!({})).await.expect(200);
        let mut told = Vec::new();
        for name in ["demo", "nobody", "guest"] {
            for _ in 0..3 {
                told.push(fails(&team.enters(name, "wrong 1234", json!({})).await));
            }
        }
        for (name, password) in [("other", PASSWORD), ("demo", PASSWORD), ("demo", ""), ("nobody", "\u{0}")] {
            let reply = team.enters(name, password, json!({})).await;
            if password.is_empty() {
                reply.refused(422, "invalid");
            } else {
                told.push(fails(&reply));
            }
        }
        told.dedup();
        assert_eq!(told.len(), 1);
    }
}

/// What is missing is said; what is not known is passed over.
#[tokio::test]
async fn a_storefront_is_told_what_is_missing() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    for (rest, body, pointer) in [
        ("", json!({"password": "x"}), "/username"),
        ("", json!({"username": "demo"}), "/password"),
        ("", json!({"username": "demo", "password": PASSWORD, "accountId": "x"}), "/accountId"),
        ("/otp/request", json!({"email": MAIL}), "/userId"),
        ("/2fa/auth", json!({"otpCode": "123456"}), "/userId"),
    ] {
        let told = team.tickets("POST", rest, body).await.refused(422, "invalid");
        assert_eq!(told["errors"][0]["pointer"], pointer, "{told}");
    }
    let foreign = json!({"username": "demo", "password": PASSWORD, "accountId": 7});
    fails(&team.tickets("POST", "", foreign).await);
    let more = json!({"username": "demo", "password": PASSWORD, "siteId": 1, "accountId": 0});
    team.tickets("POST", "", more).await.expect(200);
    world.call("", "POST", super::TICKETS, json!({})).await.refused(401, "unauthorized");
}

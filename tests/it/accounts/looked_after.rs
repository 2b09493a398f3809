//! What admins and agents do to accounts by the API, and what the store keeps of it. The consoles are
//! others' affair.

use serde_json::{Value, json};

use super::{MAIL, PASSWORD, fails, shop};
use crate::world::{World, worlds};

/// K-01, K-32, K-33: an account is disabled, and that one only; the same person registers another one with
/// another address.
#[tokio::test]
async fn k32_a_disabled_account_logs_nobody_in() {
    for world in worlds().await {
        let team = shop(&world, json!({"login_otp": true})).await;
        let account = team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
        assert_eq!((&account["id"], &account["login"]["disabled"]), (&json!("cust-42"), &json!(true)));
        fails(&team.enters("demo", PASSWORD, json!({})).await);
        fails(&team.enters(MAIL, PASSWORD, json!({})).await);
        team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL})).await.expect(202);
        assert!(world.sent().await.is_empty());
        let another = json!({"username": "demo2", "emails": ["other@example.com"], "password": PASSWORD});
        team.customer("PUT", "cust-43", "", another).await.expect(201);
        team.enters("other@example.com", PASSWORD, json!({})).await.expect(200);
        team.customer("POST", "cust-42", "/disable", json!({})).await.expect(200);
        team.customer("POST", "cust-42", "/enable", json!({})).await.expect(200);
        team.enters("demo", PASSWORD, json!({})).await.expect(200);
        let types = team.event_types().await;
        for kind in ["customer.disabled", "customer.enabled"] {
            assert_eq!(types.iter().filter(|one| *one == kind).count(), 1, "{kind}");
        }
    }
}

/// K-29, K-30: only who has a password is registered, and what one must be is said with its place.
#[tokio::test]
async fn k30_what_a_password_must_be_is_said() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    for (password, why) in [
        ("vex 7", "at least 6"),
        ("vexed lamp", "digit"),
        ("31415926535", "letter"),
        ("qwerty123", "common"),
        ("demo17", "own"),
        ("a\u{0}bcde7", "control"),
    ] {
        let body = json!({"username": "demo17", "password": password});
        let told = team.customer("PUT", "cust-50", "", body).await.refused(422, "invalid");
        assert_eq!(told["errors"][0]["pointer"], "/password");
        assert!(told["errors"][0]["detail"].as_str().unwrap().contains(why), "{password:?}: {told}");
        assert!(!told.to_string().contains(password), "it is not told back");
    }
    team.customer("GET", "cust-50", "", Value::Null).await.refused(404, "not-found");
    team.set(json!({"password": {"min_length": 12}})).await;
    let short = json!({"username": "demo17", "password": PASSWORD});
    team.customer("PUT", "cust-50", "", short.clone()).await.expect(201);
    team.set(json!({"password": {"min_length": 13}})).await;
    team.customer("PUT", "cust-51", "", json!({"password": PASSWORD})).await.refused(422, "invalid");
    // A record that is written anew without one keeps the password that it has.
    team.customer("PUT", "cust-42", "", json!({"username": "demo", "emails": [MAIL]})).await.expect(200);
    team.enters("demo", PASSWORD, json!({})).await.expect(200);
    let account = team.account().await;
    assert_eq!(account["status"], "registered");
    assert!(account["last_login_at"].is_string() && account["password_changed_at"].is_string(), "{account}");
}

/// A mail address is a login name where it is one customer's alone.
#[tokio::test]
async fn an_address_that_two_have_is_nobodys_login_name() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    team.enters("Demo@EXAMPLE.com", PASSWORD, json!({})).await.expect(200);
    team.enters(" DEMO ", PASSWORD, json!({})).await.expect(200);
    team.customer("PUT", "cust-43", "", json!({"emails": [MAIL], "password": "another lamp 8"})).await.expect(201);
    fails(&team.enters(MAIL, PASSWORD, json!({})).await);
    team.enters("demo", PASSWORD, json!({})).await.expect(200);
}

/// Who may do what: agents unlock and send links, admins do the rest, bots none of it.
#[tokio::test]
async fn roles_are_kept_apart() {
    let world = World::new().await;
    let team = shop(&world, json!({})).await;
    for (act, agent) in
        [("disable", false), ("enable", false), ("totp", false), ("unlock", true), ("password-reset", true)]
    {
        let path = format!("/v1/teams/acme/customers/cust-42/{act}");
        world.call(&team.bot, "POST", &path, json!({})).await.refused(403, "forbidden");
        let told = world.call(&team.agent, "POST", &path, json!({})).await;
        assert_eq!(told.status != 403, agent, "{act}: {}", told.text());
        let other = world.team(&format!("other-{act}")).await;
        world.call(&other.admin, "POST", &path, json!({})).await.refused(404, "not-found");
        let more = json!({"because": "x"});
        world.call(&team.admin, "POST", &path, more).await.refused(422, "invalid");
    }
}

/// A team that goes takes its accounts along: the next of that name begins anew.
#[tokio::test]
async fn a_team_that_goes_takes_its_accounts_along() {
    for world in worlds().await {
        let team = shop(&world, json!({})).await;
        let ticket = team.enters("demo", PASSWORD, json!({})).await.expect(200);
        world.call(crate::world::OWNER, "DELETE", "/v1/teams/acme", Value::Null).await.expect(204);
        let team = world.team("acme").await;
        team.customer("PUT", "cust-42", "", json!({"username": "demo"})).await.expect(201);
        assert_eq!(team.account().await["status"], "guest");
        fails(&team.enters("demo", PASSWORD, json!({})).await);
        assert!(!team.stands(&ticket).await);
    }
}

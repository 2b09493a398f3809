//! Who guesses at passwords and codes: how often, what follows, and for whom. What is right, others
//! try.

use std::time::Duration;

use serde_json::{Value, json};

use super::{MAIL, MINUTE, PASSWORD, fails, shop};
use crate::staff::Desk;
use crate::world::{Team, World, worlds};

async fn misses(team: &Team, times: usize, device: Value) {
    for n in 0..times {
        fails(&team.enters("demo", &format!("wrong {n} guess"), device.clone()).await);
    }
}

/// K-34, A055: too many wrong passwords lock the account for a time; a right one is not looked at meanwhile,
/// and an agent unlocks it.
#[tokio::test]
async fn k34_too_many_wrong_passwords_lock_and_an_agent_unlocks() {
    for world in worlds().await {
        let team = shop(&world, json!({"lockout": {"threshold": 3}})).await;
        misses(&team, 2, json!({})).await;
        let account = team.account().await;
        assert_eq!((&account["failed_attempts"], &account["remaining_attempts"]), (&json!(2), &json!(1)));
        team.enters("demo", PASSWORD, json!({})).await.expect(200);
        assert_eq!(team.account().await["failed_attempts"], 0, "a right one clears them");
        misses(&team, 3, json!({})).await;
        let account = team.account().await;
        assert_eq!((&account["locked"], &account["banned"]), (&json!(true), &json!(false)));
        assert!(account["locked_until"].as_str().unwrap().starts_with("2026-01-01T00:15:00"), "{account}");
        fails(&team.enters("demo", PASSWORD, json!({})).await);
        let path = "/v1/teams/acme/customers/cust-42/unlock";
        let unlocked = world.call(&team.agent, "POST", path, json!({})).await.expect(200);
        assert_eq!(unlocked["login"]["locked"], false);
        team.enters("demo", PASSWORD, json!({})).await.expect(200);
        let types = team.event_types().await;
        for kind in ["customer.locked", "customer.unlocked"] {
            assert_eq!(types.iter().filter(|one| *one == kind).count(), 1, "{kind}: {types:?}");
        }
    }
}

/// §3.8, A031: a stranger who goes on guessing locks strangers out, for a time each; the customer comes in
/// from her own device all the while, and a lock is not lengthened by guessing on.
#[tokio::test]
async fn a031_a_stranger_does_not_lock_the_customer_out_for_good() {
    let world = World::new().await;
    let settings = json!({"lockout": {"threshold": 3}, "two_factor": {"on_fingerprint_change": true}});
    let team = shop(&world, settings).await;
    let (hers, strange) = (json!({"fingerprint": "hers"}), json!({"fingerprint": "strange"}));
    team.enters("demo", PASSWORD, hers.clone()).await.expect(200);
    team.tickets("POST", "/2fa/request", json!({"userId": "cust-42"})).await.expect(202);
    let code = team.newest_code().await.1;
    team.tickets("POST", "/2fa/auth", json!({"userId": "cust-42", "otpCode": code})).await.expect(200);
    for _ in 0..4 {
        misses(&team, 10, strange.clone()).await;
        assert_eq!(team.account().await["locked"], true);
        let ticket = team.enters("demo", PASSWORD, hers.clone()).await.expect(200);
        assert_eq!(ticket["requires2fa"], false);
        world.clock.advance(15 * MINUTE);
        assert_eq!(team.account().await["locked"], false, "guessing on has not lengthened it");
    }
    misses(&team, 3, hers.clone()).await;
    fails(&team.enters("demo", PASSWORD, hers).await);
}

/// Above every lock stands the customer's failure limit: a hundred wrong ones in a row, from wherever they come,
/// and nothing is taken until an admin says otherwise.
#[tokio::test]
async fn a_hundred_wrong_passwords_in_a_row_ban_until_an_admin_unlocks() {
    let world = World::new().await;
    let team = shop(&world, json!({"lockout": {"threshold": 100, "duration_minutes": 1}})).await;
    misses(&team, 100, json!({})).await;
    assert_eq!(team.account().await["banned"], true);
    world.clock.advance(24 * 60 * MINUTE);
    fails(&team.enters("demo", PASSWORD, json!({})).await);
    let path = "/v1/teams/acme/customers/cust-42/unlock";
    world.call(&team.agent, "POST", path, json!({})).await.refused(403, "forbidden");
    world.call(&team.admin, "POST", path, json!({})).await.expect(200);
    team.enters("demo", PASSWORD, json!({})).await.expect(200);
}

/// A password is half of it where a code is wanted besides: a right one does not clear the failure limit, and the
/// wrong code that is the hundredth wrong answer bans, and is told.
#[tokio::test]
async fn a_right_password_clears_no_failure_limit_before_the_second_step() {
    let world = World::new().await;
    let settings = json!({"login_otp": true, "two_factor": {"always": true}, "lockout": {"threshold": 100}});
    let team = shop(&world, settings).await;
    misses(&team, 1, json!({})).await;
    for round in 0..33 {
        team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL})).await.expect(202);
        let code = team.newest_code().await.1;
        for _ in 0..if round < 32 { 3 } else { 2 } {
            let wrong = json!({"userId": "cust-42", "otpCode": Team::wrong(&code)});
            team.tickets("POST", "/otp/auth", wrong).await.refused(401, "code-refused");
        }
    }
    assert_eq!(team.enters("demo", PASSWORD, json!({})).await.expect(200)["requires2fa"], true);
    assert_eq!(team.account().await["banned"], false, "ninety-nine");
    team.tickets("POST", "/2fa/request", json!({"userId": "cust-42"})).await.expect(202);
    let code = team.newest_code().await.1;
    let answer = |code: &str| team.tickets("POST", "/2fa/auth", json!({"userId": "cust-42", "otpCode": code}));
    answer(&Team::wrong(&code)).await.refused(401, "code-refused");
    assert_eq!(team.account().await["banned"], true, "the hundredth");
    assert!(team.event_types().await.contains(&"customer.locked".to_owned()));
    answer(&code).await.refused(401, "code-refused");
}

/// A052: names that are nobody's lock like others, and ban nobody.
#[tokio::test]
async fn a052_a_name_that_is_nobodys_costs_the_same() {
    let world = World::new().await;
    let team = shop(&world, json!({"lockout": {"threshold": 3}})).await;
    for n in 0..40 {
        for _ in 0..3 {
            fails(&team.enters(&format!("nobody-{n}@example.com"), "wrong 1234", json!({})).await);
        }
    }
    team.enters("demo", PASSWORD, json!({})).await.expect(200);
    let told = team.tickets("POST", "/2fa/auth", json!({"userId": "nobody", "otpCode": "123456"})).await;
    assert_eq!(told.refused(401, "code-refused")["requires2fa"], true);
}

/// Parallel guesses get no more tries than others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_guesses_get_no_more_tries() {
    let world = World::new().await;
    let team = shop(&world, json!({"lockout": {"threshold": 5}})).await;
    let guesses = (0..20).map(|n| {
        let team = team.clone();
        tokio::spawn(async move { team.enters("demo", &format!("wrong {n} guess"), json!({})).await.status })
    });
    for guess in futures_util::future::join_all(guesses).await {
        // A machine that is too busy to compare says so, and has compared nothing.
        assert!(matches!(guess.unwrap(), 401 | 503));
    }
    let account = team.account().await;
    let failed = account["failed_attempts"].as_u64().unwrap();
    assert!(account["locked"] == true || failed <= 5, "{account}");
    // However they fell, what is judged next locks at the latest when five were wrong.
    misses(&team, 5, json!({})).await;
    assert_eq!(team.account().await["locked"], true);
}

/// Wrong codes count apart from wrong passwords, kill the code, and lock; who is locked is sent none.
#[tokio::test]
async fn wrong_codes_lock_codes_and_not_passwords() {
    let world = World::new().await;
    let team = shop(&world, json!({"login_otp": true, "lockout": {"threshold": 3}})).await;
    let ask = || team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL}));
    ask().await.expect(202);
    let code = team.newest_code().await.1;
    for _ in 0..3 {
        let wrong = json!({"userId": "cust-42", "otpCode": Team::wrong(&code)});
        team.tickets("POST", "/otp/auth", wrong).await.refused(401, "code-refused");
    }
    let sent = world.sent().await.len();
    ask().await.expect(202);
    assert_eq!(world.sent().await.len(), sent, "a locked person is sent no code");
    team.enters("demo", PASSWORD, json!({})).await.expect(200);
    world.clock.advance(15 * MINUTE);
    ask().await.expect(202);
    let code = team.newest_code().await.1;
    for odd in ["", "12345", "1234567", "abcdef", "12 34"] {
        let typed = json!({"userId": "cust-42", "otpCode": odd});
        team.tickets("POST", "/otp/auth", typed).await.refused(401, "code-refused");
    }
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    team.tickets("POST", "/otp/auth", json!({"userId": "cust-42", "otpCode": spaced})).await.expect(200);
}

/// §3.8: an account that is locked by codes, or on a device of the customer's own, is listed for as long as that
/// lasts, however often somebody looks, and what an agent lifts is told.
#[tokio::test]
async fn an_account_is_listed_whatever_of_it_is_locked() {
    let world = World::new().await;
    let team = shop(&world, json!({"login_otp": true, "lockout": {"threshold": 3}})).await;
    let mut admin = team.staff("desk", "admin").await;
    admin.comes_in("acme", "desk").await;
    let lists = async |desk: &mut Desk| {
        world.gateway.maintain().await.expect("it is told");
        desk.get("/admin/teams/acme/lockouts").await.text().contains("data-account=\"cust-42\"")
    };
    let code = async |device: &Value| {
        let mut body = json!({"userId": "cust-42", "email": MAIL});
        body.as_object_mut().unwrap().extend(device.as_object().cloned().unwrap());
        team.tickets("POST", "/otp/request", body).await.expect(202);
        team.newest_code().await.1
    };
    let answers = async |code: &str, device: &Value| {
        let mut body = json!({"userId": "cust-42", "otpCode": code});
        body.as_object_mut().unwrap().extend(device.as_object().cloned().unwrap());
        team.tickets("POST", "/otp/auth", body).await
    };
    let (anywhere, hers) = (json!({}), json!({"fingerprint": "hers"}));
    let right = code(&hers).await;
    answers(&right, &hers).await.expect(200);
    for (codes, device) in [(true, &anywhere), (true, &hers), (false, &hers)] {
        assert!(!lists(&mut admin).await);
        match codes {
            true => {
                let wrong = Team::wrong(&code(device).await);
                for _ in 0..3 {
                    answers(&wrong, device).await.refused(401, "code-refused");
                }
            }
            false => misses(&team, 3, device.clone()).await,
        }
        assert!(lists(&mut admin).await && lists(&mut admin).await, "{codes} {device}");
        let account = team.account().await;
        assert_eq!((&account["locked"], &account["remaining_attempts"]), (&json!(true), &json!(3)), "of strangers");
        let before = team.event_types().await.iter().filter(|kind| *kind == "customer.unlocked").count();
        let path = "/v1/teams/acme/customers/cust-42/unlock";
        let unlocked = world.call(&team.agent, "POST", path, json!({"reason": "rang us"})).await.expect(200);
        assert_eq!(unlocked["login"]["locked"], false);
        let after = team.event_types().await.iter().filter(|kind| *kind == "customer.unlocked").count();
        assert_eq!(after, before + 1);
    }
    assert!(!lists(&mut admin).await);
    misses(&team, 3, anywhere.clone()).await;
    assert!(lists(&mut admin).await);
    world.clock.advance(15 * MINUTE);
    assert!(!lists(&mut admin).await);
}

/// A ban stays listed when another password is chosen: it is none of the password's.
#[tokio::test]
async fn a_banned_account_is_listed_until_the_ban_is_lifted() {
    let world = World::new().await;
    let team = shop(&world, json!({"lockout": {"threshold": 100, "duration_minutes": 1}})).await;
    let mut admin = team.staff("desk", "admin").await;
    admin.comes_in("acme", "desk").await;
    misses(&team, 100, json!({})).await;
    let body = json!({"username": "demo", "emails": [MAIL], "password": "another lamp 8"});
    team.customer("PUT", "cust-42", "", body).await.expect(200);
    world.gateway.maintain().await.expect("it is told");
    let page = admin.get("/admin/teams/acme/lockouts").await.text();
    assert!(page.contains("data-account=\"cust-42\"") && page.contains("Lift the ban"), "{page}");
}

/// A code may be asked for again only after a while; until then the one that is out stays good.
#[tokio::test]
async fn a_code_is_not_sent_again_at_once() {
    let world = World::new().await;
    let team = shop(&world, json!({"login_otp": true, "send_budget": {"resend_after_seconds": 30}})).await;
    let ask = || team.tickets("POST", "/otp/request", json!({"userId": "cust-42", "email": MAIL}));
    ask().await.expect(202);
    let code = team.newest_code().await.1;
    for _ in 0..5 {
        ask().await.expect(202);
    }
    assert_eq!(world.sent().await.len(), 1);
    team.tickets("POST", "/otp/auth", json!({"userId": "cust-42", "otpCode": code})).await.expect(200);
    world.clock.advance(Duration::from_secs(30));
    ask().await.expect(202);
    assert_eq!(world.sent().await.len(), 2);
}

/// A103, A135: a thousand wrong logins cost a thousand answers and no more than the lock allows to be
/// compared; other callers are answered meanwhile.
#[tokio::test]
async fn a103_a_thousand_wrong_logins_compare_few_passwords() {
    let world = World::new().await;
    let team = shop(&world, json!({"lockout": {"threshold": 5, "duration_minutes": 60}})).await;
    misses(&team, 5, json!({})).await;
    for _ in 0..20 {
        fails(&team.enters("demo", PASSWORD, json!({})).await);
    }
    assert_eq!(team.account().await["locked"], true);
    assert_eq!(team.event_types().await.iter().filter(|kind| *kind == "customer.locked").count(), 1);
}

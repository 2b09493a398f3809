//! Guesses, and everything that might give somebody more of them at one address.
//! What holds over all addresses of a customer is told in `failure_limit`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Team, World};

const MINUTE: Duration = Duration::from_secs(60);

async fn team() -> Team {
    World::new().await.team("acme").await
}

/// A023: what was counted is in the store, and a restart forgets none of it.
#[tokio::test]
async fn a023_a_restart_between_guesses_gives_no_more_of_them() {
    let mut team = team().await;
    let chat = team.open("sms", "+37255512345").await;
    for n in 1..=5 {
        let outcome = team.guesses(&chat, 1).await;
        assert_eq!(outcome, if n < 5 { "wrong" } else { "locked" });
        team.world = team.world.restarted(false).await;
    }
}

/// A024: no setting of the limits lets 500 guesses through, on either way in.
#[tokio::test]
async fn a024_no_combination_of_limits_lets_many_guesses_through() {
    for (n, (tries, threshold, max_lockouts)) in
        [(1, 1, 0), (100, 5, 0), (3, 100, 1), (100, 100, 3)].into_iter().enumerate()
    {
        let team = team().await;
        team.set(json!({"otp": {"max_tries": tries, "expires_minutes": "never"},
            "lockout": {"threshold": threshold, "max_lockouts": max_lockouts}}))
            .await;
        for way in ["chat", "api"] {
            let chat = team.open("sms", &format!("{way}-{n}")).await;
            let live = team.otp(&chat).await;
            let code = team.code(&chat, 0).await;
            let mut judged = 0;
            for guess in 0..120u32 {
                let text = format!("{:06}", (code.parse::<u32>().unwrap() + 1 + guess) % 1_000_000);
                let outcome = match way {
                    "chat" => team.hears(&chat, &text).await["outcome"].as_str().unwrap_or("nobody asked").to_owned(),
                    _ => team.outcome(&live, &text).await,
                };
                judged += usize::from(["wrong", "passed"].contains(&outcome.as_str()));
            }
            assert!(judged <= tries.min(threshold), "{judged} of {tries} and {threshold} by {way}");
            assert_ne!(team.outcome(&live, &code).await, "passed", "{way}: too late");
            assert_eq!(team.flag(&chat).await["authenticated"], false);
        }
    }
}

/// A026: sending again does not give guesses back, and a new challenge does not either.
#[tokio::test]
async fn a026_another_code_resets_no_count() {
    let team = team().await;
    team.set(json!({"send_budget": {"resend_after_seconds": 0}, "lockout": {"threshold": 3}})).await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    for expected in ["wrong", "wrong", "locked"] {
        let wrong = Team::wrong(&team.code(&chat, 0).await);
        assert_eq!(team.outcome(&live, &wrong).await, expected);
        if expected == "wrong" {
            team.attends(&team.bot, "POST", &live, "/resend", json!({})).await.expect(202);
        }
    }
    let other = team.open("sms", "+37255500000").await;
    assert_eq!(team.guesses(&other, 1).await, "wrong");
    team.otp(&other).await;
    assert_eq!(team.guesses(&other, 2).await, "locked");
}

/// A027: a right PIN clears no wrong codes, and no success clears lockouts.
#[tokio::test]
async fn a027_success_by_another_method_clears_nothing() {
    let team = team().await;
    team.set(json!({"lockout": {"threshold": 4}})).await;
    let chat = team.open("sms", "+37255512345").await;
    team.guesses(&chat, 3).await;
    team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "4711"})).await.expect(202);
    assert_eq!(team.hears(&chat, "4711").await["outcome"], "passed");
    assert_eq!(team.lockout(&chat).await["by_method"]["otp"]["failures"], 3);
    assert_eq!(team.guesses(&chat, 1).await, "locked");
    team.world.pass(15 * MINUTE).await;
    let live = team.otp(&chat).await;
    assert_eq!(team.outcome(&live, &team.code(&chat, 0).await).await, "passed");
    let otp = &team.lockout(&chat).await["by_method"]["otp"];
    assert_eq!((&otp["failures"], &otp["lockouts"]), (&json!(0), &json!(1)));
}

/// A028: another spelling of a cosigner's mail address is no other person's budget.
#[tokio::test]
async fn a028_another_spelling_is_no_other_budget() {
    let team = team().await;
    team.set(json!({"lockout": {"threshold": 3}})).await;
    team.shows_codes().await;
    let chat = team.open("sms", "+37255512345").await;
    for (n, email) in ["Co@Example.com", "co@example.COM", "ｃｏ@example.com"].into_iter().enumerate() {
        let body = json!({"role": "cosigner", "email": email});
        team.bot("POST", &chat, "/participants", body).await.expect(201);
        let who = format!("p{}", n + 2);
        let body = json!({"method": "otp", "deliver_to": "agent", "participant": who});
        let live = team.asks(&team.bot, &chat, body).await.expect(202);
        let wrong = Team::wrong(&team.code(&chat, n + 1).await);
        assert_eq!(team.outcome(&live, &wrong).await, if n < 2 { "wrong" } else { "locked" });
    }
}

/// A029: a lock that falls while a challenge is live ends it, for everybody who shares the budget;
/// A055: while it lasts the right answer is told the same as a wrong one, and is not compared.
#[tokio::test]
async fn a029_a055_a_lock_ends_what_it_guards_and_compares_nothing() {
    let team = team().await;
    team.set(json!({"lockout": {"threshold": 1}})).await;
    team.shows_codes().await;
    let chat = team.open("sms", "+37255512345").await;
    let mut lives = Vec::new();
    for n in 2..4 {
        team.bot("POST", &chat, "/participants", json!({"role": "cosigner", "phone": "+37255500001"}))
            .await
            .expect(201);
        let body = json!({"method": "otp", "deliver_to": "agent", "participant": format!("p{n}")});
        lives.push(team.asks(&team.bot, &chat, body).await.expect(202));
    }
    let right = team.code(&chat, 2).await;
    assert_eq!(team.outcome(&lives[0], &Team::wrong(&team.code(&chat, 1).await)).await, "locked");
    let (right, wrong) = (team.answers(&lives[1], &right).await, team.answers(&lives[1], "000000").await);
    assert_eq!((right.expect(200)["outcome"].as_str(), right.bytes), (Some("locked"), wrong.bytes));
    let seen = team.attends(&team.bot, "GET", &lives[1], "", Value::Null).await.expect(200);
    assert_eq!(seen["status"], "locked");
}

/// A030, §3.8: who guesses elsewhere locks an address of his own; the customer's is untouched.
#[tokio::test]
async fn a030_a_guesser_does_not_lock_the_customer() {
    let team = team().await;
    let person = json!({"phone": "+37255512345"});
    let (his, hers) = (team.open_for("stranger", person.clone()).await, team.open_for("+37255512345", person).await);
    assert_eq!(team.guesses(&his, 5).await, "locked");
    let live = team.otp(&hers).await;
    assert_eq!(team.outcome(&live, &team.code(&hers, 0).await).await, "passed");
}

/// A031: guesses during a lock neither count nor prolong it.
#[tokio::test]
async fn a031_a_lock_ends_when_it_was_to_end() {
    let team = team().await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    assert_eq!(team.guesses(&chat, 5).await, "locked");
    let until = team.lockout(&chat).await["until"].clone();
    for _ in 0..14 {
        team.world.pass(MINUTE).await;
        assert_eq!(team.outcome(&live, "123456").await, "locked");
        assert_eq!(team.lockout(&chat).await["until"], until);
    }
    team.world.pass(MINUTE).await;
    assert_eq!(team.lockout(&chat).await["by_method"]["otp"]["failures"], 0);
    team.otp(&chat).await;
}

/// A032, L-19, L-20, L-22: exactly so many wrong answers, exactly so many locks, for a code and for a PIN.
#[tokio::test]
async fn a032_the_threshold_and_the_ban_are_met_exactly() {
    for (threshold, max_lockouts) in [(1, 1), (2, 3), (3, 2), (7, 1)] {
        let team = team().await;
        team.set(json!({"lockout": {"threshold": threshold, "max_lockouts": max_lockouts}})).await;
        let chat = team.open("sms", "+37255512345").await;
        for lock in 1..=max_lockouts {
            if threshold > 1 {
                assert_eq!(team.guesses(&chat, threshold - 1).await, "wrong");
            }
            let last = if lock == max_lockouts { "banned" } else { "locked" };
            assert_eq!(team.guesses(&chat, 1).await, last, "{threshold} and {max_lockouts}");
            team.world.pass(15 * MINUTE).await;
        }
        let pin = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "0000"})).await.expect(202);
        assert_eq!(pin["tries_left"], threshold);
        for left in (0..threshold).rev() {
            let told = team.answers(&pin, "1111").await.expect(200);
            let last = if max_lockouts == 1 { "banned" } else { "locked" };
            assert_eq!(
                (&told["outcome"], &told["tries_left"]),
                (&json!(if left > 0 { "wrong" } else { last }), &json!(left))
            );
        }
    }
}

/// A034: settings that change frees nobody, prolong nothing, and leave what runs as it was put.
#[tokio::test]
async fn a034_settings_that_change_touch_nothing_that_runs() {
    let team = team().await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    team.set(json!({"otp": {"length": 8, "max_tries": 1, "expires_minutes": 60}})).await;
    let seen = team.attends(&team.bot, "GET", &live, "", Value::Null).await.expect(200);
    assert_eq!(seen, live);
    let code = team.code(&chat, 0).await;
    assert_eq!(code.len(), 6);
    assert_eq!(team.answers(&live, &Team::wrong(&code)).await.expect(200)["tries_left"], 2);
    assert_eq!(team.outcome(&live, "12345678").await, "not_a_code");
    team.set(json!({"otp": {"length": 6, "max_tries": 3}, "lockout": {"threshold": 3}})).await;
    assert_eq!(team.guesses(&chat, 2).await, "locked");
    let before = team.lockout(&chat).await;
    for lockout in [json!({"threshold": 100, "duration_minutes": 1}), json!({"threshold": 1, "duration_minutes": 1000})]
    {
        team.set(json!({"lockout": lockout})).await;
        assert_eq!(team.lockout(&chat).await, before);
    }
}

/// A035, A036: a code counts once, and only where it was put.
#[tokio::test]
async fn a035_a036_a_code_counts_once_and_only_in_its_own_conversation() {
    let team = team().await;
    let person = json!({"phone": "+37255512345"});
    let (a, b) = (team.open_for("a", person.clone()).await, team.open_for("b", person).await);
    let (of_a, of_b) = (team.otp(&a).await, team.otp(&b).await);
    let (code_a, code_b) = (team.code(&a, 0).await, team.code(&b, 0).await);
    assert_ne!(code_a, code_b);
    assert_eq!(
        (team.outcome(&of_a, &code_b).await, team.outcome(&of_b, &code_a).await),
        ("wrong".into(), "wrong".into())
    );
    assert_eq!(team.lockout(&a).await["failures"], 1);
    assert_eq!(team.hears(&a, &code_a).await["outcome"], "passed");
    assert_eq!(team.outcome(&of_a, &code_a).await, "already_used");
    assert_eq!(team.hears(&a, &code_a).await["consumed"], false);
}

/// A040: a code lives as long as it was said to. The catalogue wants no code that never ends; the
/// contract has the word, with a warning.
#[tokio::test]
async fn a040_a_code_ends_at_its_moment() {
    let team = team().await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    team.world.clock.advance(3 * MINUTE - Duration::from_millis(1));
    assert_eq!(team.bot("GET", &chat, "", Value::Null).await.expect(200)["challenge"]["status"], "pending");
    team.world.clock.advance(Duration::from_millis(1));
    assert_eq!(team.bot("GET", &chat, "", Value::Null).await.expect(200)["challenge"], Value::Null);
    assert_eq!(team.outcome(&live, &code).await, "expired");
    let path = format!("/v1/teams/{}/settings", team.name);
    let patch = json!({"otp": {"expires_minutes": "never", "length": 4}});
    let told = team.world.call(&team.admin, "PATCH", &path, patch).await.expect(200);
    let warned: Vec<&Value> = told["warnings"].as_array().unwrap().iter().map(|w| &w["path"]).collect();
    assert_eq!(warned, [&json!("otp.expires_minutes"), &json!("otp.length")]);
    let live = team.otp(&chat).await;
    assert_eq!(live["expires_at"], Value::Null);
}

//! Failed answers and what follows, over several logins: threshold, growth, ban, and who lifts
//! it. How budgets count is the domain's own test.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Browser, Team, World, unique};

const MINUTE: Duration = Duration::from_secs(60);

/// Answers wrongly so often, with as many logins as that takes; the last outcome.
async fn fails(team: &Team, chat: &str, times: usize) -> Value {
    let mut last = Value::Null;
    let mut left = 0;
    let mut code = String::new();
    for _ in 0..times {
        if left == 0 {
            let told = team.log_in(chat, "cust-1").await;
            code = Browser::of(&team.world, &told).code(told["continue_url"].as_str().unwrap()).await;
            left = 3;
        }
        let wrong = if code == "BB22BB" { "BB22BC" } else { "BB22BB" };
        last = team.says(chat, &format!("wrong-{}", unique()), wrong).await.expect(200);
        left -= 1;
    }
    last
}

async fn lockout(team: &Team, chat: &str) -> Value {
    team.bot("GET", chat, "", Value::Null).await.expect(200)["participants"][0]["lockout"].clone()
}

#[tokio::test]
async fn the_threshold_locks_the_lock_grows_and_the_last_one_bans() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 5, "duration_minutes": 10, "growth": 2, "max_lockouts": 3}})).await;
    let chat = team.open("sms", "+37255512345").await;
    assert_eq!(fails(&team, &chat, 4).await["outcome"], "wrong");
    assert_eq!(lockout(&team, &chat).await["by_method"]["login"]["failures"], 4);
    for minutes in [10, 20] {
        let missing = 5 - lockout(&team, &chat).await["failures"].as_u64().unwrap();
        assert_eq!(fails(&team, &chat, missing as usize).await["outcome"], "locked");
        let seen = lockout(&team, &chat).await;
        assert_eq!((&seen["status"], &seen["failures"]), (&json!("locked"), &json!(0)));
        let refused = team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await;
        let problem = refused.refused(423, "locked");
        assert_eq!(problem["retry_after_seconds"], minutes * 60);
        assert_eq!(refused.header("retry-after"), (minutes * 60).to_string());
        // Talking goes on, and prolongs nothing.
        assert_eq!(team.says(&chat, &format!("talk-{minutes}"), "hello").await.expect(200)["consumed"], false);
        world.pass(minutes as u32 * MINUTE - Duration::from_millis(1)).await;
        team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(423, "locked");
        world.pass(Duration::from_millis(1)).await;
        assert_eq!(lockout(&team, &chat).await["status"], "clear");
    }
    assert_eq!(fails(&team, &chat, 5).await["outcome"], "banned");
    assert_eq!(lockout(&team, &chat).await["status"], "banned");
    world.pass(20 * MINUTE).await;
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(403, "banned");
    let unlock = format!("/v1/interactions/{chat}/participants/p1/unlock");
    let reason = || json!({"reason": "the person called"});
    world.call(&team.bot, "POST", &unlock, reason()).await.refused(403, "forbidden");
    world.call(&team.agent, "POST", &unlock, reason()).await.refused(403, "forbidden");
    assert_eq!(lockout(&team, &chat).await["status"], "banned");
    let lifted = world.call(&team.admin, "POST", &unlock, reason()).await.expect(200);
    assert_eq!(lifted["participants"][0]["lockout"]["status"], "clear");
    assert_eq!(lifted["participants"][0]["lockout"]["lockouts"], 0);
    team.authenticate(&chat, "cust-1").await;
    let types = team.event_types().await;
    for kind in ["participant.locked", "participant.banned", "participant.unbanned"] {
        assert!(types.iter().any(|t| t == kind), "{kind} is missing in {types:?}");
    }
}

#[tokio::test]
async fn an_agent_lifts_a_lock_and_another_conversation_does_not() {
    let world = World::new().await;
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 2}})).await;
    let chat = team.open("sms", "+37255512345").await;
    assert_eq!(fails(&team, &chat, 2).await["outcome"], "locked");
    // A new interaction of the same address inherits the lock; another address does not.
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    let again = team.open("sms", "+37255512345").await;
    team.bot("POST", &again, "/login-links", json!({"purpose": "mid_chat"})).await.refused(423, "locked");
    let other = team.open("sms", "+37255599999").await;
    team.link(&other).await;
    // Neither reassigning nor another method's unlock takes the lock away.
    team.bot("PATCH", &again, "/participants/p1", json!({"name": "Other"})).await.expect(200);
    let unlock = format!("/v1/interactions/{again}/participants/p1/unlock");
    world.call(&team.agent, "POST", &unlock, json!({"reason": "x", "method": "otp"})).await.expect(200);
    assert_eq!(lockout(&team, &again).await["status"], "locked");
    world.call(&team.agent, "POST", &unlock, json!({"reason": "x", "method": "login"})).await.expect(200);
    assert_eq!(
        lockout(&team, &again).await,
        json!({"status": "clear", "until": null, "failures": 0, "lockouts": 1,
        "by_method": {"login": {"status": "clear", "until": null, "failures": 0, "lockouts": 1}}})
    );
    team.authenticate(&again, "cust-1").await;
}

/// A right answer clears the failures and keeps the lockouts.
#[tokio::test]
async fn success_clears_failures() {
    let world = World::new().await;
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    fails(&team, &chat, 4).await;
    team.authenticate(&chat, "cust-1").await;
    assert_eq!(lockout(&team, &chat).await["failures"], 0);
    assert_eq!(fails(&team, &chat, 4).await["outcome"], "wrong");
}

//! Agents who would see what they should not, or answer what they have seen.
//! What another team's callers find is told for every operation in `tenancy`.

use serde_json::{Value, json};

use crate::world::{Team, World};

async fn shown() -> (Team, String, Value) {
    let team = World::new().await.team("acme").await;
    team.set(json!({"otp": {"show_to_agents": true}})).await;
    let chat = team.open("sms", "+37255512345").await;
    let live = team.otp(&chat).await;
    (team, chat, live)
}

/// A044: not another team's, not a bot, not before arrival, not after the end; each look is one
/// entry of the trail, without the code.
#[tokio::test]
async fn a044_a_code_is_shown_to_nobody_who_may_not_see_it() {
    let (team, chat, live) = shown().await;
    let other = team.world.team("beta").await;
    let look = async |key: &str| team.attends(key, "GET", &live, "/code", Value::Null).await;
    look(&other.agent).await.refused(404, "not-found");
    look(&other.admin).await.refused(404, "not-found");
    look(&team.agent).await.refused(409, "not-arrived");
    team.arrives(&live).await;
    look(&team.bot).await.refused(403, "forbidden");
    let code = look(&team.agent).await.expect(200)["code"].as_str().unwrap().to_owned();
    look(&team.agent).await.expect(200);
    team.world.gateway.maintain().await.unwrap();
    let trail = team.world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await;
    let looks =
        trail.expect(200)["items"].as_array().unwrap().iter().filter(|e| e["action"] == "challenge.revealed").count();
    assert_eq!(looks, 2);
    assert!(!trail.text().contains(&code));
    team.set(json!({"otp": {"show_to_agents": false}})).await;
    look(&team.agent).await.refused(403, "not-shown");
    team.set(json!({"otp": {"show_to_agents": true}})).await;
    assert_eq!(team.hears(&chat, &code).await["outcome"], "passed");
    look(&team.agent).await.refused(410, "code-gone");
}

/// A045: who had the code shown may not bring it, neither as an answer nor as a message; somebody
/// else's right answer raises a flag that says an agent knew.
#[tokio::test]
async fn a045_who_saw_the_code_does_not_answer_with_it() {
    let (team, chat, live) = shown().await;
    team.arrives(&live).await;
    let code = team.attends(&team.agent, "GET", &live, "/code", Value::Null).await.expect(200)["code"].clone();
    let body = json!({"answer": code});
    team.attends(&team.agent, "POST", &live, "/answers", body.clone()).await.refused(403, "actor-conflict");
    let message = json!({"message_id": "m", "text": code});
    let path = format!("/v1/interactions/{chat}/messages");
    team.world.call(&team.agent, "POST", &path, message).await.refused(403, "actor-conflict");
    let talk = json!({"message_id": "n", "text": "hello"});
    team.world.call(&team.agent, "POST", &path, talk).await.expect(200);
    assert_eq!(team.lockout(&chat).await["failures"], 0, "nothing was compared");
    assert_eq!(team.attends(&team.bot, "POST", &live, "/answers", body).await.expect(200)["outcome"], "passed");
    let flag = team.flag(&chat).await;
    assert_eq!((&flag["authenticated"], &flag["assisted"]), (&json!(true), &json!(true)));
}

/// A045: an agent who set a PIN knows it. What that agent answers raises a flag that says so.
#[tokio::test]
async fn a045_a_pin_that_its_own_agent_answers_is_assisted() {
    let (team, chat, _) = shown().await;
    let pin = team.asks(&team.agent, &chat, json!({"method": "pin", "pin": "4711"})).await.expect(202);
    let told = team.attends(&team.agent, "POST", &pin, "/answers", json!({"answer": "4711"})).await.expect(200);
    assert_eq!((&told["outcome"], &told["authentication"]["assisted"]), (&json!("passed"), &json!(true)));
}

//! Answers that come when nobody waits for them any more: what was asked for is the customer's secret also then.
//! Codes that come too late stand with the bot's and the attacks' tests; here are texts of several lines.

use std::time::Duration;

use serde_json::{Value, json};

use super::platforms;
use super::receiver::Receiver;
use crate::world::{Team, World};

const MINUTE: Duration = Duration::from_secs(60);

/// As many lines as there are questions.
const ANSWERS: &str = "Mr. Paws\nHill School\nOak Street";

/// A team that asks three questions.
async fn asking(world: &World) -> Team {
    let team = super::team(world).await;
    let ask = json!(["first_pet", "first_school", "first_street"]);
    team.set(json!({"kba": {"enabled": true, "ask": ask, "expires_minutes": 2}})).await;
    team
}

/// A116: answers to questions are kept from the bot when their time is over, and when their conversation is:
/// ten minutes later, several lines are several lines again.
#[tokio::test]
async fn a116_answers_to_questions_that_are_over_are_nobodys_to_read() {
    let world = World::new().await;
    let team = asking(&world).await;
    let (line, bot) = (platforms::whatsapp(), Receiver::start().await);
    team.plug(&line, json!({"forward_url": bot.url})).await.expect(201);
    let chat = team.open(line.name, line.conversation).await;
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.expect(202);
    let world = &team.world; // with the platforms' driver
    world.pass(3 * MINUTE).await;
    assert_eq!(team.hears_on(&line, 1, ANSWERS).await.status, 200);
    assert_eq!(team.hears_on(&line, 2, "hello").await.status, 200);
    team.asks(&team.bot, &chat, json!({"method": "kba"})).await.expect(202);
    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
    assert_eq!(team.hears_on(&line, 3, ANSWERS).await.status, 200);
    world.gateway.maintain().await.expect("the store is there");
    world.pass(11 * MINUTE).await;
    assert_eq!(team.hears_on(&line, 4, "one\ntwo").await.status, 200);
    world.gateway.maintain().await.expect("the store is there");
    let told: Vec<Value> = bot.asked().iter().map(|asked| asked.json()["text"].clone()).collect();
    assert_eq!(told, ["••••••", "hello", "••••••", "one\ntwo"]);
    assert!(bot.asked().iter().all(|asked| !asked.json().to_string().contains("Paws")), "nor in the platform's words");
}

//! A clock that was ahead and is set back on purpose: what waited for a moment that is no more is looked
//! after at once.

use std::time::Duration;

use serde_json::json;

use super::receiver::Receiver;
use super::{heard, platforms, team};
use crate::world::{Team, World};

/// A078: posts to the bot, retractions, messages and webhooks do not wait for the old time.
#[tokio::test]
async fn a078_what_waited_by_a_clock_that_was_ahead_is_looked_after_when_that_is_said() {
    let world = World::new().await;
    let (team, bot, api) = (team(&world).await, Receiver::start().await, Receiver::start().await);
    let line = platforms::telegram();
    team.plug(&line, json!({"forward_url": bot.url, "base_url": api.url})).await.expect(201);
    let later = (429, r#"{"ok":false,"error_code":429,"parameters":{"retry_after":40}}"#);
    api.answers(&[later, later, later]);
    bot.answers(&[(500, ""); 3]);
    let chat = team.open(line.name, line.conversation).await;
    assert_eq!(team.hears_on(&line, 1, "my balance, please").await.status, 200);
    let sent = json!({"method": "otp", "deliver_to": "chat"});
    team.asks(&team.bot, &chat, sent).await.expect(202);
    let maintain = async |team: &Team| team.world.gateway.maintain().await.expect("the store is there");
    maintain(&team).await;
    let (posted, asked) = (bot.asked().len(), api.asked().len());
    assert_eq!((posted, asked), (1, 1), "neither was taken");
    // The marks of a year ahead, and then the clock as it should have been.
    team.world.gateway.maintenance.keep_time().await.expect("the store is there");
    world.clock.step(-365 * 24 * 3_600_000);
    let next = Team { world: heard(&world), ..team.clone() };
    next.world.gateway.maintenance.recognise(true).await.expect("the store is its own");
    bot.answers(&[]);
    maintain(&next).await;
    let posted: Vec<_> = bot.asked().iter().map(|asked| asked.json()["text"].clone()).collect();
    assert_eq!(posted, ["my balance, please", "my balance, please"], "at once");
    let kinds = next.event_types().await;
    assert!(kinds.contains(&"challenge.expired".to_owned()), "nobody had to ask for it: {kinds:?}");
    next.world.pass(Duration::from_secs(60)).await;
    assert_eq!(api.asked().len(), asked, "what was proved and promised before does not count");
    let flag = next.flag(&chat).await;
    assert_eq!(flag["authenticated"], false);
}

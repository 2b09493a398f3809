//! What a platform may answer, a node that dies in between, and two nodes at once.
//! The platform is the recorder, which fails as it is told to.

use std::time::Duration;

use countersign_channels::DeliveryError::{self, Ambiguous, Fallback, Permanent, Retry, RetryAfter};
use serde_json::{Value, json};

use super::{MAIL, PHONE, seconds, team_with};
use crate::stores;
use crate::world::{Team, World};

async fn status(team: &Team, chat: &str) -> Value {
    team.bot("GET", chat, "", Value::Null).await.expect(200)["challenge"]["delivery"]["status"].clone()
}

/// A started code, and its team.
async fn started(world: &World, failures: &[DeliveryError]) -> (Team, String) {
    let team = team_with(world, &["sms", "email"]).await;
    world.recorder.fail_next(failures.iter().cloned());
    let chat = team.open_with("c", Some(PHONE), Some(MAIL)).await;
    team.wants_code(&chat, json!({})).await.expect(202);
    (team, chat)
}

#[tokio::test]
async fn what_may_work_later_is_tried_again_later_and_later() {
    let world = World::new().await;
    let (team, chat) = started(&world, &[Retry("down"), Retry("down"), Retry("down")]).await;
    assert!(world.sent().await.is_empty());
    for (most, wait) in [(1.26, 0.74), (2.51, 1.49), (5.01, 2.99)] {
        world.clock.advance(Duration::from_secs_f64(wait));
        assert!(world.sent().await.is_empty(), "not before {wait} s");
        world.clock.advance(Duration::from_secs_f64(most - wait));
        world.sent().await;
    }
    assert_eq!(world.sent().await.len(), 1);
    assert_eq!(status(&team, &chat).await, "sent");
}

#[tokio::test]
async fn a_platform_that_names_a_time_is_obeyed() {
    let world = World::new().await;
    started(&world, &[RetryAfter(seconds(40))]).await;
    world.sent().await;
    world.clock.advance(seconds(39));
    assert!(world.sent().await.is_empty());
    world.clock.advance(seconds(1));
    assert_eq!(world.sent().await.len(), 1);
}

#[tokio::test]
async fn what_does_not_go_by_one_way_goes_by_the_next() {
    for failure in [Fallback("no such number"), Permanent("refused"), DeliveryError::AuthBroken("401")] {
        let world = World::new().await;
        let (team, chat) = started(&world, &[failure]).await;
        let sent = world.sent().await;
        assert_eq!((sent.len(), sent[0].0.as_str(), sent[0].1.as_str()), (1, "email", MAIL));
        assert_eq!(status(&team, &chat).await, "sent");
        let events = team.events().await;
        let lost = events.iter().find(|e| e["type"] == "challenge.delivery_failed").expect("it is told");
        assert_eq!((&lost["data"]["channel"], &lost["data"]["next"]), (&json!("sms"), &json!("email")));
    }
}

#[tokio::test]
async fn where_every_way_is_closed_it_has_failed() {
    let world = World::new().await;
    let (team, chat) = started(&world, &[Permanent("refused"), Permanent("refused")]).await;
    assert!(world.sent().await.is_empty());
    assert_eq!(status(&team, &chat).await, "failed");
}

/// A wish for one way is a wish against the others.
#[tokio::test]
async fn a_code_that_is_wanted_by_one_way_goes_by_no_other() {
    let world = World::new().await;
    let team = team_with(&world, &["sms", "email"]).await;
    world.recorder.fail_next([Permanent("refused")]);
    let chat = team.open_with("c", Some(PHONE), Some(MAIL)).await;
    team.wants_code(&chat, json!({"deliver_to": "sms"})).await.expect(202);
    assert!(world.sent().await.is_empty());
    assert_eq!(status(&team, &chat).await, "failed");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_at_most_twice_more() {
    let world = World::new().await;
    started(&world, &[Ambiguous, Ambiguous, Ambiguous]).await;
    for _ in 0..3 {
        world.sent().await;
        world.clock.advance(seconds(6));
    }
    let sent = world.sent().await;
    assert_eq!((sent.len(), sent[0].0.as_str()), (1, "email"));
}

#[tokio::test]
async fn nothing_is_sent_of_a_code_that_is_over() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    world.recorder.fail_next([RetryAfter(seconds(180))]);
    let chat = team.open_with("c", Some(PHONE), None).await;
    team.wants_code(&chat, json!({})).await.expect(202);
    assert!(world.sent().await.is_empty());
    world.pass(seconds(181)).await;
    assert!(world.sent().await.is_empty());
}

/// A115: a platform that is away costs the customer neither a try nor the challenge.
#[tokio::test]
async fn a115_an_outage_counts_nothing_and_is_seen() {
    let world = World::new().await;
    let (team, chat) = started(&world, &[Permanent("outage"), Permanent("outage")]).await;
    world.sent().await;
    let seen = team.bot("GET", &chat, "", Value::Null).await.expect(200);
    assert_eq!((&seen["challenge"]["tries_left"], &seen["challenge"]["status"]), (&json!(3), &json!("pending")));
}

/// The node that took the act is gone before it sent: another sends when the claim has lapsed; and
/// one that has sent and could not say so is repeated with the same id, code and all.
#[tokio::test]
async fn a_node_that_dies_in_between_repeats_the_same_message_and_no_other() {
    let world = World::new().await;
    let (_, _) = started(&world, &[]).await;
    let next = world.restarted(false).await;
    next.clock.advance(seconds(9));
    assert!(next.sent().await.is_empty(), "the dead node's claim holds");
    next.clock.advance(seconds(1));
    assert_eq!(next.sent().await.len(), 1);
    // The dead node was only slow: what it claimed is not its any more, and the platform knows the id.
    world.gateway.maintain().await.expect("the store is there");
    let first: Vec<String> = next.recorder.messages().into_iter().map(|kept| kept.message.id).collect();
    assert!(world.recorder.messages().iter().all(|kept| first.contains(&kept.message.id)));
}

#[tokio::test]
async fn two_nodes_send_each_message_once() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let other = world.second_node();
    let team = team_with(&world, &["sms"]).await;
    for n in 0..40 {
        let chat = team.open_with(&format!("c{n}"), Some(&format!("+372555{n:05}")), None).await;
        team.wants_code(&chat, json!({})).await.expect(202);
    }
    world.clock.advance(seconds(11)); // no claim holds any more: both look
    let (one, two) = tokio::join!(world.gateway.maintain(), other.gateway.maintain());
    one.and(two).expect("the store is there");
    let all = world.recorder.messages().into_iter().chain(other.recorder.messages());
    let mut ids: Vec<String> = all.map(|kept| kept.message.id).collect();
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!((count, ids.len()), (40, 40), "each once, by one of them");
}

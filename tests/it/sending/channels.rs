//! A team's channels: written, read without secrets, taken away, tried out, and refused clearly.
//! It sends nothing but the message that tries a channel out.

use countersign_channels::DeliveryError::{self, Ambiguous, AuthBroken, Permanent, Retry};
use serde_json::{Value, json};

use super::{PHONE, seconds, team_with};
use crate::stores;
use crate::world::{Team, World};

const SMS: &str = "/v1/teams/acme/channels/sms";

#[tokio::test]
async fn a_channel_is_made_read_written_anew_and_taken_away() {
    let world = World::new().await;
    let team = team_with(&world, &[]).await;
    let body = json!({"definition": "recorder", "account": {"inbox": "a"}});
    let made = world.call(&team.admin, "PUT", SMS, body).await.expect(201);
    let secret = made["forward_secret"].as_str().expect("told once");
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    let read = world.call(&team.admin, "GET", SMS, Value::Null).await.expect(200);
    assert_eq!(read["account"], json!({"inbox": "a"}));
    assert!(read.get("forward_secret").is_none() && read["secrets"] == json!([]), "{read}");
    let again = world.call(&team.admin, "PUT", SMS, json!({"definition": "recorder"})).await.expect(200);
    assert!(again.get("forward_secret").is_none() && again["account"] == json!({}), "{again}");
    world.call(&team.admin, "DELETE", SMS, Value::Null).await.expect(204);
    world.call(&team.admin, "GET", SMS, Value::Null).await.refused(404, "not-found");
    world.call(&team.admin, "DELETE", SMS, Value::Null).await.refused(404, "not-found");
    let changes = team.event_types().await.iter().filter(|kind| *kind == "settings.changed").count();
    assert_eq!(changes, 1 + 3, "the world's own, and three of the channel");
}

#[tokio::test]
async fn what_is_wrong_with_a_channel_is_said_with_its_place() {
    let world = World::new().await;
    let team = team_with(&world, &[]).await;
    for (body, pointer, detail) in [
        (json!({"definition": "pigeon"}), "/definition", "recorder"),
        (json!({"definition": "recorder", "account": {"inbox": 7}}), "/account/inbox", "text"),
        (json!({"definition": "recorder", "account": {"from": "x"}}), "/account/from", "inbox"),
        (json!({"definition": "recorder", "secrets": {"token": "x"}}), "/secrets/token", "none"),
        (json!({"definition": "recorder", "account": {"inbox": "x".repeat(20_000)}}), "/account", "bytes"),
        (json!({"definition": "recorder", "colour": "red"}), "/colour", "unknown"),
    ] {
        let problem = world.call(&team.admin, "PUT", SMS, body).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().expect("a text").contains(detail), "{problem}");
    }
    let body = json!({"definition": "recorder"});
    world.call(&team.agent, "PUT", SMS, body.clone()).await.refused(403, "forbidden");
    world.call(&team.admin, "PUT", "/v1/teams/acme/channels/No", body.clone()).await.refused(422, "invalid");
    let other = world.team("other").await;
    world.call(&other.admin, "PUT", SMS, body).await.refused(404, "not-found");
}

#[tokio::test]
async fn a_channel_is_tried_out_and_pays_for_it() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    team.set(json!({"send_budget": {"per_destination_hour": 1}})).await;
    let path = format!("{SMS}/test");
    let tried = world.call(&team.admin, "POST", &path, json!({"to": PHONE})).await.expect(200);
    assert_eq!(tried["status"], "sent");
    let sent = world.sent().await;
    assert_eq!((sent.len(), sent[0].1.as_str()), (1, PHONE));
    world.call(&team.admin, "POST", &path, json!({"to": PHONE})).await.refused(429, "send-budget");
    world.call(&team.admin, "POST", &path, json!({"to": ""})).await.refused(422, "invalid");
}

/// What was told of how channels stand, oldest first.
async fn told(team: &Team) -> Vec<(String, Value)> {
    let events = team.events().await.into_iter();
    let of_channels = events.filter(|e| e["type"] == "channel.down" || e["type"] == "channel.up");
    of_channels.map(|e| (e["type"].as_str().expect("a text").to_owned(), e["data"].clone())).collect()
}

fn down(reason: &str) -> (String, Value) {
    ("channel.down".to_owned(), json!({"channel": "sms", "reason": reason}))
}

fn up() -> (String, Value) {
    ("channel.up".to_owned(), json!({"channel": "sms"}))
}

/// Somebody new is sent a code by text message, and the platform fails so; then time passes.
async fn texts(team: &Team, n: usize, failures: &[DeliveryError]) {
    team.world.recorder.fail_next(failures.iter().cloned());
    let chat = team.open_with(&format!("c{n}"), Some(&format!("+372555{n:05}")), None).await;
    team.wants_code(&chat, json!({"deliver_to": "sms"})).await.expect(202);
    for _ in 0..6 {
        team.world.sent().await;
        team.world.pass(seconds(12)).await;
    }
}

/// A channel whose account is refused is told to be down, once; the next message that leaves tells that
/// it is up. To be written anew says nothing of it, to be tried out does.
#[tokio::test]
async fn a_channel_that_takes_nothing_is_told_of_once_until_it_does_again() {
    let world = World::new().await;
    let team = team_with(&world, &["sms", "email"]).await;
    let seen = async || world.call(&team.admin, "GET", SMS, Value::Null).await.expect(200)["down_since"].clone();
    texts(&team, 0, &[]).await;
    assert_eq!((told(&team).await, seen().await), (vec![], Value::Null));
    texts(&team, 1, &[AuthBroken("401")]).await;
    texts(&team, 2, &[AuthBroken("401")]).await;
    assert_eq!(told(&team).await, [down("401")]);
    assert_eq!(seen().await, "2026-01-01T00:01:12.000Z");
    let body = json!({"definition": "recorder", "account": {"inbox": "sms"}});
    world.call(&team.admin, "PUT", SMS, body).await.expect(200);
    assert_eq!(seen().await, "2026-01-01T00:01:12.000Z", "nobody has tried it");
    let trial =
        async || world.call(&team.admin, "POST", &format!("{SMS}/test"), json!({"to": PHONE})).await.expect(200);
    world.recorder.fail_next([AuthBroken("403")]);
    assert_eq!(trial().await["reason"], "403");
    assert_eq!(told(&team).await, [down("401")]);
    assert_eq!(trial().await["status"], "sent");
    assert_eq!((told(&team).await, seen().await), (vec![down("401"), up()], Value::Null));
    texts(&team, 3, &[]).await;
    assert_eq!(told(&team).await.len(), 2);
    let trail = world.call(&team.admin, "GET", "/v1/teams/acme/audit", Value::Null).await.expect(200);
    assert!(trail.to_string().contains("channel.down"), "an admin sees it");
}

/// A115: a platform that does not answer for half a minute is down; one that refuses a number is not, nor
/// one that was away for a moment.
#[tokio::test]
async fn a115_an_outage_is_told_and_a_wrong_number_is_none() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    texts(&team, 1, &[Permanent("no such number")]).await;
    texts(&team, 2, &[Retry("busy"), Retry("busy"), Ambiguous]).await;
    assert_eq!(told(&team).await, []);
    texts(&team, 3, &[Retry("503"), Retry("503"), Retry("503"), Retry("503"), Retry("503")]).await;
    assert_eq!(told(&team).await, [down("503"), up()]);
    texts(&team, 4, &[Ambiguous, Ambiguous, Ambiguous]).await;
    assert_eq!(told(&team).await, [down("503"), up(), down("no-answer")]);
}

/// Two nodes find out at the same time: it is told once.
#[tokio::test]
async fn two_nodes_tell_of_a_channel_once() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let first = team_with(&world, &["sms"]).await;
    let second = Team { world: world.second_node(), ..first.clone() };
    // Either of them may send both messages.
    let refused = [AuthBroken("401"), AuthBroken("401")];
    tokio::join!(texts(&first, 1, &refused), texts(&second, 2, &refused));
    assert_eq!(told(&first).await, [down("401")]);
    first.world.recorder.fail_no_more();
    second.world.recorder.fail_no_more();
    tokio::join!(texts(&first, 3, &[]), texts(&second, 4, &[]));
    assert_eq!(told(&first).await, [down("401"), up()]);
}

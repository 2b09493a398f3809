//! A team's channels: written, read without secrets, taken away, tried out, and refused clearly.
//! It sends nothing but the message that tries a channel out.

use serde_json::{Value, json};

use super::{PHONE, team_with};
use crate::world::World;

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

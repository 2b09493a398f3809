//! Login links that the gateway sends into the conversation itself.
//! What a link is good for once it has arrived, other journeys tell.

use serde_json::json;

use super::{PHONE, team_with};
use crate::world::{Browser, World};

#[tokio::test]
async fn a_link_is_delivered_into_the_conversation_and_opens() {
    let world = World::new().await;
    let team = team_with(&world, &["webchat"]).await;
    let chat = team.open_with("conv-1", None, None).await;
    let body = json!({"purpose": "mid_chat", "deliver": true});
    let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    assert_eq!(link["delivery"], json!({"channel": "webchat", "to": "c•••••1", "status": "queued"}));
    let sent = world.sent().await;
    let (words, url) = sent[0].2.split_once('\n').expect("words and a URL");
    assert_eq!((words, url), ("A shop: Log in to continue your chat:", link["url"].as_str().expect("a URL")));
    Browser::new(&world).continues(url).await;
    assert!(team.event_types().await.contains(&"link.sent".to_owned()));
}

#[tokio::test]
async fn where_no_channel_leads_there_the_link_is_the_bot_s() {
    let world = World::new().await;
    let team = team_with(&world, &["sms"]).await;
    let chat = team.open_with("conv-1", Some(PHONE), None).await;
    let body = json!({"purpose": "mid_chat", "deliver": true});
    assert!(team.bot("POST", &chat, "/login-links", body).await.expect(201)["delivery"].is_null());
    let person = json!({"role": "cosigner", "phone": "+37255500000"});
    team.bot("POST", &chat, "/participants", person).await.expect(201);
    let body = json!({"purpose": "mid_chat", "deliver": true, "participant": "p2"});
    let link = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    assert_eq!(link["delivery"]["channel"], "sms", "who is not in the chat is reached by phone");
    assert_eq!(world.sent().await.len(), 1);
}

#[tokio::test]
async fn a_newer_link_takes_the_place_of_one_that_waits() {
    let world = World::new().await;
    let team = team_with(&world, &["webchat"]).await;
    let chat = team.open_with("conv-1", None, None).await;
    let body = json!({"purpose": "mid_chat", "deliver": true});
    team.bot("POST", &chat, "/login-links", body.clone()).await.expect(201);
    let newer = team.bot("POST", &chat, "/login-links", body).await.expect(201);
    let sent = world.sent().await;
    assert_eq!(sent.len(), 1);
    assert!(sent[0].2.ends_with(newer["url"].as_str().expect("a URL")));
}

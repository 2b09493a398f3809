//! Matrix, whole: the real binary and a real homeserver. A customer opens a room and invites the
//! bot; a one-time code is sent into it; she types it; she is who she is, and the code is gone.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::homeserver::{AS_TOKEN, HS_TOKEN, Homeserver};
use crate::outside::{Gateway, OWNER, Team};
use crate::sending::code_in;

/// Nothing here takes so long.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks until the answer is there.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = tokio::time::Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < TIMEOUT, "it never came: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A gateway that may speak to this machine, a team, and a homeserver that tells it what happens.
async fn site() -> Option<(Gateway, Team, Homeserver)> {
    let gateway = Gateway::serve_with(&[("COUNTERSIGN_OUTBOUND__ALLOW", r#"["127.0.0.0/8"]"#)]);
    let team = gateway.team("chats", "https://login.example.com/").await;
    let server = Homeserver::start(&format!("{}/in/chats/matrix", gateway.url)).await?;
    let secrets = json!({"access_token": AS_TOKEN, "hs_token": HS_TOKEN});
    let channel = json!({"definition": "matrix", "account": {"base_url": server.url}, "secrets": secrets});
    gateway.call(Method::PUT, "/v1/teams/chats/channels/matrix", OWNER, channel).await;
    Some((gateway, team, server))
}

#[tokio::test(flavor = "multi_thread")]
async fn a111_a112_a_code_typed_into_a_real_matrix_room_authenticates() {
    let Some((gateway, team, server)) = site().await else { return };
    let customer = server.user("customer").await;
    let room = server.direct_room(&customer).await;
    server.wait_for_members(&customer, &room, 2).await;

    let conversation = format!("{room} {}", customer.id);
    let person = json!({"role": "primary", "name": "Demo Customer"});
    let opened = json!({"channel": "matrix", "conversation": conversation, "participants": [person]});
    let opened = gateway.call(Method::POST, "/v1/interactions", &team.bot_key, opened).await;
    let chat = format!("/v1/interactions/{}", opened["id"].as_str().expect("an id"));
    let challenge = json!({"method": "otp", "deliver_to": "chat"});
    gateway.call(Method::POST, &format!("{chat}/challenges"), &team.bot_key, challenge.clone()).await;
    let code = async || {
        let texts = server.texts(&customer, &room).await;
        texts.iter().map(|text| code_in(text)).find(|code| code.len() >= 4)
    };
    let sent = until("the code", code).await;

    let typed = server.say(&customer, &room, &sent).await;
    let flag = async || {
        let flag = gateway.call(Method::GET, &format!("{chat}/authentication"), &team.bot_key, Value::Null).await;
        (flag["authenticated"] == true).then_some(flag)
    };
    assert_eq!(until("the flag", flag).await["methods"], json!(["otp"]));
    let gone = async || server.content(&customer, &room, &typed).await.get("body").is_none().then_some(());
    until("her code's end in the room", gone).await;

    // With a third one there nobody is believed, whatever is typed; alone again she is.
    gateway.call(Method::POST, &format!("{chat}/sign-out"), &team.bot_key, json!({})).await;
    let other = server.user("colleague").await;
    server.bring(&customer, &room, &other).await;
    let put = gateway.call(Method::POST, &format!("{chat}/challenges"), &team.bot_key, challenge).await;
    let challenge = format!("/v1/challenges/{}", put["id"].as_str().expect("an id"));
    let next = async || code().await.filter(|code| *code != sent);
    let next = until("the next code", next).await;
    server.say(&customer, &room, &next).await;
    server.leave(&other, &room).await;
    server.say(&customer, &room, &wrong(&next)).await;
    // What comes in comes in order: when the wrong one is counted, the right one was heard before.
    let counted = async || {
        let seen = gateway.call(Method::GET, &challenge, &team.bot_key, Value::Null).await;
        (seen["tries_left"] != put["tries_left"]).then_some(seen)
    };
    let seen = until("the wrong code's count", counted).await;
    assert_eq!(seen["status"], "pending");
    assert_eq!(seen["tries_left"].as_u64(), put["tries_left"].as_u64().map(|tries| tries - 1));
    server.say(&customer, &room, &next).await;
    until("the flag", flag).await;
}

/// Another code of that length.
fn wrong(code: &str) -> String {
    let (first, rest) = code.split_at(1);
    format!("{}{rest}", if first == "1" { "2" } else { "1" })
}

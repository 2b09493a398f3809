//! What agents on a team's platform see: whether it is proved who chats, and until when. Only what the
//! platform is asked for is looked at.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::outside::{Gateway, OWNER};

/// A platform that keeps what it is told.
async fn platform(told: UnboundedSender<(String, Value)>) -> String {
    async fn keep(State(told): State<UnboundedSender<(String, Value)>>, request: Request) -> Json<Value> {
        let path = request.uri().path().to_owned();
        let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap();
        told.send((path, serde_json::from_slice(&body).unwrap_or_default())).unwrap();
        Json(json!({"id": 1}))
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(keep).with_state(told);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_see_who_was_proved_and_that_it_ended() {
    let gateway = Gateway::serve_with(&[("COUNTERSIGN_OUTBOUND__ALLOW", r#"["127.0.0.0/8"]"#)]);
    let team = gateway.team("agents", "https://login.example.com/").await;
    let (sender, mut told) = unbounded_channel();
    let account = json!({"account_id": "1", "base_url": platform(sender).await, "show_flag": "yes"});
    let channel = json!({"definition": "chatwoot", "account": account, "secrets": {"api_access_token": "cw"}});
    gateway.call(Method::PUT, "/v1/teams/agents/channels/chatwoot", OWNER, channel).await;

    let person = json!({"role": "primary", "name": "Demo Customer"});
    let opened = json!({"channel": "chatwoot", "conversation": "567", "participants": [person]});
    let opened = gateway.call(Method::POST, "/v1/interactions", &team.bot_key, opened).await;
    let chat = format!("/v1/interactions/{}", opened["id"].as_str().unwrap());
    let challenge = json!({"method": "otp", "deliver_to": "chat"});
    gateway.call(Method::POST, &format!("{chat}/challenges"), &team.bot_key, challenge).await;
    let (path, message) = told.recv().await.unwrap();
    assert_eq!(path, "/api/v1/accounts/1/conversations/567/messages");
    let code = crate::sending::code_in(message["content"].as_str().unwrap());
    let answer = json!({"message_id": "m1", "text": code});
    gateway.call(Method::POST, &format!("{chat}/messages"), &team.bot_key, answer).await;

    let shown = told.recv().await.unwrap();
    let flag = gateway.call(Method::GET, &format!("{chat}/authentication"), &team.bot_key, Value::Null).await;
    let attributes = json!({"authentication": "authenticated", "authenticated_until": flag["expires_at"], "authenticated_by": "otp"});
    let path = "/api/v1/accounts/1/conversations/567/custom_attributes".to_owned();
    assert_eq!(shown, (path.clone(), json!({"merge": true, "custom_attributes": attributes})));

    gateway.call(Method::POST, &format!("{chat}/sign-out"), &team.bot_key, json!({})).await;
    let attributes = json!({"authentication": "unauthenticated", "authenticated_until": "", "authenticated_by": ""});
    let begun = tokio::time::Instant::now();
    while told.recv().await.unwrap() != (path.clone(), json!({"merge": true, "custom_attributes": attributes})) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the end of the proof is never shown");
    }
}

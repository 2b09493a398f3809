//! A platform that is not there, hangs up, sends elsewhere, or answers without end. What may have
//! arrived is never called not sent.

use std::time::Duration;

use countersign_channels::DeliveryError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::case::{Kind, TEXT, all};
use crate::server::{Answer, Server};

#[tokio::test]
async fn nobody_there_is_for_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for (platform, case) in all() {
        let outcome = case.channel(&platform, &url, &[]).send(&case.message(Kind::Text, TEXT)).await;
        let name = &platform.file().platform.name;
        assert!(matches!(outcome, Err(DeliveryError::Retry("unreachable" | "token-server"))), "{name}: {outcome:?}");
    }
}

/// Takes the whole request and hangs up.
#[tokio::test]
async fn a_lost_answer_is_ambiguous_where_the_same_again_would_be_two() {
    let tokens = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 65_536];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 2").await;
        }
    });
    for (platform, mut case) in all() {
        for value in case.account.iter_mut().map(|(_, value)| value) {
            *value = value.as_str().unwrap().replace("{server}", &tokens.url).into();
        }
        let outcome = case.channel(&platform, &url, &[]).send(&case.message(Kind::Text, TEXT)).await;
        let wanted = if platform.file().send.idempotent {
            DeliveryError::Retry("unavailable")
        } else {
            DeliveryError::Ambiguous
        };
        assert_eq!(outcome, Err(wanted), "{}", platform.file().platform.name);
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (server, other) = (Server::start().await, Server::start().await);
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        for status in [301, 302, 307, 308] {
            let headers = vec![("location".to_owned(), format!("{}/elsewhere", other.url))];
            server.answers([Answer { status, headers, body: case.taken.body.clone() }]);
            other.answers([Answer { status: 200, ..Answer::default() }]);
            let channel = case.channel(&platform, &server.url, &[]);
            let outcome = channel.send(&case.message(Kind::Text, TEXT)).await;
            assert!(outcome.is_err(), "{name}");
            assert!(other.asked().is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_is_read_so_far() {
    let server = Server::start().await;
    let (platform, case) = all().into_iter().find(|(platform, _)| platform.file().platform.name == "kannel").unwrap();
    server.answers([Answer { status: 202, body: "x".repeat(3_000_000), ..Answer::default() }]);
    assert!(case.channel(&platform, &server.url, &[]).send(&case.message(Kind::Text, TEXT)).await.is_ok());
}

/// A token that was taken back is no broken account: the next one tells.
#[tokio::test]
async fn a_kept_token_that_is_refused_is_fetched_again() {
    let server = Server::start().await;
    let name = "bot-framework";
    let (platform, case) = all().into_iter().find(|(platform, _)| platform.file().platform.name == name).unwrap();
    let taken = Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() };
    let refused = Answer { status: 401, ..Answer::default() };
    let channel = case.channel(&platform, &server.url, &[]);
    let message = case.message(Kind::Text, TEXT);
    server.answers([taken.clone(), refused.clone(), refused, taken]);
    assert!(channel.send(&message).await.is_ok());
    assert_eq!(channel.send(&message).await, Err(DeliveryError::Retry("credentials")));
    assert_eq!(channel.send(&message).await, Err(DeliveryError::AuthBroken("credentials")));
    assert!(channel.send(&message).await.is_ok());
    assert_eq!(server.tokens(), 2);
    let last = server.asked().pop().unwrap();
    assert_eq!(last.headers["authorization"], "Bearer TOKEN-2");
}

/// A sender has seven seconds for a message: who is silent for longer has lost it, and a token
/// that does not come has sent nothing.
#[tokio::test]
async fn silence_is_told_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            open.push(listener.accept().await.unwrap());
        }
    });
    let (url, platforms) = (&url, all());
    let silent = async |name: &str| {
        let (platform, case) = platforms.iter().find(|(platform, _)| platform.file().platform.name == name).unwrap();
        let (channel, message) = (case.channel(platform, url, &[]), case.message(Kind::Text, TEXT));
        tokio::time::timeout(Duration::from_secs(7), channel.send(&message)).await
    };
    let (sms, line, teams) = tokio::join!(silent("twilio-sms"), silent("line"), silent("bot-framework"));
    assert_eq!(sms, Ok(Err(DeliveryError::Ambiguous)));
    assert_eq!(line, Ok(Err(DeliveryError::Retry("unavailable"))));
    assert_eq!(teams, Ok(Err(DeliveryError::Retry("token-server"))));
}

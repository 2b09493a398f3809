//! Rooms: who is there is asked for where a message does not say it, and an invitation is accepted.
//! The homeserver is ours; a real one stands in `synapse`.

use std::time::Duration;

use countersign_channels::definition::Definition as _;
use countersign_channels::format::inbound::proof::VerificationError;
use countersign_channels::inbound::{Happening, MessageAudience, Taken, WebhookVerifier};

use crate::case::{NOW, all};
use crate::heard::Request;
use crate::server::{Answer, Asked, Server};

fn webhook_verifier(server: &Server) -> WebhookVerifier {
    let (platform, case) = all().into_iter().find(|(platform, _)| platform.name() == "matrix").unwrap();
    platform.webhook_verifier(&case.account(&server.url, &[])).unwrap().unwrap()
}

async fn told(server: &Server, events: &str) -> Result<Taken, VerificationError> {
    let headers = [("authorization", "Bearer hs-token")];
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let (method, url) = ("PUT".to_owned(), "https://gate.example/in/demo/matrix".to_owned());
    let body = format!(r#"{{"events":[{events}]}}"#).into_bytes();
    Request { method, url, at: NOW, headers, body }.send_to(&webhook_verifier(server)).await
}

fn said(number: usize) -> String {
    format!(
        r#"{{"type":"m.room.message","sender":"@customer:hs.example","room_id":"!room:hs.example","event_id":"$e{number}","content":{{"msgtype":"m.text","body":"482913"}}}}"#
    )
}

/// Nobody is taken to be alone of whom that is not known.
#[tokio::test]
async fn a111_who_reads_along_in_a_room_is_asked_for() {
    let two = r#"{"joined":{"@gate:hs.example":{},"@customer:hs.example":{}}}"#;
    let three = r#"{"joined":{"@gate:hs.example":{},"@customer:hs.example":{},"@colleague:hs.example":{}}}"#;
    let server = Server::start().await;
    for (status, body, audience) in [
        (200, two, MessageAudience::Alone),
        (200, three, MessageAudience::Group),
        (200, r#"{"joined":{}}"#, MessageAudience::Unknown),
        (200, r#"{"joined":7}"#, MessageAudience::Unknown),
        (200, "{}", MessageAudience::Unknown),
        (403, r#"{"errcode":"M_FORBIDDEN","error":"not in the room"}"#, MessageAudience::Unknown),
        (401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"x"}"#, MessageAudience::Unknown),
    ] {
        server.answers([Answer { status, body: body.into(), ..Answer::default() }]);
        let taken = told(&server, &[said(1), said(2)].join(",")).await.unwrap();
        let found = taken.happenings.iter().map(|happening| match happening {
            Happening::Heard(heard) => heard.audience,
            other => panic!("{other:?}"),
        });
        assert_eq!(found.collect::<Vec<_>>(), [audience, audience], "{status} {body}");
        let asked = server.asked();
        assert_eq!(asked.len(), 1, "a room is asked about once");
        assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("GET", MEMBERS));
        assert_eq!(asked[0].headers["authorization"], "Bearer as-token");
    }
    server.answers([Answer { status: 503, ..Answer::default() }]);
    assert_eq!(told(&server, &said(1)).await.err(), Some(VerificationError::Unavailable("who reads along")));
}

const MEMBERS: &str = "/_matrix/client/v3/rooms/%21room:hs.example/joined_members";

fn invitation(content: &str) -> String {
    format!(
        r#"{{"type":"m.room.member","sender":"@customer:hs.example","room_id":"!room:hs.example","event_id":"$i","state_key":"@gate:hs.example","content":{content}}}"#
    )
}

#[tokio::test]
async fn an_invitation_to_a_room_for_two_is_accepted() {
    let server = Server::start().await;
    server.answers([Answer { status: 200, body: r#"{"room_id":"!room:hs.example"}"#.into(), ..Answer::default() }]);
    for other in [r#"{"membership":"invite"}"#, r#"{"membership":"join","is_direct":true}"#, "{}"] {
        told(&server, &invitation(other)).await.unwrap();
    }
    let taken = told(&server, &invitation(r#"{"membership":"invite","is_direct":true}"#)).await.unwrap();
    assert!(taken.happenings.is_empty());
    let asked = first(&server).await;
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/_matrix/client/v3/rooms/%21room:hs.example/join")
    );
    assert_eq!((asked.headers["authorization"].to_str().unwrap(), asked.body.as_str()), ("Bearer as-token", "{}"));
}

/// The first thing that it is asked for.
async fn first(server: &Server) -> Asked {
    let begun = tokio::time::Instant::now();
    loop {
        if let Some(asked) = server.asked().into_iter().next() {
            return asked;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is asked for");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

//! Who calls the platforms' door too often without proving anything, and who shares an address with it.
//! What a platform sends is `platforms`'; here it comes from an address.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use futures_util::stream;
use serde_json::json;
use tokio::sync::oneshot;

use super::platforms::{self, Call};
use super::team;
use crate::world::{Reply, Team, World};

/// The call as it comes from an address.
async fn calls(team: &Team, from: IpAddr, call: &Call) -> Reply {
    let mut request = call.request();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(from, 4000)));
    team.world.send(request).await
}

/// The same call beside another from there whose body does not come.
async fn calls_meanwhile(team: &Team, from: IpAddr, call: &Call) -> Reply {
    let (comes, waits) = oneshot::channel::<()>();
    let body = stream::once(async move {
        let _ = waits.await;
        Ok::<_, Infallible>(Bytes::from_static(b"{}"))
    });
    let mut slow = call.request();
    *slow.body_mut() = Body::from_stream(body);
    slow.extensions_mut().insert(ConnectInfo(SocketAddr::new(from, 4000)));
    let world = team.world.clone();
    let slow = tokio::spawn(async move { world.send(slow).await });
    // One thread runs all of it: after some turns the slow one waits for its body.
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
    let told = calls(team, from, call).await;
    drop(comes);
    slow.await.expect("it ends");
    told
}

/// Asks until it is slowed; what is judged meanwhile is refused so.
async fn slowed(team: &Team, from: IpAddr, call: &Call, refused: u16) -> Reply {
    for _ in 0..100 {
        for _ in 0..100 {
            assert_eq!(calls(team, from, call).await.status, refused, "one at a time is judged");
        }
        let told = calls_meanwhile(team, from, call).await;
        if told.status == 429 {
            return told;
        }
        assert_eq!(told.status, refused);
    }
    panic!("ten thousand were judged");
}

/// A forger is told 429 for what it asks beside what is judged, and no platform is ever: what proves
/// itself is not counted, and goes through from the very address that the forger has.
#[tokio::test]
async fn who_forges_without_end_is_slowed_and_starves_no_platform() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::slack();
    let chat = team.chat_on(&line).await;
    let (forger, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
    let forged = team.call_of(&line, 1, "hello").with("x-slack-signature", Some("v0=00"));
    // A platform calls as often as it likes.
    for id in 0..500 {
        assert_eq!(calls(&team, other, &team.call_of(&line, 10_000 + id, "hello")).await.status, 200);
    }
    assert_eq!(calls_meanwhile(&team, other, &team.call_of(&line, 20_000, "hello")).await.status, 200);
    let told = slowed(&team, forger, &forged, 401).await;
    assert_eq!(told.header("retry-after"), "1");
    told.refused(429, "too-many-requests");
    assert_eq!(calls_meanwhile(&team, other, &forged).await.status, 401, "another address has its own");
    // What the platform says from there is heard: a code authenticates.
    team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    assert_eq!(calls(&team, forger, &team.call_of(&line, 2, &code)).await.status, 200);
    assert_eq!(team.flag(&chat).await["methods"], json!(["otp"]));
}

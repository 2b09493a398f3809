//! Requests that prove nothing to be a platform's, and platforms that share an address with who sends them.
//! What a platform sends is `platforms`'; here it comes from an address.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use futures_util::{future::join, stream};
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

/// A platform calls as often as it likes. Requests that prove nothing are cut, and take nothing from those that
/// do: an attacker can point a platform's own servers at somebody else's channel.
#[tokio::test]
async fn who_forges_without_end_is_cut_and_starves_no_platform() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::slack();
    let chat = team.chat_on(&line).await;
    let second = team.world.team("second").await;
    second.chat_on(&line).await;
    let (shared, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
    for id in 0..2_000 {
        assert_eq!(calls(&team, other, &team.call_of(&line, 10_000 + id, "hello")).await.status, 200);
    }
    let forged = team.call_of(&line, 1, "hello").with("x-slack-signature", Some("v0=00"));
    let mut judged = 0;
    let told = loop {
        let told = calls(&team, shared, &forged).await;
        if told.status == 429 {
            break told;
        }
        assert_eq!(told.status, 401);
        judged += 1;
        assert!(judged < 1_000, "it is cut at last");
    };
    assert!(judged >= 200, "{judged}");
    assert_eq!(told.header("retry-after"), "1");
    told.refused(429, "too-many-requests");
    // From that very address the platform is heard, on this channel and on others, also beside the flood.
    for id in 0..200 {
        for team in [&team, &second] {
            let right = team.call_of(&line, 30_000 + id, "hello");
            let right = Call { target: format!("/in/{}/slack", team.name), ..right };
            let (told, _) = join(calls(team, shared, &right), calls(team, shared, &forged)).await;
            assert_eq!(told.status, 200, "{}", told.text());
        }
    }
    assert_eq!(calls_meanwhile(&team, shared, &team.call_of(&line, 40_000, "hello")).await.status, 200);
    team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    assert_eq!(calls(&team, shared, &team.call_of(&line, 2, &code)).await.status, 200);
    assert_eq!(team.flag(&chat).await["methods"], json!(["otp"]));
}

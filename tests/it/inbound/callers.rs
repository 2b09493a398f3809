//! Who calls the platforms' door too often without proving anything, and who shares an address with it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use serde_json::json;

use super::platforms::{self, Call};
use super::team;
use crate::world::{Reply, Team, World};

/// The call as it comes from an address.
async fn calls(team: &Team, from: IpAddr, call: &Call) -> Reply {
    let mut request = call.request();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(from, 4000)));
    team.world.send(request).await
}

/// Asks often and at one time, until it is slowed; whatever is judged is refused so.
async fn slowed(team: &Team, from: IpAddr, call: &Call, otherwise: u16) -> Reply {
    for _ in 0..100 {
        let flood = (0..200).map(|_| calls(team, from, call));
        let told = futures_util::future::join_all(flood).await;
        assert!(told.iter().all(|reply| [otherwise, 429].contains(&reply.status)));
        if let Some(slowed) = told.into_iter().find(|reply| reply.status == 429) {
            return slowed;
        }
    }
    panic!("twenty thousand were judged beside each other");
}

/// A forger is told 429 for what it asks at one time, and no platform is ever: what proves itself is not
/// counted, and goes through from the very address that the forger has.
#[tokio::test]
async fn who_forges_without_end_is_slowed_and_starves_no_platform() {
    let world = World::new().await;
    let team = team(&world).await;
    let line = platforms::slack();
    let chat = team.chat_on(&line).await;
    let (forger, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
    let forged = team.call_of(&line, 1, "hello").with("x-slack-signature", Some("v0=00"));
    // A platform calls as often as it likes.
    for id in 0..1_000 {
        assert_eq!(calls(&team, other, &team.call_of(&line, 10_000 + id, "hello")).await.status, 200);
    }
    for n in 0..400 {
        assert_eq!(calls(&team, forger, &forged).await.status, 401, "{n}: one at a time is judged");
    }
    let told = slowed(&team, forger, &forged, 401).await;
    assert_eq!(told.header("retry-after"), "1");
    told.refused(429, "too-many-requests");
    assert_eq!(calls(&team, other, &forged).await.status, 401, "another address has its own");
    // What the platform says from there is heard: a code authenticates.
    team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    assert_eq!(calls(&team, forger, &team.call_of(&line, 2, &code)).await.status, 200);
    assert!(team.is_authenticated(&chat).await);
    // What is no channel counts as well.
    let nowhere = Call { target: "/in/acme/nowhere".into(), ..forged.clone() };
    let third = IpAddr::from([192, 0, 2, 3]);
    slowed(&team, third, &nowhere, 404).await;
    assert_eq!(team.flag(&chat).await["methods"], json!(["otp"]));
}

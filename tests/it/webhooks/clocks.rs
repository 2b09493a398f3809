//! Clocks that are set while events wait for a webhook: ahead and back, under a gateway and between two of
//! its lives. No event is lost or given up for it, none is told twice, and none waits for longer than a
//! receiver that fails is waited for. Where somebody says that a year has passed, it has.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::{HOUR, MINUTE, acme};
use crate::world::Team;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// How the clock moves, and whether in another life.
#[derive(Clone, Copy, Debug)]
enum Set {
    Running(i64),
    Between(i64, bool),
}

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).expect("it is a year at most")
}

async fn set(team: Team, how: Set) -> Team {
    match how {
        Set::Running(by) => {
            team.world.clock.step(by);
            team
        }
        Set::Between(by, trust) => {
            team.world.gateway.maintenance.keep_time().await.expect("the store is there");
            team.world.clock.step(by);
            let team = Team { world: team.world.restarted(trust).await, ..team };
            team.world.gateway.maintenance.keep_house().await.expect("the store is there");
            team
        }
    }
}

#[tokio::test]
async fn a078_a_clock_that_is_set_loses_and_repeats_no_event() {
    let (hour, year) = (ms(HOUR), ms(YEAR));
    for how in [
        Set::Running(hour),
        Set::Running(-hour),
        Set::Running(year),
        Set::Running(-year),
        Set::Between(hour, false),
        Set::Between(-hour, false),
        Set::Between(-year, false),
        Set::Between(-hour, true),
        Set::Between(-year, true),
    ] {
        let (_, team, receiver) = acme().await;
        team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
        team.tended().await;
        receiver.says(500);
        for chat in ["c1", "c2"] {
            team.open("sms", chat).await;
        }
        team.tended().await;
        let tried: BTreeSet<String> = receiver.got().iter().map(|got| got.id().to_owned()).collect();
        assert!(!tried.is_empty(), "{how:?}");
        let team = set(team, how).await;
        receiver.says(204);
        if matches!(how, Set::Between(by, true) if by == -hour) {
            // An hour is a wait that there is: nobody can know that it is the clock's.
            team.world.pass(HOUR).await;
        }
        for _ in 0..6 {
            team.world.pass(MINUTE).await;
        }
        let told: Vec<String> = receiver.got().iter().map(|got| got.id().to_owned()).collect();
        let once: BTreeSet<String> = told.iter().cloned().collect();
        assert_eq!((told.len(), once.len()), (2, 2), "{how:?}: each once");
        assert!(tried.is_subset(&once), "{how:?}: under the ids that they were tried under");
        assert_eq!(team.deliveries("bot", "delivered").await.len(), 2, "{how:?}");
        assert_eq!(team.deliveries("bot", "failed").await.len(), 0, "{how:?}: nothing is given up");
        // What happens from then on is told at once.
        team.open("sms", "c3").await;
        team.tended().await;
        assert_eq!(receiver.kinds(), ["interaction.opened"], "{how:?}");
    }
}

/// A secret that was replaced signs no longer than was said by the gateway's own time, which no step makes
/// run back.
#[tokio::test]
async fn a078_a_clock_that_is_set_back_brings_no_old_secret_back() {
    let (world, team, receiver) = acme().await;
    let first = team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    team.hook("POST", "bot", "/rotate", json!({"overlap_minutes": 5})).await.expect(200);
    let signs = async |chat: &str| {
        team.open("sms", chat).await;
        team.tended().await;
        receiver.got().remove(0).is_by(super::text(&first["secret"]))
    };
    assert!(signs("c1").await);
    world.clock.advance(5 * MINUTE);
    assert!(!signs("c2").await);
    world.clock.step(-ms(YEAR));
    assert!(!signs("c3").await);
    world.clock.step(ms(YEAR) + ms(HOUR));
    assert!(!signs("c4").await);
}

//! Replicas confirm in a cluster and under Sentinels, too: by the primary that holds the tag, also
//! after it was replaced and while slots move.
//!
//! What confirmation is, is `confirm`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign::store::redis::{Redis, RedisAddress, RedisOptions};
use countersign::store::{Batch, CommitOutcome, Partition, Store, StoreError};
use serde_json::json;
use tokio::time::{Duration, Instant, sleep};

use super::{moving::moves, puts};
use crate::stores::{self, sentinel::Trio};
use crate::world::{Team, World};

/// Longer than this nobody waits for a new primary and its replica.
const ALWAYS_BACK: Duration = Duration::from_secs(30);

async fn store(place: RedisAddress, prefix: &str) -> Redis {
    let options = RedisOptions { prefix: prefix.to_owned(), confirm_replicas: 1, ..RedisOptions::new(place) };
    Redis::connect(&options).await.expect("our servers are fit")
}

fn confirmed(partition: u8, name: &str) -> Batch {
    Batch { confirm: true, ..puts(partition, name, "x") }
}

/// Commits until a replica confirms it; how long that took.
async fn until_confirmed(store: &Redis, partition: u8) -> Duration {
    let (begun, batch) = (Instant::now(), confirmed(partition, &format!("back-{partition}")));
    loop {
        match store.commit(batch.clone()).await {
            Ok(CommitOutcome::Committed) => return begun.elapsed(),
            Ok(CommitOutcome::Conflict) => panic!("nobody else writes it"),
            Err(StoreError::Away(why)) => assert!(begun.elapsed() < ALWAYS_BACK, "{why}"),
            Err(error) => panic!("{error}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn stands(store: &Redis, partition: u8, names: &[String]) -> bool {
    let until = Instant::now() + ALWAYS_BACK;
    loop {
        match store.get(Partition(partition), names).await {
            Ok(found) => return found.iter().all(Option::is_some),
            Err(why) => assert!(Instant::now() < until, "{why}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_each_primary_of_a_cluster_is_confirmed_by_its_own_replica() {
    let Some(cluster) = super::harmed().await else { return };
    let store = store(cluster.place(), "confirmed").await;
    for tag in 0..64 {
        assert_eq!(store.commit(confirmed(tag * 4, &format!("first-{tag}"))).await.unwrap(), CommitOutcome::Committed);
    }
    let victim = cluster.primaries(0).await[0];
    let replica = (0..6).find(|n| *n != victim && n % 3 == victim % 3).expect("each has one");
    // Tag 0 is the victim's, tag 63 another's.
    cluster.signal(replica, "STOP");
    let held = confirmed(0, "held");
    let answer = store.commit(held.clone()).await;
    let other = store.commit(confirmed(252, "other")).await;
    cluster.signal(replica, "CONT");
    assert!(matches!(answer, Err(StoreError::Away(_))), "{answer:?}");
    assert_eq!(other.unwrap(), CommitOutcome::Committed, "another primary's replica is there");
    until_confirmed(&store, 0).await;
    assert_eq!(store.commit(held).await.unwrap(), CommitOutcome::Committed);

    cluster.signal(victim, "KILL");
    assert!(stands(&store, 0, &["first-0", "held"].map(str::to_owned)).await);
    let alone = store.commit(confirmed(0, "alone")).await;
    assert!(matches!(alone, Err(StoreError::Away(_))), "the new primary has no replica yet: {alone:?}");
    cluster.comes_back(victim);
    cluster.stands().await;
    until_confirmed(&store, 0).await;
    for tag in 0..64 {
        assert!(stands(&store, tag * 4, &[format!("first-{tag}")]).await, "tag {tag}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_what_was_confirmed_is_there_after_sentinels_chose() {
    let Some(trio) = Trio::start().await else { return };
    let store = store(trio.place(), "confirmed").await;
    let names: Vec<String> = (0..50).map(|n| format!("r{n}")).collect();
    for name in &names {
        assert_eq!(store.commit(confirmed(0, name)).await.unwrap(), CommitOutcome::Committed);
    }
    trio.signal(trio.primary().await, "KILL");
    until_confirmed(&store, 0).await;
    assert!(stands(&store, 0, &names).await);
}

/// While slots move, connections of one's own are led on like all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a130_logins_are_confirmed_while_slots_move() {
    let Some(cluster) = super::harmed().await else { return };
    let world = World::on(stores::on(store(cluster.place(), "moved").await));
    let team = world.team("acme").await;
    team.set(json!({"binding": "none"})).await;
    let stop = Arc::new(AtomicBool::new(false));
    let customers: Vec<_> = (0..4)
        .map(|n| {
            let (team, stop) = (Team { world: world.clone(), ..team.clone() }, Arc::clone(&stop));
            tokio::spawn(async move {
                let mut logins = 0;
                while !stop.load(Ordering::Relaxed) {
                    let chat = team.open("sms", &format!("c{n}.{logins}")).await;
                    assert_eq!(team.log_in(&chat, "cust-42").await["status"], "authenticated");
                    assert_eq!(team.flag(&chat).await["authenticated"], true);
                    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
                    logins += 1;
                }
                logins
            })
        })
        .collect();
    let primaries = cluster.primaries(0).await;
    let (slots, _) = moves(&cluster, primaries[0], primaries[1]).await;
    stop.store(true, Ordering::Relaxed);
    let mut logins = 0;
    for customer in customers {
        logins += customer.await.expect("every login was answered as always");
    }
    assert!(slots > 0 && logins > 0);
}

//! A primary of a cluster dies or hangs under load, and its replica takes over: who waits how long,
//! and what was acknowledged and is there. The wait is told, and only its existence is asserted.

use std::sync::Arc;

use countersign::store::{Store, StoreError};
use redis::aio::MultiplexedConnection;
use tokio::time::{Duration, Instant};

use super::{
    ALWAYS_BACK,
    writers::{Writers, told_once},
};
use crate::{
    length::{figure, rounds, size},
    stores::{self, cluster::said},
};

/// The probe's own keys, one in the slots of each primary, for `WAIT` speaks for its own connection.
const PROBES: [&str; 3] = ["probe{b}", "probe{c}", "probe{a}"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_reached_the_replica_of_a_killed_primary_is_there_and_service_is_back() {
    let Some(cluster) = super::harmed().await else { return };
    let store: Arc<dyn Store> = Arc::new(stores::connected(cluster.place()).await);
    let mut waits = Vec::new();
    let (mut taken_back, mut acknowledged) = (0, 0);
    let shards = size(1, 3);
    for round in rounds("primaries killed in a cluster", 1, 60) {
        let name = format!("writers{round}");
        let writers = Writers::begin(&store, &name);
        writers.all_beyond(&[5; 64], ALWAYS_BACK).await;
        let primaries = cluster.primaries(0).await;
        let shard = round % shards;
        let victim = primaries[shard];
        // Whatever was acknowledged before a write that a replica confirmed is on that replica.
        let earliest = writers.acknowledged();
        confirmed(&mut cluster.shell(victim).await, PROBES[shard]).await;
        let killed = Instant::now();
        cluster.signal(victim, "KILL");
        let at_kill = writers.acknowledged();
        // What was under way at the kill may be answered still; the second answer is the new one's.
        let beyond: Vec<u64> = at_kill.iter().map(|number| number + 1).collect();
        writers.all_beyond(&beyond, ALWAYS_BACK).await;
        waits.push(killed.elapsed());
        cluster.comes_back(victim);
        cluster.stands().await;
        assert!(!cluster.primaries(victim).await.contains(&victim), "it is a replica now, and knows it");
        let (_, numbers) = writers.end().await;
        for (tag, (told, stands)) in numbers.iter().enumerate() {
            assert!(*stands >= earliest[tag], "tag {tag}: {} was on the replica, {stands} is there", earliest[tag]);
            taken_back += told.saturating_sub(*stands);
            acknowledged += told;
        }
        told_once(&*store, &name).await;
    }
    waits.sort_unstable();
    let at = |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_millis();
    figure(
        "T16 (cluster, node timeout 2 s)",
        format_args!(
            "{} primaries killed under load of {acknowledged} acknowledged commits: all partitions served again after \
             {} ms (median), {} ms (p99); {taken_back} commits acknowledged but not yet replicated were lost",
            waits.len(),
            at(50),
            at(99)
        ),
    );
}

/// A primary that hangs answers nobody and refuses nobody: calls end in time, and go on elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_hangs_holds_nobody_up_for_long() {
    let Some(cluster) = super::harmed().await else { return };
    let store: Arc<dyn Store> = Arc::new(stores::connected(cluster.place()).await);
    let writers = Writers::begin(&store, "hanging");
    writers.all_beyond(&[1; 64], ALWAYS_BACK).await;
    let victim = cluster.primaries(0).await[1];
    cluster.signal(victim, "STOP");
    let begun = Instant::now();
    for tag in 0..64 {
        let read = store.get(countersign::store::Partition(tag * 4), &["none".to_owned()]).await;
        assert!(matches!(read, Ok(_) | Err(StoreError::Away(_))), "{read:?}");
        if begun.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    let now = writers.acknowledged();
    let beyond: Vec<u64> = now.iter().map(|number| number + 1).collect();
    writers.all_beyond(&beyond, ALWAYS_BACK).await;
    figure("primary that hangs", format_args!("all partitions served again after {} ms", begun.elapsed().as_millis()));
    cluster.signal(victim, "CONT");
    cluster.stands().await;
    let (_, numbers) = writers.end().await;
    assert!(numbers.iter().zip(&now).all(|((told, _), now)| told > now));
}

/// A write that a replica has confirmed.
async fn confirmed(shell: &mut MultiplexedConnection, key: &str) {
    let () = said(shell, &["SET", key, "x"]).await;
    let replicas: u64 = said(shell, &["WAIT", "1", "5000"]).await;
    assert!(replicas >= 1, "a replica follows");
}

//! A primary that Sentinels replace: what was replicated is there, the library came with it, and
//! whoever comes back as a replica is neither written to nor read from.

use std::sync::Arc;

use countersign::store::{Partition, Store};
use tokio::time::Instant;

use super::{
    ALWAYS_BACK, answered, puts,
    writers::{Writers, told_once},
};
use crate::{
    length::{figure, rounds},
    stores::{self, cluster::said, sentinel::Trio},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_name_another_primary_and_the_store_follows() {
    let Some(trio) = Trio::start().await else { return };
    let store: Arc<dyn Store> = Arc::new(stores::connected(trio.place()).await);
    let mut waits = Vec::new();
    let (mut taken_back, mut acknowledged) = (0, 0);
    for round in rounds("primaries killed under Sentinels", 1, 20) {
        let name = format!("writers{round}");
        let writers = Writers::begin(&store, &name);
        writers.all_beyond(&[3; 64], ALWAYS_BACK).await;
        let victim = trio.primary().await;
        let earliest = writers.acknowledged();
        let mut shell = trio.shell(victim).await;
        let () = said(&mut shell, &["SET", "probe", "x"]).await;
        // Both replicas: the Sentinels choose.
        assert_eq!(said::<u64>(&mut shell, &["WAIT", "2", "5000"]).await, 2);
        let killed = Instant::now();
        trio.signal(victim, "KILL");
        let beyond: Vec<u64> = writers.acknowledged().iter().map(|number| number + 1).collect();
        writers.all_beyond(&beyond, ALWAYS_BACK).await;
        waits.push(killed.elapsed().as_millis());
        assert_ne!(trio.primary().await, victim);

        // It comes back thinking that it is the primary still, with nothing: until it is told.
        assert!(trio.comes_back(victim));
        trio.stands().await;
        let (_, numbers) = writers.end().await;
        for (tag, (told, stands)) in numbers.iter().enumerate() {
            assert!(*stands >= earliest[tag], "tag {tag}: {} was replicated, {stands} is there", earliest[tag]);
            taken_back += told.saturating_sub(*stands);
            acknowledged += told;
        }
        told_once(&*store, &name).await;
        let _ = answered(async || store.commit(puts(0, "r", "x")).await).await;
        assert!(answered(async || store.get(Partition(0), &["r".to_owned()]).await).await[0].is_some());
        let stats: String = said(&mut trio.shell(victim).await, &["INFO", "commandstats"]).await;
        for command in ["get", "mget", "fcall", "fcall_ro"] {
            assert!(!stats.contains(&format!("cmdstat_{command}:")), "{stats}");
        }
    }
    waits.sort_unstable();
    let median = waits[waits.len() / 2];
    figure(
        "T16 (Sentinel, down after 2 s)",
        format_args!(
            "{} primaries killed under load of {acknowledged} acknowledged commits: served again after {median} ms \
             (median), {} ms (most); {taken_back} commits acknowledged but not yet replicated were lost",
            waits.len(),
            waits[waits.len() - 1]
        ),
    );
}

//! Primaries that are killed while customers act and the replica lags (T16): what was answered is
//! there afterwards. What the same costs, and what is lost where nobody waits, is told as figures.
//!
//! Two servers play ping-pong: the replica is promoted, and a new one is attached to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::ambient::Entropy;
use countersign::store::Batch;
use countersign::store::redis::Redis;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::pair::Pair;
use super::people::{End, KINDS, Story, teams};
use super::proxy::Mode;
use crate::length::{figure, is_long, rounds, seed, size};
use crate::world::ambient::SeededEntropy;
use crate::world::{Team, World, unique};

/// Customers who act at the same time.
const CUSTOMERS: usize = 6;

/// Two nodes that wait for so many replicas, and one that only looks, each with the three teams.
struct Scene {
    pair: Pair,
    nodes: [[Team; 3]; 2],
    looks: [Team; 3],
    chance: SeededEntropy,
}

/// What became of the acts of some failovers.
#[derive(Default)]
struct Tally {
    customers: usize,
    acts: usize,
    grave: usize,
    unfinished: usize,
    forgotten: Vec<String>,
    lost: BTreeMap<&'static str, usize>,
    /// The first customer of whom something was.
    witness: Option<String>,
}

impl Scene {
    async fn set(confirm_replicas: u32) -> Option<Self> {
        let pair = Pair::start(false).await?;
        let first = World::on(pair.stand(confirm_replicas).await);
        let teams = teams(&first).await;
        let again = |world: &World| teams.clone().map(|team| Team { world: world.clone(), ..team });
        let second = first.beside(pair.stand(confirm_replicas).await, 2);
        let looks = first.beside(pair.stand(0).await, 3);
        let (second, looks) = (again(&second), again(&looks));
        Some(Self { pair, nodes: [teams, second], looks, chance: SeededEntropy::new(seed()) })
    }

    fn below(&self, limit: u64) -> u64 {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        u64::from_le_bytes(bytes) % limit
    }

    /// Customers act; replication becomes `mode` at some moment, and so many milliseconds later,
    /// at most, the primary is killed.
    async fn failover(&mut self, mode: Mode, within: u64, tally: &mut Tally) {
        let over = Arc::new(AtomicBool::new(false));
        let customers: Vec<_> = (0..CUSTOMERS)
            .map(|n| {
                let (team, over) = (self.nodes[n % 2][n % 3].clone(), over.clone());
                tokio::spawn(async move {
                    let mut stories = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        stories.push(Story::told(&team, KINDS[n % 3], format!("+3725{:07}", unique())).await);
                    }
                    stories
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(self.below(20))).await;
        self.pair.between.set(mode);
        tokio::time::sleep(Duration::from_millis(self.below(within))).await;
        self.pair.fail_over().await;
        over.store(true, Ordering::Relaxed);
        let (stories, ()) = tokio::join!(join_all(customers), self.pair.attach());
        for (n, stories) in stories.into_iter().enumerate() {
            for story in stories.expect("a story is told to its end") {
                tally.customers += 1;
                tally.acts += story.acts;
                tally.grave += story.grave;
                match &story.end {
                    None => {}
                    Some(End::Unanswered) => tally.unfinished += 1,
                    Some(End::Forgotten(refusal)) => tally.forgotten.push(refusal.clone()),
                }
                let lost = story.losses(&self.looks[n % 3]).await;
                if !lost.is_empty() && tally.witness.is_none() {
                    tally.witness = Some(format!("{story:?}"));
                }
                lost.into_iter().for_each(|what| *tally.lost.entry(what).or_default() += 1);
            }
        }
        let looks = &self.looks[0].world.gateway;
        if looks.maintain().await.is_err() {
            // Nobody has looked since the failover: the first sweep finds the old connection.
            looks.maintain().await.expect("what waits is told");
        }
    }

    /// How replication goes before a kill.
    fn weather(&self) -> Mode {
        match self.below(4) {
            0 => Mode::Open,
            1 => Mode::Slow(Duration::from_millis(1 + self.below(30))),
            2 => Mode::Cut,
            _ => Mode::Held,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_failovers_lose_nothing_that_was_confirmed() {
    let Some(mut scene) = Scene::set(1).await else { return };
    let (mut tally, began) = (Tally::default(), Instant::now());
    for round in rounds("primaries killed", 5, 1000) {
        let mode = scene.weather();
        scene.failover(mode, 80, &mut tally).await;
        assert!(tally.lost.is_empty(), "round {round}, {mode:?}: {:?}, {:?}", tally.lost, tally.witness);
        assert!(tally.forgotten.is_empty(), "round {round}, {mode:?}: {:?}", tally.forgotten);
    }
    assert!(tally.grave > 0, "somebody did something");
    figure(
        "T16",
        format_args!(
            "{} primaries killed with held, delayed, cut and open replication, confirm_replicas = 1: 0 of {} answered \
             acts lost, among them {} guesses, locks, bans, opened links and sign-outs; {} of {} customers ended with \
             a 503; {:.0?} a failover",
            size(5, 1000),
            tally.acts,
            tally.grave,
            tally.unfinished,
            tally.customers,
            began.elapsed() / u32::try_from(size(5, 1000)).unwrap(),
        ),
    );
}

/// What `confirm_replicas = 0` can lose: whatever the replica did not have yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_confirmation_a_failover_loses_what_the_replica_lacks() {
    if !is_long() {
        return; // it measures, and asserts little
    }
    let Some(mut scene) = Scene::set(0).await else { return };
    let all = size(2, 100);
    let mut told = Vec::new();
    for (what, mode, within) in [("in step", Mode::Open, 150), ("held for up to 0.3 s", Mode::Held, 300)] {
        let mut tally = Tally::default();
        for _ in rounds("primaries killed, nobody waits", 2, 100) {
            scene.failover(mode, within, &mut tally).await;
        }
        let lost: usize = tally.lost.values().sum();
        let kinds: Vec<String> = tally.lost.iter().map(|(what, n)| format!("{n} {what}")).collect();
        told.push(format!("replica {what}: {lost} of {} answered acts lost ({})", tally.acts, kinds.join(", ")));
        if mode == Mode::Held {
            assert!(lost > 0, "the proxy held, so something must be missing");
        }
    }
    figure("T16", format_args!("confirm_replicas = 0, {all} primaries killed each: {}", told.join("; ")));
}

/// So many commits, so many at a time; how many a second.
async fn rate(store: &Arc<Redis>, commits: usize, at_once: usize) -> f64 {
    let began = Instant::now();
    let workers = (0..at_once).map(|worker| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..commits / at_once {
                let batch = Batch { ..super::batch(&format!("w{worker}/{}", n % 8), "a record of some length") };
                super::until_confirmed(&store, batch).await;
            }
        })
    });
    join_all(workers).await.into_iter().for_each(|worker| worker.expect("no commit failed"));
    commits as f64 / began.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_confirmation_costs() {
    let Some(pair) = Pair::start(false).await else { return };
    let stores = [Arc::new(pair.store(0).await), Arc::new(pair.store(1).await)];
    let mut told = Vec::new();
    for at_once in [1, 32] {
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..size(1, 9) {
            for (store, rates) in stores.iter().zip(&mut rates) {
                rates.push(rate(store, size(64, 2048), at_once).await);
            }
        }
        rates.iter_mut().for_each(|rates| rates.sort_by(f64::total_cmp));
        let [without, with] = rates.map(|rates| rates[rates.len() / 2]);
        told.push(format!("{at_once} at a time {with:.0}/s against {without:.0}/s ({:.2})", with / without));
    }
    figure("confirmation", format_args!("commits with WAIT 1 against without, replica in step: {}", told.join("; ")));
}

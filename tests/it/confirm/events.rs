//! Events over a failover: what was told is never taken back, and what was answered is told once.
//!
//! A follower on a node of its own writes down what its stream tells while primaries are killed. Its record is
//! compared with the stream as it stands afterwards.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign::domain::base::id::TeamName;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::pair::Pair;
use super::proxy::Mode;
use crate::length::{figure, rounds, size};
use crate::world::{Team, World, unique};

/// Longer than this nobody waits for an event.
const ALWAYS_TOLD: Duration = Duration::from_secs(30);

/// The events that a stream told: number and JSON of each.
type Told = Arc<Mutex<Vec<(u64, String)>>>;

/// A listener that follows a team's stream from its beginning, over every failover.
struct Follower {
    told: Told,
    following: JoinHandle<()>,
}

impl Follower {
    fn of(world: World, team: TeamName) -> Self {
        let told = Told::default();
        let heard = told.clone();
        let following = tokio::spawn(async move {
            loop {
                let last = heard.lock().unwrap_or_else(PoisonError::into_inner).last().map_or(0, |(number, _)| *number);
                let Ok(mut listener) = world.gateway.event_log.listen(&team, Some(last)).await else {
                    sleep(Duration::from_millis(20)).await;
                    continue;
                };
                while let Ok(event) = listener.next().await {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).push((event.number, event.told()));
                }
            }
        });
        Self { told, following }
    }

    fn told(&self) -> Vec<(u64, String)> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns once it has been told of that interaction.
    async fn hears(&self, interaction: &str) {
        let until = Instant::now() + ALWAYS_TOLD;
        while !self.told().iter().any(|(_, told)| told.contains(interaction)) {
            assert!(Instant::now() < until, "nobody is told of {interaction}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Two nodes whose acts wait for a replica, with relays, and a follower on a third.
struct Scene {
    pair: Pair,
    nodes: [Team; 2],
    follower: Follower,
    relays: Vec<JoinHandle<()>>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.relays.iter().for_each(JoinHandle::abort);
    }
}

impl Scene {
    async fn set() -> Option<Self> {
        let pair = Pair::start(false).await?;
        let first = super::confirmed(&pair).await;
        let second = first.world.beside(pair.stand(1).await, 2);
        let third = first.world.beside(pair.stand(1).await, 3);
        let follower = Follower::of(third, first.name.parse().expect("a name"));
        let second = Team { world: second, ..first.clone() };
        let relays = [&first, &second].map(|team| {
            let relay = team.world.gateway.relay.clone();
            tokio::spawn(async move { relay.relay_forever().await })
        });
        Some(Self { pair, nodes: [first, second], follower, relays: relays.into() })
    }

    /// The events of the stream as it stands, once those of these interactions are in it.
    async fn stream_with(&self, interactions: &[String]) -> Vec<(u64, String)> {
        let team = &self.nodes[0];
        let name: TeamName = team.name.parse().expect("a name");
        let until = Instant::now() + ALWAYS_TOLD;
        loop {
            let mut stream = Vec::new();
            if let Ok(mut listener) = team.world.gateway.event_log.listen(&name, Some(0)).await {
                while let Ok(Ok(event)) = timeout(Duration::from_millis(500), listener.next()).await {
                    stream.push((event.number, event.told()));
                }
            }
            let missing = interactions.iter().find(|id| !stream.iter().any(|(_, told)| told.contains(*id)));
            let Some(missing) = missing else { return stream };
            assert!(Instant::now() < until, "the stream has lost {missing}");
        }
    }
}

/// Asks to open a conversation; its id where that was answered.
async fn opens(team: &Team) -> Option<String> {
    let body = json!({"channel": "sms", "conversation": format!("+3725{:07}", unique()),
        "participants": [{"role": "primary", "name": "Demo Customer"}]});
    let reply = team.world.call(&team.bot, "POST", "/v1/interactions", body).await;
    assert!(matches!(reply.status, 201 | 503), "{}", reply.text());
    (reply.status == 201).then(|| reply.json()["id"].as_str().expect("an id").to_owned())
}

/// Every number once and in order, and each of these interactions opened once.
fn judged(stream: &[(u64, String)], interactions: &[String]) {
    for (at, (number, told)) in stream.iter().enumerate() {
        assert_eq!(*number, at as u64 + 1, "{told}");
    }
    let mut opened = BTreeMap::new();
    for (_, told) in stream {
        let event: Value = serde_json::from_str(told).expect("JSON");
        if event["type"] == "interaction.opened" {
            *opened.entry(event["interaction"].as_str().unwrap_or_default().to_owned()).or_insert(0) += 1;
        }
    }
    for interaction in interactions {
        assert_eq!(opened.get(interaction), Some(&1), "{interaction}");
    }
}

/// An act that nobody confirmed and a failover forgot was told to nobody, and its number is another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_nobody_is_told_what_a_failover_can_take_back() {
    let Some(mut scene) = Scene::set().await else { return };
    let before = opens(&scene.nodes[0]).await.expect("a replica confirms");
    scene.follower.hears(&before).await;
    scene.pair.between.set(Mode::Held);
    assert!(opens(&scene.nodes[0]).await.is_none(), "nobody confirms");
    scene.pair.fail_over().await;
    scene.pair.attach().await;
    let after = loop {
        if let Some(after) = opens(&scene.nodes[1]).await {
            break after;
        }
    };
    scene.follower.hears(&after).await;
    let stream = scene.stream_with(&[before.clone(), after.clone()]).await;
    judged(&stream, &[before, after]);
    let told = scene.follower.told();
    assert_eq!(told, stream[..told.len()], "what was told stands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_failovers_lose_no_event_and_tell_none_twice() {
    let Some(mut scene) = Scene::set().await else { return };
    let mut opened = Vec::new();
    for round in rounds("primaries killed, events counted", 3, 300) {
        let over = Arc::new(AtomicBool::new(false));
        let customers: Vec<_> = (0..6)
            .map(|n| {
                let (team, over) = (scene.nodes[n % 2].clone(), over.clone());
                tokio::spawn(async move {
                    let mut opened = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        opened.extend(opens(&team).await);
                    }
                    opened
                })
            })
            .collect();
        sleep(Duration::from_millis(unique() % 40)).await;
        let modes = [Mode::Held, Mode::Cut, Mode::Slow(Duration::from_millis(10)), Mode::Open];
        scene.pair.between.set(modes[round % modes.len()]);
        sleep(Duration::from_millis(unique() % 100)).await;
        scene.pair.fail_over().await;
        over.store(true, Ordering::Relaxed);
        let (customers, ()) = tokio::join!(join_all(customers), scene.pair.attach());
        customers.into_iter().for_each(|customer| opened.extend(customer.expect("it was answered, or not")));
        let stream = scene.stream_with(&opened).await;
        judged(&stream, &opened);
        let told = scene.follower.told();
        assert!(told.len() <= stream.len(), "round {round}");
        assert_eq!(told, stream[..told.len()], "round {round}: what was told stands");
    }
    figure(
        "T16 (events)",
        format_args!("{} primaries killed: {} answered acts are each in the stream once", size(3, 300), opened.len()),
    );
}

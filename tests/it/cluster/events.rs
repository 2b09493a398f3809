//! Events over the loss of a primary of a cluster: a stream and the outboxes that it is filled from lie on
//! different primaries, so neither may believe the other before a replica has what it tells.

use countersign::store::redis::{Redis, RedisOptions};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{ALWAYS_BACK, Duration, Harmed};
use crate::stores::{self, cluster::Cluster, cluster::said};
use crate::world::{Team, World, unique};

/// The primary that has keys of that name.
async fn holder(cluster: &Cluster, name: &str) -> usize {
    for node in cluster.primaries(0).await {
        let keys: Vec<String> = said(&mut cluster.shell(node).await, &["KEYS", &format!("*{name}")]).await;
        if !keys.is_empty() {
            return node;
        }
    }
    panic!("no primary has {name}");
}

/// Asks to open a conversation; its id where that was answered.
async fn opens(team: &Team) -> Option<String> {
    let body = json!({"channel": "sms", "conversation": format!("+3725{:07}", unique()),
        "participants": [{"role": "primary", "name": "Demo Customer"}]});
    let reply = team.world.call(&team.bot, "POST", "/v1/interactions", body).await;
    (reply.status == 201).then(|| reply.json()["id"].as_str().expect("an id").to_owned())
}

/// Moves what waits, as long as it takes until a replica confirms it.
async fn moved(team: &Team) {
    let until = Instant::now() + ALWAYS_BACK;
    loop {
        match team.world.gateway.relay.relay().await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// A cluster, and a team on it whose acts wait for a replica; the primary that holds the team's stream, and another.
struct Scene {
    cluster: Harmed,
    team: Team,
    holder: usize,
    other: usize,
}

impl Scene {
    async fn set() -> Option<Self> {
        let cluster = super::harmed().await?;
        let options =
            RedisOptions { prefix: "events".into(), confirm_replicas: 1, ..RedisOptions::new(cluster.place()) };
        let world = World::on(stores::on(Redis::connect(&options).await.expect("our servers are fit")));
        let team = world.team("acme").await;
        moved(&team).await;
        let holder = holder(&cluster, ":s/acme").await;
        let other = cluster.primaries(0).await.into_iter().find(|node| *node != holder).expect("there are three");
        Some(Self { cluster, team, holder, other })
    }

    /// Conversations are opened and their events moved, while the victim's replica hears nothing any more. Then it
    /// takes the victim's place. The conversations whose opening was answered.
    async fn lose(&self, victim: usize) -> Vec<String> {
        let replica = (0..6).find(|n| *n != victim && n % 3 == victim % 3).expect("each has one");
        self.cluster.signal(replica, "STOP");
        let _: i64 = said(&mut self.cluster.shell(victim).await, &["CLIENT", "KILL", "TYPE", "replica"]).await;
        let opened: Vec<String> = join_all((0..24).map(|_| opens(&self.team))).await.into_iter().flatten().collect();
        assert!(!opened.is_empty() && opened.len() < 24, "{} of 24 are confirmed", opened.len());
        let _ = self.team.world.gateway.relay.relay().await;
        self.cluster.signal(victim, "KILL");
        self.cluster.signal(replica, "CONT");
        let until = Instant::now() + ALWAYS_BACK;
        while !self.cluster.primaries(replica).await.contains(&replica) {
            assert!(Instant::now() < until, "the replica takes its place");
            sleep(Duration::from_millis(100)).await;
        }
        self.cluster.comes_back(victim);
        self.cluster.stands().await;
        moved(&self.team).await;
        opened
    }

    /// Each of these was told once, and nothing that is not so; the audit trail is whole.
    async fn judged(&self, opened: &[String]) {
        let mut told = Vec::new();
        for event in self.team.events().await {
            if event["type"] == "interaction.opened" {
                told.push(event["interaction"].as_str().expect("an id").to_owned());
            }
        }
        for id in opened {
            assert_eq!(told.iter().filter(|told| *told == id).count(), 1, "{id} of {}", opened.len());
        }
        for id in &told {
            self.team.bot("GET", id, "", serde_json::Value::Null).await.expect(200);
        }
        let name = self.team.name.parse().expect("a name");
        let checked = self.team.world.gateway.event_log.check_audit(&name).await.expect("it is read");
        assert!(checked.broken.is_none(), "{:?}", checked.broken);
    }
}

/// The stream's primary is lost with what it was given last; the outboxes of the others have not forgotten it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_events_that_a_lost_primary_was_given_wait_in_the_outboxes_of_others() {
    let Some(scene) = Scene::set().await else { return };
    let opened = scene.lose(scene.holder).await;
    scene.judged(&opened).await;
}

/// An outbox is lost with acts that nobody confirmed; the stream of another primary has told of none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_acts_that_a_lost_primary_alone_had_are_told_to_nobody() {
    let Some(scene) = Scene::set().await else { return };
    let opened = scene.lose(scene.other).await;
    scene.judged(&opened).await;
}

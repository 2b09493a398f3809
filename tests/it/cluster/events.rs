//! Events over the loss of a primary of a cluster: a stream and the outboxes that it is filled from lie on
//! different primaries, so neither may believe the other before a replica has what it tells.

use countersign::domain::event::EventKind;
use countersign::store::redis::{Redis, RedisOptions};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

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

    /// From now on the replica of that primary hears nothing; which it is.
    async fn cut_off(&self, primary: usize) -> usize {
        let replica = (0..6).find(|n| *n != primary && n % 3 == primary % 3).expect("each has one");
        self.cluster.signal(replica, "STOP");
        let _: i64 = said(&mut self.cluster.shell(primary).await, &["CLIENT", "KILL", "TYPE", "replica"]).await;
        replica
    }

    /// Conversations are opened and their events moved, while the victim's replica hears nothing any more. Then it
    /// takes the victim's place. The conversations whose opening was answered.
    async fn lose(&self, victim: usize) -> Vec<String> {
        let replica = self.cut_off(victim).await;
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
}

/// The conversations whose opening a team's stream tells.
async fn told(team: &Team) -> Vec<String> {
    let name = team.name.parse().expect("a name");
    let mut listener = team.world.gateway.event_log.listen(&name, Some(0)).await.expect("what was told is there");
    let mut told = Vec::new();
    while let Ok(event) = timeout(Duration::from_secs(1), listener.next()).await {
        let event = event.expect("what was told is there");
        if event.event.kind() == EventKind::InteractionOpened {
            told.push(event.event.interaction.expect("it is of one").to_string());
        }
    }
    told
}

/// The numbers of a team's audit trail, read from its beginning and from its end.
async fn audit_numbers(team: &Team) -> [Vec<u64>; 2] {
    let (name, log) = (team.name.parse().expect("a name"), &team.world.gateway.event_log);
    let trail = log.audit(&name, 0, 1000).await.expect("what was told is there");
    let (back, _) = log.audit_back(&name, None, 1000, |_| true).await.expect("what was told is there");
    [trail.items.iter().map(|entry| entry.number).collect(), back.iter().rev().map(|entry| entry.number).collect()]
}

/// Each of these was told once, and nothing that is not so; the audit trail is whole.
async fn judged(team: &Team, opened: &[String]) {
    let until = Instant::now() + ALWAYS_BACK;
    let told = loop {
        let told = told(team).await;
        if opened.iter().all(|id| told.contains(id)) || Instant::now() > until {
            break told;
        }
        moved(team).await;
    };
    for id in opened {
        assert_eq!(told.iter().filter(|told| *told == id).count(), 1, "{id} of {}", opened.len());
    }
    for id in &told {
        team.bot("GET", id, "", serde_json::Value::Null).await.expect(200);
    }
    let name = team.name.parse().expect("a name");
    let checked = team.world.gateway.event_log.check_audit(&name).await.expect("it is read");
    assert!(checked.broken.is_none(), "{:?}", checked.broken);
}

/// The stream's primary is lost with what it was given last; the outboxes of the others have not forgotten it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_events_that_a_lost_primary_was_given_wait_in_the_outboxes_of_others() {
    let Some(scene) = Scene::set().await else { return };
    let opened = scene.lose(scene.holder).await;
    judged(&scene.team, &opened).await;
}

/// An outbox is lost with acts that nobody confirmed; the stream of another primary has told of none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a123_acts_that_a_lost_primary_alone_had_are_told_to_nobody() {
    let Some(scene) = Scene::set().await else { return };
    let opened = scene.lose(scene.other).await;
    judged(&scene.team, &opened).await;
}

/// The stream of one team waits for a replica of its primary; other teams' events go on, and what was told is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_whose_events_nobody_confirms_holds_up_no_other() {
    let Some(scene) = Scene::set().await else { return };
    let mut others = 0;
    let other = loop {
        let team = scene.team.world.team(&format!("other-{others}")).await;
        moved(&team).await;
        if holder(&scene.cluster, &format!(":s/{}", team.name)).await != scene.holder {
            break team;
        }
        others += 1;
    };
    let before = opens(&scene.team).await.expect("its replica confirms");
    moved(&scene.team).await;
    let audited = audit_numbers(&scene.team).await;
    let replica = scene.cut_off(scene.holder).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        let (one, another) = tokio::join!(opens(&scene.team), opens(&other));
        ours.extend(one);
        theirs.extend(another);
    }
    assert!(!ours.is_empty() && !theirs.is_empty(), "those of the other primaries are confirmed");
    let mut issued = 0;
    for id in &ours {
        let link = scene.team.bot("POST", id, "/login-links", json!({"purpose": "mid_chat"})).await;
        issued += usize::from(link.status == 201);
    }
    assert!(issued > 0, "an act that the trail will tell");
    while scene.team.world.gateway.relay.relay().await.is_ok_and(|moved| moved > 0) {}
    let others_told = told(&other).await;
    assert!(theirs.iter().all(|id| others_told.contains(id)), "the other team's go on");
    assert_eq!(told(&scene.team).await, std::slice::from_ref(&before), "what was told is read, and nothing beyond");
    assert_eq!(audit_numbers(&scene.team).await, audited, "neither is the trail, from either end");
    let path = format!("/v1/interactions/{}/history", ours[0]);
    let history = scene.team.world.call(&scene.team.agent, "GET", &path, serde_json::Value::Null).await.expect(200);
    assert_eq!(history["items"], json!([]), "nor the history of a conversation");
    scene.cluster.signal(replica, "CONT");
    scene.cluster.stands().await;
    moved(&scene.team).await;
    ours.push(before);
    judged(&scene.team, &ours).await;
    assert!(audit_numbers(&scene.team).await[0].len() >= audited[0].len() + issued, "then the trail tells it");
    judged(&other, &theirs).await;
}

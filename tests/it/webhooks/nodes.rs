//! Several nodes on one store share the work: nothing is told twice while nobody dies, and each
//! interaction's events keep their order whoever tells them. And what a webhook costs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign::store::embedded::Embedded;
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::text;
use crate::stores;
use crate::world::{Team, World};

/// Nodes behind a receiver, each tending for ever as a process does.
fn run(world: &World) -> Vec<tokio::task::JoinHandle<()>> {
    let gateway = &world.gateway;
    let (relay, alarms) = (gateway.relay.clone(), gateway.maintenance.clone());
    let mut behind = vec![
        tokio::spawn(async move { relay.relay_forever().await }),
        tokio::spawn(async move { alarms.ring_forever().await }),
    ];
    behind.extend(gateway.job_loops().into_iter().map(tokio::spawn));
    behind
}

#[tokio::test]
async fn two_nodes_tell_each_event_once_and_in_order() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let team = world.team("acme").await;
    let receiver = Receiver::start().await;
    team.hooked("bot", &receiver, json!(["interaction.opened", "link.issued", "interaction.closed"])).await;
    let second = Team { world: world.second_node(), ..team.clone() };
    let running: Vec<_> = [&team.world, &second.world].into_iter().flat_map(run).collect();
    let work = async |team: &Team, from: usize| {
        for n in from..from + 15 {
            let chat = team.open("sms", &format!("c{n}")).await;
            team.link(&chat).await;
            team.bot("POST", &chat, "/close", json!({})).await.expect(200);
        }
    };
    tokio::join!(work(&team, 0), work(&second, 100));
    let mut got = Vec::new();
    let all = tokio::time::timeout(Duration::from_secs(60), async {
        while got.len() < 90 {
            receiver.has_come().await;
            got.extend(receiver.got());
        }
    });
    all.await.expect("everything is told");
    tokio::time::sleep(Duration::from_millis(300)).await; // a second telling would come now
    got.extend(receiver.got());
    running.into_iter().for_each(|task| task.abort());
    assert_eq!((got.len(), receiver.most_at_once()), (90, 1));
    let mut by_chat: BTreeMap<String, Vec<String>> = BTreeMap::new();
    got.iter().for_each(|one| by_chat.entry(one.interaction()).or_default().push(one.kind()));
    assert_eq!(by_chat.len(), 30);
    for kinds in by_chat.values() {
        assert_eq!(kinds, &["interaction.opened", "link.issued", "interaction.closed"]);
    }
}

/// While one node posts, another leaves the webhook alone; when that one dies, it takes over.
#[tokio::test]
async fn what_one_node_has_claimed_another_leaves_alone_until_the_claim_lapses() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let (team, receiver) = (world.team("acme").await, Receiver::start().await);
    team.hooked("bot", &receiver, json!(["interaction.opened"])).await;
    team.open("sms", "c1").await;
    receiver.holds();
    let first = world.gateway.clone();
    let tending = tokio::spawn(async move { first.maintain().await });
    receiver.has_come().await;
    let second = Team { world: world.second_node(), ..team.clone() };
    second.open("sms", "c2").await;
    second.tended().await;
    assert_eq!(receiver.got().len(), 1, "the first node has it");
    tending.abort();
    assert!(tending.await.is_err());
    receiver.lets_go();
    second.world.pass(Duration::from_secs(10)).await;
    assert_eq!(receiver.got().len(), 2, "the one that was under way again, and the next");
}

/// A node that still knows a webhook as it was before posts nothing to where that led: neither what is
/// new nor what was told long ago.
#[tokio::test]
async fn what_was_changed_on_one_node_no_other_goes_on_with() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let (team, old, new) = (world.team("acme").await, Receiver::start().await, Receiver::start().await);
    let second = Team { world: world.second_node(), ..team.clone() };
    let tells = async |chat: &str| {
        second.open("sms", chat).await; // the clock stands still: what it kept of the team counts
        second.tended().await;
    };
    let secret = team.hooked("bot", &old, json!(["interaction.opened"])).await["secret"].clone();
    tells("c1").await;
    assert_eq!(old.got().len(), 1);

    let body = json!({"url": new.url, "events": ["interaction.opened"]});
    team.hook("PUT", "bot", "", body.clone()).await.expect(200);
    tells("c2").await;
    let got = new.got();
    assert_eq!((old.got().len(), got.len()), (0, 1), "rewritten");
    assert!(got[0].is_by(text(&secret)));

    team.hook("POST", "bot", "/rotate", json!({"overlap_minutes": 0})).await.expect(200);
    tells("c3").await;
    assert!(!new.got()[0].is_by(text(&secret)), "rotated");

    team.hook("DELETE", "bot", "", Value::Null).await.expect(204);
    tells("c4").await;
    assert_eq!((old.got().len(), new.got().len()), (0, 0), "removed");

    team.hook("PUT", "bot", "", body).await.expect(201);
    tells("c5").await;
    assert_eq!((old.got().len(), new.kinds()), (0, vec!["interaction.opened".to_owned()]), "made anew");
    let id = text(&team.deliveries("bot", "delivered").await[0]["id"]).to_owned();
    team.hook("DELETE", "bot", "", Value::Null).await.expect(204);
    let again = second.hook("POST", "bot", &format!("/deliveries/{id}/redeliver"), json!({})).await;
    again.refused(404, "not-found");
    second.tended().await;
    assert_eq!(new.got().len(), 0);
}

/// What a webhook costs: two commits for what happened at one time, and none to a team without.
#[tokio::test]
async fn a_webhook_costs_two_commits_a_round_and_nothing_where_there_is_none() {
    let stand = stores::on_disk();
    let store: Arc<Embedded> = stand.store.clone();
    let world = World::on(stand.any());
    let (with, without) = (world.team("with").await, world.team("without").await);
    let receiver = Receiver::start().await;
    with.hooked("bot", &receiver, json!(["*"])).await;
    with.tended().await;
    let cost = async |team: &Team, events: usize| {
        let before = store.commits();
        for n in 0..events {
            team.open("sms", &format!("c{events}-{n}")).await;
        }
        let opened = store.commits();
        assert_eq!(opened - before, events as u64, "an act costs its own commit");
        team.tended().await;
        store.commits() - opened
    };
    let alone = cost(&without, 1).await;
    assert_eq!(cost(&with, 1).await, alone + 2, "a claim and its settlement");
    let alone = cost(&without, 100).await;
    let most = alone + 2 + 100 / 16;
    let told = cost(&with, 100).await;
    assert!(told <= most, "{told} commits for a hundred events, at most {most}");
    assert_eq!(receiver.got().iter().filter(|one| one.kind() == "interaction.opened").count(), 101);
}

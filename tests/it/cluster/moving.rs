//! Slots move from one primary to another while customers log in, and while a commit would have to
//! touch keys of which some are here, some there and some nowhere.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use countersign::store::{CommitOutcome, IndexEntry, Order, Partition, Store};
use redis::aio::MultiplexedConnection;
use serde_json::json;

use super::puts;
use crate::{
    length::{figure, rounds},
    stores::{
        self,
        cluster::{Cluster, id, said},
    },
    world::{Team, World},
};

/// A130: whoever logs in while slots move is logged in, once, and nobody is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a130_logins_go_on_exactly_once_while_slots_move() {
    let Some(cluster) = super::harmed().await else { return };
    let world = World::on(stores::on(stores::connected(cluster.place()).await));
    let first = world.team("acme").await;
    first.set(json!({"binding": "none"})).await;
    let nodes = [first.clone(), Team { world: world.second_node(), ..first.clone() }];
    let stop = Arc::new(AtomicBool::new(false));
    let customers: Vec<_> = (0..6)
        .map(|n| {
            let (team, stop) = (nodes[n % 2].clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut chats = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let chat = team.open("sms", &format!("c{n}.{}", chats.len())).await;
                    let told = team.log_in(&chat, "cust-42").await;
                    assert_eq!(told["status"], "authenticated");
                    assert_eq!(team.flag(&chat).await["authenticated"], true);
                    team.bot("POST", &chat, "/close", json!({})).await.expect(200);
                    chats.push(chat);
                }
                chats
            })
        })
        .collect();
    let primaries = cluster.primaries(0).await;
    let (mut slots, mut keys) = (0, 0);
    for round in rounds("times that slots move", 1, 5) {
        let moved = moves(&cluster, primaries[round % 3], primaries[(round + 1) % 3]).await;
        (slots, keys) = (slots + moved.0, keys + moved.1);
        // What is due and what is to be told is looked after on whoever holds it now.
        world.gateway.maintenance.ring().await.expect("the store is there");
        world.gateway.relay.relay().await.expect("the store is there");
    }
    stop.store(true, Ordering::Relaxed);
    let mut chats = Vec::new();
    for customer in customers {
        chats.extend(customer.await.expect("every login was answered as always"));
    }
    assert!(slots > 0 && !chats.is_empty());
    let events = first.events().await;
    let mut told = HashMap::new();
    for event in &events {
        *told.entry((event["interaction"].as_str(), event["type"].as_str())).or_insert(0) += 1;
    }
    for kind in ["link.opened", "participant.authenticated", "interaction.closed"] {
        for chat in &chats {
            assert_eq!(told.get(&(Some(chat.as_str()), Some(kind))), Some(&1), "{kind} of {chat}");
        }
    }
    figure(
        "A130",
        format_args!(
            "{} logins while {slots} slots with {keys} keys moved: none refused, each exactly once",
            chats.len()
        ),
    );
}

/// While a slot is on its way, Redis refuses a function's touch of a key that is not there, even
/// where the function has just taken away the last of it: a commit must not be torn by that.
#[tokio::test]
async fn a130_a_commit_into_a_slot_on_its_way_is_whole_or_nothing() {
    let Some(cluster) = super::harmed().await else { return };
    let store = stores::connected(cluster.place()).await;
    let primaries = cluster.primaries(0).await;
    let (from, to) = (primaries[0], primaries[1]);
    let (mut source, mut target) = (cluster.shell(from).await, cluster.shell(to).await);
    // So that each key that the commit names is there: one alarm, and one entry of an index.
    let mut before = puts(0, "a", "1");
    before.put.extend(puts(0, "b", "1").put);
    before.put.extend(puts(0, "c", "1").put);
    before.put[0].alarm = Some(1);
    before.enter.push(IndexEntry { index: "list".to_owned(), member: "m".to_owned(), bytes: "x".into() });
    before.events.push("before".into());
    assert_eq!(store.commit(before).await.unwrap(), CommitOutcome::Committed);
    let mark = said::<Vec<String>>(&mut source, &["KEYS", "test*:{bh}:mark"]).await;
    let slot = said::<u16>(&mut source, &["CLUSTER", "KEYSLOT", &mark[0]]).await.to_string();
    let () = said(&mut target, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)]).await;
    let () = said(&mut source, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)]).await;

    let mut batch = puts(0, "a", "2");
    batch.put.extend(puts(0, "b", "2").put);
    batch.delete.push("c".to_owned());
    batch.remove.extend(["m", "none"].map(|member| ("list".to_owned(), member.to_owned())));
    batch.trim.push(("list".to_owned(), "z".to_owned()));
    batch.events.push("told".into());
    assert_eq!(store.commit(batch).await.unwrap(), CommitOutcome::Committed);
    // Whether what is absent has gone over already, only the end of the move says.
    let names = ["a", "b"].map(str::to_owned);
    let found = store.get(Partition(0), &names).await.expect("both are there");
    assert!(found.iter().all(|record| record.as_ref().is_some_and(|record| record.bytes == "2")));
    let outbox = store.outbox(9).await.expect("it reads");
    assert!(outbox.missed.is_none(), "the slot's outbox is here still: {outbox:?}");
    let told: Vec<_> = outbox.waiting.into_iter().map(|event| event.bytes).collect();
    assert_eq!(told, ["before", "told"]);
    assert!(store.due(9, 9, 1).await.expect("it claims").is_empty());

    carried(&mut source, &slot, cluster.port(to)).await;
    let outbox = store.outbox(9).await.expect("it reads");
    assert!(outbox.waiting.is_empty() && outbox.missed.is_some(), "what went over is not taken for told: {outbox:?}");
    for shell in [&mut target, &mut source] {
        let () = said(shell, &["CLUSTER", "SETSLOT", &slot, "NODE", &id(to)]).await;
    }
    let gone = store.get(Partition(0), &["c".to_owned()]).await.expect("it reads");
    assert!(gone[0].is_none());
    assert!(store.list(Partition(0), "list", Order::Rising, None, 9).await.expect("it lists").is_empty());
    assert_eq!(store.outbox(9).await.expect("it reads").waiting.len(), 2);
}

/// Moves half of the slots in use from one primary to another, key by key, as a reshard does;
/// the number of slots and of keys.
pub(super) async fn moves(cluster: &Cluster, from: usize, to: usize) -> (usize, usize) {
    let (mut source, mut target) = (cluster.shell(from).await, cluster.shell(to).await);
    let mut slots = BTreeSet::new();
    for key in said::<Vec<String>>(&mut source, &["KEYS", "*"]).await {
        slots.insert(said::<u16>(&mut source, &["CLUSTER", "KEYSLOT", &key]).await);
    }
    let (half, mut keys) = (slots.len() / 2, 0);
    for slot in slots.iter().take(half) {
        let slot = slot.to_string();
        let () = said(&mut target, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)]).await;
        let () = said(&mut source, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)]).await;
        keys += carried(&mut source, &slot, cluster.port(to)).await;
        for shell in [&mut target, &mut source] {
            let () = said(shell, &["CLUSTER", "SETSLOT", &slot, "NODE", &id(to)]).await;
        }
    }
    (half, keys)
}

async fn carried(source: &mut MultiplexedConnection, slot: &str, port: u16) -> usize {
    let (port, mut carried) = (port.to_string(), 0);
    loop {
        // The first ones slowly enough for somebody to come by meanwhile.
        let slowly = carried < 40;
        let many = if slowly { "1" } else { "100" };
        let keys: Vec<String> = said(source, &["CLUSTER", "GETKEYSINSLOT", slot, many]).await;
        if keys.is_empty() {
            return carried;
        }
        let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        migrate.extend(keys.iter().map(String::as_str));
        let () = said(source, &migrate).await;
        carried += keys.len();
        if slowly {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

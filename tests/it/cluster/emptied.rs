//! A128: servers that would forget, that are full, and that were emptied behind our back. What is
//! missing there was never deleted: nobody is free of a lock because the lock is gone.

use countersign::store::{
    Partition, Store, StoreError,
    redis::{Redis, RedisAddress, RedisOptions},
};
use serde_json::{Value, json};

use super::puts;
use crate::{
    stores::{
        self, RedisServer,
        cluster::{Cluster, said},
    },
    world::{Browser, OWNER, World},
};

fn damaged<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Damaged(why)) => why,
        other => panic!("it must not be trusted: {other:?}"),
    }
}

#[tokio::test]
async fn a128_one_primary_that_would_evict_is_enough_to_refuse_a_cluster() {
    let Some(cluster) = super::harmed().await else { return };
    let primary = cluster.primaries(0).await[2];
    let mut shell = cluster.shell(primary).await;
    let () = said(&mut shell, &["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]).await;
    let refused = damaged(Redis::connect(&RedisOptions::new(cluster.place())).await.map(|_| "connected"));
    let () = said(&mut shell, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    assert!(refused.contains("volatile-lru") && refused.contains("maxmemory-policy noeviction"), "{refused}");
}

/// The primary that holds a record: which one it is, other tests may have changed.
async fn holder(cluster: &Cluster, name: &str) -> redis::aio::MultiplexedConnection {
    for primary in cluster.primaries(0).await {
        let mut shell = cluster.shell(primary).await;
        let found: Vec<String> = said(&mut shell, &["KEYS", &format!("*{name}")]).await;
        if !found.is_empty() {
            return shell;
        }
    }
    panic!("nobody holds {name}");
}

#[tokio::test]
async fn a128_a_full_primary_takes_nothing_half_and_the_others_go_on() {
    let Some(cluster) = super::harmed().await else { return };
    let store = stores::connected(cluster.place()).await;
    let get = async |partition, name: &str| {
        let found = store.get(Partition(partition), &[name.to_owned()]).await.expect("reads go on");
        found[0].as_ref().map(|record| record.bytes.clone())
    };
    let _ = store.commit(puts(0, "filled", "before")).await.expect("it writes");
    let mut shell = holder(&cluster, "filled").await;
    let () = said(&mut shell, &["CONFIG", "SET", "maxmemory", "1"]).await;
    let mut batch = puts(0, "filled", "after");
    batch.put.extend(puts(0, "second", "after").put);
    batch.events.push("told".into());
    let (commit, ping) = (store.commit(batch).await, store.ping().await);
    let (first, second, waiting) = (get(0, "filled").await, get(0, "second").await, store.outbox(9).await);
    let elsewhere = store.commit(puts(252, "r", "elsewhere")).await;
    // The cluster is other tests', too: it has room again before anything is judged.
    let () = said(&mut shell, &["CONFIG", "SET", "maxmemory", "0"]).await;
    assert!(matches!(commit, Err(StoreError::Full(_))), "{commit:?}");
    assert!(matches!(ping, Err(StoreError::Full(_))));
    assert_eq!((first.as_deref(), second), (Some(&b"before"[..]), None));
    assert!(waiting.expect("it reads").waiting.is_empty());
    let _ = elsewhere.expect("there is room with the others");
    let _ = store.commit(puts(0, "filled", "after")).await.expect("it writes again");
    store.ping().await.expect("it would");
}

/// A primary that persists nothing comes back empty, and its replica does as it does.
#[tokio::test]
async fn a128_a_part_that_was_emptied_is_told_from_one_where_nothing_is() {
    let Some(cluster) = stores::cluster::shared().await else { return };
    let options = RedisOptions { place: cluster.place(), prefix: "emptied".to_owned(), confirm_replicas: 0 };
    let store = Redis::connect(&options).await.expect("our servers are fit");
    for partition in [0, 252] {
        let _ = store.commit(puts(partition, "lock", "x")).await.expect("it writes");
    }
    // Of this store alone, as others use the cluster, too.
    let mut shell = cluster.shell(0).await;
    let keys: Vec<String> = said(&mut shell, &["KEYS", "emptied:*"]).await;
    for key in &keys {
        let () = said(&mut shell, &["DEL", key]).await;
    }
    damaged(store.get(Partition(0), &["lock".to_owned()]).await);
    damaged(store.get(Partition(0), &["lock".to_owned(), "other".to_owned()]).await);
    damaged(store.commit(puts(0, "lock", "y")).await);
    damaged(store.list(Partition(0), "x", countersign::store::Order::Rising, None, 9).await);
    damaged(store.ping().await);
    assert!(store.get(Partition(252), &["lock".to_owned()]).await.expect("it stands")[0].is_some());
    let again = damaged(Redis::connect(&options).await.map(|_| "connected"));
    assert!(again.contains("were emptied") && again.contains("another prefix"), "{again}");
}

/// Two gateways that begin the same store at the same moment begin one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_begun_once() {
    let Some(cluster) = stores::cluster::shared().await else { return };
    for round in 0..5 {
        let options = RedisOptions { place: cluster.place(), prefix: format!("begun{round}"), confirm_replicas: 0 };
        let many = (0..6).map(|_| {
            let options = options.clone();
            tokio::spawn(async move { Redis::connect(&options).await })
        });
        for (n, store) in futures_util::future::join_all(many).await.into_iter().enumerate() {
            let store = store.expect("no panic").expect("it connects");
            let tag = u8::try_from(n * 4).expect("it is small");
            let _ = store.commit(puts(tag, "r", "x")).await.expect("it is the same store");
            store.ping().await.expect("everywhere");
        }
    }
}

/// `FLUSHALL` under a running gateway: it serves nobody until it is restarted, also where another
/// gateway has begun anew on what was emptied.
#[tokio::test]
async fn a128_after_a_flushall_nobody_is_free_of_a_lock() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let place = || RedisAddress::Single(server.url());
    let options = || RedisOptions::new(place());
    let world = World::on(stores::on(Redis::connect(&options()).await.expect("our server is fit")));
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 1}})).await;
    let chat = team.open("sms", "+37255512345").await;
    let told = team.log_in(&chat, "cust-42").await;
    Browser::of(&world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
    team.says(&chat, "m1", "BB22BB").await.expect(200);
    team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.refused(423, "locked");

    let client = redis::Client::open(server.url()).expect("a URL");
    let mut shell = client.get_multiplexed_async_connection().await.expect("it connects");
    let () = said(&mut shell, &["FLUSHALL"]).await;
    let mut other = None;
    for _ in 0..2 {
        let open = json!({"channel": "sms", "conversation": "+37255512345", "participants": [{"role": "primary"}]});
        for (method, rest, body) in [
            ("POST", "/login-links", json!({"purpose": "mid_chat"})),
            ("GET", "/authentication", Value::Null),
            ("POST", "/messages", json!({"message_id": "m2", "text": "BB22BC"})),
        ] {
            team.bot(method, &chat, rest, body).await.refused(503, "unavailable");
        }
        world.call(&team.bot, "POST", "/v1/interactions", open).await.refused(503, "unavailable");
        world.call(OWNER, "PUT", "/v1/teams/acme", json!({"name": "again"})).await.refused(503, "unavailable");
        assert_eq!(world.call("", "GET", "/readyz", Value::Null).await.status, 503);
        // And the same beside somebody who begins anew.
        other = Some(Redis::connect(&options()).await.expect("an empty server is a new store"));
    }
    other.expect("it was begun").ping().await.expect("it is a store");
}

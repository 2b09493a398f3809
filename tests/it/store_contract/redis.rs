//! What the Redis store alone promises: round trips, and which servers it refuses.
//! What every store promises stands in the parent; each test has a server or a prefix of its own.

use countersign::store::{
    Expect, Store, StoreError,
    redis::{Redis, RedisAddress, RedisOptions},
};

use super::{Batch, NOW, Put, batch, committed, entry, event, get, put, written};
use crate::stores::{self, RedisServer};

fn single(url: impl Into<String>) -> RedisOptions {
    RedisOptions::new(RedisAddress::Single(url.into()))
}

/// A connection that is not the store's.
async fn shell(server: &RedisServer) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(server.url()).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("it connects")
}

#[tokio::test]
async fn a_commit_and_a_get_are_one_round_trip_each() {
    let Some(stand) = stores::on_redis().await else { return };
    let store = &*stand.store;
    assert_eq!(store.round_trips(), 0);
    committed(
        store,
        Batch {
            expect: vec![("a".into(), Expect::Absent), ("b".into(), Expect::Absent)],
            put: vec![put("a", "1"), Put { alarm: Some(NOW), expires: Some(NOW), ..put("b", "2") }],
            delete: vec!["c".into()],
            enter: vec![entry("list", "m", "e")],
            events: vec![event("x"), event("y")],
            ..batch()
        },
    )
    .await;
    assert_eq!(store.round_trips(), 1);
    store.get(super::P, &["a".into(), "b".into(), "c".into()]).await.expect("it reads");
    assert_eq!(store.round_trips(), 2);
    store.due(NOW, 99, 1).await.expect("it claims");
    store.outbox(99).await.expect("it reads");
    assert_eq!(store.round_trips(), 4, "all tags at once");
}

#[tokio::test]
async fn an_emptied_server_gets_the_library_again() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = Redis::connect(&single(server.url())).await.expect("our server is fit");
    let mut shell = shell(&server).await;
    written(&store, put("r", "x")).await;
    redis::cmd("FUNCTION").arg("FLUSH").exec_async(&mut shell).await.expect("it forgets");
    let before = store.round_trips();
    written(&store, put("r", "y")).await;
    assert_eq!(store.round_trips() - before, 3, "not found, load, again");
    assert_eq!(get(&store, "r").await.expect("it is there").bytes, "y");
}

#[tokio::test]
async fn a_server_that_would_forget_is_refused() {
    let Some(server) = RedisServer::start(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]) else {
        return;
    };
    match Redis::connect(&single(server.url())).await.map(drop) {
        Err(StoreError::Damaged(why)) => {
            assert!(why.contains("allkeys-lru") && why.contains("maxmemory-policy noeviction"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_full_server_takes_nothing_and_reads_on() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = Redis::connect(&single(server.url())).await.expect("our server is fit");
    let mut shell = shell(&server).await;
    let first = written(&store, put("first", "x")).await;
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("500kb").exec_async(&mut shell).await.expect("it obeys");
    let commit = store.commit(Batch { put: vec![put("first", "y")], ..batch() }).await;
    assert!(matches!(commit, Err(StoreError::Full(_))), "{commit:?}");
    let ping = store.ping().await;
    assert!(matches!(ping, Err(StoreError::Full(_))), "{ping:?}");
    assert_eq!(get(&store, "first").await.map(|record| record.version), Some(first));
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("0").exec_async(&mut shell).await.expect("it obeys");
    written(&store, put("first", "y")).await;
}

#[tokio::test]
async fn a_server_that_goes_is_away_and_nothing_else() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let url = server.url();
    let store = Redis::connect(&single(url.clone())).await.expect("our server is fit");
    written(&store, put("r", "x")).await;
    drop(server);
    let begun = tokio::time::Instant::now();
    for _ in 0..2 {
        let read = store.get(super::P, &["r".into()]).await;
        assert!(matches!(read, Err(StoreError::Away(_))), "never an absence: {read:?}");
        assert!(matches!(store.ping().await, Err(StoreError::Away(_))));
    }
    assert!(begun.elapsed().as_secs() < 10);
    assert!(matches!(Redis::connect(&single(url)).await.map(drop), Err(StoreError::Away(_))));
}

#[tokio::test]
async fn what_is_not_ours_is_damage() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let store = Redis::connect(&single(server.url())).await.expect("our server is fit");
    let mut shell = shell(&server).await;
    // Tag 1, where partition 7 lies.
    redis::cmd("SET").arg("cs:{bd}:r:short").arg("fifteen bytes!!").exec_async(&mut shell).await.expect("it writes");
    redis::cmd("RPUSH").arg("cs:{bd}:r:list").arg("x").exec_async(&mut shell).await.expect("it writes");
    let list = store.get(super::P, &["list".into()]).await;
    assert!(matches!(list, Err(StoreError::Damaged(_))), "{list:?}");
    let short = store.get(super::P, &["short".into()]).await;
    assert!(matches!(short, Err(StoreError::Damaged(_))), "{short:?}");
    let commit = store.commit(Batch { put: vec![put("list", "x")], ..batch() }).await;
    assert!(matches!(commit, Err(StoreError::Damaged(_))), "{commit:?}");
}

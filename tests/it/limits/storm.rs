//! A136: very many moments that come at once. They are looked after together, so that they share
//! the store's flushes, and beside those who wait for an answer, not before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use countersign::store::{Batch, CommitOutcome, Store, StoreError};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Waited, kinds};
use crate::length::{figure, is_long, size};
use crate::stores;
use crate::stores::around::{Around, Before};
use crate::world::{Team, World};

/// A slower flush, which counts the commits that wait for one together.
#[derive(Default)]
struct Slow {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl Before for Slow {
    async fn commit(&self, store: &dyn Store, batch: Batch) -> Result<CommitOutcome, StoreError> {
        self.most.fetch_max(self.now.fetch_add(1, Relaxed) + 1, Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let outcome = store.commit(batch).await;
        self.now.fetch_sub(1, Relaxed);
        outcome
    }
}

/// What comes due together waits for its flushes together, and never so much of it that it would
/// be in everybody's way.
#[tokio::test]
async fn a136_what_comes_due_together_is_flushed_together() {
    let stand = stores::on_disk();
    let slow = Arc::new(Around { store: stand.store.clone(), before: Slow::default() });
    let world = World::on(stand.behind(slow.clone()));
    let team = world.team("acme").await;
    crowd(&team, 64).await;
    world.gateway.maintain().await.unwrap();
    world.clock.advance(Duration::from_secs(601));
    slow.before.most.store(0, Relaxed);
    assert_eq!(world.gateway.maintenance.ring().await.unwrap(), 64);
    let most = slow.before.most.load(Relaxed);
    assert!((8..=32).contains(&most), "{most} commits waited together");
}

/// Opens so many conversations, each with a link.
async fn crowd(team: &Team, all: usize) {
    const BOTS: usize = 32;
    let mut bots = JoinSet::new();
    for bot in 0..BOTS {
        let team = team.clone();
        bots.spawn(async move {
            for n in (bot..all).step_by(BOTS) {
                let chat = team.open("sms", &format!("+3725{n:07}")).await;
                team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await.expect(201);
            }
        });
    }
    bots.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a136_a_storm_of_expiries_shares_flushes_and_stalls_nobody() {
    let stand = stores::on_disk();
    let store = stand.store.clone();
    let world = World::on(stand.any());
    let team = world.team("acme").await;
    let all = size(250, 250_000);
    let began = Instant::now();
    crowd(&team, all).await;
    let made = began.elapsed();
    world.gateway.maintain().await.unwrap();
    world.clock.advance(Duration::from_secs(601)); // each link's time is over
    let bystander = team.open("sms", "+37200000000").await;
    let over = Arc::new(AtomicBool::new(false));
    let foreground = tokio::spawn({
        let (team, over) = (team.clone(), over.clone());
        async move {
            let mut took = Vec::new();
            while !over.load(Relaxed) {
                let began = Instant::now();
                team.flag(&bystander).await;
                team.bot("POST", &bystander, "/presence", json!({"state": "online"})).await.expect(200);
                took.push(began.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            took.sort();
            Waited(took)
        }
    });
    let (flushes, commits, began) = (store.flushes(), store.commits(), Instant::now());
    let mut looked_after = 0;
    loop {
        match world.gateway.maintenance.ring().await.unwrap() {
            0 => break,
            some => looked_after += some,
        }
    }
    let (flushes, commits, rung) = (store.flushes() - flushes, store.commits() - commits, began.elapsed());
    let relayed = Instant::now();
    while world.gateway.relay.relay().await.unwrap() > 0 {}
    let relayed = relayed.elapsed();
    over.store(true, Relaxed);
    let waited = foreground.await.unwrap();
    assert_eq!(looked_after, all, "each was looked after once");
    if !is_long() {
        let expired = kinds(&team).await.iter().filter(|kind| *kind == "link.expired").count();
        assert_eq!(expired, all, "each was announced once");
    }
    let listed = world.call(&team.bot, "GET", "/v1/interactions?limit=1", Value::Null).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    figure(
        "T10",
        format_args!(
            "{all} expiries at once (made in {made:.1?}): looked after in {rung:.1?} with {flushes} flushes for \
             {commits} commits, announced in {relayed:.1?} more; a flag and an act beside it: {waited}"
        ),
    );
}

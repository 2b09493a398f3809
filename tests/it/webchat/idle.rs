//! What a window costs that stands open while nothing happens, where several nodes write to the
//! store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use super::{Window, open, team};
use crate::simulation::truth::Truth;
use crate::stores;
use crate::stores::around::{Around, Before};
use crate::world::World;

/// Hears how often threads, and how often other records are read.
#[derive(Default)]
struct Reads {
    threads: AtomicUsize,
    others: AtomicUsize,
}

impl Before for Arc<Reads> {
    fn reads(&self, names: &[String]) {
        let threads = names.iter().filter(|name| name.starts_with("c/")).count();
        self.threads.fetch_add(threads, Ordering::SeqCst);
        self.others.fetch_add(names.len() - threads, Ordering::SeqCst);
    }
}

impl Reads {
    fn taken(&self) -> (usize, usize) {
        (self.threads.swap(0, Ordering::SeqCst), self.others.swap(0, Ordering::SeqCst))
    }
}

/// A thread grows for a day, and windows stand open as long: it is read when it has changed, by whichever
/// node, and not each second.
#[tokio::test(start_paused = true)]
async fn a_thread_is_read_again_only_when_it_has_changed() {
    let reads = Arc::<Reads>::default();
    let store = Around { store: Arc::new(Truth::new(false)), before: reads.clone() };
    let world = World::on(stores::on(store));
    assert!(!world.keeps_a_board());
    let team = team(&world).await;
    let chat = open(&team, "visitor").await;
    let window = Window::open(&team, &chat).await;
    let mut stream = window.listen("").await;
    stream.next().await;
    reads.taken();
    assert!(timeout(Duration::from_secs(10), stream.0.next()).await.is_err(), "nothing happens");
    let (threads, others) = reads.taken();
    assert!(threads == 0 && others >= 9, "{threads} {others}");

    let node = world.second_node();
    let elsewhere = window.at(&node);
    assert_eq!(elsewhere.types("m1", "hello").await["taken"], "said");
    stream.until(|news| news.data["text"] == "hello").await;
    node.call(&team.bot, "POST", &format!("/v1/interactions/{chat}/replies"), json!({"text": "good day"}))
        .await
        .expect(201);
    stream.until(|news| news.data["text"] == "good day").await;
    reads.taken();
    assert!(timeout(Duration::from_secs(10), stream.0.next()).await.is_err(), "nothing happens");
    assert_eq!(reads.taken().0, 0);
}

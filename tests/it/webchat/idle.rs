//! What a window costs that stands open while nothing happens, where several nodes write to the
//! store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use super::{Stream, Window, open, team};
use crate::simulation::truth::Truth;
use crate::stores;
use crate::stores::around::{Around, Before};
use crate::world::World;

/// Hears how often threads and interactions are read.
#[derive(Default)]
struct Reads {
    threads: AtomicUsize,
    interactions: AtomicUsize,
}

impl Before for Arc<Reads> {
    fn reads(&self, names: &[String]) {
        for name in names {
            let kind = match name.split('/').next() {
                Some("c") => &self.threads,
                Some("i") => &self.interactions,
                _ => continue,
            };
            kind.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Reads {
    fn taken(&self) -> [usize; 2] {
        [&self.threads, &self.interactions].map(|kind| kind.swap(0, Ordering::SeqCst))
    }
}

/// Ten seconds in which nothing comes but a sign of life.
async fn silence(stream: &mut Stream) {
    let heard = async {
        loop {
            let chunk = stream.0.next().await.expect("it goes on").expect("it goes on");
            assert!(chunk.starts_with(b":"), "{chunk:?}");
        }
    };
    assert!(timeout(Duration::from_secs(10), heard).await.is_err());
}

/// A thread grows for a day, and windows stand open as long: it is read when it has changed, by whichever
/// node, and not each second; and so is what says how the conversation stands.
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
    silence(&mut stream).await;
    assert_eq!(reads.taken(), [0, 0]);

    let node = world.second_node();
    let elsewhere = window.at(&node);
    assert_eq!(elsewhere.types("m1", "hello").await["taken"], "said");
    stream.until(|news| news.data["text"] == "hello").await;
    node.call(&team.bot, "POST", &format!("/v1/interactions/{chat}/replies"), json!({"text": "good day"}))
        .await
        .expect(201);
    stream.until(|news| news.data["text"] == "good day").await;
    reads.taken();
    silence(&mut stream).await;
    assert_eq!(reads.taken(), [0, 0]);
}

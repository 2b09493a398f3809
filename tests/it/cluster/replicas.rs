//! Replicas know it later than primaries, so nothing is read there: by what is read, and by what
//! the replicas count themselves.

use serde_json::json;

use crate::{
    length::size,
    stores::{self, cluster::said},
    world::{Team, World},
};

/// A127: after a sign-out on one node no reading on another finds the flag up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a127_no_flag_is_read_from_a_replica() {
    let Some(cluster) = stores::cluster::shared().await else { return };
    let world = World::on(stores::on(stores::connected(cluster.place()).await));
    let first = world.team("acme").await;
    let second = Team { world: world.second_node(), ..first.clone() };
    first.set(json!({"binding": "none"})).await;
    let (chats, readings) = (size(12, 200), size(20, 50));
    let mut stale = 0;
    for n in 0..chats {
        let chat = first.open("sms", &format!("c{n}")).await;
        first.log_in(&chat, "cust-42").await;
        assert_eq!(second.flag(&chat).await["authenticated"], true);
        first.bot("POST", &chat, "/sign-out", json!({})).await.expect(200);
        for _ in 0..readings {
            stale += usize::from(second.flag(&chat).await["authenticated"] == true);
        }
    }
    assert_eq!(stale, 0, "of {} readings", chats * readings);
    // By their own count: what replicas do is what their primaries tell them, which is no reading.
    for replica in 3..6 {
        let stats: String = said(&mut cluster.shell(replica).await, &["INFO", "commandstats"]).await;
        for command in ["get", "mget", "fcall_ro", "fcall"] {
            assert!(!stats.contains(&format!("cmdstat_{command}:")), "{stats}");
        }
    }
}

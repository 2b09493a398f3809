//! Redis where servers come and go: a cluster whose primaries are killed, emptied, filled up and
//! moved under load, a primary that Sentinels replace, and a network that loses answers.
//!
//! What every store promises is `store_contract`'s, which runs on both, too.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use countersign::store::{Batch, CommitId, Put, StoreError};
use tokio::{
    sync::{Mutex, MutexGuard, OnceCell},
    time::{Duration, Instant},
};

use crate::stores::cluster::Cluster;

mod answers;
mod confirmed;
mod emptied;
mod failover;
mod moving;
mod replicas;
mod secured;
mod sentinels;
mod trips;
mod writers;

/// Longer than this nobody waits for a new primary, however slow the machine is.
const ALWAYS_BACK: Duration = Duration::from_secs(30);

/// The cluster that tests may harm, one at a time; each leaves it standing.
async fn harmed() -> Option<MutexGuard<'static, Cluster>> {
    static HARMED: OnceCell<Option<Mutex<Cluster>>> = OnceCell::const_new();
    let harmed = HARMED.get_or_init(async || Cluster::start(&[]).await.map(Mutex::new)).await;
    let cluster = harmed.as_ref()?.lock().await;
    cluster.stands().await;
    Some(cluster)
}

/// What the store says once somebody is primary again; before that it may only be away.
async fn answered<T>(mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    let until = Instant::now() + ALWAYS_BACK;
    loop {
        match ask().await {
            Err(StoreError::Away(_)) if Instant::now() < until => {}
            answer => return answer.expect("it is back"),
        }
    }
}

/// A commit id that no other test has.
fn fresh() -> CommitId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut id = [0xC1; 16];
    id[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    CommitId(id)
}

/// A batch that puts one record.
fn puts(partition: u8, name: &str, bytes: &str) -> Batch {
    let put = Put { name: name.to_owned(), bytes: Bytes::copy_from_slice(bytes.as_bytes()), ..Put::default() };
    Batch { put: vec![put], ..Batch::new(fresh(), countersign::store::Partition(partition)) }
}

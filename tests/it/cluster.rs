//! Redis where servers come and go: a cluster whose primaries are killed, emptied, filled up and
//! moved under load, a primary that Sentinels replace, and a network that loses answers.
//!
//! What every store promises is `store_contract`'s, which runs on both, too.

use std::{
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use countersign::store::{Batch, CommitId, Put, StoreError};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use crate::stores::cluster::Cluster;

mod answers;
mod confirmed;
mod emptied;
mod events;
mod failover;
mod moving;
mod replicas;
mod secured;
mod sentinels;
mod trips;
mod writers;

/// Longer than this nobody waits for a new primary, however slow the machine is.
const ALWAYS_BACK: Duration = Duration::from_secs(30);

/// A cluster that a test may harm. One at a time is there: each is six servers.
async fn harmed() -> Option<Harmed> {
    static ONE: Mutex<()> = Mutex::const_new(());
    let alone = ONE.lock().await;
    let cluster = Cluster::start(&[]).await?;
    cluster.stands().await;
    Some(Harmed { cluster, _alone: alone })
}

struct Harmed {
    cluster: Cluster,
    _alone: MutexGuard<'static, ()>,
}

impl Deref for Harmed {
    type Target = Cluster;
    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl DerefMut for Harmed {
    fn deref_mut(&mut self) -> &mut Cluster {
        &mut self.cluster
    }
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

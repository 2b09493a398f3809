//! Measurements without HTTP, each in a process of its own: the embedded store against a bare log,
//! and a commit on Redis against a plain SET over the same connection.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;
use countersign::ambient::{Entropy, SystemEntropy};
use countersign::store::embedded::Embedded;
use countersign::store::redis::{Redis, RedisAddress, RedisOptions};
use countersign::store::{Batch, CommitId, CommitOutcome, Expect, Partition, Put, Store};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Writers at once.
pub const WRITERS: usize = 64;

/// What a commit of the gateway mostly is: one record and what it tells, both sealed.
const RECORD: usize = 964;
const EVENT: usize = 250;

/// What one of these found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    /// A second.
    pub rate: f64,
    /// Of one, in microseconds.
    pub typical_us: f64,
    /// Commits in one flush, where that is known.
    pub per_flush: Option<f64>,
}

/// `alone WHAT WHERE SECONDS`: one measurement, told on stdout.
pub async fn run(arguments: &[String]) -> anyhow::Result<Found> {
    let [what, place, seconds] = arguments else { bail!("alone WHAT WHERE SECONDS") };
    let span = Duration::from_secs_f64(seconds.parse()?);
    match what.as_str() {
        "log" => log(Path::new(place), WRITERS, span).await,
        "flush" => log(Path::new(place), 1, span).await,
        "store" => store(Path::new(place), span).await,
        "commit" => commit(place, span).await,
        "set" => set(place, span).await,
        other => bail!("there is no measurement {other}"),
    }
}

/// So many writers, each as soon as its last write is durable; how long each took.
async fn writers<F: Future<Output = anyhow::Result<()>> + Send>(
    writers: usize,
    span: Duration,
    write: impl Fn(usize, u64) -> F + Clone + Send + Sync + 'static,
) -> anyhow::Result<Found> {
    let began = Instant::now();
    let end = began + span;
    let writing: Vec<_> = (0..writers)
        .map(|writer| {
            let write = write.clone();
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while Instant::now() < end {
                    let from = Instant::now();
                    write(writer, waits.len() as u64).await?;
                    waits.push(from.elapsed());
                }
                anyhow::Ok(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for writer in writing {
        waits.extend(writer.await??);
    }
    let rate = waits.len() as f64 / began.elapsed().as_secs_f64();
    waits.sort_unstable();
    let typical_us = waits.get(waits.len() / 2).map_or(0.0, |wait| wait.as_secs_f64() * 1e6);
    Ok(Found { rate, typical_us, per_flush: None })
}

/// A bare log: one thread takes what waits, appends it, flushes once, and answers.
async fn log(folder: &Path, count: usize, span: Duration) -> anyhow::Result<Found> {
    let mut file = std::fs::File::options().create(true).append(true).open(folder.join("log"))?;
    let (sender, mut waiting) = mpsc::channel::<(Vec<u8>, oneshot::Sender<()>)>(1024);
    let writing = std::thread::spawn(move || -> std::io::Result<(u64, u64)> {
        let (mut group, mut bytes, mut flushes, mut writes) = (Vec::with_capacity(1024), Vec::new(), 0, 0);
        while waiting.blocking_recv_many(&mut group, 1024) > 0 {
            bytes.clear();
            group.iter().for_each(|(more, _)| bytes.extend_from_slice(more));
            file.write_all(&bytes)?;
            file.sync_data()?;
            flushes += 1;
            writes += group.len() as u64;
            for (_, tell) in group.drain(..) {
                let _ = tell.send(()); // a writer that has gone away does not need its answer
            }
        }
        Ok((flushes, writes))
    });
    let found = writers(count, span, move |_, _| {
        let sender = sender.clone();
        async move {
            let (tell, waits) = oneshot::channel();
            sender.send((vec![b'x'; RECORD + EVENT], tell)).await?;
            Ok(waits.await?)
        }
    });
    let found = found.await?;
    let (flushes, writes) = writing.join().expect("it does not panic")?;
    Ok(Found { per_flush: Some(writes as f64 / flushes as f64), ..found })
}

/// Whole commits: a record that must be as it was left, with an alarm and on the board, and an event.
async fn commits(store: Arc<dyn Store>, span: Duration) -> anyhow::Result<Found> {
    let chance = Arc::new(SystemEntropy::default());
    let began = AtomicU64::new(1_767_225_600_000);
    let began = Arc::new(began);
    let last: Arc<Vec<std::sync::Mutex<Option<CommitId>>>> = Arc::new((0..WRITERS).map(|_| None.into()).collect());
    writers(WRITERS, span, move |writer, n| {
        let (store, chance, began, last) = (store.clone(), chance.clone(), began.clone(), last.clone());
        async move {
            let mut id = CommitId([0; 16]);
            chance.fill(&mut id.0);
            // Three commits to each record, as a login makes, and names that begin with time.
            let name = format!("i/{:016}-{writer}", n / 3);
            let before = last[writer].lock().expect("nothing panics here").replace(id).filter(|_| n % 3 > 0);
            let mut batch = Batch::new(id, Partition(writer as u8 * 4));
            batch.expect = vec![(name.clone(), before.map_or(Expect::Absent, Expect::Version))];
            let alarm = Some(began.fetch_add(1, Ordering::Relaxed));
            batch.put = vec![Put { name, bytes: vec![b'x'; RECORD].into(), version_index: true, alarm, expires: None }];
            batch.events = vec![vec![b'x'; EVENT].into()];
            match store.commit(batch).await? {
                CommitOutcome::Committed => Ok(()),
                CommitOutcome::Conflict => bail!("a record changed that nobody else knows"),
            }
        }
    })
    .await
}

async fn store(folder: &Path, span: Duration) -> anyhow::Result<Found> {
    let store = Arc::new(Embedded::open(&folder.join("store"))?);
    let found = commits(store.clone(), span).await?;
    Ok(Found { per_flush: Some(store.commits() as f64 / store.flushes() as f64), ..found })
}

async fn commit(url: &str, span: Duration) -> anyhow::Result<Found> {
    let prefix = format!("bench{}", std::process::id());
    let store =
        Redis::connect(&RedisOptions { prefix, ..RedisOptions::new(RedisAddress::Single(url.to_owned())) }).await?;
    commits(Arc::new(store), span).await
}

/// The plainest write of as many bytes.
async fn set(url: &str, span: Duration) -> anyhow::Result<Found> {
    let client = redis::Client::open(url)?;
    let connection = client.get_multiplexed_async_connection().await?;
    let found = writers(WRITERS, span, move |writer, n| {
        let mut connection = connection.clone();
        async move {
            let key = format!("set:{writer}:{}", n / 3);
            let value = vec![b'x'; RECORD + EVENT];
            Ok(redis::cmd("SET").arg(key).arg(value).query_async::<()>(&mut connection).await?)
        }
    });
    found.await
}

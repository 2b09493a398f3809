//! The embedded store, killed in the middle of its work and on a disk without room.
//! What every store promises stands in the parent; here only what survives.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use countersign::store::{Board, Store, StoreError, embedded::Embedded};

use super::{Batch, Put, batch, committed, entry, event, get, key, put, written};
use crate::stores;

/// Set for the process that is killed: the folder it is to work in.
const VICTIM: &str = "COUNTERSIGN_TEST_VICTIM";

/// A folder on a file system of a few megabytes; only where it is given does the full disk run.
const SMALL_DISK: &str = "COUNTERSIGN_TEST_SMALL_DISK";

/// Commits that change four things together, until the process is killed; says each one's number
/// once it is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Some(folder) = env::var_os(VICTIM) else { return };
    let store = Embedded::open(Path::new(&folder)).expect("it opens after every kill");
    let from = match get(&store, "counter").await {
        Some(counter) => number(&counter.bytes) + 1,
        None => 0,
    };
    for n in from.. {
        let text = format!("{n}{}", " ".repeat(n % 7000));
        committed(
            &store,
            Batch {
                put: vec![put("counter", &text), Put { board: true, ..put(&format!("r/{}", n % 40), &text) }],
                enter: vec![entry("list", &format!("{:02}", n % 40), &text)],
                events: vec![event(text.clone())],
                ..batch()
            },
        )
        .await;
        let waiting = store.outbox(1).await.expect("it reads");
        if n > 40 {
            store.trim_outbox(super::P.tag(), waiting[0].seq).await.expect("it trims");
        }
        // Not captured as what a test prints would be, and at once.
        writeln!(std::io::stderr(), "acknowledged {n}").expect("somebody listens");
    }
}

fn number(bytes: &[u8]) -> usize {
    std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()).expect("the victim writes numbers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged_and_tears_nothing() {
    let folder = stores::folder();
    let mut last = 0;
    for life in 0..12 {
        let mut victim = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "store_contract::crash::victim", "--nocapture"])
            .env(VICTIM, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let said = BufReader::new(victim.stderr.take().expect("its output is ours"));
        let listener = std::thread::spawn(move || {
            said.lines()
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
                .last()
        });
        tokio::time::sleep(Duration::from_millis(120 + life * 37)).await;
        victim.kill().expect("it is ours to kill");
        victim.wait().expect("it ends");
        let acknowledged: Option<usize> = listener.join().expect("the listener ends");

        let store = Embedded::open(folder.path()).expect("it opens after a kill");
        let Some(counter) = get(&store, "counter").await else {
            assert_eq!(acknowledged, None);
            continue;
        };
        last = number(&counter.bytes);
        assert!(acknowledged.is_none_or(|n| n <= last), "{acknowledged:?} was acknowledged, {last} is there");
        let name = format!("r/{}", last % 40);
        let record = get(&store, &name).await.expect("it was put with the counter");
        assert_eq!((record.version, &record.bytes), (counter.version, &counter.bytes));
        assert_eq!(store.board(&key(&name)), Board::Version(counter.version));
        let list = store.list(super::P, "list", super::Order::Rising, None, 99).await.expect("it lists");
        assert_eq!(list.iter().map(|entry| number(&entry.bytes)).max(), Some(last));
        let waiting = store.outbox(1000).await.expect("it reads");
        assert!(waiting.last().is_none_or(|event| number(&event.bytes) == last));
        assert!(last < 40 || list.len() == 40);
    }
    assert!(last > 100, "the victims did work: {last}");
}

/// Takes all the room that there is.
fn fill(ballast: &Path) {
    let mut file = File::options().create(true).append(true).open(ballast).expect("an empty file fits");
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_takes_nothing_reads_on_and_recovers_in_place() {
    let Some(disk) = env::var_os(SMALL_DISK) else {
        eprintln!("skipped: {SMALL_DISK} names no small file system");
        return;
    };
    let folder = tempfile::TempDir::new_in(disk).expect("it is there");
    let ballast = folder.path().join("ballast");
    let path = folder.path().join("store");
    let store = Embedded::open(&path).expect("there is room");
    let first = written(&store, put("first", "x")).await;
    fill(&ballast);
    let mut n = 0;
    let refused = loop {
        n += 1;
        let large = put(&format!("r{n}"), &"x".repeat(100_000));
        if let Err(error) = store.commit(Batch { put: vec![large], ..batch() }).await {
            break error;
        }
    };
    assert!(matches!(refused, StoreError::Full(_)), "{refused}");
    assert_eq!(get(&store, &format!("r{n}")).await, None);
    assert_eq!(get(&store, "first").await.map(|record| record.version), Some(first));
    fs::remove_file(&ballast).expect("it goes");
    store.ping().await.expect("there is room again");
    written(&store, put("second", "x")).await;
    drop(store);

    assert!(path.join("reserve").exists());
    // As in a folder that was moved: SQLite makes this file again, and needs room for it.
    fs::remove_file(path.join("store.db-shm")).expect("it was left");
    fill(&ballast);
    let store = Embedded::open(&path).expect("the reserve makes room for a start");
    assert!(!path.join("reserve").exists());
    assert!(get(&store, "second").await.is_some());
    written(&store, put("third", "x")).await;
    drop(store);
    fs::remove_file(&ballast).expect("it goes");
    let store = Embedded::open(&path).expect("there is room");
    assert!(get(&store, "third").await.is_some() && path.join("reserve").exists());
}
